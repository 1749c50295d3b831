#!/bin/bash
# vigilctl as scripts and admins use it: exits, streams, pipes that end, text that bites.
. "${top_srcdir:-.}/tests/system/lib.sh"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
watcher=
trap '[ -z "$watcher" ] || kill "$watcher" 2>/dev/null; stop_vigild; rm -rf "$work"' EXIT

# exits STATUS TEXT COMMAND...: the command ends so, with its streams in out and err
exits() {
	local status=$1 text=$2; shift 2
	"$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$status" ] && ok "$text" || { not_ok "$text: exit $got"; cat "$work/err"; }
}
said() { check "$1" grep -qF -- "$2" "$work/err"; }
quiet() { check "$1: nothing on stdout" [ ! -s "$work/out" ]; }

bad=$'a\tb\\c\e]0;title\a'
# Each service has its own program, so that a change of one leaves the other as it is.
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

exits 4 "no vigild there" ctl status
quiet "no vigild there"
exits 4 "a socket that cannot be" "$vigilctl" -s "$work/$(printf 'x%.0s' {1..200})" status
exits 2 "no verb" ctl
exits 2 "a misspelt verb" ctl stauts
said "and the right one" 'did you mean "status"?'
exits 2 "a verb that would retitle the terminal" ctl "$bad"
said "is shown harmless" '\x1B]0;title\x07'
exits 2 "an argument too many" ctl list web
exits 2 "an argument too few" ctl run
exits 2 "an argument that is no text" ctl get $'/\xff'
exits 2 "one among others that is no text" ctl pause web $'\xff'
exits 2 "a form there is none of" ctl -o yaml status
exits 2 "help on nothing" ctl help nothing
exits 0 "help without vigild" ctl help
exits 0 "help on a verb" ctl help reload
exits 0 "-h" "$vigilctl" -h
exits 0 "-V" "$vigilctl" -V
exits 1 "a configuration with a mistake and no socket" \
	"$vigilctl" -c <(printf '[vigil]\nsocket = relative\n') status

start_vigild
exits 0 "the socket from the configuration" "$vigilctl" -c "$work/vigil.conf" version
exits 0 "status" ctl status
check "shows the daemon" grep -q '^web  *service  *running' "$work/out"
check "without colours, as it is no terminal" [ -z "$(grep $'\e' "$work/out")" ]
exits 0 "status as JSON" ctl -o json status
check "is JSON" grep -q '"name": "web"' "$work/out"
exits 0 "-q" ctl -q status
quiet "-q"
exits 1 "status of nobody" ctl status wbe
said "and who was meant" 'did you mean "web"?'
exits 1 "get of nothing" ctl get /daemons/none
quiet "get of nothing"
exits 0 "get" ctl get /vigil/version
check "is JSON" grep -q '^".*"$' "$work/out"
exits 0 "get -r" ctl get -r /vigil/version
check "is bare" grep -q '^[0-9.]*$' "$work/out"
exits 0 "get with -r after the pointer" ctl get /vigil/version -r
check "get with -r after the pointer is bare" grep -q '^[0-9.]*$' "$work/out"
exits 1 "get of a pointer with a wrong escape" ctl get "/a~"
said "get of a pointer with a wrong escape blames the escape" '"/a~" is not a JSON Pointer: it has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is /)'
exits 1 "get of a pointer without a slash" ctl get daemons
said "get of a pointer without a slash blames the slash" 'it does not begin with a slash'
exits 1 "watch of a pointer with a wrong escape" ctl watch "/~2x"
said "watch of a pointer with a wrong escape blames the escape" 'a ~ that is not followed by 0 or 1'
for words in "-w99:" "-w 99:" "--warning=99:" "--warning 99:"; do
	exits 1 "check with $words before the pointer" ctl check web $words /vigil/generation
	exits 1 "check with $words after the pointer" ctl check web /vigil/generation $words
	exits 1 "check with $words and --" ctl check $words -- web /vigil/generation
done
exits 2 "check with two ranges glued to their options" ctl check web -w1 -c99: /vigil/generation
exits 3 "check with an option that it has not" ctl check web -x6 /vigil/generation
check "check with an option that it has not blames the option" grep -qx 'UNKNOWN - check: unknown option "-x6"' "$work/out"
exits 0 "run" ctl run web
check "looked" wait_for 20 is /daemons/web/service_state/value running
exits 0 "explain" ctl explain web
check "tells of its health" grep -q '^health .*web' "$work/out"
exits 0 "modules" ctl modules
check "shows the module" grep -q '^service  *yes' "$work/out"
exits 1 "a level there is none of" ctl log loud
exits 0 "a level" ctl log debug
exits 1 "the answer has no room" bash -c "'$vigilctl' -s '$work/control.sock' status >/dev/full"
said "and that is said" 'could not be written'
exits 0 "with its streams closed" bash -c "'$vigilctl' -q -s '$work/control.sock' status <&- "

daemons yes 2h
exits 0 "reload" ctl reload
check "says what was done" \
	grep -qx 'reloaded: 1 started (spare), 0 stopped, 1 changed (web), 0 kept' "$work/out"
exits 0 "reload of the same" ctl reload
check "keeps all" grep -qx 'reloaded: 0 started, 0 stopped, 0 changed, 2 kept' "$work/out"
write_conf <<C
[daemons]
web = maybe
spare = $bad
C
exits 1 "reload of a wrong configuration" ctl reload
quiet "reload of a wrong configuration"
check "each complaint on a line" [ "$(grep -c "^$work/vigil.conf:[0-9]*: " "$work/err")" -ge 2 ]
said "harmless" '\x1B]0;title\x07'
check "and escaped once" [ -z "$(grep -F '\\x1B' "$work/err")" ]
check "and all runs on" is /runs/spare/status running

# What watches ends with whoever reads from it, and with vigild.
ctl watch >"$work/changes" 2>"$work/err" &
watcher=$!
# A change that is certain: the daemon finds its service down, then up, until it was told.
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
check "of four members" \
	grep -q '^{"revision":[0-9]*,"time":"[^"]*","pointer":"[^"]*","value":.*}$' "$work/changes"
(ctl watch; echo $? >"$work/status") | head -n 1 >/dev/null &
ended() { flip; [ -s "$work/status" ]; }
check "watch ends with its reader" wait_for 30 ended

# The table of daemons, for as long as one looks: a new one below for each change.
ctl status --watch >"$work/looks" 2>"$work/err" &
looker=$!
blocks() { [ "$(grep -c '^NAME ' "$work/looks")" -ge "$1" ]; }
check "status --watch prints at once" wait_for 30 blocks 1
flip
check "and again when something has changed" wait_for 30 blocks 2
ctl status nosuch --watch 2>"$work/err"
check "of a daemon that is none it says so" [ $? = 1 ]
said "in words" 'no such daemon "nosuch"'
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
	timeout 20 script -qec "'$vigilctl' -s '$work/control.sock' status --watch" /dev/null \
		</dev/null >"$work/screen" 2>&1 &
	screen=$!
	redrawn() { [ "$(grep -c $'\033\\[H\033\\[J' "$work/screen")" -ge 2 ]; }
	check "on a terminal in place" wait_for 15 redrawn
	kill "$screen" 2>/dev/null
	wait "$screen" 2>/dev/null
else
	echo "SKIP: there is no script(1) to make a terminal"
fi

# Times: local with their zone for people, RFC 3339 in UTC for machines and in the log.
times_in() { # times_in ZONE ABBREVIATION
	if [ ! -e "/usr/share/zoneinfo/$1" ]; then echo "SKIP: there is no zone $1: times in it go untested"; return; fi
	TZ=$1 ctl explain spare >"$work/out"
	local now before # two hours, where one has just begun
	now=$(TZ=$1 date '+%Y-%m-%d %H:')
	before=$(TZ=$1 date -d '-2 minutes' '+%Y-%m-%d %H:')
	check "in $1, explain prints local time with the zone" \
		grep -qE "^($now|$before)[0-9:]{5} $2  [a-z]" "$work/out"
	check "in $1, explain prints no time without a zone" eval '! grep -E "^20[0-9-]+[T ][0-9:.]+( |$) " "$work/out"'
	check "in $1, explain says in local time: ${3%% *}" \
		grep -qE "^$3 20[0-9-]+ [0-9:]{8} $2 \(in [0-9]+[hm]" "$work/out"
	TZ=$1 ctl -o json explain spare >"$work/out"
	check "in $1, explain as JSON has RFC 3339 in UTC" eval \
		'grep -qE "\"time\": \"20[0-9-]+T[0-9:.]+Z\"" "$work/out" && ! grep -qE "20[0-9-]+ [0-9:]{8}" "$work/out"'
}
printf '#!/bin/sh\nexit 1\n' >"$work/restart"
chmod 755 "$work/restart"
daemons yes 1s
printf 'restart_command = %s\ninterval = 1s\nbackoff = 1h\nbackoff_max = 2h\n' "$work/restart" >>"$work/vigil.conf"
ctl -q reload
# Not before the reload: with the configuration before, the next try would be in seconds.
printf '#!/bin/sh\nexit 3\n' >"$work/spare"
check "a service that cannot be restarted has a next try" wait_for 20 eval '[ -n "$(get /daemons/spare/service_state/next_retry)" ]'
for zone in "Asia/Kolkata IST" "America/New_York E[SD]T" "UTC UTC"; do times_in $zone "next try  "; done
ctl -q pause spare --for 110m
for zone in "Asia/Kolkata IST" "America/New_York E[SD]T"; do times_in $zone "paused     until"; done
check "each line of the log has RFC 3339 in UTC" eval '! grep -vE "^20[0-9-]+T[0-9:]{8}\.[0-9]{3}Z " "$work/log"'
check "each change that watch prints has RFC 3339 in UTC" eval '! grep -vE "\"time\":\"20[0-9-]+T[0-9:.]+Z\"" "$work/changes"'

check "vigild stops as asked" stop_vigild
wait "$looker"
check "status --watch ends with vigild: exit 4" [ $? = 4 ]
wait "$watcher"
check "watch ends with vigild: exit 4" [ $? = 4 ]
watcher=
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
