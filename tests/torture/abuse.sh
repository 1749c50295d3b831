#!/bin/bash
# abuse: modules that do what a module must not do, in processes of their own and in vigild.
#
# Promise: whatever a module does in a process of its own, vigild runs on, and its neighbours lose no
# tick and no value.  The full form also loads each module into vigild, one after the other, and prints
# the table of tests/torture/README.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill -KILL "${vigild_pid:-}" 2>/dev/null; [ -n "${KEEP:-}" ] && cp "$work/log" "$KEEP"; rm -rf "$work"' EXIT
umask 022
case $(make_variable SANITIZE) in ?*) skip_all "the sanitizers handle crashes themselves" ;; esac
more_modules=$work/modules
for file in "$top_srcdir"/tests/torture/abuse/*.c; do
	build_module "$(basename "$file" .c)" -w -O0 -I"$top_srcdir/tests/torture/abuse" <"$file"
done

# The rows: what /runs/NAME/reason must say of an isolated daemon; "" where it runs on.  These ends are
# certain; the others depend on the memory and the limits of the machine.
rows="blocks spins start_spins stop_hangs exits leaves null after_free double_free overwrites refcount
	timers threads forks closes descriptors signals locale directory environment limits leaks recursion
	verb_hangs aborts divides floods_state floods_log grows writes_fds kills ends_loop"
declare -A ends=([blocks]='its callback tick did not return within 3 s' [spins]='its callback tick did not return within 3 s'
	[start_spins]='its callback start did not return within 3 s' [exits]='exited with status 0 in its callback tick'
	[leaves]='exited with status 3 in its callback tick' [null]='killed by SIGSEGV in its callback tick'
	[recursion]='killed by SIGSEGV in its callback tick' [aborts]='killed by SIGABRT in its callback tick'
	[divides]='killed by SIGFPE in its callback tick' [double_free]='killed by SIGABRT in its callback tick'
	[leaks]='killed by SIG.*isolate_memory is 64 MiB' [verb_hangs]='its callback verb did not return within 3 s'
	[writes_fds]='it sent what is not a valid message' [closes]='lost its connection|closed its connection'
	[kills]='killed by SIGKILL')

# section NAME: its options
section() {
	printf '[daemon:%s]\n' "$1"
	[ "$form" = isolated ] || return 0
	printf 'isolate = yes\nisolate_timeout = %s\nisolate_memory = 64MiB\n' "$limit"
	# As root it could kill vigild, which no process of root can prevent.
	[ "$1" != kills ] || printf 'isolate_user = nobody\n'
}
# conf NAME...: writes a configuration with the neighbours and these
conf() {
	local name
	{
		printf '[daemons]\ngood = yes\nprogram = exec\n'
		[ $# = 0 ] || printf '%s = yes\n' "$@"
		printf '[daemon:program]\ncommand = /bin/echo good\ninterval = 500ms\n'
		for name; do section "$name"; done
	} | write_conf
}
# In a session of its own, because a module in vigild may fork, and what is left must be ended.
run_it() { rm -rf "$work/state"; setsid "$vigild" -c "$work/vigil.conf" >"$work/log" 2>&1 & vigild_pid=$!; }
alive() { [ -d "/proc/$vigild_pid" ] && ! grep -q '^State:.[ZX]' "/proc/$vigild_pid/status" 2>/dev/null; }
answers() { timeout 20 "$vigilctl" -q -s "$work/control.sock" version 2>/dev/null; }
# The neighbours: no tick and no value is lost (abuse/good.c).
intact() { is /daemons/good/lost_ticks 0 && is /daemons/good/lost_values 0 && is /daemons/program/output good; }
ended_as() { get "/runs/$1/reason" | grep -qE "${ends[$1]}"; }

# --- all of them at once, isolated ----------------------------------------------------------------

form=isolated limit=3s
[ "$(id -u)" = 0 ] || rows=${rows/kills/}
# shellcheck disable=SC2086
conf $rows
for name in constructor check_crashes; do
	form=isolated conf "$name"
	if "$vigild" -t -c "$work/vigil.conf" >"$work/out" 2>&1; then not_ok "vigild -t refuses $name"
	else check "a module that crashes in another process ends no check of the configuration ($name)" grep -q "killed by SIGABRT in its callback c" "$work/out"; fi
done
# shellcheck disable=SC2086
conf $rows
run_it
check "vigild starts with $(echo $rows | wc -w) modules that do wrong, each in a process of its own" wait_for 20 answers
first=$vigild_pid
wait_for 20 is /runs/verb_hangs/status running
timeout 300 "$vigilctl" -s "$work/control.sock" start verb_hangs >"$work/out" 2>&1
# A reload meanwhile, whose check does not return.
# shellcheck disable=SC2086
conf $rows check_hangs
ctl reload >"$work/reload" 2>&1 & reload=$!
named=0 expected=0
for name in $rows; do
	[ -n "${ends[$name]:-}" ] || continue
	expected=$((expected + 1))
	if wait_for 20 ended_as "$name"; then named=$((named + 1)); else not_ok "the end of $name is named: $(get "/runs/$name/status") $(get "/runs/$name/reason")"; fi
done
check "the ends of $expected processes are named with their reason" [ "$named" = "$expected" ]
wait "$reload"
check "a reload is refused if a check does not return, and vigild does not wait for it" \
	grep -q 'the module check_hangs did not return within 5 s from its callback check' "$work/reload"
# A stop that does not return: the daemon is disabled.
process=$(get /runs/stop_hangs/process/pid)
# shellcheck disable=SC2086
conf ${rows/stop_hangs/}
check "a reload that stops a module whose stop does not return succeeds" ctl -q reload
check "the process of a module whose stop does not return is ended" wait_for 20 gone "${process:-$$}"
check "the neighbours tick on" wait_for 10 more_than /runs/good/ticks "$(get /runs/good/ticks)"
check "vigild is the same process" eval 'alive && is /vigil/pid "$first"'
check "no neighbour has lost a tick or a value" intact
[ "$failed" -eq 0 ] || { get /daemons/good; get /daemons/program; }
check "no module is loaded into vigild" eval '! grep "$work/modules" "/proc/$vigild_pid/maps" | grep -qv "/good.so"'
# shellcheck disable=SC2086
conf $rows
check "the module whose stop does not return is started again" ctl -q reload
check "vigild stops, although a stop does not return" stop_vigild
left() { grep -lsz "vigil-module-host" /proc/[0-9]*/cmdline | while read -r file; do grep -zs . "$file" | tr '\0' ' ' | grep -q "$stage" && echo "$file"; done; }
check "no process is left" wait_for 10 eval '[ -z "$(left)" ]'
figure "no neighbour loses a tick or a value, and vigild runs on" "$(echo $rows | wc -w) modules at once"
[ "${TORTURE_FORM:-}" = full ] || finish

# --- one after the other, in both forms: the table ------------------------------------------------

# host_of: what happened to vigild; neighbours: what happened to them
host_of() {
	if ! alive && grep -q "vigil.conf:[0-9]*: " "$work/log"; then echo "refuses"
	elif ! alive; then echo "ended"; elif answers; then echo "runs"; else echo "hangs"; fi
}
neighbours() {
	if [ "$1" != runs ]; then echo "stopped"
	elif intact; then echo "intact"
	else echo "lost values"; fi
}
# row NAME: runs one module in the present form, and prints what happened
row() {
	local host neighbours reason= process
	conf "$1"
	run_it
	wait_for 5 answers
	[ "$1" != verb_hangs ] || timeout 60 "$vigilctl" -s "$work/control.sock" start verb_hangs >/dev/null 2>&1
	if [ "$1" = stop_hangs ]; then # its stop is called when a reload disables it
		process=$(get /runs/stop_hangs/process/pid)
		conf
		timeout 20 "$vigilctl" -q -s "$work/control.sock" reload 2>/dev/null
	fi
	sleep 3
	host=$(host_of)
	[ "$host" != runs ] || reason=$(get "/runs/$1/reason")
	[ "$1:$host" != stop_hangs:runs ] || ! gone "$process" || reason="killed: stop did not return in 1 s"
	[ -n "$reason" ] || reason=$( [ "$host" = runs ] && get "/runs/$1/health/text" )
	neighbours=$(neighbours "$host")
	printf '%s|%s|%s\n' "$host" "$neighbours" "${reason%%; it is started*}"
	kill -KILL -- "-$vigild_pid" 2>/dev/null
	wait "$vigild_pid" 2>/dev/null
}
lost=0 limit=1s
for name in $rows constructor check_crashes check_hangs; do
	# In vigild, `kills` would kill this script, the parent of vigild.
	form=inside inside_host=ended inside_neighbours=stopped
	[ "$name" = kills ] || IFS='|' read -r inside_host inside_neighbours _ < <(row "$name")
	form=isolated; IFS='|' read -r host neighbours reason < <(row "$name")
	printf 'table\t%-14s %-6s %-24s %-6s %-8s %s\n' "$name" "$inside_host" "$inside_neighbours" "$host" "$neighbours" "$reason"
	case $name in constructor | check_*) continue ;; esac # vigild does not start with these
	[ "$host $neighbours" = "runs intact" ] || lost=$((lost + 1))
done
check "in no row has a neighbour lost a tick or a value" [ "$lost" = 0 ]
figure "the same, one after the other" "$lost rows with a loss"
finish
