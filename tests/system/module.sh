#!/bin/bash
# vigilctl module: the files that `new` writes, and what `test` reports about modules that crash,
# hang, exit, refuse to start, or cannot be loaded.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
crash_as_ever
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
umask 022
mkdir scratch
export TMPDIR=$work/scratch

export PKG_CONFIG_PATH=$stage$(make_variable pkgconfigdir) PKG_CONFIG_SYSROOT_DIR=$stage
flags=$(pkg-config --cflags vigil | sed "s|$stage$stage|$stage|g")
cc=$(make_variable CC)
san=$(make_variable SANITIZE)
m() { "$vigilctl" module "$@" >out 2>err; }
# says TEXT EXTENDED-REGULAR-EXPRESSION ARGUMENT...: `vigilctl module ARGUMENT...` fails with such a message
says() {
	local text=$1 pattern=$2; shift 2
	if m "$@"; then not_ok "$text: the command succeeded"; cat out err; return; fi
	if grep -qE -- "$pattern" err; then ok "$text"; else not_ok "$text"; cat out err; fi
}
# odd NAME: builds a module from the C code on stdin
odd() {
	mkdir -p "$1"
	{ echo '#include <vigil/vigil.h>'; echo '#include <signal.h>'; echo '#include <stdlib.h>'; echo '#include <unistd.h>'; cat; } >"$1/$1.c"
	# shellcheck disable=SC2086
	$cc -std=gnu99 -Wall $flags -fPIC -shared "$1/$1.c" -o "$1/$1.so" || not_ok "$1 compiles"
	chmod -R go-w "$1"
}
module() { printf 'VIGIL_MODULE(.name = "%s", .summary = "odd", .start = start);\n' "$1"; }
ticking='static int start(vigil_daemon *d) { return vigil_every(d, 1, tick, NULL); }'

# --- new ------------------------------------------------------------------------------------------

check "module new writes a module" m new hello
check "module new writes five files" [ "$(echo hello/*)" = "hello/Makefile hello/check.sh hello/hello.c hello/hello.conf hello/vigil-hello.8" ]
check "module new leaves no other file" [ "$(ls -A | tr '\n' ' ')" = "err hello out scratch " ]
says "module new does not touch a folder that exists" 'hello already exists; nothing was changed' new hello
mkdir .late.new && touch .late.new/Makefile
check "module new ignores what a killed run has left" m new late
rm -r late
says "module new refuses a name with a slash" 'invalid module name "a/b"' new a/b
says "module new refuses a name that begins with a dot" 'invalid module name "\.x"' new .x
says "module new refuses a name with a line end" 'invalid module name "a\\nb"' new $'a\nb'
says "module refuses a verb that is neither new nor test" 'unknown verb "module old"' old x
mkdir closed; chmod 555 closed
if [ "$(id -u)" != 0 ]; then (cd closed && says "module new reports that a folder cannot be made" 'cannot be created: Permission denied' new x); fi
check "module new accepts a name with a dot, an at sign and a hyphen" m new a.b@c-d
for compiler in gcc clang; do
	command -v $compiler >/dev/null || { echo "SKIP: there is no $compiler"; continue; }
	check "the new module builds with $compiler without a warning" $compiler -std=c99 -Wall -Wextra -Wpedantic -Wshadow \
		-Wmissing-prototypes -Werror $flags -fPIC -shared hello/hello.c -o hello/hello.so
done
sed "s|\$(shell \$(PKG_CONFIG) --cflags vigil)|$flags|" hello/Makefile >Makefile.staged
check "make check of the new module passes" make -s -C hello -f ../Makefile.staged check VIGILCTL="$vigilctl"
check "make install of the new module honours DESTDIR" make -s -C hello -f ../Makefile.staged install DESTDIR="$work/dest" VIGILCTL="$vigilctl"
# (pkg-config puts the staging directory in front of the path.)
check "make install puts the new module into vigil's folder of modules" [ -n "$(find "$work/dest" -path "*$(make_variable moduledir)/hello/hello.so")" ]
if command -v mandoc >/dev/null; then
	check "the manual page of the new module can be formatted" eval 'mandoc -T ascii hello/vigil-hello.8 | grep -q "counts its ticks"'
fi

# --- test -----------------------------------------------------------------------------------------

check "module test loads a module" m test hello
check "module test says that the module was loaded" grep -qx 'Module was loaded' out
check "module test lists the options of the module" grep -qE '^ +limit +int +1000000 +the health is WARNING above this value$' out
check "module test takes a path of a module" m test "$work/hello/hello.so"
check "module test lets a module tick" m test hello --ticks 5
check "module test counts the five ticks" grep -qE '^ticks +5, callbacks [0-9.]+ ms in all' out
check "module test shows the state of the module" grep -qx '  "value": 5' out
check "module test runs the module with its sample configuration" eval 'sed -i "s/^limit .*/limit = 2/" hello/hello.conf && m test hello --ticks 3 && grep -q "^health *WARNING: 3 is more than 2" out'
check "options of the command line replace those of the sample configuration" eval 'm test hello --ticks 3 limit=9 && grep -q "^health *OK: 3 so far" out'
check_with python3 "module test prints JSON with -o json" eval '"$vigilctl" -o json module test hello --ticks 2 limit=9 | python3 -c "
import json, sys
said = json.load(sys.stdin)
assert said[\"name\"] == \"hello\" and said[\"abi\"] == 1
assert said[\"run\"][\"state\"] == {\"value\": 2} and said[\"run\"][\"ticks\"] == 2
assert [o[\"name\"] for o in said[\"options\"]] == [\"interval\", \"limit\"]"'
says "module test corrects a misspelt option" 'unknown option "limmit" in \[daemon:hello\]; did you mean "limit"' test hello --ticks 1 limmit=3
says "module test refuses a wrong value" 'limit = "many": is not a whole number' test hello --ticks 1 limit=many
sed -i 's/^limit .*/limt = 2/' hello/hello.conf
says "module test names the line of a mistake in the sample configuration" 'hello/hello\.conf:[0-9]+: unknown option "limt"' test hello --ticks 1
says "module test refuses --ticks without a number" 'invalid value "some" for --ticks' test hello --ticks some
says "module test reports a path that does not exist" 'nosuch/x: No such file' test nosuch/x
says "module test names the folders in which it searched for a module" 'no such module "nosuch" in ' test nosuch

odd crash-start <<<"static int start(vigil_daemon *d) { raise(SIGSEGV); return 0; } $(module crash-start)"
says "module test reports a crash in start" 'the module crashed in its start: signal 11 \(Segmentation fault\)' test crash-start --ticks 1
odd crash-tick <<<"static int n; static void tick(vigil_daemon *d, void *a) { if (++n == 3) abort(); } $ticking $(module crash-tick)"
says "module test reports a crash in a tick, and the number of the tick" 'the module crashed in tick 3: signal 6 \(Aborted\)' test crash-tick --ticks 5
check "module test succeeds if it ends before the tick that crashes" m test crash-tick --ticks 2
odd crash-load <<<"__attribute__((constructor)) static void c(void) { raise(SIGBUS); } static int start(vigil_daemon *d) { return 0; } $(module crash-load)"
says "module test reports a crash in a constructor" 'the module crashed while it was being loaded: signal 7 \(Bus error\)' test crash-load
odd exits <<<"static void tick(vigil_daemon *d, void *a) { exit(0); } $ticking $(module exits)"
says "module test does not take exit(0) for success" 'the module called exit in tick 1: status 0' test exits --ticks 1
odd hangs <<<"static void tick(vigil_daemon *d, void *a) { for (;;) pause(); } $ticking $(module hangs)"
says "module test ends a module that hangs" 'the module did not return within 10 s in tick 1' test hangs --ticks 1
odd crash-stop <<<"static void tick(vigil_daemon *d, void *a) { } $ticking static void stop(vigil_daemon *d) { abort(); }
VIGIL_MODULE(.name = \"crash-stop\", .start = start, .stop = stop);"
says "module test reports a crash in stop" 'the module crashed in its stop: signal 6 \(Aborted\)' test crash-stop --ticks 1
odd timeless <<<"static int start(vigil_daemon *d) { return 0; } $(module timeless)"
says "module test reports a module without a timer" 'the daemon has no timer, so it has no ticks' test timeless --ticks 1
check "module test --for runs a module without a timer" m test timeless --for 200ms
says "module test refuses --for without a time" 'invalid value "soon" for --for' test timeless --for soon
odd refuses <<<"static int start(vigil_daemon *d) { return vigil_fail(d, \"port %d is taken\", 7); } $(module refuses)"
says "module test reports why a module does not start" 'the daemon does not start: port 7 is taken' test refuses --ticks 1
checking() { # checking NAME BODY: a module whose check has this body
	odd "$1" <<<"static int start(vigil_daemon *d) { return 0; } static int check(vigil_daemon *d) { $2 }
VIGIL_MODULE(.name = \"$1\", .start = start, .check = check);"
}
checking checks 'return vigil_diagnose(d, NULL, "port %d is reserved", 7);'
says "module test with ticks reports the message of the module's check" 'port 7 is reserved' test checks --ticks 1
: >checks/checks.conf; printf '[daemons]\nchecks = yes\n[daemon:checks]\n' >checks/checks.conf
says "module test without ticks reports the message of the module's check, with its line" 'checks/checks.conf:3: port 7 is reserved' test checks
checking silent 'return -1;'
says "module test reports a check that fails without a reason" 'the check of module silent returned -1' test silent --ticks 1
checking careless 'vigil_log(d, VIGIL_ERROR, "hello"); return vigil_data(d) != NULL;'
says "module test reports a check that calls a forbidden function" 'the check of module careless calls vigil_log' test careless --ticks 1
checking crash-check 'abort();'
says "module test reports a crash in a check" 'the module crashed while its options were checked: signal 6 \(Aborted\)' test crash-check --ticks 1
odd other <<<"static int start(vigil_daemon *d) { return 0; } $(module another)"
says "module test refuses a module whose name differs from its file" 'calls itself "another"; folder, file and name must be the same' test other
cp -r hello renamed
says "module test refuses a file whose name differs from its folder" 'contains hello.so, not renamed.so: folder and file must have the same name' test renamed
odd oldabi <<<"static int start(vigil_daemon *d) { return 0; } VIGIL_API const vigil_module vigil_module_descriptor = {.abi = 99, .size = sizeof(vigil_module), .option_size = sizeof(vigil_option), .name = \"oldabi\", .start = start};"
says "module test refuses a module with another ABI" 'was built for ABI 99, this vigild has ABI 1; rebuild it' test oldabi
odd nothing <<<'int x;'
says "module test refuses a file without a descriptor" 'has no vigil_module_descriptor; is VIGIL_MODULE' test nothing
odd lacking <<<"int no_such_function(void); static int start(vigil_daemon *d) { return no_such_function(); } $(module lacking)"
says "module test names a symbol that is missing" 'cannot be loaded: .*no_such_function' test lacking
chmod 666 timeless/timeless.so
says "module test refuses a file that others may write" 'timeless\.so may be written by others' test timeless
chmod 777 refuses
says "module test refuses a folder that others may write" 'refuses may be written by others' test refuses
odd waits <<<"static void on_exit_told(vigil_daemon *d, vigil_child *c, const vigil_child_exit *e, void *a)
{ vigil_state_set(d, \"said\", json_stringn(e->output, 3)); }
static void tick(vigil_daemon *d, void *a) {
	vigil_spawn(d, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
		.argv = (const char *const[]){\"/bin/sh\", \"-c\", \"sleep 0.2; echo yes\", NULL}, .on_exit = on_exit_told}); }
$ticking $(module waits)"
check "module test waits for the child process of a tick" eval 'm test waits --ticks 1 && grep -qx "  \"said\": \"yes\"" out'

# References of jansson.
odd leaks <<<"static void tick(vigil_daemon *d, void *a) { json_t *v = json_pack(\"{s:i,s:[i]}\", \"load\", 7, \"list\", 1);
	vigil_state_set(d, \"v\", json_incref(v)); } $ticking $(module leaks)"
says "module test reports leaked references with the callback and the value" \
	'has leaked 3 references .* the callback "tick" of tick 1: \{"load":7,"list":\[1\]\}' test leaks --ticks 3
odd leaks-borrowed <<<"static void tick(vigil_daemon *d, void *a) { vigil_state_set(d, \"n\", json_integer(1));
	json_incref((json_t *)vigil_state_get(d, \"n\")); } $ticking $(module leaks-borrowed)"
says "module test reports a reference that a module takes from the state and never releases" \
	'has leaked 1 reference .* of tick 1: 1$' test leaks-borrowed --ticks 3
odd leaks-start <<<"static int start(vigil_daemon *d) { return vigil_time() == NULL; } $(module leaks-start)"
says "module test reports a leak in start" 'the callback "start": "20' test leaks-start --for 100ms
odd releases <<<"static void tick(vigil_daemon *d, void *a) { json_t *v = json_integer(1); vigil_state_set(d, \"v/x\", v); json_decref(v); }
$ticking $(module releases)"
says "module test names the value of the state that a module has released after it was handed over" \
	'has released the value at /daemons/releases/v/x, which belongs to the state' test releases --ticks 3
odd releases-borrowed <<<"static void tick(vigil_daemon *d, void *a) { vigil_state_set(d, \"n\", json_integer(1));
	json_decref((json_t *)vigil_state_get(d, \"n\")); } $ticking $(module releases-borrowed)"
says "module test names the value of the state that a module has only borrowed and has released" \
	'has released the value at /daemons/releases-borrowed/n,' test releases-borrowed --ticks 3
odd releases-twice <<<"static void tick(vigil_daemon *d, void *a) { json_t *v = json_string(\"x\"); json_decref(v); json_decref(v); }
$ticking $(module releases-twice)"
says "module test reports a value that a module has released twice" 'has released it twice; .* of tick 1' test releases-twice --ticks 3
odd releases-stop <<<"static json_t *v; static void tick(vigil_daemon *d, void *a) { if (v == NULL) vigil_state_set(d, \"n\", v = json_integer(1)); }
static void stop(vigil_daemon *d) { json_decref(v); }
$ticking VIGIL_MODULE(.name = \"releases-stop\", .start = start, .stop = stop);"
says "module test reports a value that a module has released too often in stop" 'has used a value of jansson after it had released it' test releases-stop --ticks 3
odd no-value <<<"static void tick(vigil_daemon *d, void *a) { vigil_state_set(d, \"v\", json_pack(\"{s:s}\", \"a\", NULL)); } $ticking $(module no-value)"
says "module test fails if a function of jansson has failed and NULL is written" '^vigilctl: 2 values could not be written to the state$' test no-value --ticks 2
check "the log names the path of a value that is NULL" grep -q '^no-value: the value at "v" is not written: it is NULL' err
odd not-utf8 <<<"static void tick(vigil_daemon *d, void *a) { vigil_state_set(d, \"v\", json_string_nocheck(\"\\xff\")); } $ticking $(module not-utf8)"
says "module test fails if a value cannot be kept" '^vigilctl: 1 value could not be written to the state$' test not-utf8 --ticks 1
odd keeps <<<"static json_t *kept; static void tick(vigil_daemon *d, void *a) { char *text; json_t *v = json_pack(\"{s:s}\", \"a\", \"12345678901234567890\");
	kept = kept != NULL ? kept : json_incref(v); text = json_dumps(v, 0); vigil_state_set(d, \"v\", json_string(text)); free(text); json_decref(v); }
static void stop(vigil_daemon *d) { json_decref(kept); }
$ticking VIGIL_MODULE(.name = \"keeps\", .start = start, .stop = stop);"
odd caches <<<"static json_t *cache; static void tick(vigil_daemon *d, void *a) { cache = cache != NULL ? cache : json_pack(\"[i]\", 1);
	vigil_state_set(d, \"v\", json_incref(cache)); } $ticking $(module caches)"
check "module test accepts a value that a variable of the module keeps" m test caches --ticks 3
check "module test accepts a module that releases in stop what it has kept, and frees texts of jansson" m test keeps --ticks 3
check "module test leaves no temporary file" [ -z "$(ls -A scratch)" ]
if [ -n "$san" ]; then echo "(with sanitizers: $san)"; fi
finish
