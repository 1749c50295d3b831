#!/bin/bash
# Programs of exec daemons wait for each other: at most exec_max of them run at once, and the waiting
# time is not part of the run time.  The loop stays responsive when many programs are started.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/running"
# Records how many programs run at once.
cat >"$work/plugin" <<S
#!/bin/sh
touch $work/running/\$\$
ls $work/running | wc -l >>$work/counts
sleep 0.5
rm $work/running/\$\$
echo "OK - done"
S
chmod 755 "$work/plugin"
conf() {
	local max=$1 count=$2 i; shift 2
	{
		printf 'exec_max = %s\n[daemons]\n' "$max"
		for ((i = 0; i < count; i++)); do echo "p$i = yes"; done
		for ((i = 0; i < count; i++)); do
			printf '[daemon:p%d]\nmodule = exec\n' "$i"
			printf '%s\n' "$@"
		done
	} | write_conf
}
# The highest number of programs that ran at once; 0: none has recorded it yet.
most() { sort -n "$work/counts" | tail -n 1 | grep . || echo 0; }
more_at_once() { [ "$(most)" -gt "$1" ]; }
all_ok() { [ "$(ctl -o json status | grep -c '"OK"')" = "$1" ]; }
timed_out() { for ((i = 0; i < $1; i++)); do get "/daemons/p$i/timed_out"; done | grep -c true; }

conf 2 24 "command = $work/plugin" "interval = 1h" "timeout = 4s"
start_vigild
check "/vigil/slots/max is exec_max" is /vigil/slots/max 2
check "24 programs that share two slots all return OK" wait_for 60 all_ok 24
check "at most two programs run at once with exec_max = 2" [ "$(most)" = 2 ]
check "no program timed out, because its waiting time does not count" [ "$(timed_out 24)" = 0 ]
check "no slot is held when all programs have exited" wait_for 10 is /vigil/slots/held 0
check "no request waits when all programs have exited" wait_for 10 is /vigil/slots/waiting 0
: >"$work/counts"
conf 6 24 "command = $work/plugin" "interval = 1h" "timeout = 4s"
ctl -q reload
check "a reload changes exec_max" is /vigil/slots/max 6
for ((i = 0; i < 24; i++)); do ctl -q run "p$i" & runs="${runs:-} $!"; done
# shellcheck disable=SC2086
wait $runs
# A run has its answer before its program starts.
check "more than two programs run at once with exec_max = 6" wait_for 30 more_at_once 2
check "no slot is held when these programs have exited" wait_for 10 is /vigil/slots/held 0
check "at most six programs run at once with exec_max = 6" [ "$(most)" -le 6 ]

conf 0 0
ctl -q reload
check "the default of exec_max depends on the number of processors" more_than /vigil/slots/max 7

conf 1 4 "command = /bin/sleep 0.8" "interval = 300ms" "timeout = 1s"
ctl -q reload
starved() { for i in 0 1 2 3; do get /runs/p$i/health/text; done | grep -q "waiting for a slot"; }
check "a daemon whose program waits for longer than its timeout is UNKNOWN, and says why" \
	wait_for 20 starved

conf 4 300 "command = /bin/true" "interval = 1h"
check "one reload enables three hundred daemons" ctl -q reload
check "each of three hundred daemons has run its program" wait_for 60 eval '[ "$(ctl -o json status | grep -c "exit status 0")" = 300 ]'
check "vigild stops when it receives SIGTERM" stop_vigild
finish
