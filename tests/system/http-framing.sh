#!/bin/bash
# The http module of a real vigild, with clients whose requests are ambiguous, too long or not HTTP/1.1.  Each is
# refused with an explanation, and no part of it is taken for another request.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the module http was not built: libevent_extra is missing"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
tls=yes
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$work/key.pem" \
	-out "$work/cert.pem" 2>/dev/null || tls=no
grep -q 'HAVE_OPENSSL' "$top_builddir/Makefile" || tls=no
write_conf <<C
[daemons]
http = yes
secret = $tls
[daemon:http]
listen = 127.0.0.1:0, unix:$work/http.sock
header_max = 2KiB
body_max = 1KiB
request_timeout = 60s
[daemon:secret]
module = http
listen = 127.0.0.1:0
header_max = 2KiB
body_max = 1KiB
request_timeout = 60s
tls_certificate = $work/cert.pem
tls_key = $work/key.pem
C
start_vigild
where() { ctl get "/daemons/$1/listen" | tr -d '[]" \n' | tr , '\n' | grep 127.0.0.1; }
cat >"$work/clients.py" <<'P'
import re, socket, ssl, sys
failed = 0
kind, host, port = sys.argv[1], *sys.argv[2].rsplit(":", 1)
GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
OK = b"\r\n\r\nok\n"

def connect():
    s = socket.create_connection((host, int(port)))
    s.settimeout(200)
    if kind == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        s = context.wrap_socket(s)
    return s

def ask(data, pieces=1):
    """Returns the answers until the server closes the connection."""
    s, text = connect(), b""
    try:
        for i in range(pieces):
            s.sendall(data[len(data) * i // pieces:len(data) * (i + 1) // pieces])
        while more := s.recv(65536):
            text += more
    except OSError as error:  # while it sends, or at an end without close_notify
        print("# " + repr(error)) if kind == "tcp" else None
    s.close()
    return text

def check(label, holds, text=b""):
    global failed
    print(("ok - " if holds else "not ok - ") + label)
    if not holds:
        failed = 1
        print(text[:600])

def refused(label, data, code=400, words=""):
    """The request before is answered, the refusal is the last answer, and the request after is not answered."""
    for before in (b"", GET):
        text = ask(before + data + GET)
        heads = [m.start() for m in re.finditer(rb"HTTP/1\.1 [0-9]{3} ", text)]
        answers, last = len(heads), text[heads[-1]:] if heads else b""
        holds = (answers == (2 if before else 1) and last.startswith(b"HTTP/1.1 %d " % code)
            and b"\r\nConnection: close\r\n" in last and b'{"error":"' in last and words.encode() in last)
        check(f"{label}: the answer is {code}, and the connection is closed" + (", after a good request" if before else ""), holds, text)

def get(lines, rest=b""):
    return b"GET /v1/state HTTP/1.1\r\nHost: localhost\r\n" + lines + b"\r\n" + rest

def chunked(body):
    return get(b"Transfer-Encoding: chunked\r\n", body)

def ambiguous():
    for name, data in {
        "Transfer-Encoding: xchunked": get(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n"),
        "Transfer-Encoding: chunked, identity": get(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n"),
        "Transfer-Encoding: gzip, chunked": get(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        "two Transfer-Encoding headers": get(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "Transfer-Encoding in HTTP/1.0": b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a blank before the colon of Transfer-Encoding": get(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        "a tab before the colon of Content-Length": get(b"Content-Length\t: 5\r\n", b"GET /"),
        "two different Content-Length": get(b"Content-Length: 0\r\nContent-Length: 5\r\n", b"GET /"),
        "two equal Content-Length": get(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"GET /"),
        "a list as Content-Length": get(b"Content-Length: 5, 5\r\n", b"GET /"),
        "a sign in Content-Length": get(b"Content-Length: +5\r\n", b"GET /"),
        "a negative Content-Length": get(b"Content-Length: -5\r\n"),
        "a hexadecimal Content-Length": get(b"Content-Length: 0x5\r\n", b"GET /"),
        "garbage after Content-Length": get(b"Content-Length: 5x\r\n", b"GET /"),
        "Content-Length with Transfer-Encoding": get(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        "a chunk size with 0x": chunked(b"0x5\r\nabcde\r\n0\r\n\r\n"),
        "a chunk size with a sign": chunked(b"+5\r\nabcde\r\n0\r\n\r\n"),
        "a negative chunk size": chunked(b"-5\r\nabcde\r\n0\r\n\r\n"),
        "a chunk size after a blank": chunked(b" 5\r\nabcde\r\n0\r\n\r\n"),
        "a chunk size with garbage": chunked(b"5 x\r\nabcde\r\n0\r\n\r\n"),
        "no chunk size": chunked(b"\r\nabcde\r\n0\r\n\r\n"),
        "a chunk size of more than 32 bits": chunked(b"100000005\r\nabcde\r\n0\r\n\r\n"),
        "a chunk that is longer than its size": chunked(b"3\r\nabcde\r\n0\r\n\r\n"),
        "a chunk line that ends in LF": chunked(b"5\nabcde\r\n0\r\n\r\n"),
        "a folded header line": get(b"A: b\r\n c: d\r\n"),
        "a folded first header line": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
        "CR without LF": get(b"A: b\rContent-Length: 5\r\n"),
        "LF without CR in one line": get(b"A: b\nContent-Length: 5\r\n"),
        "NUL in a header": get(b"A: b\0c\r\n"),
        "NUL in the request line": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a header without a colon": get(b"Content-Length\r\n"),
        "a header without a name": get(b": x\r\n"),
        "no Host in HTTP/1.1": b"GET /healthz HTTP/1.1\r\n\r\n",
        "two Host headers in HTTP/1.1": get(b"Host: localhost\r\n"),
        "a second Host of another name": get(b"hOST: evil.example\r\n"),
        "a Host that is no name": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "the target of CONNECT": b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "a target without a slash": b"GET healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "HTTP/0.9": b"GET /healthz\r\n",
        "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "two blanks in the request line": b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "HTTP/1.10": b"GET /healthz HTTP/1.10\r\nHost: localhost\r\n\r\n",
    }.items():
        refused(name, data)
    refused("HTTP/3.0", b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505)
    refused("a TLS handshake in clear", b"\x16\x03\x01\x02\0\x01", 400, "http://")

def long():
    x = b"x" * 100000
    refused("a header over header_max", get(b"A: " + x + b"\r\n"), 431, "header_max = 2048 bytes")
    refused("many headers over header_max", get(b"A: b\r\n" * 500), 431, "header_max")
    refused("a path over header_max", b"GET /" + x + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "header_max")
    refused("a first line without an end", x, 414, "header_max")
    refused("a body over body_max", get(b"Content-Length: 100000\r\n", x), 413, "body_max = 1024 bytes")
    refused("a body whose length has 30 digits", get(b"Content-Length: " + b"9" * 30 + b"\r\n"), 413, "body_max")
    refused("a chunked body over body_max", chunked(b"800\r\n"), 413, "body_max")
    refused("trailers over header_max", chunked(b"0\r\n" + b"A: b\r\n" * 500 + b"\r\n"), 431, "header_max")
    text = ask(get(b"A: " + b"x" * (5 << 20) + b"\r\n"))
    check("the answer to a header of 5 MiB arrives completely", text.startswith(b"HTTP/1.1 431") and b"header_max" in text, text)

def good():
    one = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    close = one + b"Connection: close\r\n\r\n"
    for name, data, count in (
        ("a request after an empty line", b"\r\n" + close, 1),
        ("a request whose lines end in LF", close.replace(b"\r\n", b"\n"), 1),
        ("a GET with a body", one + b"Content-Length: 5\r\n\r\nGET /" + close, 2),
        ("a GET with a chunked body", one + b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nT: x\r\n\r\n" + close, 2),
        ("a whole URL as the target", close.replace(b" /", b" http://localhost/"), 1),
        ("Connection: close among other words", one + b"Connection: TE, Close\r\n\r\n" + GET, 1),
        ("HTTP/1.0 without keep-alive", b"GET /healthz HTTP/1.0\r\n\r\n" + GET, 1),
        ("HTTP/1.0 with keep-alive", b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + close, 2),
        ("a pipeline of 50 requests", GET * 49 + close, 50),
    ):
        for pieces in (1, len(data)):
            text = ask(data, pieces)
            check(f"{name} is answered {count} times, sent in {pieces} pieces",
                text.count(b"HTTP/1.1 200") + text.count(b"HTTP/1.0 200") == count == text.count(OK), text)
    text = ask(b"HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /"
        + b"HEAD /v1/state HTTP/1.1\r\nHost: localhost\r\n\r\n" + close)
    check("HEAD requests among others have no body in their answers",
        text.count(b"HTTP/1.1 200") == 3 and text.count(OK) == 1 and text.count(b"{") == 0, text)
    text = ask(b"HEAD / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n")
    check("the answer to a HEAD that is refused has no body", text.startswith(b"HTTP/1.1 400") and text.endswith(b"\r\n\r\n"), text)
    text = ask(one + b"Expect: 100-continue\r\nContent-Length: 1000\r\n\r\n")
    check("a request with Expect: 100-continue is answered without its body", text.startswith(b"HTTP/1.1 200") and b"Connection: close" in text, text)
    text = ask(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /" + close)
    check("a POST is answered with 405, and its body is not taken for a request", text.startswith(b"HTTP/1.1 405") and text.count(b"HTTP/1.1 ") == 2, text)

def ahead():
    text = ask(GET * 20000)
    answers = text.count(b"HTTP/1.1 200")
    check(f"requests sent far ahead of the answers are answered or refused with an explanation: {answers} answered",
        answers == 20000 or (answers > 100 and b"HTTP/1.1 400" in text and b"sent ahead" in text), text[-300:])
    s = connect()
    s.sendall(b"GET /v1/changes HTTP/1.1\r\nHost: localhost\r\n\r\n")
    begun = b""
    while b"hello" not in begun:
        begun += s.recv(65536)
    try:
        while True:
            s.sendall(GET * 100)
    except OSError:
        pass
    check("a client that watches changes and sends endless requests is disconnected", True)

if kind in ("tcp", "tls"):
    {"ambiguous": ambiguous, "long": long, "good": good, "ahead": ahead}[sys.argv[3]]()
sys.exit(failed)
P
clients() { timeout 1200 python3 "$work/clients.py" "$@" || failed=$((failed + 1)); }
at=$(where http)
for what in good ambiguous long ahead; do clients tcp "$at" $what; done
if [ $tls = yes ]; then
	at_tls=$(where secret)
	for what in good long; do clients tls "$at_tls" $what | sed 's/^\(ok\|not ok\) - /&over TLS: /'; done
else
	echo "SKIP: built without OpenSSL, or there is no openssl: framing over TLS is not tested"
fi
logged() { grep -c "http: a request from 127.0.0.1 was refused with status $1" "$work/log"; }
for code in 400 413 414 431 505; do
	check "requests refused with status $code are logged once for their client" [ "$(logged $code)" = 1 ]
done
check "the log names the option to raise" grep -q 'refused with status 431: .*raise header_max' "$work/log"
python3 - "$work/http.sock" <<'P'
import socket, sys
for _ in range(3):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall(b"GET / HTTP/1.1\r\nA: " + b"x" * 4000 + b"\r\n\r\n")
    assert s.recv(4096).startswith(b"HTTP/1.1 431")
P
check "a client of the Unix socket whose requests are refused is logged once" \
	[ "$(grep -c 'a request from unix was refused with status 431' "$work/log")" = 1 ]
quiet() { [ "$(ls -l "/proc/$vigild_pid/fd" | grep -c socket:)" -le 8 ]; }
check "no connection is left open" wait_for 20 quiet
check "vigild stops with status 0" stop_vigild
check "no sanitizer reports anything" eval '! grep -E "Sanitizer|runtime error" "$work/log"'
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
