#!/bin/bash
# vigil's own init script, for machines without systemd: what LSB promises of start, stop, status
# and reload.
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

check "status of what never ran is 3" exits 3 status
check "stop of it is no mistake" exits 0 stop
check "reload of it is one" exits 4 reload
check "an unknown verb is 2" exits 2 nonsense
check "it starts" exits 0 start
check "and answers at once" answers
check "status is 0" exits 0 status
pid=$(cat "$pidfile")
check "a second start is no mistake" exits 0 start
check "and starts nothing" same "$pid"
check "it reloads" exits 0 reload
check "in the same process" same "$pid"
kill -9 "$pid"
check "killed: status is 1" wait_for 10 exits 1 status
check "killed: it starts again" exits 0 start
check "killed: and answers" answers
pid=$(cat "$pidfile")
echo "[nonsense]" >>"$work/vigil.conf"
check "with a mistake in its file, it does not restart" eval '! exits 0 restart >/dev/null'
check "but runs on" same "$pid"
check "and answers still" answers
sed -i '$d' "$work/vigil.conf"
check "the log that the script makes is not for everybody" [ "$(stat -c %a "$work/log")" = 640 ]
# An upgrade replaces the program of the process that runs.
cp "$vigild" "$work/new" && mv "$vigild" "$work/old" && mv "$work/new" "$vigild" && rm "$work/old"
check "after an upgrade of the program the process still counts as running" exits 0 status
check "a restart after an upgrade is no mistake" exits 0 restart
check "a restart after an upgrade runs the new program" \
	[ "$(readlink "/proc/$(cat "$pidfile")/exe")" = "$(readlink -f "$vigild")" ]
check "a restart after an upgrade has ended the old process" eval '! kill -0 "$pid" 2>/dev/null'
pid=$(cat "$pidfile")
echo "[nonsense]" >>"$work/vigil.conf"
check "it stops" exits 0 stop
check "nothing answers" eval '! answers 2>/dev/null'
check "status is 3 again" exits 3 status
check "it does not start with that mistake" exits 1 start
finish
