#!/bin/bash
# The exec module with real plugins, JSON, text, streams, and programs that misbehave.  At the end no
# descriptor and no process is left.
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
# daemon NAME OPTIONS...: a section that runs bin/NAME unless the options contain a command
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
lines_of() { wc -l <"$work/$1" 2>/dev/null || echo 0; }
at_least() { [ "$(lines_of "$1")" -ge "$2" ]; }

# --- correct programs -----------------------------------------------------------------------------

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

# --- programs that misbehave ----------------------------------------------------------------------

script grandchild <<S
sleep 1000 &
echo \$! >>$work/grandchildren
echo "OK - left one behind"
S
daemon grandchild 'interval = 2s' 'timeout = 5m'
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
# Leaves one process in its process group, one in another group, and one in another session.
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
# Streams that report their state in other forms; the objects that follow have no state.
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
# The limit of output cuts the last number of its performance data.
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
# This process must end with vigild: it is in the session of the program, but in another process group.
cat >"$work/bin/groups" <<S
#!/bin/bash
set -m
sleep 1000 & echo \$! >$work/left.at.stop
exec sleep 1000
S
chmod 755 "$work/bin/groups"
daemon groups 'timeout = 1h'
# Each object has a member of 60,000 bytes with a new name: few values, but many bytes.
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

# Programs that write to stderr while they run.
script warns <<S
echo 'cannot read sensor 1' >&2
echo '{"n": 1}'
while [ ! -e $work/go4 ]; do sleep 0.05; done
i=0
while [ \$i -lt 2000 ]; do i=\$((i + 1)); echo "warning \$i" >&2; done
exec sleep 1000
S
daemon warns 'mode = stream'
script halts <<'S'
echo 'cannot open the port' >&2
exec sleep 1000
S
daemon halts 'mode = stream' 'silence = 3s'
script longwinded <<'S'
head -c 3000 /dev/zero | tr '\0' e >&2
exit 3
S
daemon longwinded 'mode = stream' 'backoff = 1h' 'backoff_max = 1h'
script fails <<'S'
echo begun
no-such-program
exit 127
S
daemon fails
# Objects of which one member cannot be kept.
script whole <<S
echo '{"first": 1, "gone": 1, "output": "fine"}'
while [ ! -e $work/go5 ]; do sleep 0.05; done
echo '{"first": 2, "gone": null, "output": 5, "last": 2}'
while [ ! -e $work/go6 ]; do sleep 0.05; done
echo '{"first": 3}'
exec sleep 1000
S
daemon whole 'mode = stream'
script badstate <<'S'
echo '{"state": "OK"}'; echo '{"state": "CRITICAL", "output": ["disk dead"]}'; echo '{"n": 1}'
exec sleep 1000
S
daemon badstate 'mode = stream'
# Programs that go into the background: one keeps the output open, one does what daemon(3) does.
cat >"$work/bin/background" <<S
#!/bin/bash
setsid sh -c 'echo \$\$ >$work/background.pid.new; mv $work/background.pid.new $work/background.pid; exec sleep 1000' &
while [ ! -e $work/background.pid ]; do sleep 0.01; done
S
cat >"$work/bin/daemonised" <<S
#!/bin/bash
setsid sh -c 'echo \$\$ >$work/daemonised.pid.new; mv $work/daemonised.pid.new $work/daemonised.pid; exec sleep 1000' \
	</dev/null >/dev/null 2>&1 &
while [ ! -e $work/daemonised.pid ]; do sleep 0.01; done
S
chmod 755 "$work/bin/background" "$work/bin/daemonised"
daemon background 'mode = stream' 'backoff = 1h' 'backoff_max = 1h'
daemon daemonised 'mode = stream' 'backoff = 1h' 'backoff_max = 1h'
# Programs that print objects which stay in a buffer, and one that prints none.  The program python3 may be a script
# that takes seconds to find the interpreter.
python=$(python3 -c 'import sys; print(sys.executable)' 2>/dev/null)
for language in perl python3; do
	if [ -z "$(command -v $language)" ]; then echo "SKIP: there is no $language"; continue; fi
	case $language in
	perl) program=perl; echo 'print "{}\n"; sleep 1000;' >"$work/bin/buffers.$language" ;;
	python3) program=$python; printf 'import time\nprint("{}")\ntime.sleep(1000)\n' >"$work/bin/buffers.$language" ;;
	esac
	daemon buffers-$language 'mode = stream' 'silence = 2s' "command = $program $work/bin/buffers.$language" 'environment = PYTHONUNBUFFERED='
done
[ -z "$(command -v python3)" ] ||
	daemon flushes 'mode = stream' 'silence = 2s' "command = $python -u -c 'import time; time.sleep(1000)'"
script pauses <<'S'
echo '{"n": 1}'
exec sleep 1000
S
daemon pauses 'mode = stream' 'silence = 2s'
daemon sleeper 'mode = stream' 'silence = 2s' "command = $(command -v sleep) 1000"

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
check "vigild -t accepts the configuration of the exec daemons" "$vigild" -t -c "$work/vigil.conf"
start_reference
began=$SECONDS
start_vigild

# --- the results ----------------------------------------------------------------------------------

check "a plugin's first line is its output" wait_for 20 has nagios/output "DISK WARNING - 12% free"
check "a plugin's exit status is its state" wait_for 10 has nagios/state WARNING
check "a plugin's first line is its health text" wait_for 10 says nagios "DISK WARNING - 12% free"
check "a plugin's exit status is stored" wait_for 10 has nagios/exit_status 1
check "a plugin's other lines are stored without performance data" wait_for 10 has nagios/long_output "first of more
last of more"
check "performance data: a label with a slash is stored" wait_for 10 has nagios/perfdata/~1/value 88
check "performance data: the unit and the limits are stored" [ "$(value nagios/perfdata/~1/unit)$(value nagios/perfdata/~1/warn)$(value \
	nagios/perfdata/~1/crit)$(value nagios/perfdata/~1/min)$(value nagios/perfdata/~1/max)" = "%80900100" ]
check "performance data: a range of a quoted label is stored as text" wait_for 10 has "nagios/perfdata/in use/crit" "@1:2"
check "performance data: an unknown value is null" wait_for 10 has nagios/perfdata/t/value null
check "performance data: values after the long output are stored" wait_for 10 has nagios/perfdata/x/unit c
check "a plugin's duration is stored" awk "BEGIN { exit !($(value nagios/duration_seconds) >= 0) }"
check "a plugin that ends in time is not marked as timed out" wait_for 10 has nagios/timed_out false
check "a plugin's pid is stored" [ "$(value nagios/pid)" -gt 1 ]
i=0
for level in OK WARNING CRITICAL UNKNOWN; do
	check "a plugin with exit status $i is $level" wait_for 10 health status$i $level
	i=$((i + 1))
done
check "a plugin with exit status 7 is UNKNOWN" wait_for 10 health status7 UNKNOWN
check "the health text has the exit status 7 and the output" wait_for 10 says status7 "exit status 7: seven"
check "the health text says that a plugin has no output" wait_for 10 says silent "exit status 2, without output"
check "a plugin with exit status 2 and without output is CRITICAL" wait_for 10 health silent CRITICAL
check "format = text keeps a bar in the output" wait_for 10 has text/output "a | b=1"
check "format = text escapes control characters and invalid UTF-8" wait_for 10 has text/long_output '\x1B[31mred\xFF'
check "format = text has no performance data" [ -z "$(json text/perfdata)" ]
check "format = json stores the members of the object" wait_for 10 has json/load/one 0.5
check "format = json stores each key as one step of a pointer" json_is json/a~1b~0c '[1,{"d":null}]'
check "format = json: the member output is the health text" wait_for 10 says json "load is low"
check "format = json: the exit status takes precedence over the member state" wait_for 10 has json/state OK
check "format = json: a program cannot replace its pid" [ "$(value json/pid)" != 1 ]
check "JSON with NaN, Infinity, 2^64-1 and a byte order mark is OK" wait_for 10 health numbers OK
check "a JSON member next to NaN is stored" wait_for 10 has numbers/ok 1
check "NaN in JSON is not stored" [ -z "$(json numbers/nan)" ]
check "an infinity in a JSON list is null" json_is numbers/list '[null,2]'
check "2^64-1 in JSON is stored as a real" awk "BEGIN { exit !($(value numbers/counter) == 18446744073709551615) }"
check "the state counts the JSON values that were left out" wait_for 10 has numbers/left_out/count 3
check "the state names the first JSON value that was left out" wait_for 10 has numbers/left_out/text '"nan" is NaN and is left out'
check "the log says once that JSON values were left out" [ "$(grep -c 'numbers: left out of its output' "$work/log")" = 1 ]
check "a stream continues after a byte order mark and nan" wait_for 10 has gauges/n 3
check "a stream with a byte order mark and nan is OK" wait_for 10 health gauges OK
check "the state names a value of a stream that was left out" wait_for 10 has gauges/left_out/text '"load" is nan and is left out'
check "a program runs with the configured environment and directory" wait_for 10 says env "hello from $work/bin as $(id -un)"
check "quoted words of a command are single arguments" wait_for 10 has quoted/output "two words 1"

check "vigild does not wait for a grandchild that holds stdout" wait_for 10 has grandchild/output "OK - left one behind"
check "a program whose grandchild holds stdout is not ended by its timeout" wait_for 10 has grandchild/timed_out false
check "a program with endless output ends at its timeout" wait_for 10 has flood/timed_out true
check "the health text says that a program did not end in time" wait_for 60 says flood "timed out after 0.7 s"
check "at most 64 KiB of endless output are stored" [ "$(value flood/long_output | wc -c)" -le 65536 ]
check "a program with 200 kB of output is OK" wait_for 10 has much/state OK
check "exactly 64 KiB of long output are stored" [ "$(value much/output | tr -d '\n' | wc -c)" = 65536 ]
check "a program that ignores SIGTERM is killed" wait_for 20 has deaf/exit_status 137
check "a program that ignores SIGTERM is marked as timed out" wait_for 10 has deaf/timed_out true
check "incomplete JSON is UNKNOWN" wait_for 10 health half UNKNOWN
check "the health text says where JSON is invalid" wait_for 10 says half "its output is not a JSON object: column"
check "incomplete JSON is stored as output" wait_for 10 has half/output '{"a": 1, "b":'
check "incomplete JSON with exit status 2 is CRITICAL" wait_for 10 health halfbad CRITICAL
check "the health text names the signal that ended a program" wait_for 10 says signal "killed by signal 11 (Segmentation fault)"
check "a program that signal 11 ended has the exit status 139" wait_for 10 has signal/exit_status 139
check "the health text says that a program does not exist" wait_for 10 says missing "cannot be started: No such file or directory"
check "a program that does not exist has the exit status 127" wait_for 10 has missing/exit_status 127
check "the health text says that a program is not executable" wait_for 10 says plain "cannot be started: Permission denied"
check "a program that is not executable has the exit status 126" wait_for 10 has plain/exit_status 126
check "the health text says that a script lacks its first line" wait_for 10 says nohead "begins with #!"
check "a program that does not exist counts one error, not one at every tick" is /runs/missing/errors 1
check "a program that runs longer than its interval is completed" wait_for 20 has slow/output slow
check "a program that still runs is not started a second time" [ "$(lines_of slow.starts)" -le $(((SECONDS - began) / 2 + 2)) ]
check "ticks are counted while a program still runs" wait_for 20 more_than /runs/slow/ticks 10
check "the health text says that JSON nests too deeply" wait_for 10 says nested "nested too deeply"
check "the log notes a missing program when vigild starts" \
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

check "the members of a stream's objects are stored" wait_for 10 has stream/n 2
check "a stream's nested objects are merged, and null removes a member" json_is stream/deep '{"x":1,"z":[1,2]}'
check "a stream that prints objects is OK" wait_for 10 health stream OK
touch "$work/go"
check "a stream can report its state" wait_for 10 health stream WARNING
check "a stream can report its health text" wait_for 10 says stream "getting warm"
touch "$work/go2"
check "a stream is UNKNOWN after a line that is no object" wait_for 10 health stream UNKNOWN
check "a stream keeps its values after a line that is no object" wait_for 10 has stream/n 2
touch "$work/go3"
check "the next object restores the state that the stream has reported last" wait_for 10 health stream WARNING
check "a stream's pid is stored" wait_for 10 has stream/pid "$(cat "$work/stream.pid")"
check "a stream that ends is CRITICAL" wait_for 10 health dies CRITICAL
check "the health text has the exit status of a stream and says that it will be started again" wait_for 10 says dies "exit status 4; the next start is in"
check "a stream that ends is started again" wait_for 20 at_least dies.starts 4
check "a stream that ends is not started again before its backoff" [ "$(lines_of backs.starts)" = 1 ]
check "the health text of a stream that exits at once with status 0 says that it must keep running" \
	wait_for 10 says backs "exit status 0, but it must keep running in the foreground"
check "a stream whose program is missing is tried again" wait_for 10 says nostream "the next start is in 0.2 s"
check "a stream whose program is missing counts one error" is /runs/nostream/errors 1
check "a stream's line over 64 KiB is cut, and the next line is complete" wait_for 10 has cut/b 1
check "the state says that a line was longer than 64 KiB" has cut/left_out/text "line 1 of the output is longer than 64 KiB and was dropped"
check "a stream's replaced values do not count towards the limit of values" wait_for 20 is /daemons/refills/k6000 3
check "a stream with too many values is refused" wait_for 20 says grows "more than 10000 values"
check "a stream keeps the values before the limit" wait_for 10 has grows/k1.1 1
check "a program that leaves processes behind is OK" wait_for 10 health leaves OK
check "a process that a program left in its process group ends with it" \
	wait_for 10 gone "$(cat "$work/left.group")"
check "a process that a program left in its session ends with it" \
	wait_for 10 gone "$(cat "$work/left.session")"
check "a process that began a new session ends with the program" \
	wait_for 10 gone "$(cat "$work/left.daemon")"
check "the log names a process that a program has left behind" wait_for 10 grep -q ' left process [0-9]* (.*) behind' "$work/log"
check "the state counts processes that were left behind" wait_for 10 more_than /vigil/left_behind 0
check "a stream that reported CRITICAL is CRITICAL again after a line that is no object" \
	wait_for 10 health said CRITICAL
check "a stream may report its state in lower case" wait_for 10 health lower CRITICAL
check "a stream may report its state as a number" wait_for 10 health digit WARNING
check "a stream that reports an unknown state is UNKNOWN" wait_for 10 health wordy UNKNOWN
check "a stream that has closed its output is ended and CRITICAL" wait_for 20 health shuts CRITICAL
check "a number that is cut by the limit of output is left out" wait_for 20 has cutoff/perfdata/a4000/value 123456
check "the state says that output after 64 KiB was left out" \
	wait_for 10 eval 'get /daemons/cutoff/left_out/text | grep -q "after 64 KiB"'
check "no number of the performance data is cut" eval '! ctl get /daemons/cutoff/perfdata | tr -d " \n" |
	grep -o "\"value\":[0-9]*" | grep -vq ":123456$"'
check "a JSON object that is cut is UNKNOWN" wait_for 10 health cutjson UNKNOWN
check "a program that failed is CRITICAL although its object nests too deeply" wait_for 10 health deep CRITICAL
check "the health text has the output of an object that nests too deeply" wait_for 10 says deep "disk dead"
check "the health text has the text after a NUL in stderr" wait_for 10 says nul "FATAL: db dead"
check "the health text of an unusual exit status is complete" wait_for 10 says accents "éEND"
check "a plugin with numbers that do not fit into a double is OK" wait_for 10 health counters OK
ctl check counters >"$work/out"
check "vigilctl check prints all digits of numbers that do not fit into a double" grep -qxF \
	"OK | 'in'=18446744073709551614c;;9223372036854775809 'dec'=12345678901234567.25" "$work/out"
check "a stream with more bytes than state_max is refused, and the text names the option" \
	wait_for 20 says swells "the daemon would keep more bytes than state_max"
check "the values of a daemon stay below state_max" [ "$(json swells | wc -c)" -lt 1048576 ]
check "a member with more bytes than member_max is refused, and the text names the option" \
	wait_for 20 says member 'the member "all" would have more bytes than member_max'
check "what a stream writes to stderr is in the state while it runs" wait_for 10 has warns/stderr "cannot read sensor 1"
check "a stream that writes to stderr and prints objects is OK" health warns OK
explained() { ctl explain "$1" | grep -qE -- "$2"; }
check "vigilctl explain prints stderr" explained warns '^    \| cannot read sensor 1$'
touch "$work/go4"
ends_with() { case $(value "$1") in *"$2") ;; *) false ;; esac; }
check "the end of stderr is kept" wait_for 10 ends_with warns/stderr "warning 2000"
check "a part of stderr that was dropped is marked" eval 'case $(value warns/stderr) in "..."*) ;; *) false ;; esac'
check "at most about 4 KiB of stderr are kept" [ "$(value warns/stderr | wc -c)" -le 4200 ]
check "vigilctl explain prints the last lines of a long stderr" explained warns '^stderr +the last lines of its program:$'
check "the health text of a silent stream has the last line of stderr" wait_for 10 says halts "the last line of stderr: cannot open the port"
check "the health text of a stream marks a line of stderr that is cut" wait_for 10 says longwinded "eee...; the next start is in"
check "the health text of a program that fails has the last line of stderr" wait_for 10 says fails "not found"
check "a stream with a valid object is OK" wait_for 10 health whole OK
touch "$work/go5"
check "the health text has the line number of a refused object and the reason" \
	wait_for 10 says whole 'line 2 of the output is refused: the member "output" is a number, not a string'
check "a stream with a refused object is UNKNOWN" health whole UNKNOWN
check "the last error of a daemon has the line number of a refused object" \
	eval 'get /runs/whole/last_error | grep -q "line 2 of the output is refused"'
check "no member of a refused object is set" has whole/first 1
check "no member of a refused object is removed" has whole/gone 1
check "no member after the wrong one is set" [ -z "$(json whole/last)" ]
touch "$work/go6"
check "the next object after a refused one is applied" wait_for 10 has whole/first 3
check "the stream is OK after the next object" health whole OK
check "the state counts refused lines" has whole/left_out/count 1
check "vigilctl explain prints what was left out" explained whole '^left out +1 of its output: line 2 of the output is refused'
check "a refused object with a state is not followed by an older state" wait_for 10 eval 'has badstate/n 1 && health badstate UNKNOWN'
# Its name is sh or sleep, because it may not have executed sleep yet.
for name in background daemonised; do
	check "a stream that goes into the background is named ($name)" \
		wait_for 10 says $name "the program went into the background: it exited and left process $(cat "$work/$name.pid") ("
	check "the health text says how to run it ($name)" says $name "run it in the foreground"
	check "a stream that goes into the background is CRITICAL ($name)" health $name CRITICAL
	check "no process of a stream that goes into the background is left ($name)" wait_for 10 gone "$(cat "$work/$name.pid")"
done
if [ -n "$(command -v perl)" ]; then
	check "the health text of a silent stream in Perl says how to flush" wait_for 10 says buffers-perl 'set $| = 1 in the program'
fi
if [ -n "$(command -v python3)" ]; then
	check "the health text of a silent stream in Python says how to flush" wait_for 10 says buffers-python3 "run it with python3 -u"
	check "a Python program that runs with -u gets no hint" wait_for 10 says flushes "has printed no object for 2 s"
	check "the health text of a Python program that runs with -u does not mention a buffer" eval '! says flushes buffer'
fi
check "the health text of a silent C program says how to flush" wait_for 10 says sleeper "run it through stdbuf -oL"
check "a stream that has printed an object before gets no hint" wait_for 10 says pauses "has printed no object for 2 s"
check "the health text of a stream that has printed an object does not mention a buffer" eval '! says pauses buffer'
check "a program cannot write service_state" eval '! ctl get /daemons/member/service_state >/dev/null 2>&1'
check "a stream of invalid lines is UNKNOWN" wait_for 10 health babble UNKNOWN
check "a stream of invalid lines counts an error at most every 10 s" [ "$(get /runs/babble/errors)" -le $(((SECONDS - began) / 10 + 2)) ]

if [ -x $plugins/check_load ] && [ -x $plugins/check_disk ]; then
	check "check_load is OK" wait_for 10 health load OK
	check "check_load: its numbers are stored" awk "BEGIN { exit !($(value load/perfdata/load1/value) >= 0) }"
	check "check_load: its thresholds are stored" has load/perfdata/load1/warn 1000.0
	check "check_disk exits with 0" wait_for 10 has disk/exit_status 0
	check "check_disk: its unit is stored" eval 'ctl get /daemons/disk/perfdata | grep -q "\"unit\": *\"M*B\""'
	check "check_dummy: its output is the health text" wait_for 10 says dummy "CRITICAL: as asked"
	check "check_procs is OK" wait_for 10 health users OK
	check "check_tcp at a closed port is CRITICAL" wait_for 10 health tcp CRITICAL
else
	echo "SKIP: $plugins is not there (monitoring-plugins-basic)"
fi
if [ "$(id -u)" = 0 ]; then
	check "a program runs as another user, with the groups and the home of that user" wait_for 10 has other/output \
		"nobody nogroup $(getent passwd nobody | cut -d: -f6)"
else
	echo "SKIP: only root can run a program as another user"
fi

known() { [ -n "$(value "$1")" ]; }
if command -v python3 >/dev/null; then
	check "the sample that prints JSON has values" wait_for 10 known mounts/mounts
	check "the sample that prints JSON has a health text" says mounts "is the fullest"
	check "the sample that is a stream has values" wait_for 10 known pressure/load/1m
	check "the sample that is a stream runs" [ "$(value pressure/pid)" -gt 1 ]
else
	echo "SKIP: there is no python3 for the samples"
fi
if [ -n "$(command -v perl)" ]; then
	check "the sample in Perl counts connections" wait_for 20 known connections/states/established
	check "the sample in Perl is not UNKNOWN" eval 'health connections OK || health connections WARNING'
else
	echo "SKIP: there is no perl for a sample"
fi
if [ -x /usr/bin/awk ] && [ -n "$(command -v ps)" ]; then
	check "the sample in awk counts processes" wait_for 20 more_than /daemons/processes/total 1
	check "the sample in awk has a health text" says processes " processes"
else
	echo "SKIP: there is no /usr/bin/awk or no ps for a sample"
fi
check "the sample in shell has performance data" wait_for 10 known reboot/perfdata/uptime/value
check "the sample in shell has a health text" wait_for 10 says reboot REBOOT
rm "$work/conf.d/exec.conf"

# --- nothing is left ------------------------------------------------------------------------------

lag_is_fair "with all exec daemons" 2
stray=$(cat "$work/deaf.pid" "$work/stream.pid")
children() { ps -o pid= --ppid "$vigild_pid" | wc -l; }
descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
sed -i 's/ = yes/ = no/' "$work/vigil.conf"
check "a reload disables all exec daemons" ctl -q reload
no_children() { [ "$(children)" = 0 ]; }
check "no child process is left after the exec daemons were disabled" wait_for 10 no_children
bare=$(descriptors)
sed -i 's/ = no$/ = yes/' "$work/vigil.conf"
ctl -q reload
check "the exec daemons run after they were enabled again" wait_for 20 has stream/n 3
sed -i 's/ = yes/ = no/' "$work/vigil.conf"
ctl -q reload
check "no child process is left after the exec daemons were disabled again" wait_for 10 no_children
same_descriptors() { [ "$(descriptors)" -le "$bare" ]; }
check "no descriptor is left after the exec daemons were disabled" wait_for 5 same_descriptors

sed -i 's/ = no$/ = yes/' "$work/vigil.conf"
rm -f "$work/deaf.pid"
ctl -q reload
wait_for 20 test -s "$work/deaf.pid"
wait_for 20 has stream/n 3
wait_for 20 test -s "$work/left.at.stop"
stray="$stray $(cat "$work/deaf.pid" "$work/stream.pid" "$work/left.at.stop")"
check "vigild stops while programs run, of which one ignores SIGTERM" stop_vigild
alive=0
for pid in $stray; do gone "$pid" || { alive=$((alive + 1)); ps -o pid,ppid,sid,pgid,stat,args -p "$pid"; }; done
check "no program outlives vigild" [ $alive = 0 ]
while read -r pid; do kill -9 "$pid" 2>/dev/null; done <"$work/grandchildren"
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
