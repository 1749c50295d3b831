#!/bin/bash
# isolate: a daemon with isolate = yes behaves as one in vigild, and its end reaches no other daemon.
#
# Two daemons of the module everything (tests/modules/everything.c) run with the same options: `inside`
# in vigild and `apart` in a process of its own.  What they write to the state must be equal.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill ${watcher:-} 2>/dev/null; stop_vigild 2>/dev/null; stop_reference; rm -rf "$work"' EXIT
umask 022
crash_as_ever
more_modules="$work/modules, $top_builddir/tests/modules"

build_module source <<'END'
#include <vigil/vigil.h>
static void tick(vigil_daemon *d, void *arg)
{
	static int n;
	vigil_state_set(d, "x", json_integer(++n));
	vigil_health(d, n % 2 ? VIGIL_OK : VIGIL_WARNING, "n is odd or even");
}
static int start(vigil_daemon *d) { vigil_state_set(d, "x", json_integer(0)); return vigil_every(d, 0.3, tick, NULL); }
VIGIL_MODULE(.name = "source", .summary = "has a value that changes", .start = start);
END
build_module dies <<'END'
#include <vigil/vigil.h>
#include <stdlib.h>
static void tick(vigil_daemon *d, void *arg) { abort(); }
static int start(vigil_daemon *d) { vigil_state_set(d, "x", json_integer(1)); return vigil_every(d, 60, tick, NULL); }
VIGIL_MODULE(.name = "dies", .summary = "aborts in its tick", .start = start);
END
build_module turns <<'END'
#include <vigil/vigil.h>
static int on_verb(vigil_daemon *d, void *arg) { return vigil_state_set(d, "called", json_string(vigil_option_text(d, "verb"))); }
static int start(vigil_daemon *d) { return vigil_on_verb(d, vigil_option_text(d, "verb"), on_verb, NULL); }
static const vigil_option options[] = { VIGIL_OPTION("verb", VIGIL_TEXT, "start", "the verb"), VIGIL_OPTION_END };
VIGIL_MODULE(.name = "turns", .summary = "has a verb of its options, and no reconfigure", .options = options, .start = start);
END
build_module hangs <<'END'
#include <vigil/vigil.h>
#include <unistd.h>
static int start(vigil_daemon *d) { for (;;) pause(); }
VIGIL_MODULE(.name = "hangs", .summary = "does not start", .start = start);
END
# More addresses than an isolated daemon can follow, so that it asks for /daemons at each tick.
build_module reads <<'END'
#include <stdio.h>
#include <vigil/vigil.h>
static void tick(vigil_daemon *d, void *arg)
{
	char pointer[64];
	for (int i = 0; i < 300; i++) {
		snprintf(pointer, sizeof(pointer), "/daemons/none%d", i);
		vigil_state_get(d, pointer);
	}
	vigil_state_set(d, "sees", json_boolean(json_object_get(vigil_state_get(d, "/daemons"), "source") != NULL));
}
static int start(vigil_daemon *d) { return vigil_every(d, 0.2, tick, NULL); }
VIGIL_MODULE(.name = "reads", .summary = "reads many addresses", .start = start);
END
# conf WORD...: writes a configuration; the words are lines for the section of both daemons
conf() {
	{
		printf '[daemons]\nsource = yes\ninside = everything\napart = everything\n'
		printf '[module:everything]\nseconds = 2s\nstatus_command = /bin/true\nrestart_command = /bin/true\n'
		[ "$#" -eq 0 ] || printf '%s\n' "$@"
		printf '[daemon:apart]\nisolate = yes\n'
	} | write_conf
}
t() { "$vigild" -t -c "$work/vigil.conf" >"$work/out" 2>&1; }

# --- the check of the configuration ---------------------------------------------------------------

conf
check "vigild -t accepts an isolated daemon" t
conf 'word = bad'
t
check "a check in another process gives the same diagnostic, with the line of the option" \
	[ "$(grep -c 'vigil.conf:[0-9]*: word = "bad": must not be bad' "$work/out")" = 1 ]
conf 'word = odd'
t
check "a note does not refuse the configuration" grep -q 'note: word = "odd": looks like a mistake' "$work/out"
conf 'word = worse'
t
check "a check without a reason is reported for both" [ "$(grep -c 'the check of module everything returned -34' "$work/out")" = 2 ]
conf 'wrod = x'
check "the schema of a module in another process is used" eval '! t && grep -q "did you mean \"word\"" "$work/out"'
printf '[daemons]\na = everything\nb = everything\n[module:everything]\nisolate = yes\nword = bad\n' | write_conf
t
check "isolate may be a default of a module" grep -q 'vigil.conf:[0-9]*: word = "bad": must not be bad' "$work/out"
printf '[daemons]\na = everything\n[module:everything]\nisolate = yes\nisolate_timeout = soon\n' | write_conf
t
check "a wrong value of such a default is refused" grep -q 'isolate_timeout = "soon"' "$work/out"
refused_by_test "an unknown isolate_user is refused" 'isolate_user = "nobody-of-that-name": no such user' <<'END'
[daemons]
x = exec
[daemon:x]
command = /bin/true
isolate = yes
isolate_user = nobody-of-that-name
END
refused_by_test "an isolated daemon cannot use the sockets of systemd" \
	'"systemd": systemd passes sockets to vigild only, and not to a daemon with isolate = yes' <<'END'
[daemons]
x = http
[daemon:x]
listen = systemd
isolate = yes
END
refused_by_test "daemons that wait for each other cannot be isolated" 'after = "b": the daemon "b" has isolate = yes' <<'END'
[daemons]
a = service
b = service
[daemon:a]
after = b
[daemon:b]
isolate = yes
END

# --- the same values ------------------------------------------------------------------------------

# state NAME: what the daemon has written, without what must differ
state() { ctl get "/daemons/$1" | sed 's/"foreign": "none"/"foreign": "refused"/; /"sleep"/d; s/"\(inside\|apart\)"/"NAME"/; /"pointer"/d; /"level"/d'; }
same() { state inside >"$work/inside"; state apart >"$work/apart"; [ -s "$work/apart" ] && diff "$work/inside" "$work/apart" >"$work/diff"; }
complete() { ctl get /daemons/apart >"$work/apart" 2>/dev/null && grep -q '"foreign"' "$work/apart" && grep -q '"services"' "$work/apart" && grep -q '"moves"' "$work/apart" && grep -q '"line"' "$work/apart" && grep -q '"level"' "$work/apart"; }
conf
start_reference
start_vigild
check "an isolated daemon uses all of vigil.h" wait_for 20 complete
# It may change only services that its options name; the other daemon may change each.
check "an isolated daemon cannot restart a service that its options do not name" is /daemons/apart/service/foreign refused
check "both daemons have written the same values" wait_for 10 same || cat "$work/diff"
for key in health/text health/long_text health/level errors last_error status; do
	check "/runs/NAME/$key is the same" wait_for 10 eval '[ "$(get "/runs/inside/$key")" = "$(get "/runs/apart/$key")" ]'
done
history() { ctl get "/runs/$1/history" | grep '"text"\|more about'; }
check "the history is the same" wait_for 10 eval '[ -n "$(history inside)" ] && [ "$(history inside)" = "$(history apart)" ]'
check "the ticks are counted" wait_for 10 more_than /runs/apart/ticks 2
check "/runs/NAME/process has the process" [ "$(get /runs/apart/process/pid)" -gt 1 ]
check "the log has the line of the module, with the name of the daemon" grep -q 'apart\(/apart\)\?: a warning of everything' "$work/log"
check "the status line of a plugin is the same" [ "$(ctl check inside | head -1)" = "$(ctl check apart | head -1)" ]
pid=$(get /runs/apart/process/pid)
check "vigilctl modules lists the module" [ "$(ctl modules | grep -c '^everything ')" = 1 ]

# answer VERB NAME: prints the exit status and the text of the verb, without the name
answer() { local text; text=$(ctl "$1" "$2" 2>&1); echo "$?: ${text//$2/NAME}"; }
said=$(answer start inside)
check "a verb that fails later is answered with its error: $said" grep -q '^1: .*it has run and failed' <<<"$said"
check "a verb that fails later is answered by an isolated daemon in the same way" [ "$(answer start apart)" = "$said" ]
said=$(answer stop inside)
check "a verb that is complete at once succeeds: $said" grep -q '^0: ' <<<"$said"
check "a verb that is complete at once is answered by an isolated daemon in the same way" [ "$(answer stop apart)" = "$said" ]
check "the verb was run in both" eval 'is /daemons/inside/stopped_by_verb true && is /daemons/apart/stopped_by_verb true'
# called WORD...: both daemons answer a verb of their module in the same way
called() {
	local words="$*"
	# shellcheck disable=SC2086
	ctl call inside $words >"$work/i" 2>&1; a=$?
	# shellcheck disable=SC2086
	ctl call apart $words >"$work/a" 2>&1; b=$?
	[ "$a:$(sed s/inside/NAME/g "$work/i")" = "$b:$(sed s/apart/NAME/g "$work/a")" ]
}
check "a verb of the module gets arguments and gives an answer" eval 'called add 2 3 && grep -q "\"sum\": 5" "$work/a"'
check "it refuses with a reason" eval 'called add 2 && grep -q "apart: add: two numbers are needed" "$work/a" && [ "$b" = 1 ]'
check "it may answer later" eval 'called later && [ "$(cat "$work/a")" = "the answer" ]'
check "a verb that the module does not have is refused" eval 'called none && grep -q "has no verb" "$work/a"'
check "without a verb, vigilctl call prints the verbs" eval 'called && grep -qx "add NUMBER NUMBER: adds them" "$work/a"'
ticks=$(get /runs/apart/ticks)
check "vigilctl run makes an isolated daemon tick" eval 'ctl -q run apart && wait_for 10 more_than /runs/apart/ticks "$ticks"'
ctl -q pause apart
check "a pause reaches the module" wait_for 10 is /daemons/apart/paused true
check "the begin of a pause calls the module" wait_for 10 is /daemons/apart/pauses 1
ctl -q resume apart
check "the end of a pause calls the module" wait_for 10 is /daemons/apart/resumed 1

# --- reconfigure, stop and persistent values ------------------------------------------------------

conf 'word = new'
ctl -q reload
check "new options reach the module in the same process" wait_for 10 is /daemons/apart/options/word new
check "reconfigure was called" wait_for 10 is /daemons/apart/reconfigured 1
check "the process is the same" is /runs/apart/process/pid "$pid"
conf 'word = bad'
refused_by_reload "a reload refuses what the check in the process refuses" 'word = "bad": must not be bad'
conf 'word = unwanted'
refused_by_reload "a daemon refuses new options, and the reload with them" \
	'the daemon "inside" refuses its new options: it does not want this word'
check "it keeps its old ones" [ "$(get /daemons/inside/options/word)" = new ]
conf 'word = new'
sed -i 's/^\[daemon:apart\]/&\nword = unwanted/' "$work/vigil.conf"
refused_by_reload "an isolated daemon refuses new options, too" \
	'the daemon "apart" refuses its new options: it does not want this word'
check "it keeps its old ones, and its process" eval '[ "$(get /daemons/apart/options/word)" = new ] && is /runs/apart/process/pid "$pid"'
conf 'word = again'
ctl -q reload
check "a module that refuses new options is stopped and started" wait_for 10 is /daemons/apart/kept/starts 2
check "the other one, too" wait_for 10 is /daemons/inside/kept/starts 2
sleeper=$(get /daemons/apart/sleep)
stop_vigild
check "no program of an isolated daemon is left" wait_for 10 gone "$sleeper"
conf
start_vigild
check "persistent values of an isolated daemon survive a restart of vigild" wait_for 10 is /daemons/apart/kept/starts 3
check "a value that its stop writes is kept" wait_for 10 is /daemons/apart/kept/stopped true
conf 'word = fails'
ctl reload >"$work/out" 2>&1
check "the reload reports it for both" [ "$(grep -c 'the word is fails' "$work/out")" = 2 ]
check "a start that fails is reported with its reason" wait_for 10 is /runs/apart/reason "the word is fails"
conf
ctl -q reload
check "a reload starts it again" wait_for 10 is /runs/apart/status running

# --- its end --------------------------------------------------------------------------------------

# The daemon may have been started again before its failed state can be read, so the changes are recorded.
ctl watch >"$work/changes" &
watcher=$!
wait_for 10 [ -s "$work/changes" ] # the daemon source changes all the time
pid=$(get /runs/apart/process/pid) sleeper=$(get /daemons/apart/sleep)
crash "$pid"
changed() { grep -F "\"pointer\":\"$1\"" "$work/changes" | grep -qE "$2"; }
check "a process that was killed is named, with what comes next" \
	wait_for 10 changed /runs/apart/health 'its process was killed by SIGKILL.*; it is started again in 5 s'
check "its state is removed" wait_for 10 changed /daemons/apart '"value":null'
check "the programs that it had started end with it" wait_for 10 gone "$sleeper"
check "it is started again" wait_for 20 is /runs/apart/status running
kill "$watcher"
# A lack of descriptors at that moment is no failure of the daemon.
descriptors=$(prlimit --pid "$vigild_pid" --nofile --output SOFT --noheadings | tr -d ' ')
crash "$(get /runs/apart/process/pid)"
wait_for 10 is /runs/apart/status failed
prlimit --pid "$vigild_pid" --nofile="10:$descriptors"
check "a process that cannot be started is reported" \
	wait_for 30 grep -q "apart.*no process can be started: Too many open files" "$work/log"
prlimit --pid "$vigild_pid" --nofile="$descriptors:$descriptors"
check "it is started when there are descriptors again" wait_for 30 is /runs/apart/status running
missed_is_fair "the other daemons tick on" source
printf '[daemons]\nsource = yes\ndies = yes\n[daemon:dies]\nisolate = yes\n' | write_conf
ctl -q reload
failed_as() { get "/runs/$1/reason" | grep -q "$2"; }
check "the signal and the callback are named" wait_for 10 failed_as dies 'killed by SIGABRT in its callback tick'
check "the module is not loaded into vigild" eval '! grep -q "modules/dies/" "/proc/$vigild_pid/maps"'
for verb in start stop; do
	printf '[daemons]\nturns = yes\n[daemon:turns]\nisolate = yes\nverb = %s\n' "$verb" | write_conf
	ctl -q reload
	check "the verb $verb of the present options reaches the module" eval 'ctl -q "$verb" turns && is /daemons/turns/called "$verb"'
done
printf '[daemons]\nsource = yes\nreads = yes\n[daemon:reads]\nisolate = yes\n' | write_conf
ctl -q reload
check "an isolated daemon that follows many addresses sees the other daemons" wait_for 10 is /daemons/reads/sees true
sed -i 's/^source = yes/source = no/' "$work/vigil.conf"
ctl -q reload
check "it does not see a daemon that was removed" wait_for 10 is /daemons/reads/sees false

# --- what waits for a start -----------------------------------------------------------------------

printf '[daemons]\nsource = yes\nhangs = yes\n[daemon:hangs]\nisolate = yes\nisolate_timeout = 1h\n' | write_conf
ctl reload >/dev/null 2>&1 &
reloader=$!
wait_for 10 get /runs/hangs/status >/dev/null
ctl -q run source &
runner=$!
ended() { ! kill -0 "$1" 2>/dev/null; }
sed -i 's/^hangs = yes/hangs = no/' "$work/vigil.conf"
ctl -q reload
check "a request that waits for an isolated daemon is answered when a reload removes that daemon" wait_for 5 ended "$runner"
wait "$runner"
check "and it has succeeded" [ $? = 0 ]
kill "$reloader" 2>/dev/null
stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
