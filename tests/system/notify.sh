#!/bin/bash
# The notify module: which changes it reports and which not, what its command receives, bursts of
# changes, a command that fails, maintenance, and a restart of vigild.
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

# Daemons whose health is read from a file.
for n in a b c; do echo 0 >"$work/$n"; done
script probe <<S
read -r code <"$work/\$1"; echo "\$1 says <\$code>"; exit "\$code"
S
# One output of this program changes three values at the same time.  Three daemons that run one program
# each notice a change up to an interval apart, and on a busy machine later still.
trio() { printf '{"x": "%s", "y": "%s", "z": "%s"}\n' "$1" "$1" "$1" >"$work/trio.new"; mv "$work/trio.new" "$work/trio"; }
trio OK
# Each message is one line of JSON in a file with the name of the daemon.
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
	printf '%s = yes\n' a b c trio all bad lasting few refuser
	for n in a b c; do
		printf '[daemon:%s]\nmodule = exec\ncommand = %s %s\ninterval = 500ms\n' \
			$n "$work/bin/probe" $n
	done
	printf '[daemon:trio]\nmodule = exec\nformat = json\ncommand = /bin/cat %s\ninterval = 500ms\n' "$work/trio"
	printf '[daemon:all]\nmodule = notify\nwatch = /runs/a/health, /runs/b/health, /runs/c/health'
	printf ', /daemons/trio/x, /daemons/trio/y, /daemons/trio/z\n'
	printf 'group = 300ms\ncommand = %s all\n' "$work/bin/tell"
	printf '[daemon:bad]\nmodule = notify\nwatch = /runs/a/health, /runs/b/health, /runs/c/health\nto = CRITICAL\ngroup = 0\ncommand = %s bad\n' "$work/bin/tell"
	printf '[daemon:lasting]\nmodule = notify\nwatch = /daemons/*/exit_status\nfrom = 0\nto = [1-9]*\n'
	printf 'for = 4s\ngroup = 0\ncommand = %s lasting\n' "$work/bin/tell"
	printf '[daemon:few]\nmodule = notify\nwatch = /runs/b/health\ngroup = 0\nburst = 2\n'
	printf 'burst_window = 1h\ncommand = %s few\n' "$work/bin/tell"
	printf '[daemon:refuser]\nmodule = notify\nwatch = /runs/c/health\ngroup = 0\nretries = 2\n'
	printf 'backoff = 50ms\ncommand = %s\n' "$work/bin/refuse"
} | write_conf
start_vigild
for n in a b c; do check "daemon $n is OK at the start" wait_for 30 level $n OK; done
check "the program with three values runs at the start" wait_for 30 is /daemons/trio/z OK
options() { printf '[daemons]\nx = yes\n[daemon:x]\nmodule = notify\n'; printf '%s\n' "$@"; }
refused_by_test "vigild -t refuses a watch that is not an address" \
	'"runs" is not an address such as /runs/\*/health' < <(options 'watch = runs' 'command = /bin/true')
refused_by_test "vigild -t refuses a command that does not exist" 'no such program: /no/such' \
	< <(options 'command = /no/such -x')
for to in '"CRITICAL"' 'critical' 'CRITICAL WARNING' 'OK, CRIT' 'Warning' 'CRITICAL # only'; do
	refused_by_test "to = $to, which never matches, is refused by vigild -t" \
		'vigil.conf:[0-9]*: to = .*its element' < <(options "to = $to" 'command = /bin/true')
done
check "the states at the start send nothing" has_lines all.json 0

# --- what is sent ---------------------------------------------------------------------------------

echo 2 >"$work/a"
check "a change is sent" wait_for 30 has_lines all.words 1
check "the variables of the command describe the change" [ "$(last_of all.words)" = "1 a OK CRITICAL|a: OK -> CRITICAL|a says <2>" ]
check_with python3 "the JSON for the command describes the change" python3 - "$work/all.json" <<'P'
import json, sys
said = json.loads(open(sys.argv[1]).readline())
assert said["daemon"] == "all" and said["count"] == 1 and said["dropped"] == 0 and said["host"]
change, = said["changes"]
assert change["pointer"] == "/runs/a/health" and change["daemon"] == "a"
assert (change["from"], change["to"], change["text"]) == ("OK", "CRITICAL", "a says <2>")
assert change["value"]["level"] == "CRITICAL" and change["time"].endswith("Z")
P
check "a daemon with to = CRITICAL sends a change to CRITICAL" wait_for 30 has_lines bad.words 1
check "a daemon with for sends a change that has lasted" wait_for 30 has_lines lasting.words 1
check "the variables of the command describe a change of a number" [ "$(last_of lasting.words)" = "1 a 0 2|a: 0 -> 2|2" ]
echo 0 >"$work/a"
check "a recovery is sent" wait_for 30 has_lines all.words 2
check "a daemon with to = CRITICAL does not send a recovery" has_lines bad.words 1
began=$SECONDS
echo 1 >"$work/a"; wait_for 30 level a WARNING
echo 0 >"$work/a"; wait_for 30 level a OK
if [ $((SECONDS - began)) -lt 4 ]; then
	sleep 4 # as long as `for`: a message would have arrived
	check "a daemon with for does not send a change that did not last" has_lines lasting.words 1
else
	echo "SKIP: a change that does not last: this machine is too slow to undo a change within 4 s"
fi

# --- keys and texts that a monitored program chooses ----------------------------------------------

# A program's line ends, ESC, DEL, U+009B and U+202E must not reach the environment of the command.
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
check "a change at an address that a program chose is sent" \
	wait_for 30 eval '[ -e "$work/variables" ] && tr "\0" "\n" <"$work/variables" | grep -q "^VIGIL_POINTER=.*FORGED"'
check "no variable of the command contains a line end or a control character that a program chose" eval \
	'! tr -d "\0" <"$work/variables" | LC_ALL=C grep -aqP "[\x01-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae" &&
	! tr "\0\n" "\n@" <"$work/variables" | grep -q "^VIGIL_[^L].*@"'

# --- a burst of changes ---------------------------------------------------------------------------

wait_for 30 is /daemons/all/waiting 0
before=$(lines_of all.words)
trio CRITICAL
check "three simultaneous changes are one message" wait_for 30 has_lines all.words $((before + 1))
check "the message for three changes has the count 3" [ "$(last_of all.words | cut -d' ' -f1)" = 3 ]
check "the summary of three changes says (and 2 more)" eval 'last_of all.words | grep -q "(and 2 more)"'
for n in a b c; do echo 2 >"$work/$n"; done
for n in a b c; do wait_for 30 level $n CRITICAL; done
# A change that arrives while the command runs would be part of the next message.
check "the first change of a burst is sent" wait_for 30 has_lines few.words 1
wait_for 30 is /daemons/few/waiting 0
echo 0 >"$work/b"
check "the second change of a burst is sent" wait_for 30 has_lines few.words 2
wait_for 30 is /daemons/few/waiting 0
for i in 2 0 2; do echo $i >"$work/b"; wait_for 30 is /daemons/b/exit_status $i; done
check "changes beyond the burst wait" wait_for 30 is /daemons/few/waiting 3
check "changes beyond the burst are not sent" has_lines few.words 2
check "the health of a daemon with waiting changes is WARNING" wait_for 30 level few WARNING

# --- a command that fails -------------------------------------------------------------------------

check "a command that fails is tried three times with retries = 2" wait_for 30 has_lines refuse.tries 3
check "a message whose command failed three times is counted as failed" wait_for 30 is /daemons/refuser/failed 1
check "the health of a daemon whose command fails is CRITICAL" wait_for 30 level refuser CRITICAL
check "the history has the exit status and the output of the failed command" eval 'ctl explain refuser | grep -q "the command exited with status 7: no line to c"'

# --- maintenance ----------------------------------------------------------------------------------

wait_for 30 is /daemons/all/waiting 0
before=$(lines_of all.words)
ctl -q pause a
echo 0 >"$work/a"; wait_for 30 level a OK
sleep 1 # longer than `group`: a message would have arrived
check "a change of a paused daemon is not sent" has_lines all.words "$before"
ctl -q resume a
check "a change that outlasts the pause is sent after the pause" wait_for 30 has_lines all.words $((before + 1))
check "the change after the pause is one change, with the state from before the pause" [ "$(last_of all.words | cut -d' ' -f2-4)" = "a CRITICAL OK|a:" ]

# --- a restart of vigild --------------------------------------------------------------------------

waiting=$(get /daemons/few/waiting)
check "vigild stops while changes wait" stop_vigild
sed -i 's/^burst = 2/burst = 0/' "$work/vigil.conf"
start_vigild
check "waiting changes are sent after a restart of vigild" wait_for 30 has_lines few.words 3
check "all waiting changes are sent after a restart of vigild" [ "$(last_of few.words | cut -d' ' -f1)" -ge "$waiting" ]
check "no change waits after it was sent" wait_for 30 is /daemons/few/waiting 0
touch "$work/willing"
echo 2 >"$work/c"; wait_for 30 level c CRITICAL; echo 0 >"$work/c"
check "the health is OK when the command works again" wait_for 30 level refuser OK
check "failed changes are sent again after the next successful message" wait_for 30 is /daemons/refuser/waiting 0
check "the first failed change is among those that were sent again" grep -q '"from":"OK","to":"CRITICAL"' "$work/refuse.json"

# --- a command that hangs -------------------------------------------------------------------------

script hang <<'S'
trap 'exit 0' TERM
sleep 1000 &
wait
S
{
	printf '[daemons]\na = yes\nhanging = yes\n[daemon:a]\nmodule = exec\ncommand = %s a\ninterval = 500ms\n' "$work/bin/probe"
	printf '[daemon:hanging]\nmodule = notify\nwatch = /runs/a/health\ngroup = 0\ntimeout = 1s\ncommand = %s\n' "$work/bin/hang"
} | write_conf
echo 0 >"$work/a"
ctl -q reload
wait_for 30 level a OK
echo 2 >"$work/a"
check "a command that ends with status 0 only after its timeout has not sent anything" wait_for 30 eval \
	'get /runs/hanging/health/text | grep -q "the command timed out after 1 s"'
check "its change waits" eval '[ "$(get /daemons/hanging/waiting)" -ge 1 ]'

# --- the sample -----------------------------------------------------------------------------------

script sendmail <<S
echo "\$@" >"$work/mail.argv"; cat >"$work/mail"
S
echo '{"x":1}' | SENDMAIL=$work/bin/sendmail VIGIL_HOST=h VIGIL_SUMMARY='a: OK -> CRITICAL' VIGIL_TIME=t \
	VIGIL_POINTER=/p VIGIL_TEXT=words "$top_srcdir/conf/samples/mail.sh" root@localhost
check "the sample script sends a mail with the summary as its subject" grep -q '^Subject: \[h\] a: OK -> CRITICAL$' "$work/mail"
check "the sample script passes the recipient to sendmail" grep -qx -- '-oi -- root@localhost' "$work/mail.argv"
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
