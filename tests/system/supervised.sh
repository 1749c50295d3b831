#!/bin/bash
# Services under the real runit and s6.  Restarts by the supervisor are counted, and vigild does not
# restart the service in addition.  A service that was put down is brought up again.
. "$(dirname "$0")/lib.sh" || exit 1
command -v runsvdir >/dev/null || command -v s6-svscan >/dev/null || skip_all "neither runit nor s6 is installed"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
supervisors=
clean_up() {
	stop_vigild
	for pid in $supervisors; do kill -TERM "$pid" 2>/dev/null; done
	for dir in "$work"/s6/* "$work"/runit/*; do
		[ ! -p "$dir/supervise/control" ] || case $dir in
		*/s6/*) s6-svc -xd "$dir" ;;
		*) sv force-shutdown "$dir" >/dev/null ;;
		esac
	done
	rm -rf "$work"
}
trap clean_up EXIT

service() { # DIR
	mkdir -p "$1"
	printf '#!/bin/sh\nexec sleep 1000000\n' >"$1/run"
	chmod 755 "$1/run"
}
names=
if command -v runsvdir >/dev/null; then
	service "$work/runit/one"
	runsvdir "$work/runit" & supervisors="$supervisors $!"
	names="$names runit"
else echo "SKIP: runit is not installed"; fi
if command -v s6-svscan >/dev/null; then
	service "$work/s6/one"
	s6-svscan "$work/s6" 2>/dev/null & supervisors="$supervisors $!"
	names="$names s6"
else echo "SKIP: s6 is not installed"; fi
{
	printf '[daemons]\n'; for m in $names; do echo "$m = yes"; done
	for m in $names; do
		printf '[daemon:%s]\nmodule = service\nservice = one\nmanager = %s\nservice_dir = %s\n' "$m" "$m" "$work/$m"
		printf 'interval = 500ms\nbackoff = 0\nhealthy_after = 0\n'
	done
} | write_conf
start_vigild

for m in $names; do
	place=/daemons/$m/service_state
	pid() { get $place/pid; }
	other_pid() { [ -n "$(pid)" ] && [ "$(pid)" != "$1" ] && is $place/value running; }
	check "$m: the service is running" wait_for 15 is $place/value running
	old=$(pid)
	kill -9 "$old"
	check "$m: the supervisor restarts a service that was killed" wait_for 15 other_pid "$old"
	check "$m: the restart by the supervisor is counted" wait_for 10 more_than $place/respawns 0
	check "$m: vigild does not restart what the supervisor restarts" [ -z "$(get $place/restarts)" ]
	case $m in
	runit) sv down "$work/runit/one" >/dev/null ;;
	s6) s6-svc -d "$work/s6/one" ;;
	esac
	check "$m: vigild brings up a service that was put down" wait_for 20 is $place/restarts 1
	check "$m: the service that was put down is running" wait_for 10 is $place/value running
done
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
