#!/bin/bash
# vigil's own init script, for machines without systemd: start, stop, status and reload behave as LSB
# demands.
. "$(dirname "$0")/lib.sh" || exit 1

install_staged
set_paths
work=$(mktemp -d)
script=$work/vigil
trap '"$script" stop >/dev/null 2>&1; rm -rf "$work"' EXIT
sed -e "s|^vigild=.*|vigild=$vigild|; s|^conf=.*|conf=$work/vigil.conf|; s|^dir=.*|dir=$work/run|" \
	-e "s|^log=.*|log=$work/log|; s|$(make_variable bindir)/vigilctl|$vigilctl|" \
	"$stage$(make_variable sysconfdir)/init.d/vigil" >"$script"
chmod +x "$script"
write_conf </dev/null
pidfile=$work/run/vigild.pid

exits() { # exits STATUS VERB
	local status
	"$script" "$2" >>"$work/said" 2>&1
	status=$?
	[ $status = "$1" ] || { cat "$work/said"; echo "$2 exited $status, not $1"; return 1; }
}
answers() { ctl -q version; }
same() { [ "$(cat "$pidfile")" = "$1" ]; }

check "status exits with 3 if vigild never ran" exits 3 status
check "stop exits with 0 if vigild never ran" exits 0 stop
check "reload exits with 4 if vigild never ran" exits 4 reload
check "an unknown verb exits with 2" exits 2 nonsense
check "start exits with 0" exits 0 start
check "vigild answers when start has ended" answers
check "status exits with 0 while vigild runs" exits 0 status
pid=$(cat "$pidfile")
check "a second start exits with 0" exits 0 start
check "a second start does not start another vigild" same "$pid"
check "reload exits with 0" exits 0 reload
check "reload does not start another vigild" same "$pid"
kill -9 "$pid"
check "status exits with 1 after vigild was killed" wait_for 10 exits 1 status
check "start exits with 0 after vigild was killed" exits 0 start
check "vigild answers when it was started again" answers
pid=$(cat "$pidfile")
echo "[nonsense]" >>"$work/vigil.conf"
check "restart fails with a mistake in vigil.conf" eval '! exits 0 restart >/dev/null'
check "restart with a mistake in vigil.conf does not stop vigild" same "$pid"
check "vigild still answers after a restart that failed" answers
sed -i '$d' "$work/vigil.conf"
check "the log that the script makes has the mode 640" [ "$(stat -c %a "$work/log")" = 640 ]
# An upgrade replaces the program of the process that runs.
cp "$vigild" "$work/new" && mv "$vigild" "$work/old" && mv "$work/new" "$vigild" && rm "$work/old"
check "after an upgrade of the program the process still counts as running" exits 0 status
check "a restart after an upgrade exits with 0" exits 0 restart
check "a restart after an upgrade runs the new program" \
	[ "$(readlink "/proc/$(cat "$pidfile")/exe")" = "$(readlink -f "$vigild")" ]
check "a restart after an upgrade has ended the old process" eval '! kill -0 "$pid" 2>/dev/null'
pid=$(cat "$pidfile")
echo "[nonsense]" >>"$work/vigil.conf"
check "stop exits with 0, also with a mistake in vigil.conf" exits 0 stop
check "vigild does not answer after stop" eval '! answers 2>/dev/null'
check "status exits with 3 after stop" exits 3 status
check "start exits with 1 with a mistake in vigil.conf" exits 1 start
finish
