#!/bin/bash
# The http module with too many connections: which of them is closed for which new one.
. "${top_srcdir:-.}/tests/system/lib.sh"
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the http module is not built"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
python3 -c 'import json; print(json.dumps({"k%d" % i: "x" * 80 for i in range(600)}))' >"$work/big.json"
{
	printf '[daemons]\nhttp = yes\n'
	for i in $(seq 200); do echo "big$i = yes"; done
	printf '[daemon:http]\nlisten = 127.0.0.1:0, unix:%s/http.sock\nconnections_max = 8\nchanges_max = 4\n' "$work"
	printf 'request_timeout = 60s\nreply_timeout = 60s\n'
	for i in $(seq 200); do
		printf '[daemon:big%d]\nmodule = exec\nformat = json\ninterval = 1h\ncommand = /bin/cat %s\n' "$i" "$work/big.json"
	done
} | write_conf
start_vigild
wait_for 20 get /daemons/http/listen >/dev/null
full() { [ "$(get /daemons | wc -c)" -gt 9000000 ]; }
check "the state is larger than the buffers of a socket" wait_for 30 full
port=$(get /daemons/http/listen | grep -oE '127\.0\.0\.1:[0-9]+' | cut -d: -f2)

cat >"$work/crowd.py" <<'EOP'
import socket, sys, time
port, failed = int(sys.argv[1]), 0

def check(text, right):
    global failed
    print(("ok - " if right else "not ok - ") + text, flush=True)
    failed += not right

def dial(host="127.0.0.1"):
    s = socket.socket()
    s.settimeout(200)
    s.bind((host, 0))
    s.connect(("127.0.0.1", port))
    return s

def say(s, path):
    s.sendall(("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path).encode())
    return s

def status(path, host="127.0.0.1"):
    try:
        with dial(host) as s:
            return int(say(s, path).recv(64).split()[1])
    except (OSError, IndexError):
        return 0

def is_open(s):
    s.settimeout(0.05)
    try:
        return s.recv(1, socket.MSG_PEEK) != b""
    except TimeoutError:
        return True
    except OSError:
        return False

def until(what):
    """Waits until what() is true."""
    end = time.monotonic() + 120
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()

def end(conns):
    for s in conns:
        s.close()
    until(lambda: status("/v1/rows") == 200)  # vigild has noticed

def slow(host="127.0.0.1"):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.bind((host, 0))
    s.settimeout(200)
    s.connect(("127.0.0.1", port))
    return say(s, "/v1/state")

def full(conns):
    """Waits until the answers have begun, so that vigild waits for each of these readers."""
    for s in conns:
        s.recv(1, socket.MSG_PEEK)
    return conns

crowd = [dial() for _ in range(40)]
check("a request is answered when silent connections have taken all places", status("/v1/rows") == 200)
until(lambda: sum(map(is_open, crowd)) <= 8)
left = [is_open(s) for s in crowd]
check("the oldest silent connections are closed first", not any(left[:24]) and left[-1])
check("at most connections_max connections stay open", 0 < sum(left) <= 8)
end(crowd)

first, crowd = dial(), [dial() for _ in range(7)]
say(first, "/healthz")
first.recv(4096)
others = [dial() for _ in range(3)]
for s in others:
    say(s, "/healthz").recv(4096)
check("a connection with a recent request stays open, older ones without a request are closed",
      is_open(first) and not any(is_open(s) for s in crowd[:3]))
end([first] + crowd + others)

crowd = full([slow() for _ in range(8)])
check("/healthz is answered when slow readers of the same peer have taken all connections", status("/healthz") == 200)
check("a slow reader of the same peer is closed for a new request after 2 s", until(lambda: status("/v1/rows") == 200))
end(crowd)

crowd = full([slow("127.0.0.2") for _ in range(8)])
check("a slow reader of another peer is closed for a new request", status("/v1/rows") == 200)
check("a second request is answered when slow readers of another peer had taken all connections", status("/v1/rows") == 200)
end(crowd)

crowd = [say(dial("127.0.0.3"), "/v1/changes") for _ in range(4)]
for s in crowd:
    s.recv(64)
check("one peer gets at most changes_max event streams", status("/v1/changes", "127.0.0.3") == 503)
check("another peer gets an event stream although one peer has changes_max of them", status("/v1/changes") == 200)
end(crowd)

# After 2 s one of the readers could be closed.  A machine that needs so long gets another try.
for _ in range(20):
    begun = time.monotonic()
    crowd = full([slow("127.0.0.4") for _ in range(4)] + [slow("127.0.0.5") for _ in range(4)])
    extra = dial("127.0.0.4")
    got = say(extra, "/v1/rows").recv(4096)
    if b" 503 " in got or time.monotonic() - begun < 2:
        break
    end(crowd + [extra])
check("a request is answered with 503 and the reason when no connection can be closed for it",
      b" 503 " in got and b"too many connections" in got)
check("/healthz is answered with 200 twenty times in a row when no connection can be closed for it",
      [status("/healthz", "127.0.0.4") for _ in range(20)] == [200] * 20)
end(crowd + [extra])
sys.exit(failed > 0)
EOP
python3 "$work/crowd.py" "$port" || failed=1
check "no connection is left open" wait_for 20 eval \
	'[ "$(find "/proc/$vigild_pid/fd" -lname "socket:*" | wc -l)" -le 8 ]'
stop_vigild
check "vigild stops with status 0" [ $? = 0 ]
finish
