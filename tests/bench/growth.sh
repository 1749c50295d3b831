#!/bin/bash
# CPU and memory with 1 to 100,000 daemons of 5 s; the reference of each row is the row before it.
# kb_a_daemon is all memory for one daemon: timer, options, status, five values.
# Prints `name metric value reference ratio`.  BENCH_FORM=short ends at a hundred.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
counts="1 100 1000 10000 100000" seconds=5
! short || { counts="1 100" seconds=1; }
last_us=0 last_kb=0 base=0
for n in $counts; do
	tick_conf "$n" 5s
	begin_vigild
	sleep 1.5
	cpu=$(spent "$vigild_pid")
	sleep $seconds
	cpu=$(($(spent "$vigild_pid") - cpu))
	kb=$(private "$vigild_pid")
	stop_vigild
	[ "$n" != 1 ] || base=$kb
	us=$(div $((cpu / 1000)) "$(div $((n * seconds)) 5)")
	row "us_a_fire_$n" "$us" "$last_us"
	row "core_percent_$n" "$(div "$cpu" $((seconds * 10000000)))" 0
	row "private_kb_$n" "$kb" $base
	if [ "$n" != 1 ]; then
		each=$(div $((kb - base)) $((n - 1)))
		row "kb_a_daemon_$n" "$each" "$last_kb"
		last_kb=$each
	fi
	last_us=$us
done
finish
