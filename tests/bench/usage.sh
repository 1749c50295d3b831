#!/bin/bash
# What it costs to measure 1,000 services: units of systemd, by their control groups, and services with a
# pidfile, by a scan of all processes.  The figure is the CPU time of vigild with a measurement at each check,
# minus that without any, for one measurement of all services.  The reference is a plain program that reads the
# same files.  Prints `name metric value reference ratio`.  BENCH_FORM=short takes fewer services.
. "$(dirname "$0")/../system/lib.sh" || exit 1
here=$top_srcdir/tests/system
rerun_in_systemd
set_paths
count=1000 interval=1 seconds=2 # a multiple of the interval
[ "${BENCH_FORM:-}" != short ] || count=20 interval=1 seconds=2
work=$(mktemp -d)
trap 'stop_vigild; systemctl stop "bench@*" 2>/dev/null; rm -rf "$work"' EXIT
spent() { "$top_builddir/tests/bench/cpu_time" "$@"; }

printf '[Service]\nExecStart=/bin/sleep 1000000\n' >/run/systemd/system/bench@.service
systemctl daemon-reload
seq -f 'bench@%g.service' "$count" | xargs -n 100 systemctl start
mkdir "$work/pid"
for n in $(seq "$count"); do
	read -r pid <"/sys/fs/cgroup/system.slice/system-bench.slice/bench@$n.service/cgroup.procs"
	echo "$pid" >"$work/pid/$n"
	echo "$pid" >>"$work/pids"
done
conf() { # groups|processes USAGE_INTERVAL
	local n
	printf '[daemons]\n'
	seq -f 's%g = yes' "$count"
	for n in $(seq "$count"); do
		printf '[daemon:s%d]\nmodule = service\ninterval = %ss\nusage_interval = %s\n' "$n" $interval "$2"
		case $1 in
		groups) printf 'service = bench@%d\n' "$n" ;;
		*) printf 'service = s%d\nmanager = command\npidfile = %s/pid/%d\nstatus_command = test -s %s/pid/%d\n' \
			"$n" "$work" "$n" "$work" "$n"
			printf 'restart_command = true\n' ;;
		esac
	done
}
all_run() { [ "$(ctl get /daemons 2>/dev/null | grep -c '"value": *"running"')" = "$count" ]; }
measure() { # groups|processes USAGE_INTERVAL: sets `took`, and `lag` in ms
	conf "$@" | write_conf
	start_vigild
	wait_for 60 all_run || { tail "$work/log"; not_ok "$count services are running"; exit 1; }
	sleep $((interval + 1))
	took=$(spent "$vigild_pid")
	sleep "$seconds"
	took=$(($(spent "$vigild_pid") - took))
	lag=$(get /vigil/loop/lag_seconds/p99)
	stop_vigild
}
for how in groups processes; do
	measure $how 0
	without=$took lag_without=$lag
	measure $how ${interval}s
	own=$(((took - without) * interval / seconds))
	bare=$(xargs -a "$work/pids" "$top_builddir/tests/bench/usage_reads" $how $((interval * 1000)) $((seconds / interval))) ||
		{ not_ok "the reference program runs"; exit 1; }
	echo "# $how: delay of the loop (p99) $lag s, without measurements $lag_without s"
	awk -v m="ms_by_$how" -v v=$own -v r=$((bare * interval / seconds)) \
		'BEGIN { printf "usage %s %.2f %.2f %.3f\n", m, v / 1e6, r / 1e6, v / r }'
done
finish
