#!/bin/bash
# Modules that do what they must not, in a vigild with a healthy daemon: each one is named, and neither
# the other daemons nor the clients suffer.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
crash_as_ever
case $(make_variable SANITIZE) in *thread*) skip_all "the thread sanitizer handles crashes itself" ;; esac
command -v pkg-config >/dev/null || skip_all "modules are built with pkg-config"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild 2>/dev/null; rm -rf "$work"' EXIT
umask 022
more_modules=$work/modules
# bad NAME: builds a module from the C code on stdin
bad() {
	{
		printf '#include <%s>\n' vigil/vigil.h pthread.h signal.h stdlib.h unistd.h
		cat
		[ "$1" = library ] || printf 'VIGIL_MODULE(.name = "%s", .start = start);\n' "$1"
	} | build_module "$1"
}
# ticks CODE: a module whose first tick runs the code
ticks() {
	printf 'static void tick(vigil_daemon *d, void *a) { static int n; if (n++ > 0) return; %s }\n' "$1"
	echo 'static int start(vigil_daemon *d) { return vigil_every(d, 0.1, tick, NULL); }'
}
constructor='__attribute__((constructor)) static void first(void)'
bad text < <(ticks 'vigil_state_set(d, "bad", json_stringn_nocheck("\xff\xfe", 2)); vigil_persist(d, "nul");
	vigil_state_set(d, "nul", json_stringn("a\0b", 3)); vigil_health(d, VIGIL_OK, "bad \xff");
	vigil_event_detail(d, json_string_nocheck("\xff"), "bad \xff");')
bad closes < <(ticks 'int p[2]; if (pipe(p) == 0 && vigil_watch_fd(d, p[0], VIGIL_READ, (vigil_fd_fn *)tick, NULL) == 0) close(p[0]);')
bad signals < <(ticks 'signal(SIGTERM, SIG_IGN); signal(SIGCHLD, SIG_IGN);')
bad forks < <(ticks 'if (fork() < 0) abort();')
bad hangs < <(ticks 'for (;;) ;')
bad threads <<<'static void *run(void *d) { vigil_state_set(d, "x", json_true()); return d; }
static void tick(vigil_daemon *d, void *a) { pthread_t t; if (pthread_create(&t, NULL, run, d) == 0) pthread_join(t, NULL); }
static int start(vigil_daemon *d) { return vigil_every(d, 1, tick, NULL); }'
bad opens <<<"$constructor { *(volatile int *)0 = 1; } static int start(vigil_daemon *d) { return 0; }"
bad waits <<<"$constructor { for (;;) pause(); } static int start(vigil_daemon *d) { return 0; }"
bad calm <<<'static int start(vigil_daemon *d) { return 0; }'
bad library <<<"$constructor { abort(); }"

# with NAME...: writes a configuration with the daemon good and these
with() {
	{
		printf 'callback_max = 1s\n[daemons]\ngood = exec\n'
		[ $# = 0 ] || printf '%s = yes\n' "$@"
		printf '[daemon:good]\ncommand = /bin/true\ninterval = 100ms\n'
	} | write_conf
}
logs() { wait_for 20 grep -qE -- "$1" "$work/log"; }

with text closes signals forks
start_vigild
check "a text that is not UTF-8 is refused, and its daemon is named" logs 'text: the value at /daemons/text/bad is not written: a string in it is not UTF-8'
check "the whole state can be read after that" eval '"$vigilctl" -s "$work/control.sock" -o json get | grep -q "a\\\\u0000b"'
check "a descriptor that is closed while it is watched names its daemon" logs 'closes: descriptor [0-9]+ was closed although it is watched'
five_answers() { local i; for i in 1 2 3 4 5; do ctl -q status >/dev/null || return 1; done; }
check "the next clients are answered" five_answers
check "changed signals name their daemon" logs 'signals: .* has changed the action of SIGTERM, the action of .* for the whole process'
check "a forked child ends with a message" logs 'forks: a callback of this daemon forked vigild, and the child .* exits'
check "the healthy daemon still gets the exit status of its program" wait_for 20 is /runs/good/health/level OK
ctl modules >"$work/out"
check "modules examines a module that crashes, and vigild lives" grep -qE '^opens +refused .*it crashed when it was opened: signal 11' "$work/out"
check "modules examines a module that hangs" grep -qE '^waits +refused .*it did not return within 3 s' "$work/out"
check "modules does not open a library that is not a module" grep -qE '^library +refused .*has no vigil_module_descriptor' "$work/out"
check "modules prints the summary of a module that is not loaded" grep -qE '^average +no ' "$work/out"
with text opens
check "a reload that enables a module that crashes is refused or marks the daemon failed, and vigild lives" eval \
	'ctl reload >"$work/out" 2>&1; ctl status opens 2>/dev/null >>"$work/out"; grep -q "it crashed when it was opened" "$work/out"'
# The verb of the socket: vigilctl itself checks what it registers.
registers() {
	python3 - "$work/control.sock" "$1" "$2" <<-'END' >"$work/out"
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "register", "params": {"name": sys.argv[2], "options": ["module=" + sys.argv[3]]}}).encode() + b"\n")
		print(s.makefile().readline())
	END
}
check_with python3 "the verb register refuses a module that crashes, and vigild lives" eval \
	'registers other opens && grep -q "it crashed when it was opened" "$work/out" && ctl -q status good'
check_with python3 "a module that was tried is opened once more by the reload of register" eval \
	'registers calm calm && grep -q "\"started\":\[\"calm\"\]" "$work/out"'
rm -f "$work/conf.d/calm.conf"
with text waits
ticks=$(get /runs/good/ticks)
ctl reload >"$work/out" 2>&1
check "a module that hangs when it is opened is refused" grep -q "it did not return within 3 s" "$work/out"
check "the other daemons tick while a module is tried" [ "$(get /runs/good/ticks)" -gt $((ticks + 5)) ]
with text other
printf '[daemon:other]\nmodule = notify\ncommand = /bin/true\n' >>"$work/vigil.conf"
ctl reload >"$work/out" 2>&1
check "the reply to a reload comes when a module that was tried has been opened" grep -q '1 started (other)' "$work/out"
check "SIGTERM still stops vigild" stop_vigild
with text
start_vigild
check "state.json has the text with the NUL character after a restart" wait_for 20 eval '"$vigilctl" -s "$work/control.sock" -o json get /daemons/text/nul | grep -q "a\\\\u0000b"'
stop_vigild

with hangs
"$vigild" -c "$work/vigil.conf" 2>"$work/log" & vigild_pid=$!
wait "$vigild_pid" 2>/dev/null
check "a callback that does not return ends vigild, and its daemon is named" grep -q 'a callback of the daemon hangs has not returned for 1 s' "$work/log"
with
start_vigild
check "the next start names the daemon that hung" logs 'hangs: the previous vigild .* did not return within callback_max'
stop_vigild

"$vigilctl" module test "$work/modules/threads" --ticks 1 >"$work/out" 2>&1
check "module test names a function that another thread calls" grep -q 'daemon threads called vigil_state_set on another thread' "$work/out"
check "module test fails for a module that changes signals" eval \
	'! "$vigilctl" module test "$work/modules/signals" --ticks 1 >"$work/out" 2>&1 && grep -q "has changed the action of SIGTERM" "$work/out"'
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
