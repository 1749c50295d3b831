#!/bin/bash
# A service whose process runs but which does not serve is restarted, too: because of a probe over
# TCP, over HTTP or by a command, or because of its memory or CPU usage.  A service with `after`
# waits for another one.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3 to serve something"
. "$here/scripts.sh" || exit 1

# service NAME COMMAND: an init script for a process that runs the command
service() { script "$1" "s|sleep 1000000|$2|"; }
hold_port # for a server on 127.0.0.1, and one on ::1
cat >"$work/serve.py" <<'P'
import os, socket, sys
# Serves, or with the file named in argv[2]: answers 500 or does not answer at all.
port, trouble = int(sys.argv[1]), sys.argv[2]
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("127.0.0.1", port)); s.listen(50)
open(trouble + ".ready", "w").close()
while True:
    c, _ = s.accept()
    mode = open(trouble).read().strip() if os.path.exists(trouble) else ""
    if mode == "silent":
        keep = globals().setdefault("keep", []); keep.append(c); continue
    asked = c.recv(1000)
    c.sendall(b"HTTP/1.0 500 Broken\r\n\r\n" if mode == "broken" else b"HTTP/1.0 200 OK\r\n\r\n")
    c.close()
    if not mode and b"/health" in asked: open(trouble + ".served", "w").close()
P
cat >"$work/six.py" <<'P'
import socket, sys
# A server that listens on ::1 only.
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("::1", int(sys.argv[1]))); s.listen(50)
while True:
    c, _ = s.accept()
    c.recv(1000); c.sendall(b"HTTP/1.0 200 OK\r\n\r\n"); c.close()
P
service web "python3 $work/serve.py $port $work/trouble"
service closed "sleep 1000000"
service eater "python3 -c 'x = bytearray(80 << 20); import time; time.sleep(1000)'"
service burner "python3 -c 'while True: pass'"
service command "sleep 1000000"
service second "sleep 1000000"

python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null && has_six=yes || has_six=
for name in four neither six_tcp; do service $name "sleep 1000000"; done
service six "python3 $work/six.py $((port + 1))"

section() { # NAME OPTIONS...
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\n' "$1" "$1" "$work/init.d"
	printf 'interval = 300ms\nbackoff = 0\nhealthy_after = 0\nprobe_interval = 300ms\nprobe_timeout = 3s\n'
	printf 'probe_start = %s\n' "${start:-0}"
	shift; printf '%s\n' "$@"
}
{
	printf '[daemons]\n'; printf '%s = yes\n' web closed eater burner command second four
	for name in six six_tcp neither; do [ -z "$has_six" ] || printf '%s = yes\n' $name; done
	start=10m section web "probe = http://127.0.0.1:$port/health" "probe_failures = 2"
	for name in six:http://localhost:$((port + 1))/ six_tcp:tcp://localhost:$((port + 1)) \
		four:http://localhost:$port/; do
		start=10m section "${name%%:*}" "probe = ${name#*:}" "burst = 1" "burst_window = 1h"
	done
	section neither "probe = tcp://localhost:1" "burst = 1" "burst_window = 1h"
	section closed "probe = tcp://127.0.0.1:1" "probe_failures = 2" "burst = 2" "burst_window = 1h"
	section eater "memory_max = 40MiB" "burst = 1" "burst_window = 1h"
	section burner "cpu_max = 1" "burst = 1" "burst_window = 1h"
	section command "probe = /bin/sh -c 'echo not today; exit 3'" "burst = 1" "burst_window = 1h"
	section second "after = first"
	section first "restart_on = never"
} | write_conf
sed -i 's/^second = yes/&\nfirst = yes/' "$work/vigil.conf"
service first "sleep 1000000"
start_vigild
restarts() { get "/daemons/$1/service_state/restarts"; }
at_least() { [ "$(restarts "$1" || echo 0)" -ge "$2" ] 2>/dev/null; }
said() { ctl explain "$1" | grep -q "$2"; }

check "the web server is started" wait_for 20 [ -f "$work/trouble.ready" ]
check "a web server that answers its probe is left alone" wait_for 20 said web 'is running, pid'
before=$(restarts web) ticks=$(get /runs/web/ticks)
# A tick is as long as the time between two probes.
wait_for 20 more_than /runs/web/ticks $((ticks + 5))
check "a web server that answers its probe is not restarted in four probes" [ "$(restarts web)" = "$before" ]
echo broken >"$work/trouble"
check "a web server that answers 500 is restarted" wait_for 20 at_least web $((before + 1))
check "explain quotes the answer 500 of the web server" said web 'HTTP/1.0 500 Broken'
rm -f "$work/trouble" "$work/trouble.served"
check "the restarted web server serves again" wait_for 20 [ -f "$work/trouble.served" ]
check "the health of the restarted web server is OK" wait_for 20 is /runs/web/health/level OK
echo silent >"$work/trouble"
check "a web server that accepts but does not answer is restarted" wait_for 20 at_least web $((before + 2))
check "explain says that the web server gave no answer in time" wait_for 10 said web 'no answer in time'
rm "$work/trouble"
check "a closed TCP port causes a restart" wait_for 20 at_least closed 2
check "explain gives the cause for a closed TCP port" said closed 'probe failed .*refused'
check "a closed TCP port causes only as many restarts as burst allows" wait_for 20 said closed 'gave up after 2 restarts'
check "a probe command that fails causes a restart" wait_for 20 said command 'probe failed .*not today'
check "memory usage over memory_max causes a restart" wait_for 30 at_least eater 1
check "explain names the memory usage" wait_for 20 said eater 'gave up\|MiB of memory'
check "CPU usage over cpu_max causes a restart" wait_for 30 at_least burner 1
check "a service with after waits for the other service" wait_for 10 said second 'waiting for first to run first'
check "a service with after is not restarted while it waits" [ -z "$(restarts second)" ]
"$work/init.d/first" start
check "a service with after is started when the other service runs" wait_for 20 at_least second 1
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
check "http://localhost is OK for a server on 127.0.0.1 only" wait_for 20 says four 'four is running, pid *'
if [ -n "$has_six" ]; then
	check "http://localhost is OK for a server on ::1 only" wait_for 20 says six 'six is running, pid *'
	check "a server on ::1 only is not restarted" [ "$(restarts six)" = 1 ]
	check "tcp://localhost is OK for a server on ::1 only" wait_for 20 says six_tcp 'six_tcp is running, pid *'
	check "tcp://localhost fails for a server on neither address" wait_for 20 \
		says neither 'neither is running, but its probe failed * times in a row (Connection refused (127.0.0.1 and ::1));*'
else
	echo "SKIP: http://localhost: this machine has no ::1"
fi
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
