#!/bin/bash
# memory: the Nth allocation fails, for each N of each phase of vigild's life, alone or with all
# after it.
#
# Promised: it goes on, or it ends cleanly and says so; it never crashes, never hangs, leaves no
# torn file behind; and each client gets one whole and right reply, an error that says what is
# the matter, or a closed connection.  tests/torture/memory.c is the judge.
#
# What fails on a worker is said in its answer, and never ends vigild: a worker cannot save the state.
#
# The short form takes a sample of N of each phase, by a stride that the seed gives.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/ground.sh" || exit 1

case $(make_variable SANITIZE) in
?*) skip_all "sanitizers bring an allocator of their own, which nothing can stand before" ;;
esac
install_staged
set_paths
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT

phases=$("$top_builddir/tests/torture/memory" phases) || { not_ok "the judge is there"; exit 1; }
# The shortest phase has ten allocations.
stride=$(count $((53 + seed % 17)) 1)
first=$(count $((seed % 8 + 1)) 1)

# phases_of MODE: a worker is at work in these alone, and does little enough to let all of it fail
phases_of() {
	case $1 in
	worker) echo look script restart ;;
	*) echo "$phases" ;;
	esac
}

# judge once|on|worker: its phases, on a ground of its own
judge() {
	local phase
	[ "$1" != worker ] || { first=1 stride=1; }
	ground "$whole/$1"
	for phase in $(phases_of "$1"); do
		"$top_builddir/tests/torture/memory" "$vigild" "$top_builddir/tests/torture/nomemory.so" \
			"$work" "$phase" "$1" "$first" "$stride"
	done >"$whole/$1.log" 2>&1
}

whole=$work
judge once &
judge on &
judge worker &
wait
for mode in once on worker; do
	grep '^broken:' "$whole/$mode.log" | head -40
	while read -r phase _ points _ rest; do
		check "$phase: $points allocations that fail ($mode): $rest" eval "[ $points -gt 0 ] && [ '${rest##*, }' = '0 broken' ]"
	done < <(grep ' points, ' "$whole/$mode.log")
	check "all phases were gone through ($mode)" \
		test "$(grep -c ' points, ' "$whole/$mode.log")" = "$(phases_of $mode | wc -w)"
done
cat "$whole"/*.log | awk '/ points, / { gsub(",", ""); points += $3; broken += $9 }
	END { print points, broken }' >"$whole/sum"
read -r points broken <"$whole/sum"
figure "Nth allocation fails: a clean end or a reply" \
	"$(printf "%'d points, %d broken" "$points" "$broken")"
finish
