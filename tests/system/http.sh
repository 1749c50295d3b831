#!/bin/bash
# The http module with a real vigild: every address it answers at, who is let in, what is too much,
# and what is told of changes.
. "$(dirname "$0")/lib.sh" || exit 1
command -v curl >/dev/null || skip_all "there is no curl"
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the module http was not built: libevent_extra is missing"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_reference; rm -rf "$work"' EXIT

script() { { echo '#!/bin/sh'; cat; } >"$work/$1"; chmod 755 "$work/$1"; }
script status <<<"[ ! -e $work/down ] || exit 3"
script restart <<<'exit 1'
script odd <<'S'
cat <<'J'
{"n": 2.5, "exact": [18814599168.123456, 0.30000000000000004, 0.1, 9223372036854775807], "yes": true, "text": "1", "list": [1, 2], "a\"b\\c\nd/e~f": {"deep": -3}}
J
S
script flood <<S
while [ ! -e $work/go ]; do sleep 0.05; done
blob=\$(head -c 40000 /dev/zero | tr '\\0' x)
i=0
while [ \$i -lt 60 ]; do i=\$((i + 1)); echo "{\"i\": \$i, \"blob\": \"\$i\$blob\"}"; done
exec sleep 1000
S
printf 'correct-horse-battery\n' >"$work/token"
chmod 600 "$work/token"
tls=yes
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null || tls=no
grep -q 'HAVE_OPENSSL' "$top_builddir/Makefile" || tls=no

conf() {
	write_conf <<C
[daemons]
http = yes
secret = $tls
svc = yes
odd = yes
flood = yes
[daemon:http]
listen = 127.0.0.1:0, unix:$work/http.sock
hosts = mon.example
connections_max = 8
changes_max = 2
changes_buffer = ${1:-64KiB}
heartbeat = 200ms
request_timeout = 1s
header_max = 4KiB
body_max = 1KiB
[daemon:secret]
module = http
listen = 127.0.0.1:0
token_file = $work/token
tls_certificate = $work/cert.pem
tls_key = $work/key.pem
[daemon:svc]
module = service
service = some-service
manager = command
status_command = $work/status
restart_command = $work/restart
interval = 200ms
[daemon:odd]
module = exec
command = $work/odd
format = json
interval = 1s
[daemon:flood]
module = exec
command = $work/flood
mode = stream
C
}
conf
check "vigild -t takes it" "$vigild" -t -c "$work/vigil.conf"
start_reference
start_vigild
where() { ctl get "/daemons/$1/listen" | tr -d '[]" \n' | tr , '\n' | grep 127.0.0.1; }
at=http://$(where http)
ask() { curl -sS --max-time 20 "$@"; }
code() { ask -o /dev/null -w '%{http_code}' "$@"; }
watch() { exec curl -sSN --max-time 60 "$@"; } # in the background: the pid is curl's own
body() { ask "$at$1"; }
header() { local name=$1; shift; ask -o /dev/null -D - "$@" | tr -d '\r' | sed -n "s/^$name: //Ip"; }
json() { python3 -c 'import json, sys; d = json.load(sys.stdin); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1"; }
json_at() { body "$1" | json "$2"; }

# --- what is answered -----------------------------------------------------------------------------

check "it says where it listens" [ -n "$(where http)" ]
check "/healthz" [ "$(body /healthz)" = ok ]
check "/v1/state is all of it" wait_for 10 json_at /v1/state 'd["daemons"]["odd"]["n"] == 2.5 and d["vigil"]["pid"] > 1 and "svc" in d["runs"]'
check "with a slash, too" json_at /v1/state/ '"daemons" in d'
check "a pointer" json_at /v1/state/runs/svc/module 'd == "service"'
check "through what is escaped" json_at '/v1/state/daemons/odd/a%22b%5Cc%0Ad~1e~0f/deep' 'd == -3'
check "/v1/state keeps all digits of numbers, and no more" [ "$(ask "$at/v1/state/daemons/odd/exact")" = \
	'[18814599168.123455,0.30000000000000004,0.1,9223372036854775807]' ]
check "into lists" json_at /v1/state/daemons/odd/list/1 'd == 2'
check "nothing there is 404" [ "$(code "$at/v1/state/none")" = 404 ]
check "in JSON" json_at '/v1/state/n%22one' 'd["error"] and d["pointer"] == "/n\"one"'
check "a NUL in the path is 400" [ "$(code "$at/v1/state/daemons%00")" = 400 ]
for path in /../etc/passwd /%2e%2e/etc/passwd /v1/state/../../../etc/passwd /v1/state/..%2f..%2fetc/passwd \
	//etc/passwd /v1/state//etc/passwd '/v1/state/daemons/..\..\etc' '/?daemon=../../etc/passwd'; do
	check "the path $path leads out of nothing that is served" \
		eval '! ask --path-as-is "$at$path" | grep -q "root:" && [ "$(code --path-as-is "$at$path")" -lt 500 ]'
done
check "no such page is 404" [ "$(code "$at/v1/stat")$(code "$at/v1/stateful")$(code "$at/healthz/x")" = 404404404 ]
check "JSON says what it is" [ "$(header content-type "$at/v1/state")" = application/json ]
for name in /healthz / /metrics /v1/state /none; do
	check "$name is not kept or guessed at" \
		[ "$(header cache-control "$at$name"),$(header x-content-type-options "$at$name")" = no-store,nosniff ]
done
for name in /healthz / /metrics /v1/state /v1/changes /v1/page /v1/rows /v1/state/none; do
	check "HEAD $name is its head alone" [ -z "$(ask --head "$at$name" | sed '1,/^\r$/d')" ]
done
check "with the length" [ "$(header content-length --head "$at/healthz")" = 3 ]
for method in POST PUT DELETE PATCH OPTIONS TRACE BREW; do
	check "$method is 405" [ "$(code -X $method "$at/v1/state")" = 405 ]
done
check "with what is allowed" [ "$(header allow -X POST "$at/")" = "GET, HEAD" ]
check "/v1/rows" json_at /v1/rows 'sorted(r["name"] for r in d["rows"])[-1] == "svc" and len(d["rows"]) >= 4'
check "/v1/rows/NAME" json_at /v1/rows/svc '[r["name"] for r in d["rows"]] == ["svc"]'
check "of nobody" json_at /v1/rows/none 'd == {"rows": []}'
check "over the socket in the file system" [ "$(ask --unix-socket "$work/http.sock" http://any.example/healthz)" = ok ]
check "which is for its owner alone" [ "$(stat -c %a "$work/http.sock")" = 600 ]
check "HTTP/1.0 without a Host" [ "$(ask --http1.0 -H Host: "$at/healthz")" = ok ]

# --- metrics --------------------------------------------------------------------------------------

body /metrics >"$work/text"
ask -H 'Accept: application/openmetrics-text; version=1.0.0' "$at/metrics" >"$work/openmetrics"
check "the text format by default" [ "$(header content-type "$at/metrics")" = "text/plain; version=0.0.4; charset=utf-8" ]
check "OpenMetrics where it is preferred" [ "$(header content-type -H 'Accept: application/openmetrics-text' "$at/metrics")" = \
	"application/openmetrics-text; version=1.0.0; charset=utf-8" ]
check "which ends in EOF" [ "$(tail -n 1 "$work/openmetrics")" = "# EOF" ]
check "as the other does not" eval '! grep -q EOF "$work/text"'
for name in vigil_build_info vigil_daemon_up vigil_daemon_ticks_total vigil_daemon_missed_ticks_total \
	vigil_daemon_errors_total vigil_daemon_callback_seconds_total vigil_service_up vigil_service_state \
	vigil_service_restarts_total vigil_service_restart_errors_total vigil_service_respawns_total vigil_loop_lag_seconds \
	vigil_workers_busy vigil_workers_lost_total vigil_reloads_total vigil_value; do
	check "$name" [ "$(grep -cE "^$name[{ ]" "$work/text")" -gt 0 -a "$(grep -cE "^$name[{ ]" "$work/openmetrics")" -gt 0 ]
done
check "a daemon" grep -qxF 'vigil_daemon_up{daemon="svc",module="service"} 1' "$work/text"
check "a service" grep -qxF 'vigil_service_up{daemon="svc",service="some-service",manager="command"} 1' "$work/text"
check "its state" grep -qxF 'vigil_service_state{daemon="svc",service="some-service",manager="command",state="failed"} 0' "$work/text"
check "a number" grep -qxF 'vigil_value{daemon="odd",pointer="/daemons/odd/n"} 2.5' "$work/text"
check "labels are escaped" grep -qxF 'vigil_value{daemon="odd",pointer="/daemons/odd/a\"b\\c\nd~1e~0f/deep"} -3' "$work/text"
check "what is not a number is none" eval '! grep -qE "odd/(yes|text|list)" "$work/text"'
check "a family's lines stand together" [ "$(grep -c '^# TYPE' "$work/text")" = "$(awk '/^[a-z]/ { sub(/[{ ].*/, "")
	if ($0 != last) n++; last = $0 } END { print n }' "$work/text")" ]
check "a counter's family goes without _total" grep -qx '# TYPE vigil_daemon_ticks counter' "$work/openmetrics"
if command -v promtool >/dev/null; then
	check "promtool finds nothing wrong" promtool check metrics <"$work/text"
	check "nor in the alert rules" promtool check rules "$top_srcdir/conf/vigil-alerts.yml"
	cat >"$work/alerts-test.yml" <<Y
rule_files: [$top_srcdir/conf/vigil-alerts.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {series: 'vigil_service_respawns_total{instance="h",daemon="web",service="web",manager="runit"}', values: '0 0 2 4 4 4 4 4 4'}
      - {series: 'vigil_service_respawns_total{instance="h",daemon="calm",service="calm",manager="runit"}', values: '0 0 1 1 1 1 1 1 1'}
      - {series: 'vigil_service_up{instance="h",daemon="web",service="web",manager="runit"}', values: '1x9'}
      - {series: 'vigil_service_up{instance="h",daemon="idle",service="idle",manager="systemd"}', values: '0x9'}
      - {series: 'vigil_service_up{instance="h",daemon="dead",service="dead",manager="systemd"}', values: '0x9'}
      - {series: 'vigil_daemon_health{instance="h",daemon="web",module="service"}', values: '2x9'}
      - {series: 'vigil_daemon_health{instance="h",daemon="idle",module="service"}', values: '0x9'}
      - {series: 'vigil_daemon_health{instance="h",daemon="dead",module="service"}', values: '2x9'}
    alert_rule_test:
      - eval_time: 5m
        alertname: VigilServiceKeepsCrashing
        exp_alerts:
          - exp_labels: {severity: critical, instance: h, daemon: web, service: web, manager: runit}
            exp_annotations:
              summary: web on h keeps crashing
              description: "Its manager brought it back 4 times in ten minutes. See: vigilctl explain web"
      - eval_time: 8m
        alertname: VigilDaemonCritical
        exp_alerts:
          - exp_labels: {severity: critical, instance: h, daemon: web, module: service}
            exp_annotations: {summary: web on h is critical, description: "See: vigilctl status web"}
      - eval_time: 5m
        alertname: VigilServiceDown
        exp_alerts:
          - exp_labels: {severity: critical, instance: h, daemon: dead, service: dead, manager: systemd}
            exp_annotations:
              summary: dead is down on h
              description: "Two minutes have not been enough to bring it back. See: vigilctl explain dead"
Y
	check "the alert rules tell a service that keeps crashing, one that is down and one that is idle apart" \
		promtool test rules "$work/alerts-test.yml"
else
	echo "SKIP: promtool is not installed (package prometheus), metrics and alert rules go unchecked by it"
fi

# --- who is let in --------------------------------------------------------------------------------

check "a strange Host is refused" [ "$(code -H 'Host: evil.example' "$at/v1/state")" = 403 ]
check "also for /healthz" [ "$(code -H 'Host: evil.example' "$at/healthz")" = 403 ]
check "a strange host in the request line is refused" [ "$(code --request-target http://evil.example/healthz "$at/")" = 403 ]
check "localhost is not" [ "$(code -H 'Host: localhost:1' "$at/healthz")" = 200 ]
check "nor one that was named" [ "$(code -H 'Host: mon.example' "$at/healthz")" = 200 ]
if [ $tls = yes ]; then
	to=${at%:*}; to=https://localhost:$(where secret | sed 's/.*://')
	secure() { code --cacert "$work/cert.pem" "$@"; }
	check "TLS" [ "$(secure "$to/healthz")" = 200 ]
	check "not in clear" [ "$(code "http${to#https}/healthz" 2>/dev/null)" = 000 ]
	check "not below TLS 1.2" [ "$(secure --tls-max 1.1 "$to/healthz" 2>/dev/null)" = 000 ]
	check "without a token 401" [ "$(secure "$to/v1/state")$(secure "$to/")$(secure "$to/none")" = 401401401 ]
	check "with how to" eval 'header www-authenticate --cacert "$work/cert.pem" "$to/" | grep -q "^Bearer"'
	check "a wrong one" [ "$(secure -H 'Authorization: Bearer correct-horse-batterx' "$to/v1/state")" = 401 ]
	check "the right one" [ "$(secure -H 'Authorization: Bearer correct-horse-battery' "$to/v1/state")" = 200 ]
	check "as a browser brings it" [ "$(secure -u any:correct-horse-battery "$to/")" = 200 ]
	check "a long answer over TLS" json 'd["daemons"]' < <(ask --cacert "$work/cert.pem" -u any:correct-horse-battery "$to/v1/state")
	exec 8> >(exec openssl s_client -quiet -connect "${to#https://}" >"$work/held" 2>/dev/null)
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&8
	wait_for 10 grep -q 'HTTP/1.1 200' "$work/held"
	check_no_delay "a connection over TLS has TCP_NODELAY: the body does not wait for the header's acknowledgement"
	exec 8>&-
	printf 'another-token-for-today\n' >"$work/token"
	check "a new token holds at once" [ "$(secure -u :another-token-for-today "$to/v1/state")$(secure -u :correct-horse-battery "$to/v1/state")" = 200401 ]
	chmod 644 "$work/token"
	check "one that others may read lets nobody in" [ "$(secure -u :another-token-for-today "$to/v1/state")" = 401 ]
	chmod 600 "$work/token"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$work/key2.pem" -out "$work/cert2.pem" 2>/dev/null
	mv "$work/key2.pem" "$work/key.pem"; mv "$work/cert2.pem" "$work/cert.pem"
	check "a new certificate is taken up" [ "$(secure "$to/healthz")" = 200 ]
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$work/key3.pem" -out "$work/cert3.pem" 2>/dev/null
	cp "$work/cert.pem" "$work/cert-before.pem"
	mv "$work/cert3.pem" "$work/cert.pem"
	check "between the writing of a new certificate and of its key the old pair is used" \
		[ "$(code --cacert "$work/cert-before.pem" "$to/healthz")" = 200 ]
	mv "$work/key3.pem" "$work/key.pem"
	check "when the new key has been written, too, the new pair is used" [ "$(secure "$to/healthz")" = 200 ]
	for cipher in AES128-SHA AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA; do
		check "the cipher $cipher of TLS 1.2 is refused" \
			[ "$(secure --tls-max 1.2 --ciphers "$cipher" "$to/healthz" 2>/dev/null)" = 000 ]
	done
	check "a cipher of TLS 1.2 with ephemeral keys and authentication is accepted" \
		[ "$(secure --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256 "$to/healthz")" = 200 ]
else
	echo "SKIP: built without OpenSSL, or there is no openssl: TLS goes untested"
fi

# --- what is too much -----------------------------------------------------------------------------

big=$(head -c 6000 /dev/zero | tr '\0' x)
check "a header over header_max is answered with 431" [ "$(code -H "X-Big: $big" "$at/healthz")" = 431 ]
check "a path over header_max is answered with 414" [ "$(code "$at/v1/state/$big")" = 414 ]
check "a body over body_max is answered with 413" [ "$(code -X GET -d "$big" "$at/healthz")" = 413 ]
cat >"$work/clients.py" <<'P'
import socket, sys, time
kind, host, port = sys.argv[1], *sys.argv[2].rsplit(":", 1)
def connect():
    s = socket.create_connection((host, int(port)))
    s.settimeout(20)
    return s
if kind == "idle":  # as many as there are seats, and nobody asks; all are hung up on
    seats = [connect() for _ in range(8)]
    print("seated", flush=True)
    for s in seats:
        assert s.recv(1) == b""
elif kind == "drip":  # a byte now and then is no request, either
    s, sent = connect(), 0
    try:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Slow: yes\r\n" * 1000:
            s.send(bytes([byte]))
            sent += 1
            time.sleep(0.1)
    except OSError:
        pass
    assert sent < 200, sent
elif kind == "pipeline":  # several on one connection, in order
    s = connect()
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2
        + b"GET /v1/state/runs/svc/module HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    text = b""
    while more := s.recv(4096):
        text += more
    assert text.count(b"200 OK") == 3 and text.endswith(b'"service"\n'), text
P
clients() { timeout 60 python3 "$work/clients.py" "$1" "${at#http://}"; }
clients idle >"$work/idle" & idle=$!
check "all seats are taken" wait_for 10 grep -q seated "$work/idle"
check "who comes then waits, and is answered" [ "$(code "$at/healthz")" = 200 ]
check "since those who never ask are hung up on" wait $idle
check "so is who asks a byte at a time" clients drip
check "several requests on one connection" clients pipeline

# --- changes --------------------------------------------------------------------------------------

watch "$at/v1/changes" >"$work/all" & all=$!
watch "$at/v1/changes/daemons/svc" >"$work/some" & some=$!
check "it says hello" wait_for 10 grep -q '^event: hello' "$work/all"
check "to both" wait_for 10 grep -q '^event: hello' "$work/some"
check "a third is one too many" [ "$(code "$at/v1/changes")" = 503 ]
check "which has nothing to do with the rest" [ "$(code "$at/healthz")" = 200 ]
touch "$work/down"
check "a change arrives" wait_for 10 grep -q '^data: .*"pointer":"/daemons/svc/service_state/value","value":"stopped"' "$work/all"
check "at the one that asked for that place, too" wait_for 10 grep -q '"value":"stopped"' "$work/some"
check "and health" wait_for 10 grep -q '"pointer":"/runs/svc/health"' "$work/all"
check "which the other did not ask for" eval '! grep -q /runs/ "$work/some"'
check "each is JSON with a revision and a time" python3 - "$work/all" <<'P'
import json, sys
events = [json.loads(l[6:]) for l in open(sys.argv[1]) if l.startswith("data: ") and l.endswith("\n")]
assert len(events) > 2 and all(e["revision"] > 0 and e["time"].endswith("Z") for e in events)
P
check "a comment comes now and then" wait_for 10 eval '[ "$(grep -c "^:" "$work/some")" -ge 3 ]'
kill $all $some
wait $all $some 2>/dev/null
free() { [ "$(ask --max-time 1 "$at/v1/changes" 2>/dev/null | head -n 1)" = "retry: 3000" ]; }
check "when they have gone, others may come" wait_for 20 free

# --- the stream of the page -----------------------------------------------------------------------

watch "$at/v1/page" >"$work/all" & all=$!
watch "$at/v1/page" >"$work/some" & some=$!
check "the stream of the page sends every row first" wait_for 10 grep -q '^event: all' "$work/all"
check "the stream of the page begins with hello and the heartbeat" \
	eval 'grep -A 1 "^event: hello" "$work/all" | grep -q "\"heartbeat\":0.2"'
check "every row is among them" [ "$(sed '/^event: all/q' "$work/all" | grep -cE '^data: {"name":"(http|secret|svc|odd|flood)"')" -ge 4 ]
check "the head of the page is among them" grep -q '^event: head' "$work/all"
check "a second page has the same" wait_for 10 grep -q '^event: all' "$work/some"
check "a third page is refused with 503 where two may be open" [ "$(code "$at/v1/page")" = 503 ]
rm -f "$work/down"
back() { sed '1,/^event: all/d' "$work/$1" | grep -q 'data-name=."svc." data-tone=."ok'; }
check "a row that changes is sent" wait_for 20 back all
check "a row that changes is sent to both pages" wait_for 20 back some
check "signs of life are events, which a page can see" wait_for 10 eval '[ "$(grep -c "^event: beat" "$work/some")" -ge 3 ]'
kill $all $some
wait $all $some 2>/dev/null
touch "$work/down"
open_page() { [ "$(ask --max-time 1 "$at/v1/page" 2>/dev/null | head -n 1)" = "retry: 3000" ]; }
check "other pages may be opened when those have gone" wait_for 20 open_page

# One that does not read, in a buffer of the size that the kernel gives a file's socket.
cat >"$work/slow.py" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /v1/changes HTTP/1.1\r\nHost: x\r\n\r\n")
print(s.recv(4096).decode(), flush=True)
sys.stdin.read()  # until told
s.settimeout(20)
while s.recv(65536):
    pass
P
mkfifo "$work/tell"
python3 "$work/slow.py" "$work/http.sock" <"$work/tell" >"$work/slow" & slow=$!
exec 9>"$work/tell"
check "one that watches and does not read" wait_for 10 grep -q hello "$work/slow"
watch "$at/v1/changes" >"$work/fast" 9>&- & fast=$!
wait_for 10 grep -q hello "$work/fast"
touch "$work/go"
check "is dropped when too much waits for it" wait_for 30 grep -q 'http: a client of the event stream was too slow' "$work/log"
check "another that reads is told all" wait_for 30 grep -q '"pointer":"/daemons/flood/i","value":60' "$work/fast"
exec 9>&-
check "and the connection of the slow one has ended" wait $slow
kill $fast; wait $fast 2>/dev/null

# --- long answers ---------------------------------------------------------------------------------

many=$(for i in $(seq 300); do printf 'many%d = yes\n' "$i"; done)
{
	sed '/^\[daemons\]/q' "$work/vigil.conf"
	echo "$many"
	sed '1,/^\[daemons\]/d' "$work/vigil.conf"
	for i in $(seq 300); do
		printf '[daemon:many%d]\nmodule = exec\ninterval = 1h\ncommand = /bin/echo "OK | a=%d"\n' "$i" "$i"
	done
} >"$work/vigil.new"
mv "$work/vigil.new" "$work/vigil.conf"
check "with 300 daemons more" ctl -q reload
check "all are in the state" json_at /v1/state 'len(d["runs"]) > 300'
check "which comes in chunks" [ "$(header transfer-encoding "$at/v1/state/runs")" = chunked ]
check "to HTTP/1.0 until the end" json 'len(d) > 300' < <(ask --http1.0 "$at/v1/state/runs")
check "also where it would stay" json 'len(d) > 300' < <(ask --http1.0 -H 'Connection: keep-alive' "$at/v1/state/runs")
check "in the metrics" [ "$(body /metrics | grep -c '^vigil_daemon_up{daemon="many')" = 300 ]
check "and on the page" [ "$(body / | grep -c '<tr role="row" data-name="many')" = 300 ]
for _ in $(seq 20); do timeout 0.01 curl -s "$at/v1/state" >/dev/null; done
check "those who hang up in the middle do no harm" [ "$(body /healthz)" = ok ]
lag_is_fair "with all of them" 0.5

# --- the end of it --------------------------------------------------------------------------------

descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
quiet() { [ "$(descriptors)" -le "$1" ]; }
check "nobody is left" wait_for 20 eval '[ "$(ls -l /proc/$vigild_pid/fd | grep -c socket:)" -le 8 ]'
before=$(descriptors)
for _ in $(seq 30); do body /v1/state/vigil >/dev/null; done
check "no descriptor stays" wait_for 10 quiet "$before"
watch "$at/v1/changes" >"$work/last" 2>/dev/null & last=$!
watch "$at/v1/page" >"$work/page" 2>/dev/null & page=$!
wait_for 10 grep -q hello "$work/last"
wait_for 10 grep -q hello "$work/page"
sed -i 's/^http = yes/http = no/' "$work/vigil.conf"
check "when it is disabled" ctl -q reload
wait $last
check "its watchers are hung up on" true
wait $page
check "the streams of pages have ended as well" true
check "its socket is gone" [ ! -e "$work/http.sock" ]
sed -i 's/^http = no/http = yes/' "$work/vigil.conf"
ctl -q reload
at=http://$(where http)
check "and enabled anew it answers" [ "$(body /healthz)" = ok ]
watch "$at/v1/changes" >"$work/last" 2>/dev/null &
watch "$at/v1/page" >"$work/page" 2>/dev/null &
wait_for 10 grep -q hello "$work/last"
wait_for 10 grep -q hello "$work/page"
check "vigild stops while somebody watches" stop_vigild

# --- what is refused ------------------------------------------------------------------------------

reason() { get /runs/http/reason; }
refuses() { # refuses TEXT REASON OPTION...
	local text=$1 words=$2; shift 2
	{ printf '[daemons]\nhttp = yes\n[daemon:http]\n'; printf '%s\n' "$@"; } | write_conf
	start_vigild
	check "$text" eval 'case $(reason) in *"$words"*) ;; *) reason; false ;; esac'
	stop_vigild
}
exec 8< <(python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(60)')
holder=$!
read -r port <&8
refuses "an address that is taken" "Address already in use" "listen = 127.0.0.1:$port"
kill $holder
refuses "systemd that hands nothing over" "passed no sockets" "listen = systemd"
tested() { # tested TEXT PATTERN OPTION...
	local text=$1 pattern=$2; shift 2
	refused_by_test "$text is refused by vigild -t" "$pattern" \
		< <(printf '[daemons]\nhttp = yes\n[daemon:http]\n'; printf '%s\n' "$@")
}
tested "a name for an address" 'written in numbers: write 127.0.0.1:5669' "listen = localhost:5669"
tested "an address without a port" 'listen = ' "listen = 127.0.0.1"
tested "the second of two addresses" '"::1:80": it is ADDRESS:PORT' "listen = 127.0.0.1:0, ::1:80"
tested "a token that others may read" "others may read" "listen = 127.0.0.1:0" "token_file = $top_srcdir/README"
tested "a token file that is not there" 'token_file = .*No such file' "token_file = $work/none"
tested "a key without a certificate" "tls_key" "listen = 127.0.0.1:0" "tls_key = $work/token"
tested "a group that is not there" 'no such group' "socket_group = no-such-group"
tested "two hosts without a comma" 'its element "a b" is not a host name' "hosts = a b"
touch "$work/file"
refuses "a file in the way of a socket" "Address already in use" "listen = unix:$work/file"

# --- handed over by systemd -----------------------------------------------------------------------

printf '[daemons]\nhttp = yes\n[daemon:http]\nlisten = systemd:web\n' | write_conf
cat >"$work/hand.py" <<'P'
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1] + "/handed.sock")
s.listen()
os.dup2(s.fileno(), 4)
os.dup2(os.open("/dev/null", os.O_RDWR), 3)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="other:web")
os.execv(sys.argv[2], [sys.argv[2], "-c", sys.argv[1] + "/vigil.conf"])
P
python3 "$work/hand.py" "$work" "$vigild" 2>>"$work/log" &
vigild_pid=$!
wait_for 10 reachable
handed() { [ "$(ask --unix-socket "$work/handed.sock" http://x/healthz)" = ok ]; }
check "a socket that was handed over" handed
sed -i 's/^http = yes/http = no/' "$work/vigil.conf"; ctl -q reload
sed -i 's/^http = no/http = yes/' "$work/vigil.conf"; ctl -q reload
check "also after the daemon was away" handed
stop_vigild
check "and it is left where it was" [ -S "$work/handed.sock" ]
check "no sanitizer had a word to say" eval '! grep -E "Sanitizer|runtime error" "$work/log"'
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
