#!/bin/bash
# Twenty services whose init scripts hang.  The queries and restarts of a healthy service, requests and
# ticks continue, and the loop is never blocked.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_reference; [ ! -f "$work/well.pid" ] || kill "$(cat "$work/well.pid")"; rm -rf "$work"' EXIT
mkdir "$work/init.d"

for i in $(seq 20); do
	printf '#!/bin/sh\nexec sleep 1000\n' >"$work/init.d/hung$i"
done
sed "s|@dir@/demo.pid|$work/well.pid|" "$top_srcdir/conf/demo/demo.init" >"$work/init.d/well"
chmod 755 "$work"/init.d/*

{
	printf '[daemons]\nwell = yes\n'
	for i in $(seq 20); do echo "hung$i = yes"; done
	for name in well $(seq -f hung%g 20); do
		printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\n' \
			"$name" "$name" "$work/init.d"
		printf 'interval = 200ms\nquery_timeout = 3s\nbackoff = 0\nhealthy_after = 0\n'
	done
} | write_conf
start_reference
start_vigild

place=/daemons/well/service_state
check "a healthy service is started while twenty others hang" wait_for 20 is $place/value running
check "workers hang in init scripts" wait_for 10 more_than /vigil/workers/busy 3
for round in 2 3 4; do
	kill -9 "$(cat "$work/well.pid")"
	check "a healthy service that was killed is restarted while others hang (restart $round)" \
		wait_for 10 is $place/restarts $round
done
check "a service whose init script hangs is unknown" wait_for 20 is /daemons/hung7/service_state/value unknown
check "a service whose init script hangs is not restarted" [ -z "$(get /daemons/hung7/service_state/restarts)" ]
check "the health of a service whose init script hangs is UNKNOWN" is /runs/hung7/health/level UNKNOWN

before=$(get /runs/well/ticks)
answers=0
for _ in $(seq 50); do ctl -q status && answers=$((answers + 1)); done
check "vigild answers 50 requests while init scripts hang" [ "$answers" = 50 ]
check "a healthy service still ticks while others hang" wait_for 5 more_than /runs/well/ticks "$before"
missed_is_fair "a healthy service ticks on while others hang" well
lag_is_fair "with twenty services that hang" 0.05
check "no worker is lost, because init scripts that hang are ended" is /vigil/workers/lost 0

check "vigild stops while init scripts hang" stop_vigild
no_script() { ! pgrep -f "$work/init.d/hung" >/dev/null; }
check "vigild leaves no init script behind" wait_for 20 no_script
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
