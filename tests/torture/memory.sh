#!/bin/bash
# memory: the Nth allocation fails, for each N of each phase of vigild's life, alone or with all later
# ones.
#
# Promise: vigild continues, or exits with a message; it never crashes, never hangs and leaves no
# incomplete file; and each client gets one complete and correct reply, an error that names the cause, or
# a closed connection.  tests/torture/memory.c makes the faults and checks.
#
# A failed allocation in a worker is reported in the worker's answer and never ends vigild, because a
# worker cannot save the state.
#
# The short form takes a sample of N of each phase, with a stride that depends on the seed.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/ground.sh" || exit 1

case $(make_variable SANITIZE) in
?*) skip_all "sanitizers have their own allocator, which cannot be replaced" ;;
esac
[ -e "$top_builddir/tests/torture/nomemory.so" ] || skip_all "this is not glibc, whose allocator is replaced"
install_staged
set_paths
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT

phases=$("$top_builddir/tests/torture/memory" phases) || { not_ok "the fault program runs"; exit 1; }
# The shortest phase has ten allocations.
stride=$(count $((53 + seed % 17)) 1)
first=$(count $((seed % 8 + 1)) 1)

# phases_of MODE: a worker works only in these phases, and does so little that each allocation can fail
phases_of() {
	case $1 in
	worker) echo look script restart ;;
	*) echo "$phases" ;;
	esac
}

# judge once|on|worker: runs all phases of a mode in a directory for it
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
		check "$phase: $points failed allocations are handled ($mode): $rest" eval "[ $points -gt 0 ] && [ '${rest##*, }' = '0 broken' ]"
	done < <(grep ' points, ' "$whole/$mode.log")
	check "all phases were run ($mode)" \
		test "$(grep -c ' points, ' "$whole/$mode.log")" = "$(phases_of $mode | wc -w)"
done
cat "$whole"/*.log | awk '/ points, / { gsub(",", ""); points += $3; broken += $9 }
	END { print points, broken }' >"$whole/sum"
read -r points broken <"$whole/sum"
figure "the Nth allocation fails: a clean exit or a reply" \
	"$(printf "%'d points, %d broken" "$points" "$broken")"
finish
