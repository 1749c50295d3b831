#!/bin/bash
# valgrind.sh [check_X...]: the unit tests under valgrind, all or those named, by `make valgrind`.
#
# Each test runs in a process of its own, and each of these is looked at: what it read that nobody
# wrote, what it touched that was not its own, what memory and which descriptors it has left behind.
# No code of vigil's is excepted.
#
# Whether vigil does right is for `make check` to say.  A test that is broken off here, because valgrind
# does not know a system call (3.19 not pidfd_open) or is too slow, is skipped aloud; what was wrong
# with its memory counts all the same.
#
# The last line adds all up.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir:-$PWD}
export top_srcdir top_builddir CK_FORK=yes CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-10}
command -v valgrind >/dev/null || { echo "SKIP: valgrind is not installed"; echo "0 passed, 0 failed, 1 skipped"; exit 77; }
cd "$top_builddir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Descriptors that are meant to be open at the end, by a function on the way to where they were made.
descriptors='setup_messaging|receive_test_result|srunner_open_file' # check: its files of results
descriptors+='|cancel_open' # spawn.c: one eventfd for the life of the process
descriptors+='|open_trusted' # module.c: what the linker has taken in keeps its number
descriptors+='|offload_new .offload.c:[0-9]*. < setup .check_offload' # a lost thread's pool is its own until it ends
descriptors+='|the_host|make_service|fuzz_pipe' # tests/fuzz: what all runs of a target share
descriptors+='|sd_journal_' # libsystemd: its socket, one for each process

# left_open FILE...: the other descriptors that valgrind lists, a line each with where it was made
left_open() {
	awk -v meant="$descriptors" '
		function tell() { if (head != "" && frames != "" && frames !~ meant) print head frames; head = "" }
		{ sub(/^==[0-9]+== ?/, "") }
		/^Open / { tell(); head = $0; frames = ""; next }
		/inherited from parent/ { head = ""; next }
		/^ +(at|by) / && head != "" { sub(/^ +(at|by) 0x[0-9A-F]+: /, " < "); frames = frames $0; next }
		{ tell() }
		END { tell() }' "$@"
}

# complaints FILE...: what valgrind says is wrong with the memory, and where
complaints() {
	sed 's/^==[0-9]*== \?//' "$@" | awk '
		/(definitely|indirectly) lost in|^Invalid |ninitialised|unaddressable|^Mismatched/ { on = 1 }
		/^$|SUMMARY/ { on = 0 }
		on { print "# " $0 }'
}

# tests_of DIRECTORY: the logs of the processes that ran one test each: children of the first one.
# What a test itself forks ends as it pleases.
tests_of() {
	local file parent
	for file in "$1"/*; do
		parent=$(sed -n 's/^==[0-9]*== Parent PID: //p' "$file" | tail -n 1)
		[ -e "$1/$parent" ] && [ ! -e "$1/$(sed -n 's/.*Parent PID: //p' "$1/$parent" | tail -n 1)" ] &&
			echo "$file"
	done
}

# examine PROGRAM: its verdicts, a line each
examine() {
	local program=$1 name=${1##*/} here=$work/${1##*/} why file broken=0 leaky=0
	mkdir "$here"
	CK_TAP_LOG_FILE_NAME=$here.tap timeout 600 valgrind --track-fds=yes --leak-check=full \
		--errors-for-leak-kinds=definite,indirect --error-exitcode=99 --num-callers=20 \
		--log-file="$here/%p" "$program" >"$here.out" 2>&1 </dev/null
	[ -s "$here.tap" ] || { echo "SKIP: $name cannot run here: $(tail -n 1 "$here.out")"; return; }
	why=$(sed -n 's/.*unhandled [a-z0-9-]*-linux syscall: \([0-9]*\).*/\1/p' "$here"/* | sort -un | xargs)
	why=${why:+valgrind does not know system call $why}
	while read -r line; do
		case $line in
		ok*) echo "ok - $name: ${line##*/}" ;;
		"not ok"*"Early exit"* | "not ok"*"Received signal"*) echo "not ok - $name: ${line##*/}" ;;
		"not ok"*)
			broken=$((broken + 1))
			echo "SKIP: $name: ${line##*/} (${why:-it does not hold at this speed})"
			;;
		esac
	done <"$here.tap"
	# A test that was broken off has left things as they were.
	for file in $(tests_of "$here"); do
		left_open "$file" >"$here.left"
		[ ! -s "$here.left" ] || { leaky=$((leaky + 1)); cat "$here.left" >>"$here.all"; }
	done
	[ "$leaky" -le "$broken" ] || sort "$here.all" | uniq -c | sed "s/^ */not ok - $name: left open, times /"
	complaints "$here"/* | head -n 60
}
export -f examine left_open complaints tests_of
export work descriptors

[ $# -gt 0 ] || { echo "which tests?"; exit 2; }
for name; do echo "tests/${name##*/}"; done |
	xargs -P "${VALGRIND_JOBS:-2}" -I {} bash -c 'examine "$1" >"$work/said.${1##*/}"; cat "$work/said.${1##*/}"' - {} |
	tee "$work/all" | grep -v '^ok - '
passed=$(grep -c '^ok - ' "$work/all") failed=$(grep -c '^not ok - ' "$work/all")
skipped=$(grep -c '^SKIP: ' "$work/all")
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
