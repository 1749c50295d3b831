#!/bin/bash
# The time until vigild is ready with a hundred daemons, compared with one daemon, and with ten thousand, compared
# with a plain program that reads the same file and makes the timers (start_bare.c); and the time for which a
# reload of ten thousand occupies the loop when one in a hundred has changed, compared with a reload
# without a change.  In milliseconds; for the reload it is vigild's CPU, all of it spent in the loop.  Fails
# if a tick was lost.  Prints `name metric value reference ratio`.  BENCH_FORM=short takes fewer daemons.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
rounds=11 count=10000
! short || { rounds=1 count=200; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ready() { # COUNT: prints microseconds
	tick_conf "$1" 5s
	for _ in $(seq $rounds); do
		"$top_builddir/tests/bench/ready" "$vigild" -c "$work/vigil.conf" 2>>"$work/log"
	done | median
}
some=$(ready 100) one=$(ready 1)
row ready_ms "$(div "$some" 1000)" "$(div "$one" 1000)"

tick_conf $count 5s
for _ in $(seq $((rounds < 3 ? rounds : 3))); do
	"$top_builddir/tests/bench/ready" "$vigild" -c "$work/vigil.conf" 2>>"$work/log" >>"$work/many"
	"$top_builddir/tests/bench/ready" "$top_builddir/tests/bench/start_bare" "$work/vigil.conf" >>"$work/many_bare"
done
row ready_ms_10000 "$(div "$(median <"$work/many")" 1000)" "$(div "$(median <"$work/many_bare")" 1000)"
begin_vigild
reload() { # EVERY: 100 changes every 100th daemon, 0 changes none; prints nanoseconds
	local before
	for i in $(seq $((rounds < 5 ? rounds : 5))); do
		[ "$1" = 0 ] || sed -i "/^\[daemon:tick[0-9]*00\]/,/^interval/s/^interval.*/interval = $((5 + i))s/" \
			"$work/vigil.conf"
		before=$(spent "$vigild_pid")
		ctl -q reload >/dev/null || not_ok "the reload succeeds"
		echo $(($(spent "$vigild_pid") - before))
	done | median
}
none=$(reload 0) changed=$(reload 100)
row reload_ms "$(div "$changed" 1000000)" "$(div "$none" 1000000)"
missed=$(ctl get /runs | awk -F '[:,]' '/"missed"/ { n += $2 } END { print n + 0 }')
[ "$missed" = 0 ] || not_ok "reloads lose no tick: $missed"
finish
