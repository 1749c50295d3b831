#!/bin/bash
# syscalls: the Nth system call of one kind fails, alone or with all later ones, in each phase of vigild's
# life.  strace makes the fault, and tests/torture/fault.c checks its consequences.  The promises are those
# of memory.sh.
#
# The short form takes one N, which depends on the seed, of each call in each phase, with one of its errors.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/ground.sh" || exit 1

case $(make_variable SANITIZE) in
?*) skip_all "under sanitizers the calls of the sanitizer would fail" ;;
esac
strace=$(command -v strace) || skip_all "there is no strace"
"$strace" -o /dev/null -e inject=getppid:error=EIO true 2>/dev/null ||
	skip_all "strace cannot trace here"
install_staged
set_paths
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
whole=$work
judge=$top_builddir/tests/torture/syscalls
[ -x "$judge" ] || { not_ok "the fault program exists"; exit 1; }

# The calls and their errors.  Lasting errors may also affect all calls from the Nth on.
calls='openat EMFILE EIO ENOMEM EINTR
read EIO EINTR EAGAIN
readv EIO EINTR EAGAIN
write EINTR ENOSPC EIO
writev EIO EINTR EAGAIN
fsync EIO ENOSPC
rename,renameat,renameat2 ENOSPC EIO
linkat,unlinkat EIO ENOSPC
accept4 EMFILE ENOMEM EINTR EAGAIN
epoll_ctl ENOMEM ENOSPC
epoll_wait EINTR
clone,clone3 EAGAIN ENOMEM
connect EAGAIN EINTR
eventfd2 EMFILE
pipe2 EMFILE
pidfd_open EMFILE ENOMEM
mmap ENOMEM'
# is_lasting CALL ERROR.  accept4 is excluded, because clients rightly wait while no connection can be
# accepted; and read, because the pipes and sockets that vigild reads have no lasting errors.
is_lasting() {
	case $1-$2 in
	accept4-* | read-* | readv-*) return 1 ;;
	*-EMFILE | *-EIO | *-ENOMEM | *-ENOSPC) ;;
	*) return 1 ;;
	esac
}
phases='boot stop status register reload script plugin'

# series LANE PHASE MODE CALL ERROR FIRST LAST: runs the fault program
series() {
	"$judge" "$vigild" "$strace" "$whole/$1" "$2" "$3" "$4" "$5" "$6" 1 "$7" >>"$whole/$1.log" 2>&1
}

# calls_of PHASE: prints the calls; without mmap at boot, because the dynamic linker crashes without it
calls_of() {
	case $1 in
	boot) grep -v ^mmap <<<"$calls" ;;
	*) echo "$calls" ;;
	esac
}

# plan: prints lines of LANE PHASE MODE CALL ERROR FIRST LAST; the lanes take turns
plan() {
	local phase mode call errors error n=0 first
	for phase in $phases; do
		while read -r call errors; do
			read -ra errors <<<"$errors"
			[ "${TORTURE_FORM:-}" = full ] || errors=("${errors[RANDOM % ${#errors[@]}]}")
			for error in "${errors[@]}"; do
				mode=once
				[ $((RANDOM % 2)) = 0 ] || ! is_lasting "$call" "$error" || mode=on
				first=$((RANDOM % 5 + 1))
				if [ "${TORTURE_FORM:-}" != full ]; then
					echo "$((n++ % 2)) $phase $mode $call $error $first $first"
					continue
				fi
				echo "$((n++ % 2)) $phase once $call $error 1 20"
				! is_lasting "$call" "$error" || echo "$((n++ % 2)) $phase on $call $error 1 20"
			done
		done < <(calls_of "$phase")
	done
}
plan >"$whole/plan"

lane() {
	ground "$whole/$1"
	while read -r lane line; do
		# shellcheck disable=SC2086
		[ "$lane" != "$1" ] || series "$lane" $line
	done <"$whole/plan"
}
lane 0 &
lane 1 &
wait

grep -ah '^broken:' "$whole"/[01].log | head -40
for phase in $phases; do
	read -r series points broken < <(cat "$whole"/[01].log | awk -v phase="$phase" '
		/ points, / && $1 == phase { series++; points += $4; broken += $(NF - 1) }
		END { print series + 0, points + 0, broken + 0 }')
	wanted=$(awk -v phase="$phase" '$2 == phase' "$whole/plan" | wc -l)
	check "$phase: $points failed system calls are handled, $broken broken" \
		eval "[ $series = $wanted ] && [ $points -gt 0 ] && [ $broken = 0 ]"
done
read -r points broken < <(cat "$whole"/[01].log |
	awk '/ points, / { points += $4; broken += $(NF - 1) } END { print points + 0, broken + 0 }')
figure "the Nth system call fails: a clean exit or a reply" \
	"$(printf "%'d points, %d broken" "$points" "$broken")"
finish
