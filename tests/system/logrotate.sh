#!/bin/bash
# The sample for logrotate, run by the real one: the old log is put aside, vigild goes on in a new one.
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
check "the sample names the program where it is installed" grep -q "^[[:space:]]*$(make_variable bindir)/vigilctl " "$shipped"
sed -e "s|$(make_variable bindir)/vigilctl|$vigilctl -s $work/control.sock|" -e "s|/var/log/vigil.log|$work/vigil.log|" \
	"$shipped" >"$work/logrotate.conf"
rotate() { logrotate --force --state "$work/rotated" "$work/logrotate.conf"; }

start_vigild
check "there is a log" grep -q 'is up with' "$work/vigil.log"
check "logrotate takes the sample" rotate
check "the old one is put aside" grep -q 'is up with' "$work/vigil.log.1"
check "there is a new one" wait_for 10 [ -e "$work/vigil.log" ]
ctl -q log debug
check "that vigild goes on in" wait_for 10 grep -q 'the log level is now debug' "$work/vigil.log"
check "and not in the old one" eval '! grep -q "the log level is now debug" "$work/vigil.log.1"'
check "once more" rotate
check "the oldest is compressed" [ -s "$work/vigil.log.2.gz" ]
echo '[nonsense]' >>"$work/vigil.conf"
check "with a mistake in the configuration the old log is put aside as well" rotate
check "vigild goes on in a new log although it refused the configuration" \
	wait_for 10 grep -q 'was not reloaded' "$work/vigil.log"
sed -i '$d' "$work/vigil.conf"
check "vigild stops" stop_vigild
"$vigild" -c "$work/vigil.conf" 0<&- 1>&- 2>&- &
vigild_pid=$!
check "vigild starts without standard descriptors" wait_for 10 reachable
for n in 0 1 2; do
	check "descriptor $n of a vigild that was started without it is /dev/null" \
		[ "$(readlink "/proc/$vigild_pid/fd/$n")" = /dev/null ]
done
check "vigild stops" stop_vigild
check "without a vigild logrotate does its work as well" rotate
[ "$failed" -eq 0 ] || cat "$work/vigil.log" "$work/log"
finish
