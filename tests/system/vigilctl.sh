#!/bin/bash
# vigilctl as scripts and admins use it: exit codes, streams, readers that exit, control characters.
. "${top_srcdir:-.}/tests/system/lib.sh"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
watcher=
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null; stop_vigild; rm -rf "$work"' EXIT

# exits STATUS TEXT COMMAND...: checks the exit code; the streams of the command are in out and err
exits() {
	local status=$1 text=$2; shift 2
	"$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$status" ] && ok "$text" || { not_ok "$text: exit $got"; cat "$work/err"; }
}
said() { check "$1" grep -qF -- "$2" "$work/err"; }
quiet() { check "$1: nothing on stdout" [ ! -s "$work/out" ]; }

bad=$'a\tb\\c\e]0;title\a'
# Each daemon has its own program, so that a change of one leaves the other unchanged.
for program in look spare; do
	printf '#!/bin/sh\nexit 0\n' >"$work/$program"
	chmod 755 "$work/$program"
done
daemons() {
	write_conf <<C
[daemons]
web = yes
spare = $1
[daemon:web]
module = service
service = web
manager = command
status_command = $work/look
interval = $2
[daemon:spare]
module = service
service = spare
manager = command
status_command = $work/spare
C
}
daemons no 1h

exits 4 "status without a vigild exits with 4" ctl status
quiet "status without a vigild"
exits 4 "a socket path that is too long exits with 4" "$vigilctl" -s "$work/$(printf 'x%.0s' {1..200})" status
exits 2 "vigilctl without a verb exits with 2" ctl
exits 2 "a misspelt verb exits with 2" ctl stauts
said "a misspelt verb is corrected" 'did you mean "status"?'
exits 2 "a verb with an escape sequence exits with 2" ctl "$bad"
said "an escape sequence in a verb is printed escaped" '\x1B]0;title\x07'
exits 2 "an argument too many exits with 2" ctl list web
exits 2 "an argument too few exits with 2" ctl run
exits 2 "an argument that is not UTF-8 exits with 2" ctl get $'/\xff'
exits 2 "a second argument that is not UTF-8 exits with 2" ctl pause web $'\xff'
exits 2 "an unknown output format exits with 2" ctl -o yaml status
exits 2 "help on an unknown topic exits with 2" ctl help nothing
exits 0 "help works without a vigild" ctl help
exits 0 "help on a verb works without a vigild" ctl help reload
exits 0 "-h works without a vigild" "$vigilctl" -h
exits 0 "-V works without a vigild" "$vigilctl" -V
exits 1 "a configuration with a mistake exits with 1" \
	"$vigilctl" -c <(printf '[vigil]\nsocket = relative\n') status

start_vigild
exits 0 "vigilctl takes the socket from the configuration" "$vigilctl" -c "$work/vigil.conf" version
exits 0 "status exits with 0" ctl status
check "status shows the daemon" grep -q '^web  *\(running\|-\) ' "$work/out"
check "status has no colours without a terminal" [ -z "$(grep $'\e' "$work/out")" ]
exits 0 "status as JSON exits with 0" ctl -o json status
check "status as JSON prints JSON" grep -q '"name": "web"' "$work/out"
exits 0 "status with -q exits with 0" ctl -q status
quiet "status with -q"
exits 1 "status of an unknown daemon exits with 1" ctl status wbe
said "status of an unknown daemon suggests another one" 'did you mean "web"?'
exits 1 "get of an unknown pointer exits with 1" ctl get /daemons/none
quiet "get of an unknown pointer"
exits 0 "get exits with 0" ctl get /vigil/version
check "get prints JSON" grep -q '^".*"$' "$work/out"
exits 0 "get -r exits with 0" ctl get -r /vigil/version
check "get -r prints a bare text" grep -q '^[0-9.]*$' "$work/out"
exits 0 "get with -r after the pointer exits with 0" ctl get /vigil/version -r
check "get with -r after the pointer prints a bare text" grep -q '^[0-9.]*$' "$work/out"
exits 1 "get of a pointer with a wrong escape exits with 1" ctl get "/a~"
said "get of a pointer with a wrong escape names the escape" '"/a~" is not a JSON Pointer: it has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is /)'
exits 1 "get of a pointer without a slash exits with 1" ctl get daemons
said "get of a pointer without a slash names the slash" 'it does not begin with a slash'
exits 1 "watch of a pointer with a wrong escape exits with 1" ctl watch "/~2x"
said "watch of a pointer with a wrong escape names the escape" 'a ~ that is not followed by 0 or 1'
for words in "-w99:" "-w 99:" "--warning=99:" "--warning 99:"; do
	exits 1 "check with $words before the pointer exits with 1" ctl check web $words /vigil/generation
	exits 1 "check with $words after the pointer exits with 1" ctl check web /vigil/generation $words
	exits 1 "check with $words and -- exits with 1" ctl check $words -- web /vigil/generation
done
exits 2 "check with two ranges in the words of their options exits with 2" ctl check web -w1 -c99: /vigil/generation
exits 3 "check with an unknown option exits with 3" ctl check web -x6 /vigil/generation
check "check with an unknown option names the option" grep -qx 'UNKNOWN - check: unknown option "-x6"' "$work/out"
exits 0 "run exits with 0" ctl run web
check "run makes the daemon query its service" wait_for 20 is /daemons/web/service_state/value running
exits 0 "explain exits with 0" ctl explain web
check "explain prints the health" grep -q '^health .*web' "$work/out"
exits 0 "modules exits with 0" ctl modules
check "modules lists the module" grep -q '^service  *yes' "$work/out"
exits 1 "an unknown log level exits with 1" ctl log loud
exits 0 "a known log level exits with 0" ctl log debug
exits 1 "status on a full device exits with 1" bash -c "'$vigilctl' -s '$work/control.sock' status >/dev/full"
said "status on a full device says that the output could not be written" 'could not be written'
exits 0 "status with stdin closed exits with 0" bash -c "'$vigilctl' -q -s '$work/control.sock' status <&- "

daemons yes 2h
exits 0 "reload exits with 0" ctl reload
check "reload prints which daemons were started and changed" \
	grep -qx 'reloaded: 1 started (spare), 0 stopped, 1 changed (web), 0 kept' "$work/out"
exits 0 "reload of an unchanged configuration exits with 0" ctl reload
check "reload of an unchanged configuration keeps all daemons" grep -qx 'reloaded: 0 started, 0 stopped, 0 changed, 2 kept' "$work/out"
write_conf <<C
[daemons]
web = yess
spare = $bad
C
exits 1 "reload of a wrong configuration exits with 1" ctl reload
quiet "reload of a wrong configuration"
check "reload of a wrong configuration prints each error on a line" [ "$(grep -c "^$work/vigil.conf:[0-9]*: " "$work/err")" -ge 2 ]
said "reload of a wrong configuration prints escape sequences escaped" '\x1B]0;title\x07'
check "reload of a wrong configuration escapes only once" [ -z "$(grep -F '\\x1B' "$work/err")" ]
check "reload of a wrong configuration leaves the daemons running" is /runs/spare/status running

# watch exits when its reader exits, and when vigild exits.
ctl watch >"$work/changes" 2>"$work/err" &
watcher=$!
# A change that is certain: the daemon finds its service stopped, then running, until watch prints it.
tell() {
	printf '#!/bin/sh\nexit %s\n' "$1" >"$work/look.new"
	chmod 755 "$work/look.new"
	mv "$work/look.new" "$work/look"
	ctl -q run web
}
flip() { tell 3; wait_for 5 is /daemons/web/service_state/value stopped; tell 0; \
	wait_for 5 is /daemons/web/service_state/value running; }
told() { flip; grep -q '"pointer":"/daemons/web/service_state/value"' "$work/changes"; }
check "watch prints a line for a change" wait_for 30 told
check "watch prints lines with four members" \
	grep -q '^{"revision":[0-9]*,"time":"[^"]*","pointer":"[^"]*","value":.*}$' "$work/changes"
(ctl watch; echo $? >"$work/status") | head -n 1 >/dev/null &
ended() { flip; [ -s "$work/status" ]; }
check "watch exits with its reader" wait_for 30 ended

# status --watch prints the table of daemons again, below the last one, for each change.
ctl status --watch >"$work/looks" 2>"$work/err" &
looker=$!
blocks() { [ "$(grep -c '^NAME ' "$work/looks")" -ge "$1" ]; }
check "status --watch prints at once" wait_for 30 blocks 1
flip
check "status --watch prints the table again after a change" wait_for 30 blocks 2
ctl status nosuch --watch 2>"$work/err"
check "status --watch of an unknown daemon exits with 1" [ $? = 1 ]
said "status --watch of an unknown daemon names the daemon" 'no such daemon "nosuch"'
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	TERM=xterm timeout 600 script -qec "'$vigilctl' -s '$work/control.sock' status --watch" /dev/null \
		</dev/null >"$work/screen" 2>&1 &
	screen=$!
	redrawn() { [ "$(grep -c $'\033\\[H\033\\[J' "$work/screen")" -ge 2 ]; }
	check "status --watch redraws a terminal in place" wait_for 15 redrawn
	kill "$screen" 2>/dev/null
	wait "$screen" 2>/dev/null
else
	echo "SKIP: there is no script(1) to make a terminal"
fi

# Times are local with their zone for people, and RFC 3339 in UTC for machines and in the log.
times_in() { # times_in ZONE ABBREVIATION
	if [ ! -e "/usr/share/zoneinfo/$1" ]; then echo "SKIP: there is no zone $1: times in it are not tested"; return; fi
	TZ=$1 ctl explain spare >"$work/out"
	local now before # may be two different hours
	now=$(TZ=$1 date '+%Y-%m-%d %H:')
	before=$(TZ=$1 date -d '-2 minutes' '+%Y-%m-%d %H:')
	check "in $1, explain prints local time with the zone" \
		grep -qE "^($now|$before)[0-9:]{5} $2  [a-z]" "$work/out"
	check "in $1, explain prints no time without a zone" eval '! grep -E "^20[0-9-]+[T ][0-9:.]+( |$) " "$work/out"'
	check "in $1, explain prints a local time: ${3%% *}" \
		grep -qE "^$3 20[0-9-]+ [0-9:]{8} $2 \(in [0-9]+[hm]" "$work/out"
	TZ=$1 ctl -o json explain spare >"$work/out"
	check "in $1, explain as JSON has RFC 3339 in UTC" eval \
		'grep -qE "\"time\": \"20[0-9-]+T[0-9:.]+Z\"" "$work/out" && ! grep -qE "\": \"20[0-9-]+ [0-9:]{8}" "$work/out"'
}
printf '#!/bin/sh\nexit 1\n' >"$work/restart"
chmod 755 "$work/restart"
daemons yes 1s
printf 'restart_command = %s\ninterval = 1s\nbackoff = 1h\nbackoff_max = 2h\n' "$work/restart" >>"$work/vigil.conf"
ctl -q reload
# Only after the reload, because with the configuration before it the next try would be in seconds.
printf '#!/bin/sh\nexit 3\n' >"$work/spare"
check "a service that cannot be restarted has a next try" wait_for 20 eval '[ -n "$(get /daemons/spare/service_state/next_retry)" ]'
for zone in "Asia/Kolkata IST" "America/New_York E[SD]T" "UTC UTC"; do times_in $zone "next try  "; done
ctl -q pause spare --for 110m
for zone in "Asia/Kolkata IST" "America/New_York E[SD]T"; do times_in $zone "paused     until"; done
check "each line of the log has a time as RFC 3339 in UTC" eval '! grep -vE "^20[0-9-]+T[0-9:]{8}\.[0-9]{3}Z " "$work/log"'
check "each change that watch prints has a time as RFC 3339 in UTC" eval '! grep -vE "\"time\":\"20[0-9-]+T[0-9:.]+Z\"" "$work/changes"'

check "vigild stops when it receives SIGTERM" stop_vigild
wait "$looker"
check "status --watch exits with 4 when vigild exits" [ $? = 4 ]
wait "$watcher"
check "watch exits with 4 when vigild exits" [ $? = 4 ]
watcher=
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
