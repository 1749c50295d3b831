#!/bin/bash
# The icinga module against a fake master that can be slow, down or broken, and that records each request and the
# number of its TLS records.  The test checks which results are sent first, which ones wait, and the health text.
. "$(dirname "$0")/lib.sh" || exit 1

for program in openssl python3; do
	command -v "$program" >/dev/null || skip_all "$program is not installed"
done
install_staged
set_paths
[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil was built without OpenSSL"
work=$(mktemp -d)
master_pid=
trap 'stop_vigild; stop_master; rm -rf "$work"' EXIT

# --- the fake master ------------------------------------------------------------------------------

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 1 \
	-subj /CN=master -addext 'subjectAltName = IP:127.0.0.1' >/dev/null 2>&1 || skip_all "openssl makes no certificate"
# master.py WORK PORT: answers each result after `delay` seconds, with `status`; `skip` puts a status of 503 into `results`, as
# Icinga does while it shuts down; `close` closes the connection after each answer.  It reads these modes from $work/mode for each answer.  Each request is a line of $work/requests: its
# time, its number on its connection, the number of its TLS records, how many requests were in flight, and the result.
cat >"$work/master.py" <<'P'
import json, os, socket, ssl, sys, threading, time
work, port = sys.argv[1], int(sys.argv[2])
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.maximum_version = ssl.TLSVersion.TLSv1_2 # because it has a separate type for records of data
context.load_cert_chain(work + "/cert.pem", work + "/key.pem")
lock, in_flight = threading.Lock(), 0
log = open(work + "/requests", "a", buffering=1)
handshakes = open(work + "/handshakes", "a", buffering=1) # whether each resumed a session

def mode(key, default):
    try:
        for word in open(work + "/mode").read().split():
            name, _, value = word.partition("=")
            if name == key: return float(value or 1)
    except OSError: pass
    return default

class Peer:
    def __init__(self, sock):
        self.sock, self.raw, self.records, self.plain = sock, b"", 0, b""
        self.input, self.output = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.input, self.output, server_side=True)
        self.step(self.tls.do_handshake)
    def step(self, what, *args):
        while True:
            try: result = what(*args)
            except ssl.SSLWantReadError: result = None
            data = self.output.read()
            if data: self.sock.sendall(data)
            if result is not None or what == self.tls.do_handshake and self.tls.version() and self.done(): return result
            data = self.sock.recv(65536)
            if not data: raise EOFError
            self.count(data)
            self.input.write(data)
    def done(self):
        try: self.tls.do_handshake(); return True
        except ssl.SSLWantReadError: return False
    def count(self, data):
        self.raw += data
        while len(self.raw) >= 5:
            size = 5 + int.from_bytes(self.raw[3:5], "big")
            if len(self.raw) < size: break
            self.records += self.raw[0] == 23
            self.raw = self.raw[size:]
    def request(self):
        while b"\r\n\r\n" not in self.plain: self.plain += self.step(self.tls.read, 65536) or b""
        head, _, rest = self.plain.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"): length = int(line.split(b":")[1])
        while len(rest) < length: rest += self.step(self.tls.read, 65536) or b""
        self.plain = rest[length:]
        return rest[:length]

def serve(sock):
    global in_flight
    try:
        peer, number = Peer(sock), 0
        with lock: handshakes.write("%s\n" % peer.tls.session_reused)
        while True:
            before = peer.records
            body, number = peer.request(), number + 1
            with lock:
                in_flight += 1
                log.write("%.6f\t%d\t%d\t%d\t%s\n" % (time.time(), number, peer.records - before, in_flight, body.decode()))
            time.sleep(mode("delay", 0))
            status = int(mode("status", 200))
            if mode("proxy", 0): status = 200 # a proxy in front of a master that is down
            text = b"<html>please log in</html>" if mode("proxy", 0) else json.dumps({"results": [{"code": 200, "status": "taken"}]} if status == 200 else {"status": "not now"}).encode()
            if mode("skip", 0): status, text = 503, b'{"results":[{"code":503,"status":"Action skipped: Shutting down."}]}'
            with lock: in_flight -= 1
            if mode("drip", 0): # one byte of the header at a time, without end
                peer.step(peer.tls.write, b"HTTP/1.1 200 OK\r\nX: ")
                while mode("drip", 0):
                    peer.step(peer.tls.write, b"x")
                    time.sleep(0.1)
            while mode("continue", 0): # interim answers without end: as fast as possible, or slowly
                peer.step(peer.tls.write, b"HTTP/1.1 100 Continue\r\n\r\n" * (600 if mode("continue", 0) == 1 else 1))
                if mode("continue", 0) != 1: time.sleep(0.1)
            peer.step(peer.tls.write, b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
            if mode("close", 0): break
    except (OSError, EOFError, ssl.SSLError): pass
    sock.close()

server = socket.create_server(("127.0.0.1", port))
print(server.getsockname()[1], flush=True)
while True: threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()
P
touch "$work/requests" "$work/mode"
port=0
start_master() {
	rm -f "$work/port" # of the previous master
	python3 "$work/master.py" "$work" "$port" >"$work/port" &
	master_pid=$!
	wait_for 60 test -s "$work/port" && read -r port <"$work/port"
}
stop_master() { [ -z "$master_pid" ] || { kill -9 "$master_pid"; wait "$master_pid"; } 2>/dev/null; master_pid=; }
mode() { echo "$*" >"$work/mode"; }
# received EXPRESSION [FROM]: evaluates the expression with the list r of all requests from that line on.  Each has a
# time, number, records, in_flight, the members of the result, and its service as `name`.
received() {
	python3 - "$work/requests" "$1" "${2:-0}" <<'P'
import json, sys
class R: pass
def read(line):
    r = R(); f = line.split("\t", 4)
    r.time, r.number, r.records, r.in_flight = float(f[0]), int(f[1]), int(f[2]), int(f[3])
    r.__dict__.update(json.loads(f[4])); r.name = r.service.split("!")[1]
    return r
r = [read(line) for line in open(sys.argv[1]).readlines()[int(sys.argv[3]):]]
print(eval(sys.argv[2]))
P
}
lines() { wc -l <"$work/requests"; }
got() { [ "$(received "$1" "${3:-0}")" = "$2" ]; }
got_more() { [ "$(lines)" -gt "$1" ]; }
says() { case $(get /runs/master/health/text) in *"$1"*) ;; *) false ;; esac; }
# peak_below KIB: whether vigild has used less memory than this since its start
peak_below() { [ "$(awk '/^VmHWM/ {print $2}' "/proc/$vigild_pid/status")" -lt "$1" ]; }
matches() { [[ $(get /runs/master/health/text) =~ $1 ]]; }

# --- vigild ---------------------------------------------------------------------------------------

echo secret >"$work/password"; chmod 600 "$work/password"
echo 0 >"$work/flip"; echo 0 >"$work/toggle"
cat >"$work/probe" <<P
#!/bin/sh
read -r code <"$work/flip"; echo "code \$code"; exit "\$code"
P
# Changes its state at each run while $work/toggling exists.
cat >"$work/toggler" <<P
#!/bin/sh
[ ! -e "$work/toggling" ] || { read -r code <"$work/toggle"; echo \$((1 - code)) >"$work/toggle"; }
read -r code <"$work/toggle"; echo "now \$code"; exit "\$code"
P
chmod 755 "$work/probe" "$work/toggler"
# conf COUNT OPTION...: configures this number of daemons that do not change, flip, toggle, and master with the options
conf() {
	local i count=$1; shift
	{
		printf '[daemons]\nflip = yes\nmaster = yes\ntoggle = %s\n' "${toggle:-no}"
		for ((i = 0; i < count; i++)); do printf 'd%d = yes\n' "$i"; done
		for ((i = 0; i < count; i++)); do
			printf '[daemon:d%d]\nmodule = exec\ncommand = /bin/echo fine\ninterval = 1h\n' "$i"
		done
		printf '[daemon:flip]\nmodule = exec\ncommand = %s\ninterval = 100ms\ntimeout = 10m\n' "$work/probe"
		printf '[daemon:toggle]\nmodule = exec\ncommand = %s\ninterval = 100ms\ntimeout = 10m\n' "$work/toggler"
		printf '[daemon:master]\nmodule = icinga\nhost = web1\nurl = https://127.0.0.1:%s\n' "$port"
		printf 'ca = %s\nuser = vigil\npassword_file = %s\nqueue = %s\nbackoff_max = 1s\n' \
			"$work/cert.pem" "$work/password" "$work/queue"
		printf '%s\n' "$@"
	} | write_conf
}
start_master || { not_ok "the fake master starts"; exit 1; }

# --- requests -------------------------------------------------------------------------------------

conf 100 'interval = 2s'
mode delay=0.02
start_vigild
check "a result of each of 101 daemons arrives" wait_for 60 got 'len({x.name for x in r})' 101
mode
from=$(lines)
check "results are sent again" wait_for 60 got_more $((from + 100))
check "each request on an open connection is one TLS record, header and body together" \
	got 'max(x.records for x in r if x.number > 1)' 1
check "the first request on a connection is at most two TLS records" \
	got 'max(x.records for x in r if x.number == 1) <= 2' True
check "connections stay open: less than one request in ten begins one" \
	got 'sum(x.number == 1 for x in r) * 10 < len(r)' True
check "up to four results are in flight at the same time, and not more" got 'max(x.in_flight for x in r)' 4
check "the results of one object are sent in the order of their times" \
	got 'all([x.execution_end for x in r if x.name == n] == sorted(x.execution_end for x in r if x.name == n) for n in {x.name for x in r})' True
check_no_delay "each connection to the master has TCP_NODELAY"
# Each of two intervals of the refresh has sixteen parts.  Results that are all sent at once would be in one or two.
from=$(lines); begin=$(date +%s.%N)
check "results go on" wait_for 60 got_more $((from + 200))
check "the refresh is spread over the interval: results come in at least eight of its sixteen parts" \
	got "len({int((x.time - $begin) % 2 * 8) for x in r if x.name != 'flip'}) >= 8" True "$from"

errors=$(get /runs/master/errors)
mode close
from=$(lines)
check "results are sent when the master closes each connection after its answer" wait_for 60 got_more $((from + 50))
check "a connection that the master closed between two requests is no error" is /runs/master/errors "$errors"
check "health stays OK when the master closes connections" is /runs/master/health/level OK
check "all new connections but the first ones resume the TLS session of an earlier one" \
	[ "$(tail -n 40 "$work/handshakes" | sort | uniq -c | xargs)" = "40 True" ]
mode
stop_vigild

# --- a slow master --------------------------------------------------------------------------------

rm -f "$work/queue"*
conf 100 'interval = 1s' 'connections = 1'
mode delay=0.2
from=$(lines)
start_vigild
check "a master that is too slow: health is WARNING with the numbers and the age" wait_for 90 matches \
	"^results become due faster than the master at 127.0.0.1:$port takes them: [0-9]+ changes? and [0-9]{2} repetitions wait, the oldest for [1-9][0-9]+ s$"
check "the level is WARNING when results wait for a slow master" is /runs/master/health/level WARNING
check "the queue has each object at most once" [ "$(get /daemons/master/repetitions)" -le 101 ]
check "repetitions that were replaced are counted" more_than /daemons/master/replaced 100
echo 2 >"$work/flip"
check "a new CRITICAL arrives at a slow master" wait_for 60 got "any(x.name == 'flip' and x.exit_status == 2 for x in r)" True "$from"
check "a new CRITICAL overtakes repetitions: at most two other results arrive between the change and its arrival" \
	got "[sum(c.execution_end < x.time < c.time for x in r) <= 2 for c in r if c.name == 'flip' and c.exit_status == 2][0]" True "$from"
# The master needs at least 20 s for all objects.
check "a repetition is made when it is sent: none is a quarter as old as the time for all of them" \
	got "max(x.time - x.execution_end for x in r if x.name != 'flip') * 4 < r[-1].time - r[0].time" True "$from"
mode
check "the queue is sent and health is OK when the master is fast again" wait_for 60 is /runs/master/health/level OK
check "no result waits after the queue was sent" wait_for 10 is /daemons/master/oldest_seconds 0
stop_vigild

# --- an outage ------------------------------------------------------------------------------------

rm -f "$work/queue"*
echo 0 >"$work/flip"
conf 20 'interval = 1s'
start_vigild
check "the master accepts results" wait_for 30 is /runs/master/health/level OK
stop_master
check "the health text names the address that refuses connections" wait_for 30 says \
	"https://127.0.0.1:$port: 127.0.0.1:$port: Connection refused; "
check "the log names the address that refuses connections" grep -q "127.0.0.1:$port: Connection refused; results wait" "$work/log"
# flip CODE: changes the state of flip, and records the code, and the times before and after
flip() {
	local from
	from=$(date +%s.%N)
	echo "$1" >"$work/flip"
	wait_for 10 is /daemons/flip/exit_status "$1"
	at+=("($1,$from,$(date +%s.%N))")
}
at=()
for code in 1 0 2 0; do flip "$code"; done
check "four changes wait while the master is down" wait_for 10 is /daemons/master/changes 4
check "each daemon has at most one repetition in the queue" [ "$(get /daemons/master/repetitions)" -le 21 ]
check "the health text says how many results wait" wait_for 10 matches '; 4 changes and [0-9]+ repetitions? wait, the oldest for [0-9]+ s$'
check "vigild stops while results wait" stop_vigild
check "changes that wait are on disk" [ "$(cat "$work/queue" | wc -l)" = 4 ]
start_vigild
check "changes still wait after a restart of vigild" wait_for 10 is /daemons/master/changes 4
wait_for 10 is /daemons/flip/exit_status 0 # what comes next is a change
for code in 3 1; do flip "$code"; done
# On a busy machine a check may have timed out meanwhile, which is a change, too.
check "changes after the restart wait, too" wait_for 10 more_than /daemons/master/changes 5
kill -9 "$vigild_pid"; wait "$vigild_pid" 2>/dev/null
start_vigild
# flip is in WARNING.  A check after the start may have found that again, which is one more change.
check "changes still wait after vigild was killed" wait_for 10 more_than /daemons/master/changes 5
from=$(lines)
start_master
check "all changes are sent when the master is back" wait_for 60 is /daemons/master/changes 0
check "all changes of the outage arrive in their order" \
	got "(lambda sent: all(code in sent for code in (1, 0, 2, 0, 3, 1)))(x.exit_status for x in r if x.name == 'flip')" True "$from"
check "each change of the outage arrives with the time at which it was made" \
	got "all(any(x.exit_status == code and a <= x.execution_end <= b for x in r if x.name == 'flip') for code, a, b in [$(IFS=,; echo "${at[*]}")])" True "$from"
check "no result came before the changes of the outage, apart from those that were in flight with them" \
	got "[x.name for x in r][:6].count('flip') >= 3" True "$from"
check "no change of the outage was dropped" is /daemons/master/dropped 0
check "health is OK after the outage" wait_for 30 is /runs/master/health/level OK
stop_vigild

# --- answers that confirm no result ---------------------------------------------------------------

mode status=503
start_vigild
check "the health text names the address that answers 503" wait_for 30 says "127.0.0.1:$port: the master answers 503: not now; "
check "no result counts as sent when the master answers 503" is /daemons/master/sent 0
mode
check "results are sent when the master does not answer 503 any more" wait_for 30 is /runs/master/health/level OK
stop_vigild

mode skip
start_vigild
check "the health text says that the master shuts down" wait_for 30 says "the master answers 503: Action skipped: Shutting down.; "
flip 2
check "a change waits while the master shuts down" wait_for 10 more_than /daemons/master/changes 0
from=$(lines)
mode
check "results are sent when the master has started again" wait_for 30 is /runs/master/health/level OK
check "results are accepted after the master has started again" more_than /daemons/master/sent 0
check "a master that shuts down has refused no result" is /daemons/master/refused 0
check "a change of the time in which the master shut down arrives" \
	wait_for 10 got "any(x.name == 'flip' and x.exit_status == 2 for x in r)" True "$from"
check "no change waits after the master has started again" wait_for 10 is /daemons/master/changes 0
stop_vigild
echo 0 >"$work/flip"

mode proxy
start_vigild
check "the health text reports an answer of 200 that is not Icinga's" \
	wait_for 30 says "127.0.0.1:$port: the master answers 200: the answer is not from Icinga; "
check "no result counts as sent when the answer is not Icinga's" is /daemons/master/sent 0
mode
check "results are sent when Icinga itself answers" wait_for 30 is /runs/master/health/level OK
stop_vigild

mode delay=300
conf 20 'interval = 1s' 'timeout = 5s'
start_vigild
check "the health text names a master that does not answer in time" wait_for 30 says "127.0.0.1:$port: no answer in time; "
mode
check "results are sent when the master answers in time again" wait_for 60 is /runs/master/health/level OK
stop_vigild
mode drip
start_vigild
check "a master that answers a byte at a time, without end, does not answer in time" \
	wait_for 30 says "127.0.0.1:$port: no answer in time; "
mode
check "results are sent when the master sends complete answers again" wait_for 60 is /runs/master/health/level OK
stop_vigild
for pace in 1 2; do # as fast as the master can, and ten a second
	mode continue=$pace
	conf 20 'interval = 1s' 'timeout = 5s'
	start_vigild
	word=$([ $pace = 1 ] && echo "its answer is too long" || echo "no answer in time")
	check "a master that answers 100 Continue without end has given no answer: $word" \
		wait_for 30 says "127.0.0.1:$port: $word; "
	sanitized || check "vigild uses less than 100 MiB for a master that answers 100 Continue without end" peak_below 102400
	mode
	check "results are sent when the master sends final answers again" wait_for 60 is /runs/master/health/level OK
	stop_vigild
done
kill -STOP "$master_pid" # the kernel accepts the connections
start_vigild
check "the health text names a master that accepts a connection and does not answer" wait_for 30 says "127.0.0.1:$port: no answer in time; "
kill -CONT "$master_pid"
check "results are sent when a stopped master continues" wait_for 60 is /runs/master/health/level OK
stop_vigild

# --- a full queue ---------------------------------------------------------------------------------

rm -f "$work/queue"*
toggle=yes; touch "$work/toggling"
conf 5 'interval = 2s' 'queue_max = 4096'
stop_master
start_vigild
check "changes beyond queue_max are dropped and counted" wait_for 60 more_than /daemons/master/dropped 3
check "the health text has the number of dropped changes while the master is down" wait_for 10 matches 'wait, the oldest for [0-9]+ s; [0-9]+ changes were dropped$'
check "the log says once that changes are dropped" \
	[ "$(grep -c 'master: the queue is full (queue_max): changes are dropped' "$work/log")" = 1 ]
check "both files together are not larger than queue_max" [ "$(cat "$work/queue" "$work/queue.old" | wc -c)" -le 4096 ]
start_master
check "the health text says how many changes were dropped and when the warning ends" wait_for 30 matches \
	'^[0-9]+ changes were dropped because the queue was full \(queue_max\); .*; this ends when no change waits and one interval has passed without a drop$'
check "the level is WARNING after changes were dropped" is /runs/master/health/level WARNING
rm "$work/toggling"
check "health is OK one interval after the last drop" wait_for 60 is /runs/master/health/level OK
check "the log says that no change is dropped any more" grep -qE 'master: no change is dropped any more; [0-9]+ were dropped' "$work/log"
check "the last state of the daemon has arrived" wait_for 30 eval \
	'got "[x.exit_status for x in r if x.name == \"toggle\"][-1]" "$(cat "$work/toggle")"'
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
