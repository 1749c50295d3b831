#!/bin/bash
# The option pause_during of every daemon: inside a window nothing is restarted, and checks go on.  The window ends by itself or by
# vigilctl resume, and it is kept over a reload and a restart of vigild.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/scripts.sh" || exit 1
export TZ=UTC0

in_future() { date -d "@$(($(date +%s) + $1))" +%H:%M:%S; } # SECONDS
window() { echo "$(in_future "$1")-$(in_future "$2")"; } # BEGIN END, in seconds from now
refused_by_test "vigild -t refuses an invalid window in the defaults of a module" \
	'vigil.conf:[0-9]+: pause_during = "Sum 02:00-04:00": "Sum" is not a weekday' \
	<<<$'[module:service]\npause_during = Sum 02:00-04:00'
refused_by_test "vigild -t suggests the name of the option" 'unknown option "pause_durin" in \[daemon:x\]; did you mean "pause_during"\?' \
	<<<$'[daemons]\nx = service\n[daemon:x]\npause_durin = Sun'

for name in web db free; do script "$name"; "$work/init.d/$name" start; done
configure() { # DEFAULT WEB
	{
		printf '[module:service]\nmanager = lsb\ninit_dir = %s\ninterval = 300ms\nbackoff = 300ms\n' "$work/init.d"
		printf 'pause_during = %s\n' "$1"
		printf '[daemons]\nweb = service\ndb = service\nfree = service\n'
		printf '[daemon:free]\npause_during =\n'
		[ -z "$2" ] || printf '[daemon:web]\npause_during = %s\n' "$2"
	} | write_conf
}
value() { is "/daemons/$1/service_state/value" "$2"; }
status() { is "/runs/$1/status" "$2"; }
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
die() { kill -9 "$(cat "$work/run/$1.pid")"; }
restarts() { get "/daemons/$1/service_state/restarts" || echo 0; }

long=$(window -60 7200)
configure "$long" ""
start_vigild
for name in web db free; do check "$name runs" wait_for 30 value $name running; done
check "a daemon that starts inside a window is paused" status web paused
check "a daemon with an empty pause_during is not paused" status free running
check "the option is shown by list" grep -q "^db .* pause_during=$long" <(ctl list)
check "the effective configuration has the option and its place" \
	grep -q "^# .*vigil.conf:[0-9]* \[module:service\]$" <("$vigild" -t --show -c "$work/vigil.conf" | grep -B1 "^pause_during = $long")
check "the state has the end, the option and its value" eval '
	is /runs/web/paused_by pause_during && is /runs/web/paused_reason "$long" && [ -n "$(get /runs/web/paused_until)" ]'
check "the health says until when and why, in local time" \
	wait_for 10 says web "web is paused until 20??-??-?? ${long#*-} UTC by pause_during: $long; at present OK: *"
check "explain has the end in local time" grep -q "^paused     until 20..-..-.. ${long#*-} UTC (in " <(ctl explain web)
for name in web db free; do die $name; done
check "a service whose daemon is not paused is restarted" wait_for 30 value free running
check "inside a window, checks go on" wait_for 30 value web failed
check "the health of a paused daemon is OK, with the problem" \
	eval 'is /runs/web/health/level OK && says web "* by pause_during: *; at present CRITICAL: *"'
ctl -q run db
check "inside a window, nothing is restarted" [ "$(restarts web)$(restarts db)" = 00 ]

# --- resume ---------------------------------------------------------------------------------------

check "resume lists only the daemons that were paused" [ "$(ctl resume web free)" = "resumed 1 (web)" ]
check "resume in a window: the service is restarted at once" wait_for 30 value web running
check "a resume of daemons that are not paused says so" [ "$(ctl resume web free)" = "no daemon was paused" ]
stop_vigild
start_vigild
check "a restart of vigild: a daemon that was resumed stays resumed in this window" status web running
check "a restart of vigild: the other daemon is still paused" status db paused
wait_for 30 value db failed
check "a restart of vigild: its service is not restarted" [ "$(restarts db)" = 0 ]
ctl -q pause db --for 1h --reason disk
check "a pause by an admin that ends before the window leaves the window as it is" says db "* by pause_during: *"
ctl -q pause db --reason disk
check "a pause by an admin that ends after the window is shown" says db "db is paused by root: disk; *"

# --- reload ---------------------------------------------------------------------------------------

ticks() { get "/runs/$1/since"; }
since=$(ticks free)
soon=$(window -60 "$(slack 4)")
configure "$soon" "$long"
ctl reload >"$work/reload"
check "a reload reports the changed option" grep -q "^db: pause_during $long -> $soon" "$work/reload"
check "a reload keeps a daemon whose options have not changed" grep -q ', 2 kept' "$work/reload"
check "a reload with the same window does not pause a daemon that was resumed" status web running
check "a daemon with a changed option is still paused" status db paused
over() { [[ "$(date +%T)" > "${soon#*-}" ]]; }
wait_for 60 over
check "the pause by an admin is not shortened by the end of the window" status db paused
check "resume: the service is restarted" eval '[ "$(ctl resume db)" = "resumed 1 (db)" ] && wait_for 30 value db running'
soon=$(window 2 "$(slack 8)")
configure "$soon" "$soon"
ctl -q reload
check "a window that begins pauses the daemon" wait_for 20 status web paused
die web
check "a service that died in the window is known to be down" wait_for 30 value web failed
ctl -q stop db
check "the window ends by itself, and the service is restarted" wait_for 60 value web running
check "a service that vigilctl stop stopped in the window stays down after it" eval '
	is /runs/db/paused_reason "stopped with vigilctl stop" && wait_for 20 value db stopped'
check "the log has the begin and the end of the window" eval '
	grep -q "web: paused by pause_during: $soon" "$work/log" && grep -q "web: resumed" "$work/log"'
[ "$(ticks free)" = "$since" ] || not_ok "the daemon without a change was not started again"
mkdir -p "$work/conf.d"
check "register takes the option" eval 'ctl -q register spare module=service service=free "pause_during=$long" 2>/dev/null'
check "a registered daemon is paused" wait_for 20 status spare paused
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
