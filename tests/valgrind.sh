#!/bin/bash
# valgrind.sh [check_X...]: the unit tests under valgrind, all or those named, by `make valgrind`.
#
# Each test runs in a process of its own, and each of these is looked at: what it read that nobody
# wrote, what it touched that was not its own, what memory and which descriptors it has left behind.
# No code of vigil's is excepted.
#
# Whether vigil does right is for `make check` to say.  A test that is broken off here, because valgrind
# does not know a system call or is too slow, is skipped aloud; what was wrong with its memory counts
# all the same.  3.19 does not know pidfd_open, and nothing here stands in for it: that an end is an event,
# and a number nobody else's, is what children and watches are built on.
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

# Descriptors that are meant to be open at the end of a test: in which program, how many of the kind at
# most, and how they came to be: a name, where there is one, and the functions, innermost first.
descriptors='
* 1 ^/tmp/check_[A-Za-z0-9]+ < open .*< open_tmp_file < (setup_messaging|receive_test_result) <   check: what the test has to say
* 1 ^/.*[.]tap < open .*< srunner_open_file < srunner_init_logging <   check: its results
* 1 ^< eventfd < run_begin < spawn_run <   spawn_run.c: one for the life of the process
* 16 ^[a-z]+[.]so < openat < open_step < open_trusted < load_file <   module.c: what the linker has taken in keeps its number
check_offload 1 ^< eventfd < worker_pool_new < setup <   the pool of a lost thread is its own until it ends
check_log 1 ^< socket < sd_journal_sendv < send_journal <   libsystemd: one for each process
check_fuzz 5 ^< (epoll_create1|timerfd_create|pipe2|eventfd) < .*< open_environment < host_new < the_host <   what all runs of a target share
check_fuzz 1 ^/dev/shm/[^ ]*/control[.]pipe < open < open_checked < open_pipe < open_locked < control_pipe_open < fuzz_pipe <   likewise
check_fuzz 1 ^running < openat < crash_marker_open < quarantine_review < open_environment < host_new < the_host <   likewise
check_fuzz 2 ^/dev/shm/[^ ]*/supervise/(ok|control) < open < make_service <   likewise
'

# left_open PROGRAM FILE: the other descriptors that valgrind lists, a line each with where it was made
left_open() {
	awk -v program="$1" -v table="$descriptors" '
		BEGIN {
			lines = split(table, line, "\n")
			for (i = 1; i <= lines; i++) {
				if (line[i] !~ /^[^ ]+ [0-9]+ /) continue
				split(line[i], word, " ")
				if (word[1] != "*" && word[1] != program) continue
				sub(/ <   .*/, " <", line[i])
				most[++rules] = word[2]
				pattern[rules] = substr(line[i], length(word[1] " " word[2] " ") + 1)
			}
		}
		function tell(    i) {
			if (head == "") return
			for (i = 1; i <= rules; i++)
				if (name frames ~ pattern[i] && ++seen[i] <= most[i]) break
			if (i > rules) print head where
			head = ""
		}
		{ sub(/^==[0-9]+== ?/, "") }
		/^Open / {
			tell()
			head = $0; frames = where = ""
			name = $0
			sub(/^Open .*[0-9]:/, "", name); sub(/^ *(<unknown>)?/, "", name)
			next
		}
		/inherited from parent/ { head = ""; next }
		/^ +(at|by) / && head != "" {
			sub(/^ +(at|by) 0x[0-9A-F]+: /, "")
			where = where " < " $0
			sub(/ \(.*/, "")
			frames = frames (name frames == "" ? "< " : " < ") $0
			next
		}
		{ tell() }
		END { tell() }' "$2"
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
		left_open "$name" "$file" >"$here.left"
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
