#!/bin/bash
# The shipped sample for logrotate, with the real logrotate: it renames the old log, and vigild continues in
# a new one.
. "$(dirname "$0")/lib.sh" || exit 1
PATH=$PATH:/usr/sbin:/sbin
command -v logrotate >/dev/null || skip_all "logrotate is not installed"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
write_conf </dev/null
sed -i "s|^log = .*|log = $work/vigil.log|" "$work/vigil.conf"

shipped=$stage$(make_variable docdir)/vigil.logrotate
check "the sample for logrotate has the installed path of vigilctl" grep -q "^[[:space:]]*$(make_variable bindir)/vigilctl " "$shipped"
sed -e "s|$(make_variable bindir)/vigilctl|$vigilctl -s $work/control.sock|" -e "s|/var/log/vigil.log|$work/vigil.log|" \
	"$shipped" >"$work/logrotate.conf"
rotate() { logrotate --force --state "$work/rotated" "$work/logrotate.conf"; }

start_vigild
check "vigild writes its log file" grep -q 'is up with' "$work/vigil.log"
check "logrotate accepts the sample" rotate
check "logrotate renames the old log" grep -q 'is up with' "$work/vigil.log.1"
check "there is a new log after the rotation" wait_for 10 [ -e "$work/vigil.log" ]
ctl -q log debug
check "vigild writes to the new log after the rotation" wait_for 10 grep -q 'the log level is now debug' "$work/vigil.log"
check "vigild does not write to the old log after the rotation" eval '! grep -q "the log level is now debug" "$work/vigil.log.1"'
check "logrotate rotates the log a second time" rotate
check "the oldest log is compressed" [ -s "$work/vigil.log.2.gz" ]
echo '[nonsense]' >>"$work/vigil.conf"
check "logrotate rotates the log with a mistake in vigil.conf" rotate
check "vigild writes to the new log although it refused vigil.conf" \
	wait_for 10 grep -q 'was not reloaded' "$work/vigil.log"
sed -i '$d' "$work/vigil.conf"
check "vigild stops" stop_vigild
"$vigild" -c "$work/vigil.conf" 0<&- 1>&- 2>&- &
vigild_pid=$!
check "vigild starts without standard input, output and error" wait_for 10 reachable
for n in 0 1 2; do
	check "descriptor $n of a vigild that was started without it is /dev/null" \
		[ "$(readlink "/proc/$vigild_pid/fd/$n")" = /dev/null ]
done
check "vigild stops" stop_vigild
check "logrotate rotates the log without a running vigild" rotate
[ "$failed" -eq 0 ] || cat "$work/vigil.log" "$work/log"
finish
