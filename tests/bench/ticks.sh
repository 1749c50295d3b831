#!/bin/bash
# What ten thousand daemons of 5 s cost that do next to nothing, compared with as many plain libevent timers
# on the same grid and with a thread for each (timers.c), one after the other.  Prints `name metric value
# reference ratio`.
#
# BENCH_FORM=short takes fewer daemons.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
count=10000 seconds=5 interval=5 settle=3
! short || { count=200 seconds=1 interval=1 settle=1; }
base=$(tick_conf 1 ${interval}s; begin_vigild >&2; private "$vigild_pid"; stop_vigild)
tick_conf $count ${interval}s
begin_vigild
sleep $settle
cpu=$(spent "$vigild_pid") slept=$(sleeps "$vigild_pid")
sleep $seconds
slept=$(($(sleeps "$vigild_pid") - slept)) cpu=$(($(spent "$vigild_pid") - cpu))
fires=$((count * seconds / interval))
memory=$(($(private "$vigild_pid") - base))
stop_vigild
late=$(sed -n 's/.*late p99 \([0-9]*\) us.*/\1/p' "$work/log" | tail -1)

read -r e_fires e_cpu e_slept e_late _ < <("$top_builddir/tests/bench/timers" events $count $interval $seconds)
read -r t_fires t_cpu _ _ t_memory < <("$top_builddir/tests/bench/timers" threads $count $interval $seconds)
row sleeps_per_second "$(div $slept $seconds)" "$(div "$e_slept" $seconds)"
row us_a_fire "$(div $((cpu / 1000)) $fires)" "$(div $((e_cpu / 1000)) "$e_fires")"
row late_p99_ms "$(div "${late:-0}" 1000)" "$(div "$e_late" 1000)"
if [ -n "$t_fires" ]; then
	row us_a_fire_to_threads "$(div $((cpu / 1000)) $fires)" "$(div $((t_cpu / 1000)) "$t_fires")"
	row kb_a_daemon_to_threads "$(div "$memory" $count)" "$(div "$t_memory" $count)"
else
	echo "SKIP: ticks: this machine does not allow so many threads"
fi
finish
