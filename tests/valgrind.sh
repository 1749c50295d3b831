#!/bin/bash
# valgrind.sh [check_X...]: runs the unit tests under valgrind, all or those named, for `make valgrind`.
#
# Each test runs in a separate process, and each process is checked for reads of uninitialised memory,
# invalid accesses, lost memory, and descriptors that are left open.  No code of vigil is excepted.
#
# Whether the results of vigil are right is checked by `make check`.  A test that fails here, because
# valgrind does not know a system call or is too slow, is reported as skipped; errors of its memory
# still count.  valgrind 3.19 does not know pidfd_open, and there is no replacement for it here, because
# children and watches depend on exits that are events and on pids that belong to one process.
#
# The last line has the totals.
set -u
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir:-$PWD}
export top_srcdir top_builddir CK_FORK=yes CK_TIMEOUT_MULTIPLIER=${CK_TIMEOUT_MULTIPLIER:-10}
command -v valgrind >/dev/null || { echo "SKIP: valgrind is not installed"; echo "0 passed, 0 failed, 1 skipped"; exit 77; }
cd "$top_builddir" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Descriptors that may be open at the end of a test: the program, the maximum number of this kind, and
# their origin: a name, if there is one, and the functions, innermost first.
descriptors='
* 1 ^/tmp/check_[A-Za-z0-9]+ < open .*< open_tmp_file < (setup_messaging|receive_test_result) <   check: what the test has to say
* 1 ^/.*[.]tap < open .*< srunner_open_file < srunner_init_logging <   check: its results
* 1 ^< eventfd < run_begin < spawn_run <   spawn_run.c: one for the life of the process
* 16 ^[a-z]+[.]so < openat < open_step < open_trusted < load_file <   module.c: what the linker has taken in keeps its number
check_worker_pool 1 ^< eventfd < worker_pool_new < setup <   the pool of a lost thread is its own until it ends
check_log_targets 1 ^< socket < sd_journal_sendv < send_journal <   libsystemd: one for each process
check_fuzz 5 ^< (epoll_create1|timerfd_create|pipe2|eventfd) < .*< open_environment < host_new < the_host <   what all runs of a target share
check_fuzz 1 ^/dev/shm/[^ ]*/control[.]pipe < open < open_checked < open_pipe < open_locked < control_pipe_open < fuzz_pipe <   likewise
check_fuzz 1 ^running < openat < crash_marker_open < quarantine_review < open_environment < host_new < the_host <   likewise
check_fuzz 2 ^/dev/shm/[^ ]*/supervise/(ok|control) < open < make_service <   likewise
'

# left_open PROGRAM FILE: prints the other descriptors that valgrind lists, with the place of each
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

# complaints FILE...: prints valgrind's errors of memory, with their places
complaints() {
	sed 's/^==[0-9]*== \?//' "$@" | awk '
		/(definitely|indirectly) lost in|^Invalid |ninitialised|unaddressable|^Mismatched/ { on = 1 }
		/^$|SUMMARY/ { on = 0 }
		on { print "# " $0 }'
}

# tests_of DIRECTORY: prints the logs of the processes that ran one test each: children of the first one.
# Children of a test are not checked.
tests_of() {
	local file parent
	for file in "$1"/*; do
		parent=$(sed -n 's/^==[0-9]*== Parent PID: //p' "$file" | tail -n 1)
		[ -e "$1/$parent" ] && [ ! -e "$1/$(sed -n 's/.*Parent PID: //p' "$1/$parent" | tail -n 1)" ] &&
			echo "$file"
	done
}

# examine PROGRAM: prints its results, a line each
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
			echo "SKIP: $name: ${line##*/} (${why:-it fails at this speed})"
			;;
		esac
	done <"$here.tap"
	# A test that failed has not cleaned up.
	for file in $(tests_of "$here"); do
		left_open "$name" "$file" >"$here.left"
		[ ! -s "$here.left" ] || { leaky=$((leaky + 1)); cat "$here.left" >>"$here.all"; }
	done
	[ "$leaky" -le "$broken" ] || sort "$here.all" | uniq -c | sed "s/^ */not ok - $name: descriptors left open, times /"
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
