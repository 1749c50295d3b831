#!/bin/bash
# How long vigild takes until it is ready with a hundred daemons, against one; and how long a
# reload of ten thousand takes the loop when one in a hundred has changed, against one of none.  In
# milliseconds; of the reload it is vigild's CPU, all of it spent in the loop.  Fails where a tick
# was lost.  Prints `name metric value reference ratio`.  BENCH_FORM=short takes fewer.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
rounds=11 count=10000
! short || { rounds=1 count=200; }

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ready() { # COUNT: microseconds
	tick_conf "$1" 5s
	for _ in $(seq $rounds); do
		"$top_builddir/tests/bench/ready" "$vigild" -c "$work/vigil.conf" 2>>"$work/log"
	done | median
}
some=$(ready 100) one=$(ready 1)
row ready_ms "$(div "$some" 1000)" "$(div "$one" 1000)"

tick_conf $count 5s
begin_vigild
reload() { # EVERY: so many have another interval each time; 0: none.  Nanoseconds
	local before
	for i in $(seq $((rounds < 5 ? rounds : 5))); do
		[ "$1" = 0 ] || sed -i "/^\[daemon:tick[0-9]*00\]/,/^interval/s/^interval.*/interval = $((5 + i))s/" \
			"$work/vigil.conf"
		before=$(spent "$vigild_pid")
		ctl -q reload >/dev/null || not_ok "it reloads"
		echo $(($(spent "$vigild_pid") - before))
	done | median
}
none=$(reload 0) changed=$(reload 100)
row reload_ms "$(div "$changed" 1000000)" "$(div "$none" 1000000)"
missed=$(ctl get /runs | awk -F '[:,]' '/"missed"/ { n += $2 } END { print n + 0 }')
[ "$missed" = 0 ] || not_ok "no tick is lost by a reload: $missed"
finish
