#!/bin/bash
# The options only_during and not_during: restarts, programs and messages wait until the local time is inside a window, the health
# says until when, and vigild -t refuses an invalid window with its file and line.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/scripts.sh" || exit 1
export TZ=UTC0

in_future() { date -d "@$(($(date +%s) + $1))" +%H:%M:%S; } # SECONDS
window() { echo "$(in_future "$1")-$(in_future "$2")"; } # BEGIN END, in seconds from now
closed="only_during = $(window 7200 10800)"

refused_by_test "vigild -t refuses an invalid weekday with the file and the line" \
	'vigil.conf:[0-9]+: only_during = "Mon..Fry 08:00-18:00": "Mon..Fry" is not a weekday' \
	<<<$'[daemons]\nx = yes\n[daemon:x]\nmodule = service\nonly_during = Mon..Fry 08:00-18:00'
refused_by_test "vigild -t refuses a window for a stream" 'not_during = .*mode = stream has no windows of time' \
	<<<$'[daemons]\nx = yes\n[daemon:x]\nmodule = exec\nmode = stream\ncommand = /bin/true\nnot_during = Sun'

for name in late soon; do script "$name"; "$work/init.d/$name" start; done
mkdir -p "$work/bin"
cat >"$work/bin/count" <<S
#!/bin/sh
echo run >>"$work/\$1.runs"
echo "\$1 is wrong"
exit "\$2"
S
chmod 755 "$work/bin/count"
cat >"$work/bin/tell" <<S
#!/bin/sh
cat >>"$work/messages"; echo >>"$work/messages"
S
chmod 755 "$work/bin/tell"
service() { # NAME LINE
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\ninterval = 1h\n%s\n' "$1" "$1" "$work/init.d" "$2"
}
program() { # NAME STATUS LINE...
	printf '[daemon:%s]\nmodule = exec\nformat = text\ncommand = %s %s %s\n' "$1" "$work/bin/count" "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}
configure() { # sets the options of the daemons that wait for a window
	{
		printf '[daemons]\n'; printf '%s = yes\n' late soon never opens shuts mail
		service late "$closed"
		service soon "$soon"
		printf '[daemon:mail]\nmodule = notify\nwatch = /runs/late/health, /runs/shuts/health\n'
		printf 'group = 0\ncommand = %s\n%s\n' "$work/bin/tell" "$soon"
		program never 0 'interval = 200ms' "$closed"
		program opens 0 'interval = 1h' "$soon"
		program shuts 2 'interval = 200ms' "$shuts"
	} | write_conf
}
soon=$closed shuts=
configure
start_vigild
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
level() { is "/runs/$1/health/level" "$2"; }
runs() { if [ -e "$work/$1.runs" ]; then wc -l <"$work/$1.runs"; else echo 0; fi; }
value() { is "/daemons/$1/service_state/value" "$2"; }

# --- restarts -------------------------------------------------------------------------------------

for name in late soon; do check "$name runs" wait_for 30 value $name running; done
kill -9 "$(cat "$work/run/late.pid")"
check "a service that may not be restarted now is CRITICAL with the time" \
	wait_for 30 says late 'late is *; it is not restarted: outside only_during, until 20??-??-?? ??:??* UTC'
check "a withheld restart is CRITICAL" level late CRITICAL
check "a withheld restart has a next try" test -n "$(get /daemons/late/service_state/next_retry)"
check "explain has the reason" grep -q 'outside only_during, until' <(ctl explain late)
check "the service is not restarted" [ "$(get /daemons/late/service_state/restarts || echo 0)" = 0 ]
ctl -q restart late
check "vigilctl restart ignores the calendar" wait_for 30 value late running

# --- programs -------------------------------------------------------------------------------------

check "a program that has not run yet is OK, and the text has the time" \
	wait_for 10 says never 'not run outside only_during, until 20??-??-?? ??:??* UTC'
check "a program that has not run yet is OK" level never OK
check "its numbers are stale" is /daemons/never/stale true
check "a program whose calendar is empty runs" wait_for 10 level shuts CRITICAL
check "changes wait for the window of the notify daemon" \
	wait_for 20 says mail 'changes wait, because messages are not sent outside only_during, until 20??-??-?? ??:??* UTC'
check "a notify daemon whose changes wait is OK" level mail OK
check "the changes are counted" wait_for 10 more_than /daemons/mail/waiting 1
check "nothing is sent outside the window" [ ! -e "$work/messages" ]
stop_vigild
start_vigild
check "the changes wait after a restart of vigild, too" \
	wait_for 20 says mail 'changes wait, because messages are not sent outside only_during, until 20*'
ahead=$(slack 6)
soon="only_during = $(window "$ahead" 7200)" shuts="only_during = $(window -60 "$ahead")"
configure
check "the reload succeeds" ctl -q reload
check "a service waits for its window" wait_for 10 value soon running
kill -9 "$(cat "$work/run/soon.pid")"
check "a window that opens soon: the service is restarted without a tick" wait_for 30 value soon running
check "a window that opens soon: the program is run without a tick" wait_for 30 says opens 'opens is wrong'
check "its numbers are current" [ -z "$(get /daemons/opens/stale)" ]
check "a window that closes: the program is not run" \
	wait_for 20 says shuts 'not run outside only_during, until 20*; before that CRITICAL: shuts is wrong'
check "a window that closes: the problem is kept" level shuts CRITICAL
check "a window that closes: the numbers are stale" is /daemons/shuts/stale true
check "a window that closes: the history has the time" grep -q 'not run outside only_during, until' <(ctl explain shuts)
before=$(runs shuts) ticks=$(get /runs/shuts/ticks)
check "a window that opens soon: the changes are sent" wait_for 20 test -s "$work/messages"
wait_for 20 more_than /runs/shuts/ticks $((ticks + 3))
check "the changes are sent in one message" [ "$(wc -l <"$work/messages")" = 1 ]
check "the message has the changes of both daemons" \
	grep -q '/runs/late/health.*/runs/shuts/health\|/runs/shuts/health.*/runs/late/health' "$work/messages"
check "no more runs are made" [ "$(runs shuts)" = "$before" ]
check "a program that is never inside its window is not run" [ "$(runs never)" = 0 ]
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
