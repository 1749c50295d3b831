#!/bin/bash
# What twenty services whose init scripts hang do to others: the largest gap between two ticks of a daemon
# of one second, and the time until another service runs again after kill -9, compared with the same
# when no script hangs.  Prints `name metric value reference ratio`.
#
# BENCH_FORM=short measures less.
. "$(dirname "$0")/../system/lib.sh" || exit 1
install_staged
set_paths
kills=15 seconds=5
[ "${BENCH_FORM:-}" != short ] || { kills=2 seconds=3; }
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; [ ! -s "$work/pid" ] || kill -9 "$(cat "$work/pid")"; rm -rf "$work"' EXIT

mkdir "$work/init.d"
for i in $(seq 20); do
	printf '#!/bin/sh\n[ ! -e %s/hang ] || exec sleep 1000\n' "$work" >"$work/init.d/hangs$i"
	chmod 755 "$work/init.d/hangs$i"
done
printf '#!/bin/sh\nsetsid sleep 1000000 </dev/null >/dev/null 2>&1 &\necho $! >%s/pid\n' "$work" >"$work/start"
chmod 755 "$work/start"
"$work/start"
{
	printf '[daemons]\nwell = yes\ntick = yes\n'
	seq -f 'hangs%g = yes' 20
	printf '[daemon:tick]\nmodule = system\ninterval = 1s\n'
	cat <<-CONF
		[daemon:well]
		module = service
		service = well
		manager = command
		status_command = test -s $work/pid
		restart_command = $work/start
		pidfile = $work/pid
		interval = 60s
		backoff = 0
		healthy_after = 0
	CONF
	for i in $(seq 20); do
		printf '[daemon:hangs%d]\nmodule = service\nservice = hangs%d\nmanager = lsb\n' "$i" "$i"
		printf 'init_dir = %s/init.d\ninterval = 200ms\nquery_timeout = 2s\n' "$work"
	done
} | write_conf
sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
start_vigild
wait_for 30 is /daemons/well/service_state/value running && wait_for 30 is /daemons/hangs20/service_state/value running ||
	{ tail "$work/log"; not_ok "all services are running"; exit 1; }

# largest_gap FILE: prints the largest time between two changes that the daemon wrote, in seconds
largest_gap() {
	sed -n 's/.*"time": *"[^T]*T\([0-9]*\):\([0-9]*\):\([0-9.]*\)Z".*/\1 \2 \3/p' "$1" | awk '
		{ t = ($1 * 60 + $2) * 60 + $3; if (NR > 1 && t - last > gap) gap = t - last; last = t }
		END { printf "%.3f", gap }'
}
percentile() { # FILE P: percentile of the time until the service ran again
	sort -n -k3,3 "$1" | awk -v p="$2" '{ v[NR] = $3 }
		END { n = int(NR * p + 0.999999); print v[n < 1 ? 1 : n] }'
}
measure() { # NAME
	"$top_builddir/tests/bench/detect_latency" "$work/control.sock" well $kills 300 >"$work/$1.kills" &
	local killing=$!
	timeout $seconds "$vigilctl" -s "$work/control.sock" watch /daemons/tick >"$work/$1.ticks"
	wait $killing || { tail "$work/log"; not_ok "$1: the killed service is restarted each time"; exit 1; }
}
row() { awk -v m="$1" -v v="$2" -v r="$3" 'BEGIN { printf "hang %s %.6g %.6g %.2f\n", m, v, r, r ? v / r : 0 }'; }

measure well
: >"$work/hang"
# All twenty scripts hang, or as many as there are workers.
hung() {
	local busy
	busy=$(get /vigil/workers/busy)
	[ "$busy" -ge 20 ] || { [ "$busy" -gt 0 ] && [ "$busy" = "$(get /vigil/workers/alive)" ]; }
}
wait_for 60 hung || not_ok "each worker waits for a script that hangs"
echo "# $(get /vigil/workers/alive) workers hang, $(get /vigil/workers/queued) calls wait"
measure hung
row largest_gap_s "$(largest_gap "$work/hung.ticks")" "$(largest_gap "$work/well.ticks")"
for p in median p99; do
	[ $p = median ] && at=0.5 || at=0.99
	row repair_${p}_us "$(percentile "$work/hung.kills" $at)" "$(percentile "$work/well.kills" $at)"
done
finish
