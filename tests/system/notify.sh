#!/bin/bash
# The notify module: what is news and what is not, what the command is told, storms, failures,
# maintenance, a restart of vigild.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/bin"
script() { { echo '#!/bin/sh'; cat; } >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }
lines_of() { if [ -e "$work/$1" ]; then wc -l <"$work/$1"; else echo 0; fi; }
has_lines() { [ "$(lines_of "$1")" -eq "$2" ]; }
last_of() { tail -n 1 "$work/$1"; }
level() { is "/runs/$1/health/level" "$2"; }

# Daemons whose health is what a file says.
for n in a b c; do echo 0 >"$work/$n"; done
script probe <<S
read -r code <"$work/\$1"; echo "\$1 says <\$code>"; exit "\$code"
S
# Each message is one line of JSON in a file called like the daemon.
script tell <<S
cat >>"$work/\$1.json"; echo >>"$work/\$1.json"
echo "\$VIGIL_COUNT \$VIGIL_DAEMON \$VIGIL_FROM \$VIGIL_TO|\$VIGIL_SUMMARY|\$VIGIL_TEXT" >>"$work/\$1.words"
S
script refuse <<S
echo try >>"$work/refuse.tries"
[ -e "$work/willing" ] || { echo "no line to \$VIGIL_DAEMON"; exit 7; }
cat >>"$work/refuse.json"; echo >>"$work/refuse.json"
S
{
	printf '[daemons]\n'
	printf '%s = yes\n' a b c all bad lasting few refuser
	for n in a b c; do
		printf '[daemon:%s]\nmodule = exec\ncommand = %s %s\ninterval = 500ms\n' \
			$n "$work/bin/probe" $n
	done
	printf '[daemon:all]\nmodule = notify\nwatch = /runs/a/health, /runs/b/health, /runs/c/health\n'
	printf 'group = 300ms\ncommand = %s all\n' "$work/bin/tell"
	printf '[daemon:bad]\nmodule = notify\nwatch = /runs/a/health, /runs/b/health, /runs/c/health\nto = CRITICAL\ngroup = 0\ncommand = %s bad\n' "$work/bin/tell"
	printf '[daemon:lasting]\nmodule = notify\nwatch = /daemons/*/exit_status\nfrom = 0\nto = [1-9]*\n'
	printf 'for = 1500ms\ngroup = 0\ncommand = %s lasting\n' "$work/bin/tell"
	printf '[daemon:few]\nmodule = notify\nwatch = /runs/b/health\ngroup = 0\nburst = 2\n'
	printf 'burst_window = 1h\ncommand = %s few\n' "$work/bin/tell"
	printf '[daemon:refuser]\nmodule = notify\nwatch = /runs/c/health\ngroup = 0\nretries = 2\n'
	printf 'backoff = 50ms\ncommand = %s\n' "$work/bin/refuse"
} | write_conf
start_vigild
for n in a b c; do check "$n is well" wait_for 10 level $n OK; done
options() { printf '[daemons]\nx = yes\n[daemon:x]\nmodule = notify\n'; printf '%s\n' "$@"; }
refused_by_test "what is not an address is refused by vigild -t" \
	'"runs" is not an address such as /runs/\*/health' < <(options 'watch = runs' 'command = /bin/true')
refused_by_test "a command that is missing is refused by vigild -t" 'no such program: /no/such' \
	< <(options 'command = /no/such -x')
for to in '"CRITICAL"' 'critical' 'CRITICAL WARNING' 'OK, CRIT' 'Warning' 'CRITICAL # only'; do
	refused_by_test "to = $to, which never matches, is refused by vigild -t" \
		'vigil.conf:[0-9]*: to = .*its element' < <(options "to = $to" 'command = /bin/true')
done
check "how things are at the start is no news" has_lines all.json 0

# --- what is told ---------------------------------------------------------------------------------

echo 2 >"$work/a"
check "a change is told of" wait_for 10 has_lines all.words 1
check "in words" [ "$(last_of all.words)" = "1 a OK CRITICAL|a: OK -> CRITICAL|a says <2>" ]
check_with python3 "and as JSON" python3 - "$work/all.json" <<'P'
import json, sys
said = json.loads(open(sys.argv[1]).readline())
assert said["daemon"] == "all" and said["count"] == 1 and said["dropped"] == 0 and said["host"]
change, = said["changes"]
assert change["pointer"] == "/runs/a/health" and change["daemon"] == "a"
assert (change["from"], change["to"], change["text"]) == ("OK", "CRITICAL", "a says <2>")
assert change["value"]["level"] == "CRITICAL" and change["time"].endswith("Z")
P
check "to = CRITICAL hears of it" wait_for 10 has_lines bad.words 1
check "and what has lasted is told of" wait_for 10 has_lines lasting.words 1
check "by its number" [ "$(last_of lasting.words)" = "1 a 0 2|a: 0 -> 2|2" ]
echo 0 >"$work/a"
check "the way back is told of" wait_for 10 has_lines all.words 2
check "but not where it is not wanted" has_lines bad.words 1
echo 1 >"$work/a"; wait_for 10 level a WARNING
echo 0 >"$work/a"; wait_for 10 level a OK
sleep 2 # longer than `for`: what could come has come
check "what did not last is not told of" has_lines lasting.words 1

# --- keys and texts that programs choose ----------------------------------------------------------

# In the environment of the command are no end of line, ESC, DEL, U+009B and U+202E of a program.
script hostile <<'S'
printf '{"a\\nVIGIL_FORGED=1\\u001b]0;x\\u007f\\u009b\\u202e": {"level": "CRITICAL", "text": "b\\nc\\u001b", "since": "d\\ne\\u009b"}}\n'
S
script variables <<S
env -0 >>"$work/variables"
S
sed -i '/^\[daemons\]/a hostile = yes\nteller = yes' "$work/vigil.conf"
cat >>"$work/vigil.conf" <<C
[daemon:hostile]
module = exec
format = json
command = $work/bin/hostile
interval = 1h
[daemon:teller]
module = notify
watch = /daemons/hostile
to = CRITICAL
group = 0
command = $work/bin/variables
C
ctl -q reload
check "a change at an address that a program chose is told of" \
	wait_for 10 eval '[ -e "$work/variables" ] && tr "\0" "\n" <"$work/variables" | grep -q "^VIGIL_POINTER=.*FORGED"'
check "no variable has an end of line or a control character of it" eval \
	'! tr -d "\0" <"$work/variables" | LC_ALL=C grep -aqP "[\x01-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae" &&
	! tr "\0\n" "\n@" <"$work/variables" | grep -q "^VIGIL_[^L].*@"'

# --- a storm --------------------------------------------------------------------------------------

before=$(lines_of all.words)
for n in a b c; do echo 2 >"$work/$n"; done
check "three at once are one message" wait_for 10 has_lines all.words $((before + 1))
check "that says how many" [ "$(last_of all.words | cut -d' ' -f1)" = 3 ]
check "with the others in a subject" eval 'last_of all.words | grep -q "(and 2 more)"'
for i in 0 2 0 2; do echo $i >"$work/b"; wait_for 10 is /daemons/b/exit_status $i; done
check "more than enough wait" wait_for 10 more_than /daemons/few/waiting 1
check "and are not sent" has_lines few.words 2
check "which its health says" wait_for 5 level few WARNING

# --- a command that fails -------------------------------------------------------------------------

check "it is tried three times" wait_for 10 has_lines refuse.tries 3
check "and given up" wait_for 5 is /daemons/refuser/failed 1
check "which its health says" level refuser CRITICAL
check "and its history" eval 'ctl explain refuser | grep -q "the command exited with status 7: no line to c"'

# --- maintenance ----------------------------------------------------------------------------------

wait_for 10 is /daemons/all/waiting 0
before=$(lines_of all.words)
ctl -q pause a
echo 0 >"$work/a"; wait_for 10 level a OK
sleep 1 # longer than `group`: what could come has come
check "a paused daemon is not told of" has_lines all.words "$before"
ctl -q resume a
check "but what outlasts the pause is, after it" wait_for 20 has_lines all.words $((before + 1))
check "as one change" [ "$(last_of all.words | cut -d' ' -f2-4)" = "a CRITICAL OK|a:" ]

# --- a restart of vigild --------------------------------------------------------------------------

waiting=$(get /daemons/few/waiting)
check "vigild stops" stop_vigild
sed -i 's/^burst = 2/burst = 0/' "$work/vigil.conf"
start_vigild
check "what waited is told of after it" wait_for 10 has_lines few.words 3
check "all of it" [ "$(last_of few.words | cut -d' ' -f1)" -ge "$waiting" ]
check "and nothing waits" wait_for 5 is /daemons/few/waiting 0
touch "$work/willing"
echo 2 >"$work/c"; wait_for 10 level c CRITICAL; echo 0 >"$work/c"
check "a command that works again is OK" wait_for 10 level refuser OK
check "changes that were put aside are sent after a message that was sent" wait_for 10 is /daemons/refuser/waiting 0
check "the first of them is among those that were sent" grep -q '"from":"OK","to":"CRITICAL"' "$work/refuse.json"

# --- the sample -----------------------------------------------------------------------------------

script sendmail <<S
echo "\$@" >"$work/mail.argv"; cat >"$work/mail"
S
echo '{"x":1}' | SENDMAIL=$work/bin/sendmail VIGIL_HOST=h VIGIL_SUMMARY='a: OK -> CRITICAL' VIGIL_TIME=t \
	VIGIL_POINTER=/p VIGIL_TEXT=words "$top_srcdir/conf/samples/mail.sh" root@localhost
check "the sample mails" grep -q '^Subject: \[h\] a: OK -> CRITICAL$' "$work/mail"
check "to whom it is told to" grep -qx -- '-oi -- root@localhost' "$work/mail.argv"
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
