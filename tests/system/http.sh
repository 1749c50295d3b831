#!/bin/bash
# The http module of a real vigild: its pages, its metrics, access, limits, event streams, long answers,
# refused options, and sockets that systemd hands over.
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
check "vigild -t accepts the configuration of the http daemons" "$vigild" -t -c "$work/vigil.conf"
start_reference
start_vigild
where() { ctl get "/daemons/$1/listen" | tr -d '[]" \n' | tr , '\n' | grep 127.0.0.1; }
at=http://$(where http)
ask() { curl -sS --max-time 200 "$@"; }
code() { ask -o /dev/null -w '%{http_code}' "$@"; }
watch() { exec curl -sSN --max-time 3600 "$@"; } # exec, so that the pid of a job is that of curl
body() { ask "$at$1"; }
header() { local name=$1; shift; ask -o /dev/null -D - "$@" | tr -d '\r' | sed -n "s/^$name: //Ip"; }
json() { python3 -c 'import json, sys; d = json.load(sys.stdin); sys.exit(0 if eval(sys.argv[1]) else 1)' "$1"; }
json_at() { body "$1" | json "$2"; }

# --- pages ----------------------------------------------------------------------------------------

check "the state has the address of the http daemon" [ -n "$(where http)" ]
check "/healthz answers ok" [ "$(body /healthz)" = ok ]
check "/v1/state is the whole state" wait_for 10 json_at /v1/state 'd["daemons"]["odd"]["n"] == 2.5 and d["vigil"]["pid"] > 1 and "svc" in d["runs"]'
names=$(body /v1/state/vigil/daemons)
check "/v1/state has the account of each daemon, and no other" json_at /v1/state "sorted(d['runs']) == sorted($names)"
check "/v1/state/runs has the account of each daemon, and no other" json_at /v1/state/runs "len(d) > 2 and sorted(d) == sorted($names)"
check "the names of the daemons are no member of /vigil" json_at /v1/state/vigil '"daemons" not in d'
check "/v1/state/ is the whole state" json_at /v1/state/ '"daemons" in d'
check "/v1/state with a pointer is one value" json_at /v1/state/runs/svc/module 'd == "service"'
check "/v1/state accepts an escaped pointer" json_at '/v1/state/daemons/odd/a%22b%5Cc%0Ad~1e~0f/deep' 'd == -3'
check "/v1/state keeps all digits of numbers, and no more" [ "$(ask "$at/v1/state/daemons/odd/exact")" = \
	'[18814599168.123455,0.30000000000000004,0.1,9223372036854775807]' ]
check "/v1/state accepts a pointer into a list" json_at /v1/state/daemons/odd/list/1 'd == 2'
check "a pointer without a value is answered with 404" [ "$(code "$at/v1/state/none")" = 404 ]
check "the answer to a pointer without a value is JSON" json_at '/v1/state/n%22one' 'd["error"] and d["pointer"] == "/n\"one"'
check "a NUL in the path is answered with 400" [ "$(code "$at/v1/state/daemons%00")" = 400 ]
for path in /../etc/passwd /%2e%2e/etc/passwd /v1/state/../../../etc/passwd /v1/state/..%2f..%2fetc/passwd \
	//etc/passwd /v1/state//etc/passwd '/v1/state/daemons/..\..\etc' '/?daemon=../../etc/passwd'; do
	check "the path $path reads no file of the machine" \
		eval '! ask --path-as-is "$at$path" | grep -q "root:" && [ "$(code --path-as-is "$at$path")" -lt 500 ]'
done
check "an unknown page is answered with 404" [ "$(code "$at/v1/stat")$(code "$at/v1/stateful")$(code "$at/healthz/x")" = 404404404 ]
check "JSON is sent as application/json" [ "$(header content-type "$at/v1/state")" = application/json ]
for name in /healthz / /metrics /v1/state /none; do
	check "$name is sent with no-store and nosniff" \
		[ "$(header cache-control "$at$name"),$(header x-content-type-options "$at$name")" = no-store,nosniff ]
done
for name in /healthz / /metrics /v1/state /v1/changes /v1/page /v1/rows /v1/state/none; do
	check "HEAD $name is answered without a body" [ -z "$(ask --head "$at$name" | sed '1,/^\r$/d')" ]
done
check "HEAD /healthz is answered with the length of the body" [ "$(header content-length --head "$at/healthz")" = 3 ]
for method in POST PUT DELETE PATCH OPTIONS TRACE BREW; do
	check "$method is answered with 405" [ "$(code -X $method "$at/v1/state")" = 405 ]
done
check "the answer to POST lists the allowed methods" [ "$(header allow -X POST "$at/")" = "GET, HEAD" ]
check "/v1/rows has the rows of all daemons" json_at /v1/rows 'sorted(r["name"] for r in d["rows"])[-1] == "svc" and len(d["rows"]) >= 4'
check "/v1/rows/NAME has the row of one daemon" json_at /v1/rows/svc '[r["name"] for r in d["rows"]] == ["svc"]'
check "/v1/rows/NAME of an unknown daemon has no row" json_at /v1/rows/none 'd == {"rows": []}'
check "/healthz is answered over the Unix socket" [ "$(ask --unix-socket "$work/http.sock" http://any.example/healthz)" = ok ]
check "the Unix socket has the mode 600" [ "$(stat -c %a "$work/http.sock")" = 600 ]
check "HTTP/1.0 without a Host is answered" [ "$(ask --http1.0 -H Host: "$at/healthz")" = ok ]

# --- metrics --------------------------------------------------------------------------------------

check "the service is queried" wait_for 20 is /daemons/svc/service_state/value running
body /metrics >"$work/text"
ask -H 'Accept: application/openmetrics-text; version=1.0.0' "$at/metrics" >"$work/openmetrics"
check "/metrics has the text format by default" [ "$(header content-type "$at/metrics")" = "text/plain; version=0.0.4; charset=utf-8" ]
check "/metrics has the OpenMetrics format if the client accepts it" [ "$(header content-type -H 'Accept: application/openmetrics-text' "$at/metrics")" = \
	"application/openmetrics-text; version=1.0.0; charset=utf-8" ]
check "the OpenMetrics format ends in # EOF" [ "$(tail -n 1 "$work/openmetrics")" = "# EOF" ]
check "the text format has no # EOF" eval '! grep -q EOF "$work/text"'
for name in vigil_build_info vigil_daemon_up vigil_daemon_ticks_total vigil_daemon_missed_ticks_total \
	vigil_daemon_errors_total vigil_daemon_callback_seconds_total vigil_service_up vigil_service_state \
	vigil_service_restarts_total vigil_service_restart_errors_total vigil_service_respawns_total vigil_loop_lag_seconds \
	vigil_workers_busy vigil_workers_lost_total vigil_reloads_total vigil_value; do
	check "the metric $name is in both formats" [ "$(grep -cE "^$name[{ ]" "$work/text")" -gt 0 -a "$(grep -cE "^$name[{ ]" "$work/openmetrics")" -gt 0 ]
done
check "vigil_daemon_up is 1 for a daemon" grep -qxF 'vigil_daemon_up{daemon="svc",module="service"} 1' "$work/text"
check "vigil_service_up is 1 for a service" grep -qxF 'vigil_service_up{daemon="svc",service="some-service",manager="command"} 1' "$work/text"
check "vigil_service_state is 0 for a state that a service does not have" grep -qxF 'vigil_service_state{daemon="svc",service="some-service",manager="command",state="failed"} 0' "$work/text"
check "vigil_value has a number of a daemon" grep -qxF 'vigil_value{daemon="odd",pointer="/daemons/odd/n"} 2.5' "$work/text"
check "the labels of metrics are escaped" grep -qxF 'vigil_value{daemon="odd",pointer="/daemons/odd/a\"b\\c\nd~1e~0f/deep"} -3' "$work/text"
check "values that are not numbers are not in the metrics" eval '! grep -qE "odd/(yes|text|list)" "$work/text"'
# families: prints the name of the family of each sample
families() { awk '/^[a-z]/ { sub(/[{ ].*/, ""); print }' "$work/text"; }
check "the lines of each family of metrics follow each other" \
	[ "$(families | uniq | wc -l)" = "$(families | sort -u | wc -l)" ]
check "each family of metrics has a type" [ "$(grep -c '^# TYPE' "$work/text")" -ge "$(families | sort -u | wc -l)" ]
check "the name of a counter's family has no _total" grep -qx '# TYPE vigil_daemon_ticks counter' "$work/openmetrics"
if command -v promtool >/dev/null; then
	check "promtool accepts the metrics" promtool check metrics <"$work/text"
	check "promtool accepts the alert rules" promtool check rules "$top_srcdir/conf/vigil-alerts.yml"
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
              description: "Its service manager restarted it 4 times in ten minutes. See: vigilctl explain web"
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
              description: "It has been down for two minutes. See: vigilctl explain dead"
Y
	check "the alert rules distinguish a service that keeps crashing, one that is down and one that is idle" \
		promtool test rules "$work/alerts-test.yml"
else
	echo "SKIP: promtool is not installed (package prometheus), the metrics and the alert rules are not checked by it"
fi

# --- access ---------------------------------------------------------------------------------------

check "an unknown Host is refused" [ "$(code -H 'Host: evil.example' "$at/v1/state")" = 403 ]
check "an unknown Host is refused also for /healthz" [ "$(code -H 'Host: evil.example' "$at/healthz")" = 403 ]
check "an unknown host in the request line is refused" [ "$(code --request-target http://evil.example/healthz "$at/")" = 403 ]
check "the Host localhost is accepted" [ "$(code -H 'Host: localhost:1' "$at/healthz")" = 200 ]
check "a Host of the option hosts is accepted" [ "$(code -H 'Host: mon.example' "$at/healthz")" = 200 ]
if [ $tls = yes ]; then
	to=${at%:*}; to=https://localhost:$(where secret | sed 's/.*://')
	secure() { code --cacert "$work/cert.pem" "$@"; }
	check "/healthz is answered over TLS" [ "$(secure "$to/healthz")" = 200 ]
	check "/healthz is not answered without TLS" [ "$(code "http${to#https}/healthz" 2>/dev/null)" = 000 ]
	check "/healthz is not answered over TLS 1.1" [ "$(secure --tls-max 1.1 "$to/healthz" 2>/dev/null)" = 000 ]
	check "a request without a token is answered with 401" [ "$(secure "$to/v1/state")$(secure "$to/")$(secure "$to/none")" = 401401401 ]
	check "the answer to a request without a token names the scheme Bearer" eval 'header www-authenticate --cacert "$work/cert.pem" "$to/" | grep -q "^Bearer"'
	check "a request with a wrong token is answered with 401" [ "$(secure -H 'Authorization: Bearer correct-horse-batterx' "$to/v1/state")" = 401 ]
	check "a request with the right token is answered" [ "$(secure -H 'Authorization: Bearer correct-horse-battery' "$to/v1/state")" = 200 ]
	check "a request with the token as its password is answered" [ "$(secure -u any:correct-horse-battery "$to/")" = 200 ]
	check "a long answer over TLS is complete" json 'd["daemons"]' < <(ask --cacert "$work/cert.pem" -u any:correct-horse-battery "$to/v1/state")
	exec 8> >(exec openssl s_client -quiet -connect "${to#https://}" >"$work/held" 2>/dev/null)
	printf 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n' >&8
	wait_for 10 grep -q 'HTTP/1.1 200' "$work/held"
	check_no_delay "a connection over TLS has TCP_NODELAY: the body does not wait for the header's acknowledgement"
	exec 8>&-
	printf 'another-token-for-today\n' >"$work/token"
	check "a new token is used at once" [ "$(secure -u :another-token-for-today "$to/v1/state")$(secure -u :correct-horse-battery "$to/v1/state")" = 200401 ]
	chmod 644 "$work/token"
	check "a token file that others may read is not used" [ "$(secure -u :another-token-for-today "$to/v1/state")" = 401 ]
	chmod 600 "$work/token"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$work/key2.pem" -out "$work/cert2.pem" 2>/dev/null
	mv "$work/key2.pem" "$work/key.pem"; mv "$work/cert2.pem" "$work/cert.pem"
	check "a new certificate is used" [ "$(secure "$to/healthz")" = 200 ]
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
		-keyout "$work/key3.pem" -out "$work/cert3.pem" 2>/dev/null
	cp "$work/cert.pem" "$work/cert-before.pem"
	mv "$work/cert3.pem" "$work/cert.pem"
	check "the old pair is used after a new certificate was written and before its key" \
		[ "$(code --cacert "$work/cert-before.pem" "$to/healthz")" = 200 ]
	mv "$work/key3.pem" "$work/key.pem"
	check "the new pair is used after the new key was written, too" [ "$(secure "$to/healthz")" = 200 ]
	for cipher in AES128-SHA AES256-GCM-SHA384 ECDHE-RSA-AES128-SHA; do
		check "the cipher $cipher of TLS 1.2 is refused" \
			[ "$(secure --tls-max 1.2 --ciphers "$cipher" "$to/healthz" 2>/dev/null)" = 000 ]
	done
	check "a cipher of TLS 1.2 with ephemeral keys and authentication is accepted" \
		[ "$(secure --tls-max 1.2 --ciphers ECDHE-RSA-AES128-GCM-SHA256 "$to/healthz")" = 200 ]
else
	echo "SKIP: built without OpenSSL, or there is no openssl: TLS is not tested"
fi

# --- limits ---------------------------------------------------------------------------------------

big=$(head -c 6000 /dev/zero | tr '\0' x)
check "a header over header_max is answered with 431" [ "$(code -H "X-Big: $big" "$at/healthz")" = 431 ]
check "a path over header_max is answered with 414" [ "$(code "$at/v1/state/$big")" = 414 ]
check "a body over body_max is answered with 413" [ "$(code -X GET -d "$big" "$at/healthz")" = 413 ]
cat >"$work/clients.py" <<'P'
import socket, sys, time
kind, host, port = sys.argv[1], *sys.argv[2].rsplit(":", 1)
def connect():
    s = socket.create_connection((host, int(port)))
    s.settimeout(200)
    return s
if kind == "idle":  # takes all connections without a request; all of them are closed
    seats = [connect() for _ in range(8)]
    print("seated", flush=True)
    for s in seats:
        assert s.recv(1) == b""
elif kind == "drip":  # a byte now and then is also no request
    s, sent = connect(), 0
    try:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"X-Slow: yes\r\n" * 1000:
            s.send(bytes([byte]))
            sent += 1
            time.sleep(0.1)
    except OSError:
        pass
    assert sent < 200, sent
elif kind == "pipeline":  # several requests on one connection, in order
    s = connect()
    s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2
        + b"GET /v1/state/runs/svc/module HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    text = b""
    while more := s.recv(4096):
        text += more
    assert text.count(b"200 OK") == 3 and text.endswith(b'"service"\n'), text
P
clients() { timeout 600 python3 "$work/clients.py" "$1" "${at#http://}"; }
clients idle >"$work/idle" & idle=$!
check "connections without a request take all places" wait_for 10 grep -q seated "$work/idle"
check "a new client is answered when all connections are taken" [ "$(code "$at/healthz")" = 200 ]
check "connections without a request are closed" wait $idle
check "a connection whose request arrives byte by byte is closed" clients drip
check "several requests on one connection are answered in order" clients pipeline

# --- changes --------------------------------------------------------------------------------------

watch "$at/v1/changes" >"$work/all" & all=$!
watch "$at/v1/changes/daemons/svc" >"$work/some" & some=$!
check "the stream of all changes begins with hello" wait_for 10 grep -q '^event: hello' "$work/all"
check "the stream of a daemon's changes begins with hello" wait_for 10 grep -q '^event: hello' "$work/some"
check "a third event stream is answered with 503" [ "$(code "$at/v1/changes")" = 503 ]
check "other requests are answered when all event streams are taken" [ "$(code "$at/healthz")" = 200 ]
touch "$work/down"
check "the stream of all changes has a change of a service" wait_for 10 grep -q '^data: .*"pointer":"/daemons/svc/service_state/value","value":"stopped"' "$work/all"
check "the stream of a daemon's changes has a change of that daemon" wait_for 10 grep -q '"value":"stopped"' "$work/some"
check "the stream of all changes has a change of health" wait_for 10 grep -q '"pointer":"/runs/svc/health"' "$work/all"
check "the stream of a daemon's changes has no other changes" eval '! grep -q /runs/ "$work/some"'
check "each change is JSON with a revision and a time" python3 - "$work/all" <<'P'
import json, sys
events = [json.loads(l[6:]) for l in open(sys.argv[1]) if l.startswith("data: ") and l.endswith("\n")]
assert len(events) > 2 and all(e["revision"] > 0 and e["time"].endswith("Z") for e in events)
P
check "an event stream has comments as heartbeats" wait_for 10 eval '[ "$(grep -c "^:" "$work/some")" -ge 3 ]'
kill $all $some
wait $all $some 2>/dev/null
free() { [ "$(ask --max-time 10 "$at/v1/changes" 2>/dev/null | head -n 1)" = "retry: 3000" ]; }
check "a new event stream is accepted after others have ended" wait_for 20 free

# --- the stream of the page -----------------------------------------------------------------------

watch "$at/v1/page" >"$work/all" & all=$!
watch "$at/v1/page" >"$work/some" & some=$!
check "the stream of the page sends every row first" wait_for 10 grep -q '^event: all' "$work/all"
check "the stream of the page begins with hello and the heartbeat" \
	eval 'grep -A 1 "^event: hello" "$work/all" | grep -q "\"heartbeat\":0.2"'
check "the stream of the page sends a row of each daemon first" [ "$(sed '/^event: all/q' "$work/all" | grep -cE '^data: {"name":"(http|secret|svc|odd|flood)"')" -ge 4 ]
check "the stream of the page sends the head of the page" grep -q '^event: head' "$work/all"
check "the stream of a second page sends every row first" wait_for 10 grep -q '^event: all' "$work/some"
check "a third page is refused with 503 if two may be open" [ "$(code "$at/v1/page")" = 503 ]
rm -f "$work/down"
back() { sed '1,/^event: all/d' "$work/$1" | grep -q 'data-name=."svc." data-tone=."ok'; }
check "a row that changes is sent to the page" wait_for 20 back all
check "a row that changes is sent to both pages" wait_for 20 back some
check "heartbeats for a page are events" wait_for 10 eval '[ "$(grep -c "^event: beat" "$work/some")" -ge 3 ]'
kill $all $some
wait $all $some 2>/dev/null
touch "$work/down"
open_page() { [ "$(ask --max-time 10 "$at/v1/page" 2>/dev/null | head -n 1)" = "retry: 3000" ]; }
check "another page can be opened after pages were closed" wait_for 20 open_page

# A client that does not read, on a Unix socket, whose buffers have a fixed size.
cat >"$work/slow.py" <<'P'
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"GET /v1/changes HTTP/1.1\r\nHost: x\r\n\r\n")
print(s.recv(4096).decode(), flush=True)
sys.stdin.read()  # until the fifo is closed
s.settimeout(200)
while s.recv(65536):
    pass
P
mkfifo "$work/tell"
python3 "$work/slow.py" "$work/http.sock" <"$work/tell" >"$work/slow" & slow=$!
exec 9>"$work/tell"
check "a client that does not read can watch changes" wait_for 10 grep -q hello "$work/slow"
watch "$at/v1/changes" >"$work/fast" 9>&- & fast=$!
wait_for 10 grep -q hello "$work/fast"
touch "$work/go"
check "the log says that a client that watches changes does not keep up" wait_for 30 grep -q 'http: a client of the event stream was too slow' "$work/log"
check "a client that reads gets all changes while another one does not read" wait_for 30 grep -q '"pointer":"/daemons/flood/i","value":60' "$work/fast"
exec 9>&-
check "the connection of a client that does not keep up is closed" wait $slow
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
check "a reload adds 300 daemons" ctl -q reload
check "/v1/state has more than 300 daemons" json_at /v1/state 'len(d["runs"]) > 300'
check "a long answer is sent in chunks" [ "$(header transfer-encoding "$at/v1/state/runs")" = chunked ]
check "a long answer to HTTP/1.0 is complete" json 'len(d) > 300' < <(ask --http1.0 "$at/v1/state/runs")
check "a long answer to HTTP/1.0 with keep-alive is complete" json 'len(d) > 300' < <(ask --http1.0 -H 'Connection: keep-alive' "$at/v1/state/runs")
check "the metrics have all 300 daemons" [ "$(body /metrics | grep -c '^vigil_daemon_up{daemon="many')" = 300 ]
check "the page has all 300 daemons" [ "$(body / | grep -c '<tr role="row" data-name="many')" = 300 ]
for _ in $(seq 20); do timeout 0.01 curl -s "$at/v1/state" >/dev/null; done
check "clients that disconnect during an answer do not disturb vigild" [ "$(body /healthz)" = ok ]
lag_is_fair "with 300 daemons and long answers" 0.5

# --- the end of the daemon ------------------------------------------------------------------------

descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
quiet() { [ "$(descriptors)" -le "$1" ]; }
check "no connection is left open" wait_for 20 eval '[ "$(ls -l /proc/$vigild_pid/fd | grep -c socket:)" -le 8 ]'
before=$(descriptors)
for _ in $(seq 30); do body /v1/state/vigil >/dev/null; done
check "thirty requests leave no descriptor open" wait_for 10 quiet "$before"
watch "$at/v1/changes" >"$work/last" 2>/dev/null & last=$!
watch "$at/v1/page" >"$work/page" 2>/dev/null & page=$!
wait_for 10 grep -q hello "$work/last"
wait_for 10 grep -q hello "$work/page"
sed -i 's/^http = yes/http = no/' "$work/vigil.conf"
check "a reload disables the http daemon" ctl -q reload
wait $last
check "event streams end when the http daemon is disabled" true
wait $page
check "the streams of pages end when the http daemon is disabled" true
check "the Unix socket is removed when the http daemon is disabled" [ ! -e "$work/http.sock" ]
sed -i 's/^http = no/http = yes/' "$work/vigil.conf"
ctl -q reload
at=http://$(where http)
check "the http daemon answers after it was enabled again" [ "$(body /healthz)" = ok ]
watch "$at/v1/changes" >"$work/last" 2>/dev/null &
watch "$at/v1/page" >"$work/page" 2>/dev/null &
wait_for 10 grep -q hello "$work/last"
wait_for 10 grep -q hello "$work/page"
check "vigild stops while clients watch changes" stop_vigild

# --- refused options ------------------------------------------------------------------------------

reason() { get /runs/http/reason; }
refuses() { # refuses TEXT REASON OPTION...: checks the reason of a http daemon that fails with these options
	local text=$1 words=$2; shift 2
	{ printf '[daemons]\nhttp = yes\n[daemon:http]\n'; printf '%s\n' "$@"; } | write_conf
	start_vigild
	check "$text" wait_for 20 eval 'case $(reason) in *"$words"*) ;; *) false ;; esac'
	stop_vigild
}
exec 8< <(python3 -c '
import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True); time.sleep(3600)')
holder=$!
read -r port <&8
refuses "the reason of a daemon that failed says that the address is taken" "Address already in use" "listen = 127.0.0.1:$port"
kill $holder
refuses "the reason of a daemon that failed says that systemd handed no sockets over" "passed no sockets" "listen = systemd"
tested() { # tested TEXT PATTERN OPTION...: checks that vigild -t refuses these options
	local text=$1 pattern=$2; shift 2
	refused_by_test "$text is refused by vigild -t" "$pattern" \
		< <(printf '[daemons]\nhttp = yes\n[daemon:http]\n'; printf '%s\n' "$@")
}
tested "a host name as an address" 'written in numbers: write 127.0.0.1:5669' "listen = localhost:5669"
tested "an address without a port" 'listen = ' "listen = 127.0.0.1"
tested "an invalid second address" '"::1:80": it is ADDRESS:PORT' "listen = 127.0.0.1:0, ::1:80"
tested "a token file that others may read" "others may read" "listen = 127.0.0.1:0" "token_file = $top_srcdir/README"
tested "a token file that does not exist" 'token_file = .*No such file' "token_file = $work/none"
tested "a key without a certificate" "tls_key" "listen = 127.0.0.1:0" "tls_key = $work/token"
tested "a socket_group that does not exist" 'no such group' "socket_group = no-such-group"
tested "a list of hosts without a comma" 'its element "a b" is not a host name' "hosts = a b"
touch "$work/file"
refuses "the reason of a daemon that failed says that a file is in the way of its socket" "Address already in use" "listen = unix:$work/file"

# --- a socket that systemd hands over -------------------------------------------------------------

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
wait_for 20 reachable
handed() { [ "$(ask --unix-socket "$work/handed.sock" http://x/healthz)" = ok ]; }
check "the http daemon answers on a socket that was handed over" wait_for 20 handed
sed -i 's/^http = yes/http = no/' "$work/vigil.conf"; ctl -q reload
sed -i 's/^http = no/http = yes/' "$work/vigil.conf"; ctl -q reload
check "the http daemon answers on a socket that was handed over after it was enabled again" wait_for 20 handed
stop_vigild
check "vigild does not remove a socket that was handed over" [ -S "$work/handed.sock" ]
check "no sanitizer reports anything" eval '! grep -E "Sanitizer|runtime error" "$work/log"'
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
