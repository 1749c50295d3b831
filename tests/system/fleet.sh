#!/bin/bash
# The simulation of many machines: the same seed gives the same table, and what vigil does against peaks at the master
# lowers them.  The test compares figures of the simulation, which do not depend on the speed of this machine.
. "$(dirname "$0")/lib.sh" || exit 1
MAKEFLAGS= make -C "$top_builddir" -s tests/bench/fleet/simulate >/dev/null || { not_ok "the simulation is built"; finish; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fleet=$top_srcdir/tests/bench/fleet
simulate() { "$top_builddir/tests/bench/fleet/simulate" -n 1000 -z 250 -s "$1" "$fleet/costs"; }

check "the simulation runs with the costs that were measured" eval 'simulate 1 >"$work/table"'
simulate 1 >"$work/again"
simulate 2 >"$work/other"
check "the same seed gives the same table" cmp -s "$work/table" "$work/again"
check "another seed gives another table" eval '! cmp -s "$work/table" "$work/other"'
grep -v icinga2_cpu_from_10 "$fleet/costs" >"$work/costs"
check "a cost that is missing is refused" eval '! "$top_builddir/tests/bench/fleet/simulate" -n 100 "$work/costs" >/dev/null 2>"$work/err"'
check "the message names the missing cost" grep -q 'there is no row icinga2_cpu_from_10' "$work/err"

# figure TO INCIDENT POLICY COLUMN: prints a figure of the table
figure() {
	awk -F '\t' -v to="$1" -v incident="$2" -v policy="$3" -v name="$4" '
		NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i; next }
		$1 == to && $2 == incident && $3 == policy { print $column[name] }' "$work/table"
}
# at_most FRACTION FIGURE REFERENCE
at_most() { awk -v f="$1" -v v="$2" -v r="$3" 'BEGIN { exit !(v != "" && r > 0 && v <= f * r) }'; }
for to in master satellites; do
	for incident in rollout outage split plugin; do
		now=$(figure $to $incident now peak) neither=$(figure $to $incident neither peak)
		check "$to, $incident: the peak load of $now is at most a quarter of $neither, without spreading and jitter" \
			at_most 0.25 "$now" "$neither"
	done
	check "$to: hosts that resume TLS sessions load their parent less" \
		at_most 0.9 "$(figure $to none now load)" "$(figure $to none before load)"
done
check "the first results after a rollout are spread: its peak is at most half of that of results at once" \
	at_most 0.5 "$(figure satellites rollout now peak)" "$(figure satellites rollout before peak)"
check "every CRITICAL is seen" [ "$(figure satellites outage now unseen)" = 0 ]
finish
