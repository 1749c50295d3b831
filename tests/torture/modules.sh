#!/bin/bash
# modules: modules that crash, exit, hang, leave threads running and write where they must not.
#
# Promise: errors that can be refused are refused.  A module that crashes vigild is named in the log of
# the next vigild.  It goes into quarantine when it has done so three times in a row, so that all other
# daemons run.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild 2>/dev/null; rm -rf "$work"' EXIT
umask 022
more_modules=$work/modules
case $(make_variable SANITIZE) in *thread*) skip_all "the thread sanitizer handles crashes itself" ;; esac
crash_as_ever
command -v pkg-config >/dev/null || skip_all "modules are built with pkg-config"
# odd NAME: builds a module from the C code on stdin
odd() { { printf '#include <%s>\n' vigil/vigil.h pthread.h signal.h stdlib.h unistd.h; cat; } | build_module "$1"; }
module() { printf 'VIGIL_MODULE(.name = "%s", .summary = "odd", .start = start);\n' "$1"; }
ticking='static int start(vigil_daemon *d) { return vigil_every(d, 0.1, tick, NULL); }'
odd segv <<<"static int n; static void tick(vigil_daemon *d, void *a) { if (++n == 3) *(volatile int *)0 = 1; } $ticking $(module segv)"
odd over <<<"static int deep(volatile char *p) { volatile char more[4096]; more[0] = *p; return *p > 100 ? 0 : deep(more) + more[0]; }
static void tick(vigil_daemon *d, void *a) { volatile char c = 0; deep(&c); } $ticking $(module over)"
odd aborts <<<"static int start(vigil_daemon *d) { abort(); } $(module aborts)"
odd opens <<<"__attribute__((constructor)) static void first(void) { *(volatile int *)0 = 1; }
static int start(vigil_daemon *d) { return 0; } $(module opens)"
odd exits <<<"static void tick(vigil_daemon *d, void *a) { exit(0); } $ticking $(module exits)"
odd leaves <<<"static void tick(vigil_daemon *d, void *a) { _exit(0); } $ticking $(module leaves)"
odd blocks <<<"static void tick(vigil_daemon *d, void *a) { static int n; if (n++ == 0) sleep(2); } $ticking $(module blocks)"
odd hangs <<<"static void tick(vigil_daemon *d, void *a) { if (symlink(\"tick\", \"$work/hung\") == 0) for (;;) pause(); } $ticking $(module hangs)"
odd writes <<<"static int start(vigil_daemon *d)
{ int e = vigil_state_set(d, \"/daemons/good/stolen\", json_true()), f = vigil_state_set(d, \"/vigil/pid\", json_true());
  vigil_state_set(d, \"refused\", json_integer(e < 0 && f < 0)); return 0; } $(module writes)"
odd frees <<<"static int n; static void once(vigil_daemon *d, void *a) { vigil_cancel(d, once, a); vigil_state_set(d, \"n\", json_integer(++n)); }
static void tick(vigil_daemon *d, void *a) { vigil_cancel(d, tick, a); vigil_after(d, 0.05, once, NULL); }
$ticking $(module frees)"
odd thread <<<"static void *run(void *a) { for (;;) pause(); return a; } static int start(vigil_daemon *d) { pthread_t t; return -pthread_create(&t, NULL, run, NULL); } $(module thread)"

# with NAME...: writes a configuration with the daemon good and these
with() {
	local name
	{
		printf '[daemons]\ngood = yes\n'
		printf '%s = yes\n' "$@"
		printf '[daemon:good]\nmodule = exec\ncommand = /bin/true\ninterval = 100ms\n'
		for name; do printf '[daemon:%s]\nmodule = %s\n' "$name" "$name"; done
	} | write_conf
}
# Waits until vigild exits on its own.
ended() { ! kill -0 "$vigild_pid" 2>/dev/null || grep -q '^State:.[ZX]' "/proc/$vigild_pid/status"; }
ends_itself() { wait_for 30 ended && { wait "$vigild_pid"; true; } 2>/dev/null; }
run_once() { "$vigild" -c "$work/vigil.conf" 2>"$work/log" & vigild_pid=$!; }
ways=0 ended=0 named=0 held=0
# tells NAME HOW WHERE: whether the log names the end of the previous vigild; counts that
tells() { grep -q "$1: the previous vigild [a-z]* \(unexpectedly \)*$3.*: $2" "$work/log" && named=$((named + 1)); }
holds() {
	wait_for 20 is "/runs/$1/status" failed &&
		get "/runs/$1/reason" | grep -q "quarantined: .* 3 times in a row[ ;].*.vigilctl resume" &&
		wait_for 10 more_than /runs/good/ticks 2 && held=$((held + 1))
}
# ends NAME HOW TEXT [WHERE]: checks that the daemon ends vigild three times, that the next vigild names it
# each time, and that the fourth runs.  Later checks depend on that, so they are skipped if it fails.
ends() {
	local name=$1 how=$2 text=$3 where=${4:-in a callback} i
	rm -rf "$work/state"
	with "$name"
	ways=$((ways + 1))
	for i in 1 2 3; do
		run_once
		if ! ends_itself; then
			not_ok "$text ends vigild ($i)"
			return 1
		fi
		ended=$((ended + 1))
		[ "$i" = 1 ] || tells "$name" "$how" "$where" || { not_ok "$text is logged by the next vigild ($i)"; return 1; }
	done
	run_once
	wait_for 20 reachable && tells "$name" "$how" "$where" || { not_ok "$text is logged by the fourth vigild"; return 1; }
	check "$text ends vigild three times and is logged; the fourth vigild puts the daemon into quarantine, and other daemons run" holds "$name"
}

if ends segv 'signal 11 (Segmentation fault)' "a crash in a tick"; then
check "a reload does not end a quarantine" eval 'ctl -q reload >/dev/null; is /runs/segv/status failed'
stop_vigild; run_once
check "a clean restart of vigild does not end a quarantine" wait_for 20 is /runs/segv/status failed
check "vigilctl resume ends a quarantine" ctl -q resume segv
check "a daemon that was resumed crashes vigild again" ends_itself
run_once
check "the crash of a daemon that was resumed is logged" wait_for 20 grep -q 'segv: the previous vigild' "$work/log"
check "one crash after a resume does not cause a quarantine" ends_itself
fi
stop_vigild
if ends opens 'signal 11 (Segmentation fault)' "a crash in a constructor" "while it opened the module of this name"; then
	ctl modules >"$work/out"
	check "a module in quarantine is listed as such, and is not opened" eval 'grep -q "^opens .*quarantined" "$work/out" && reachable'
	check "a reload does not open a module in quarantine" eval 'ctl -q reload >/dev/null; is /runs/opens/status failed'
	ctl -q resume opens 2>/dev/null
	tried() { get /runs/opens/reason | grep -q "it crashed when it was opened: signal 11"; }
	check "a module that is resumed is opened by another process first, and vigild lives" wait_for 10 tried
	stop_vigild
	run_once
	check "a start opens a module that was resumed, and it crashes vigild" ends_itself
	run_once
	check "one crash of a module after a resume does not cause a quarantine" ends_itself
fi
stop_vigild
ends over 'signal 11 (Segmentation fault)' "a stack overflow"
stop_vigild
ends aborts 'signal 6 (Aborted)' "an abort in start"
stop_vigild
ends exits 'exit was called' "exit in a tick"
stop_vigild
ends leaves 'SIGKILL, or _exit was called' "_exit in a tick"
stop_vigild

# A daemon that hangs is ended with SIGABRT, as systemd's watchdog does.
rm -rf "$work/state"
with hangs
run_once
# Waits until the tick has begun, because before that the end is not the daemon's.  On a busy machine
# vigilctl alone can take a second.
hung() { [ -L "$work/hung" ] && timeout 1 "$vigilctl" -q -s "$work/control.sock" version 2>/dev/null; [ $? = 124 ]; }
check "a module that hangs blocks vigild" wait_for 20 hung
kill -ABRT "$vigild_pid"; wait "$vigild_pid" 2>/dev/null
run_once
hangs=1
named_hung() { tells hangs 'signal 6 (Aborted)' 'in a callback'; }
check "a module that hangs is logged after the watchdog has ended vigild" wait_for 20 named_hung
kill -KILL "$vigild_pid"; wait "$vigild_pid" 2>/dev/null

rm -rf "$work/state"
with blocks writes frees thread
run_once
check "a callback that blocks is logged" wait_for 20 grep -q 'blocks: a callback took [0-9.]* s and blocked all other' "$work/log"
check "a module cannot write the state of another daemon" wait_for 10 is /daemons/writes/refused 1
check "the state of another daemon and of vigild is unchanged" eval '[ -z "$(get /daemons/good/stolen)" ] && is /vigil/pid $vigild_pid'
check "a module may cancel its timer in the timer's callback" wait_for 10 is /daemons/frees/n 1
check "a module with its own thread runs" wait_for 10 is /runs/thread/status running
check "other daemons run" wait_for 10 more_than /runs/good/ticks 2
check "vigild stops with a module that has its own thread" stop_vigild
run_once
check "vigild runs after a clean stop" wait_for 10 more_than /runs/good/ticks 2
check "a clean stop is not logged as a crash" eval '! grep -q "the previous vigild" "$work/log"'
"$vigild" -c "$work/vigil.conf" 2>"$work/second"
check "a second vigild is refused and does not log a crash of the first" eval \
	'grep -q "is in use" "$work/second" && ! grep -q "the previous vigild" "$work/second"'
# A SIGKILL in a callback would be logged with its daemon.
check "the callback that blocks has returned" wait_for 20 grep -q 'blocks: a callback took [0-9.]* s' "$work/log"
check "all daemons are paused" ctl -q pause '*'
kill -KILL "$vigild_pid"; wait "$vigild_pid" 2>/dev/null
run_once
check "a SIGKILL is logged by the next vigild" wait_for 10 grep -q 'the previous vigild ended unexpectedly: SIGKILL' "$work/log"
stop_vigild
figure "a module that crashes, exits or hangs is logged by the next vigild" "$named of $((ended + hangs))"
figure "after the third time in a row the daemon is in quarantine, and other daemons run" "$held of $ways"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
