#!/bin/bash
# The exec module: real plugins, JSON and text, streams, and programs that misbehave.  After all
# of them neither a descriptor nor a process is left.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_reference; rm -rf "$work"' EXIT
plugins=/usr/lib/nagios/plugins
mkdir "$work/bin"

script() { { echo '#!/bin/sh'; cat; } >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }
enabled=
: >"$work/sections"
# daemon NAME OPTIONS...: a section that runs bin/NAME unless it gives a command itself
daemon() {
	local name=$1; shift
	enabled="$enabled$name = yes
"
	{
		printf '[daemon:%s]\nmodule = exec\n' "$name"
		case "$*" in *'command ='*) ;; *) printf 'command = %s\n' "$work/bin/$name" ;; esac
		case "$*" in *'interval ='* | *stream*) ;; *) echo 'interval = 300ms' ;; esac
		printf '%s\n' "$@"
	} >>"$work/sections"
}
value() { get "/daemons/$1"; }
has() { [ "$(value "$1")" = "$2" ]; }
health() { is "/runs/$1/health/level" "$2"; }
says() { case $(get "/runs/$1/health/text") in *"$2"*) ;; *) false ;; esac; }
json() { ctl get "/daemons/$1" 2>/dev/null; }
json_is() { [ "$(json "$1" | tr -d ' \n')" = "$2" ]; }
# Where process 1 does not reap, a zombie stays.
gone() { ! kill -0 "$1" 2>/dev/null || grep -q "^State:.Z" "/proc/$1/status" 2>/dev/null; }
lines_of() { wc -l <"$work/$1" 2>/dev/null || echo 0; }
at_least() { [ "$(lines_of "$1")" -ge "$2" ]; }

# --- plugins as they should be --------------------------------------------------------------------

script nagios <<'S'
echo "DISK WARNING - 12% free | /=88%;80;90;0;100 'in use'=7GB;~:5;@1:2 t=U"
echo "first of more"
echo "last of more | x=1c"
S
echo 'exit 1' >>"$work/bin/nagios"
daemon nagios
for i in 0 1 2 3; do
	script "status$i" <<<"echo status $i; exit $i"
	daemon "status$i"
done
script status7 <<<"echo seven; exit 7"
daemon status7
script silent <<<"exit 2"
daemon silent
script text <<'S'
printf 'a | b=1\n\033[31mred\377\n'
S
daemon text 'format = text'
script json <<'S'
echo '{"load": {"one": 0.5}, "output": "load is low", "state": "CRITICAL", "pid": 1, "a/b~c": [1, {"d": null}]}'
S
daemon json 'format = json'
script numbers <<'S'
printf '\357\273\277{"ok": 1, "nan": NaN, "list": [-Infinity, 2], "counter": 18446744073709551615}\n'
S
daemon numbers 'format = json'
script gauges <<S
printf '\\357\\273\\277{"n": 1, "counter": 9223372036854775808}\\n{"n": 2, "load": nan}\\n{"n": 3}\\n'
exec sleep 1000
S
daemon gauges 'mode = stream'
script env <<'S'
echo "$GREETING from $(pwd) as $(id -un)"
S
daemon env 'environment = GREETING=hello, OTHER=x' "directory = $work/bin"
daemon quoted "command = /bin/sh -c 'echo \"\$0\" \$#; exit 0' 'two words' three"

# --- and as they should not -----------------------------------------------------------------------

script grandchild <<S
sleep 1000 &
echo \$! >>$work/grandchildren
echo "OK - left one behind"
S
daemon grandchild 'interval = 2s'
daemon flood 'command = yes' 'timeout = 700ms'
script much <<'S'
head -c 200000 /dev/zero | tr '\0' x
S
daemon much
script deaf <<S
trap '' TERM
echo \$\$ >$work/deaf.pid
while :; do sleep 1; done
S
daemon deaf 'timeout = 300ms'
script half <<<"printf '{\"a\": 1, \"b\": '"
daemon half 'format = json'
script halfbad <<<"printf '{\"a\": '; exit 2"
daemon halfbad 'format = json'
script signal <<<'kill -SEGV $$'
daemon signal
daemon missing "command = $work/bin/none"
script plain <<<'exit 0'
chmod 644 "$work/bin/plain"
daemon plain
echo 'exit 0' >"$work/bin/nohead"
chmod 755 "$work/bin/nohead"
daemon nohead
script slow <<S
echo \$\$ >>$work/slow.starts
sleep 2
echo slow
S
daemon slow 'interval = 100ms' 'timeout = 30s'
script nested <<'S'
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do printf '{"a":'; done
printf 1
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do printf '}'; done
S
daemon nested 'format = json'

# --- streams --------------------------------------------------------------------------------------

script stream <<S
echo \$\$ >$work/stream.pid
echo '{"n": 1, "deep": {"x": 1, "y": 2}}'
echo
echo '{"n": 2, "deep": {"y": null, "z": [1, 2]}, "more": "text"}'
while [ ! -e $work/go ]; do sleep 0.05; done
echo '{"state": "WARNING", "output": "getting warm"}'
while [ ! -e $work/go2 ]; do sleep 0.05; done
echo 'this is no JSON'
echo '[1]'
while [ ! -e $work/go3 ]; do sleep 0.05; done
echo '{"n": 3, "output": null}'
exec sleep 1000
S
daemon stream 'mode = stream'
script dies <<S
echo x >>$work/dies.starts
echo '{"alive": true}'
exit 4
S
daemon dies 'mode = stream' 'backoff = 200ms' 'backoff_max = 400ms'
script backs <<S
echo x >>$work/backs.starts
exit 0
S
daemon backs 'mode = stream' 'backoff = 1h' 'backoff_max = 1h'
daemon nostream 'mode = stream' "command = $work/bin/none" 'backoff = 200ms' 'backoff_max = 200ms'
script cut <<S
printf '{"a": '
head -c 100000 /dev/zero | tr '\\0' 1
printf '}\\n{"b": 1}\\n'
exec sleep 1000
S
daemon cut 'mode = stream'
script grows <<'S'
i=0
while [ $i -lt 200 ]; do
	i=$((i + 1)) k=0 line=
	while [ $k -lt 100 ]; do k=$((k + 1)) line="$line,\"k$i.$k\":1"; done
	echo "{${line#,}}"
done
exec sleep 1000
S
daemon grows 'mode = stream'
# Leaves one process in its process group, one in another group, and one in a session of its own.
cat >"$work/bin/leaves" <<S
#!/bin/bash
sleep 1000 & echo \$! >$work/left.group
set -m
sleep 1000 & echo \$! >$work/left.session
setsid sh -c 'echo \$\$ >$work/left.daemon.new; mv $work/left.daemon.new $work/left.daemon; exec sleep 1000' &
while [ ! -e $work/left.daemon ]; do sleep 0.01; done
echo "OK - left"
S
chmod 755 "$work/bin/leaves"
daemon leaves 'interval = 1h'
# Streams that say how they are in other ways, and in what follows say nothing of it.
script said <<'S'
echo '{"state":"CRITICAL","output":"disk dead"}'; echo garbage; echo '{"n":2}'
exec sleep 1000
S
daemon said 'mode = stream'
script lower <<'S'
echo '{"state":"critical","output":"disk dead"}'; echo '{"n":2}'
exec sleep 1000
S
daemon lower 'mode = stream'
script digit <<'S'
echo '{"state":1,"output":"disk ill"}'
exec sleep 1000
S
daemon digit 'mode = stream'
script wordy <<'S'
echo '{"state":"DOWN","output":"all is lost"}'; echo '{"n":2}'
exec sleep 1000
S
daemon wordy 'mode = stream'
script shuts <<'S'
echo '{"n":1}'
exec >&-
exec sleep 1000
S
daemon shuts 'mode = stream'
# The last of its performance data is cut by the limit in the middle of a number.
script cutoff <<'S'
printf 'OK | '
i=0
while [ $i -lt 5041 ]; do printf 'a%04d=123456 ' $i; i=$((i + 1)); done
printf 'z=1234567890\n'
S
daemon cutoff
script cutjson <<'S'
printf '{"a":1'; head -c 65529 /dev/zero | tr '\0' ' '; printf ',"b":2}'
S
daemon cutjson 'format = json'
script deep <<'S'
printf '{"output":"CRITICAL disk dead","a":'
i=0; while [ $i -lt 20 ]; do printf '{"b":'; i=$((i + 1)); done; printf 1
while [ $i -ge 0 ]; do printf '}'; i=$((i - 1)); done
exit 2
S
daemon deep 'format = json'
script nul <<'S'
printf '\0FATAL: db dead\n' >&2
exit 2
S
daemon nul
script accents <<'S'
printf D; i=0; while [ $i -lt 400 ]; do printf 'é'; i=$((i + 1)); done; echo END
exit 4
S
daemon accents
script counters <<'S'
echo 'OK | in=18446744073709551614c;;9223372036854775809 dec=12345678901234567.25'
S
daemon counters
# What must end with vigild: in the session of a program, in a process group of its own.
cat >"$work/bin/groups" <<S
#!/bin/bash
set -m
sleep 1000 & echo \$! >$work/left.at.stop
exec sleep 1000
S
chmod 755 "$work/bin/groups"
daemon groups 'timeout = 1h'
# A member of 60,000 bytes under a new name each time: the values are few, the bytes are not.
script swells <<'S'
text=$(head -c 60000 /dev/zero | tr '\0' x)
i=0
while [ $i -lt 40 ]; do i=$((i + 1)); echo "{\"k$i\":\"$text\"}"; done
exec sleep 1000
S
daemon swells 'mode = stream'
# One member that grows with each object.
script member <<'S'
text=$(head -c 30000 /dev/zero | tr '\0' x)
for i in 1 2 3; do echo "{\"all\":{\"k$i\":\"$text\"},\"service_state\":{\"value\":\"running\"}}"; done
exec sleep 1000
S
daemon member 'mode = stream'
script refills <<'S'
k=0 line=
while [ $k -lt 6000 ]; do k=$((k + 1)) line="$line,\"k$k\":N"; done
for n in 1 2 3; do echo "{${line#,}}" | sed "s/N/$n/g"; done
exec sleep 1000
S
daemon refills 'mode = stream'
script babble <<'S'
exec yes nonsense
S
daemon babble 'mode = stream'

if [ -x $plugins/check_load ] && [ -x $plugins/check_disk ]; then
	daemon load "command = $plugins/check_load -w 1000,1000,1000 -c 2000,2000,2000"
	daemon disk "command = $plugins/check_disk -w 1 -c 1 -u MB -p $work"
	daemon dummy "command = $plugins/check_dummy 2 'as asked'"
	daemon users "command = $plugins/check_procs -w 0:100000"
	daemon tcp "command = $plugins/check_tcp -H 127.0.0.1 -p 1 -t 5"
fi
if [ "$(id -u)" = 0 ]; then
	script other <<<'echo "$(id -un) $(id -Gn) $HOME"'
	daemon other 'user = nobody'
fi

# The samples as they are installed.
cp -r "$stage$(make_variable docdir)/samples" "$work/samples"
mkdir "$work/conf.d"
sed "s|/usr/local/lib/vigil|$work/samples|" "$work/samples/exec.conf" >"$work/conf.d/exec.conf"
[ "$(id -u)" = 0 ] || sed -i '/^user = /d' "$work/conf.d/exec.conf"

{ echo '[daemons]'; printf '%s' "$enabled"; cat "$work/sections"; } | write_conf
check "vigild -t takes it" "$vigild" -t -c "$work/vigil.conf"
start_reference
began=$SECONDS
start_vigild

# --- what came of it ------------------------------------------------------------------------------

check "a plugin's first line" wait_for 20 has nagios/output "DISK WARNING - 12% free"
check "its exit status is the state" has nagios/state WARNING
check "and the health, with its words" says nagios "DISK WARNING - 12% free"
check "exit_status is kept" has nagios/exit_status 1
check "the other lines, without performance data" has nagios/long_output "first of more
last of more"
check "a label with a slash" has nagios/perfdata/~1/value 88
check "its unit and limits" [ "$(value nagios/perfdata/~1/unit)$(value nagios/perfdata/~1/warn)$(value \
	nagios/perfdata/~1/crit)$(value nagios/perfdata/~1/min)$(value nagios/perfdata/~1/max)" = "%80900100" ]
check "a quoted label, and ranges as text" has "nagios/perfdata/in use/crit" "@1:2"
check "an unknown value is null" has nagios/perfdata/t/value null
check "performance data after the long text" has nagios/perfdata/x/unit c
check "how long it took" awk "BEGIN { exit !($(value nagios/duration_seconds) >= 0) }"
check "it was not timed out" has nagios/timed_out false
check "its pid" [ "$(value nagios/pid)" -gt 1 ]
i=0
for level in OK WARNING CRITICAL UNKNOWN; do
	check "exit status $i is $level" wait_for 10 health status$i $level
	i=$((i + 1))
done
check "any other is UNKNOWN" wait_for 10 health status7 UNKNOWN
check "with the number and the words" says status7 "exit status 7: seven"
check "silence is said" wait_for 10 says silent "exit status 2, without output"
check "and is CRITICAL all the same" health silent CRITICAL
check "text keeps its bars" wait_for 10 has text/output "a | b=1"
check "and is clean" has text/long_output '\x1B[31mred\xFF'
check "text has no performance data" [ -z "$(json text/perfdata)" ]
check "a JSON object is merged" wait_for 10 has json/load/one 0.5
check "keys become one step each" json_is json/a~1b~0c '[1,{"d":null}]'
check "output is its words" says json "load is low"
check "its exit status outranks what it says of its state" has json/state OK
check "what the module keeps is not for it" [ "$(value json/pid)" != 1 ]
check "JSON with NaN, Infinity, 2^64-1 and a byte order mark is OK" wait_for 10 health numbers OK
check "JSON beside NaN is kept" has numbers/ok 1
check "NaN is no value" [ -z "$(json numbers/nan)" ]
check "an infinity in a list is null" json_is numbers/list '[null,2]'
check "2^64-1 is kept as a real" awk "BEGIN { exit !($(value numbers/counter) == 18446744073709551615) }"
check "the state counts what JSON could not hold" has numbers/left_out/count 3
check "the state says what it was" has numbers/left_out/text '"nan" is NaN and is left out'
check "the log says it once" [ "$(grep -c 'numbers: left out of its output' "$work/log")" = 1 ]
check "a stream goes on after a byte order mark and nan" wait_for 10 has gauges/n 3
check "a stream with such numbers is OK" health gauges OK
check "a stream says what was left out" has gauges/left_out/text '"load" is nan and is left out'
check "environment and directory" wait_for 10 says env "hello from $work/bin as $(id -un)"
check "arguments in shell quoting, no shell" wait_for 10 has quoted/output "two words 1"

check "a grandchild that holds stdout is not waited for" wait_for 10 has grandchild/output "OK - left one behind"
check "and it took no time" awk "BEGIN { exit !($(value grandchild/duration_seconds) < 5) }"
check "a flood ends at its deadline" wait_for 10 has flood/timed_out true
check "as UNKNOWN, with the reason" says flood "timed out after 0.7 s"
check "what it printed is capped" [ "$(value flood/long_output | wc -c)" -le 65536 ]
check "much is cut at 64 KiB" wait_for 10 has much/state OK
check "to the byte" [ "$(value much/output | tr -d '\n' | wc -c)" = 65536 ]
check "one that ignores TERM is killed" wait_for 20 has deaf/exit_status 137
check "after its deadline" has deaf/timed_out true
check "half a JSON is UNKNOWN" wait_for 10 health half UNKNOWN
check "with where and why" says half "its output is not a JSON object: column"
check "what it printed is kept" has half/output '{"a": 1, "b":'
check "half a JSON with exit status 2 is CRITICAL" wait_for 10 health halfbad CRITICAL
check "a signal is UNKNOWN" wait_for 10 says signal "killed by signal 11 (Segmentation fault)"
check "and counted as shells do" has signal/exit_status 139
check "missing" wait_for 10 says missing "cannot be started: No such file or directory"
check "is 127" has missing/exit_status 127
check "not executable" wait_for 10 says plain "cannot be started: Permission denied"
check "is 126" has plain/exit_status 126
check "no program" wait_for 10 says nohead "begins with #!"
check "is an error once, not at every tick" is /runs/missing/errors 1
check "one that still runs is not started twice" wait_for 20 has slow/output slow
check "once in two seconds, at 100 ms" [ "$(lines_of slow.starts)" -le $(((SECONDS - began) / 2 + 2)) ]
check "and its ticks are counted" more_than /runs/slow/ticks 10
check "too deep a nest is refused in words" wait_for 10 says nested "nested too deeply"
check "a program that is missing is noted at the start" \
	grep -q "note: command = \"$work/bin/none\": no such program: $work/bin/none" "$work/log"
options() { printf '[daemons]\na = yes\n[daemon:a]\nmodule = exec\n'; printf '%s\n' "$@"; }
refused_by_test "an unknown user is refused by vigild -t" \
	'vigil.conf:[0-9]*: user = "no-such-user": no such user' \
	< <(options 'command = /bin/true' 'user = no-such-user')
refused_by_test "an environment without = is refused by vigild -t" \
	'environment = "\*\*\*": an element is not NAME=VALUE' \
	< <(options 'command = /bin/true' 'environment = A=1, NOVALUE')
refused_by_test "a pipe in a command is refused by vigild -t" 'contains \|, but no shell is run' \
	< <(options 'command = /bin/true | /bin/cat')

check "a stream's objects are merged" wait_for 10 has stream/n 2
check "objects into objects, null removes" json_is stream/deep '{"x":1,"z":[1,2]}'
check "it is OK for as long as it prints objects" health stream OK
touch "$work/go"
check "it can say its state" wait_for 10 health stream WARNING
check "and the words" says stream "getting warm"
touch "$work/go2"
check "a line that is no object is UNKNOWN" wait_for 10 health stream UNKNOWN
check "nothing is lost of what stands" has stream/n 2
touch "$work/go3"
check "the next object brings back what the stream said last" wait_for 10 health stream WARNING
check "its pid is kept" has stream/pid "$(cat "$work/stream.pid")"
check "one that ends is CRITICAL" wait_for 10 health dies CRITICAL
check "with its end and what comes next" says dies "exit status 4; the next start is in"
check "and is started again" wait_for 20 at_least dies.starts 4
check "but not before its time" [ "$(lines_of backs.starts)" = 1 ]
check "a stream that is missing is tried again" wait_for 10 says nostream "the next start is in 0.2 s"
check "its failure is one error" is /runs/nostream/errors 1
check "a line over 64 KiB is cut, and the next is whole" wait_for 10 has cut/b 1
check "values that are replaced do not add up" wait_for 20 is /daemons/refills/k6000 3
check "values without end are refused" wait_for 20 says grows "more than 10000 values"
check "those before stand" has grows/k1.1 1
check "a program that leaves processes behind is OK" wait_for 10 health leaves OK
check "a process that a program left in its process group ends with it" \
	wait_for 10 gone "$(cat "$work/left.group")"
check "a process that a program left in its session ends with it" \
	wait_for 10 gone "$(cat "$work/left.session")"
# Where vigild may make control groups; otherwise it is not found.
if grep -q "are killed by session" "$work/log"; then
	echo "SKIP: vigild may not make control groups here"
	check "a process that began a session of its own goes on without control groups" \
		kill -0 "$(cat "$work/left.daemon")"
	kill "$(cat "$work/left.daemon")"
else
	check "a process that began a session of its own ends with the program" \
		wait_for 10 gone "$(cat "$work/left.daemon")"
fi
check "the log says that something was left behind" grep -q ' left process [0-9]* (.*) behind' "$work/log"
check "the state counts it" more_than /vigil/left_behind 0
check "a stream that said CRITICAL is CRITICAL again after a line that is no object" \
	wait_for 10 health said CRITICAL
check "a stream may say its state in small letters" wait_for 10 health lower CRITICAL
check "a stream may say its state as a number" wait_for 10 health digit WARNING
check "a state that is no word for health is UNKNOWN" wait_for 10 health wordy UNKNOWN
check "a stream that has closed its output is ended and CRITICAL" wait_for 20 health shuts CRITICAL
check "a number that is cut by the limit of output is left out" wait_for 20 has cutoff/perfdata/a4000/value 123456
check "what was printed after the limit is said to be left out" \
	wait_for 10 eval 'get /daemons/cutoff/left_out/text | grep -q "after 64 KiB"'
check "no number is a part of another one" eval '! ctl get /daemons/cutoff/perfdata | tr -d " \n" |
	grep -o "\"value\":[0-9]*" | grep -vq ":123456$"'
check "a JSON object that is cut is UNKNOWN" wait_for 10 health cutjson UNKNOWN
check "an object that cannot be kept does not hide that the program failed" wait_for 10 health deep CRITICAL
check "its words are shown" says deep "disk dead"
check "a NUL in stderr does not end it" wait_for 10 says nul "FATAL: db dead"
check "the text of an odd exit status is whole" wait_for 10 says accents "éEND"
ctl check counters >"$work/out"
check "numbers with more digits than a double has are handed on whole" grep -qxF \
	"OK | 'in'=18446744073709551614c;;9223372036854775809 'dec'=12345678901234567.25" "$work/out"
check "bytes without end are refused, and the option is named" \
	wait_for 20 says swells "the daemon would keep more bytes than state_max"
check "what a daemon keeps stays below state_max" [ "$(json swells | wc -c)" -lt 1048576 ]
check "a member that grows without end is refused, and the option is named" \
	wait_for 20 says member "a member would have more bytes than member_max"
check "a program cannot speak as a service" eval '! ctl get /daemons/member/service_state >/dev/null 2>&1'
check "nonsense is complained about now and then" wait_for 10 health babble UNKNOWN
check "not at every line" [ "$(get /runs/babble/errors)" -le 10 ]

if [ -x $plugins/check_load ] && [ -x $plugins/check_disk ]; then
	check "check_load" wait_for 10 health load OK
	check "its numbers" awk "BEGIN { exit !($(value load/perfdata/load1/value) >= 0) }"
	check "its thresholds" has load/perfdata/load1/warn 1000.0
	check "check_disk" wait_for 10 has disk/exit_status 0
	check "its unit" eval 'ctl get /daemons/disk/perfdata | grep -q "\"unit\": *\"M*B\""'
	check "check_dummy" wait_for 10 says dummy "CRITICAL: as asked"
	check "check_procs" wait_for 10 health users OK
	check "check_tcp at a closed port" wait_for 10 health tcp CRITICAL
else
	echo "SKIP: $plugins is not there (monitoring-plugins-basic)"
fi
if [ "$(id -u)" = 0 ]; then
	check "as another user, with its groups and home" wait_for 10 has other/output \
		"nobody nogroup $(getent passwd nobody | cut -d: -f6)"
else
	echo "SKIP: only root can run a program as somebody else"
fi

known() { [ -n "$(value "$1")" ]; }
if command -v python3 >/dev/null; then
	check "the sample that prints JSON" wait_for 10 known mounts/mounts
	check "says how it is" says mounts "is the fullest"
	check "the sample that streams" wait_for 10 known pressure/load/1m
	check "runs on" [ "$(value pressure/pid)" -gt 1 ]
else
	echo "SKIP: there is no python3 for the samples"
fi
check "the sample in shell" wait_for 10 known reboot/perfdata/uptime/value
check "is a plugin as they should be" says reboot REBOOT
rm "$work/conf.d/exec.conf"

# --- nothing stays --------------------------------------------------------------------------------

lag_is_fair "beside all of them" 2
stray=$(cat "$work/deaf.pid" "$work/stream.pid")
children() { ps -o pid= --ppid "$vigild_pid" | wc -l; }
descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
sed -i 's/ = yes/ = no/' "$work/vigil.conf"
check "with all daemons disabled" ctl -q reload
no_children() { [ "$(children)" = 0 ]; }
check "no child stays, dead or alive" wait_for 10 no_children
bare=$(descriptors)
sed -i 's/ = no$/ = yes/' "$work/vigil.conf"
ctl -q reload
check "enabled anew, they run" wait_for 20 has stream/n 3
sed -i 's/ = yes/ = no/' "$work/vigil.conf"
ctl -q reload
check "and are ended again" wait_for 10 no_children
same_descriptors() { [ "$(descriptors)" -le "$bare" ]; }
check "no descriptor stays" wait_for 5 same_descriptors

sed -i 's/ = no$/ = yes/' "$work/vigil.conf"
rm -f "$work/deaf.pid"
ctl -q reload
wait_for 20 test -s "$work/deaf.pid"
wait_for 20 has stream/n 3
wait_for 20 test -s "$work/left.at.stop"
stray="$stray $(cat "$work/deaf.pid" "$work/stream.pid" "$work/left.at.stop")"
check "vigild stops while they run, one of them deaf to TERM" stop_vigild
alive=0
for pid in $stray; do gone "$pid" || { alive=$((alive + 1)); ps -o pid,ppid,sid,pgid,stat,args -p "$pid"; }; done
check "and none outlives it" [ $alive = 0 ]
while read -r pid; do kill -9 "$pid" 2>/dev/null; done <"$work/grandchildren"
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
