#!/bin/bash
# A service whose process lives but which does not serve is restarted too: by a probe over TCP,
# by HTTP, by a command, by memory, by CPU; and one waits for another to run first.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3 to serve something"
. "$here/scripts.sh" || exit 1

# service NAME COMMAND: an init script for a process that runs the command
service() { script "$1" "s|sleep 1000000|$2|"; }
port=$((20000 + $$ % 20000))
cat >"$work/serve.py" <<'P'
import os, socket, sys
# serves well, or with the file given there: answers 500, or says nothing at all
port, trouble = int(sys.argv[1]), sys.argv[2]
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
# a server that listens on ::1 alone
s = socket.socket(socket.AF_INET6); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
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
	printf 'interval = 300ms\nbackoff = 0\nhealthy_after = 0\nprobe_interval = 300ms\nprobe_timeout = 500ms\n'
	printf 'probe_start = %s\n' "${start:-0}"
	shift; printf '%s\n' "$@"
}
{
	printf '[daemons]\n'; printf '%s = yes\n' web closed eater burner command second four
	for name in six six_tcp neither; do [ -z "$has_six" ] || printf '%s = yes\n' $name; done
	start=20s section web "probe = http://127.0.0.1:$port/health" "probe_failures = 2"
	for name in six:http://localhost:$((port + 1))/ six_tcp:tcp://localhost:$((port + 1)) \
		four:http://localhost:$port/; do
		start=20s section "${name%%:*}" "probe = ${name#*:}" "burst = 1" "burst_window = 1h"
	done
	section neither "probe = tcp://localhost:1" "burst = 1" "burst_window = 1h"
	section closed "probe = tcp://127.0.0.1:1" "probe_failures = 2" "burst = 2" "burst_window = 1h"
	section eater "memory_max = 40MiB" "burst = 1" "burst_window = 1h"
	section burner "cpu_max = 30" "burst = 1" "burst_window = 1h"
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
check "it serves, and is left alone" wait_for 20 said web 'is running, pid'
before=$(restarts web)
sleep 1.5
check "well: no restart in four probes" [ "$(restarts web)" = "$before" ]
echo broken >"$work/trouble"
check "answering 500, it is restarted" wait_for 20 at_least web $((before + 1))
check "and the answer is quoted" said web 'HTTP/1.0 500 Broken'
rm -f "$work/trouble" "$work/trouble.served"
check "it serves again" wait_for 20 [ -f "$work/trouble.served" ]
check "and is OK" wait_for 20 is /runs/web/health/level OK
echo silent >"$work/trouble"
check "accepting and saying nothing, it is restarted" wait_for 20 at_least web $((before + 2))
check "as no answer in time" wait_for 10 said web 'no answer in time'
rm "$work/trouble"
check "a closed TCP port is a reason to restart" wait_for 20 at_least closed 2
check "with the cause" said closed 'probe failed .*refused'
check "but only as often as burst allows" wait_for 20 said closed 'gave up after 2 restarts'
check "a command that fails is a reason to restart" wait_for 20 said command 'probe failed .*not today'
check "memory over its limit is a reason to restart" wait_for 30 at_least eater 1
check "in words" wait_for 20 said eater 'gave up\|MiB of memory'
check "CPU over its limit is a reason to restart" wait_for 30 at_least burner 1
check "what must wait for another waits" wait_for 10 said second 'waiting for first to run first'
check "and was not restarted" [ -z "$(restarts second)" ]
"$work/init.d/first" start
check "once the other runs, it is restarted" wait_for 20 at_least second 1
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
check "http://localhost: a server on 127.0.0.1 alone serves" wait_for 20 says four 'four is running, pid *'
if [ -n "$has_six" ]; then
	check "http://localhost: a server on ::1 alone serves" wait_for 20 says six 'six is running, pid *'
	check "http://localhost: a server on ::1 alone is not restarted" [ "$(restarts six)" = 1 ]
	check "tcp://localhost: a server on ::1 alone serves" wait_for 20 says six_tcp 'six_tcp is running, pid *'
	check "tcp://localhost: a server on neither address does not serve" wait_for 20 \
		says neither 'neither is running, but its probe failed * times in a row (Connection refused (127.0.0.1 and ::1));*'
else
	echo "SKIP: http://localhost: this machine has no ::1"
fi
check "vigild stops as asked" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
