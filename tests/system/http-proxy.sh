#!/bin/bash
# The http module behind a real nginx and a real haproxy, at the root and below a path.  The page, its
# data, its event stream and the metrics arrive, or the answer says how to configure the proxy.
. "$(dirname "$0")/lib.sh" || exit 1
command -v curl >/dev/null || skip_all "there is no curl"
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the module http was not built: libevent_extra is missing"
work=$(mktemp -d)
chmod 755 "$work"
proxies=()
stop_proxies() { [ ${#proxies[@]} = 0 ] || kill "${proxies[@]}" 2>/dev/null; wait "${proxies[@]}" 2>/dev/null; proxies=(); }
trap 'stop_proxies; stop_vigild; rm -rf "$work"' EXIT

# find_program NAME PACKAGE...: prints the path of the program.  If it is not installed, the packages are downloaded and
# unpacked in the scratch directory.
export LD_LIBRARY_PATH=$work/unpacked/usr/lib/$(gcc -print-multiarch 2>/dev/null)
find_program() {
	local name=$1; shift
	PATH=$PATH:/usr/sbin command -v "$name" && return
	[ -x "$work/unpacked/usr/sbin/$name" ] || (
		command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 1
		mkdir -p "$work/packages" && cd "$work/packages" || exit 1
		timeout 60 apt-get -qq download "$@" || exit 1
		for package in *.deb; do dpkg -x "$package" "$work/unpacked"; done
	) >/dev/null 2>&1
	"$work/unpacked/usr/sbin/$name" -v >/dev/null 2>&1 && echo "$work/unpacked/usr/sbin/$name"
}

write_conf <<'C'
[daemons]
http = yes
average = yes
[daemon:http]
listen = 127.0.0.1:0
heartbeat = 200ms
hosts = mon.example
[daemon:average]
source = /vigil/generation
interval = 100ms
C
start_vigild
hold_port
front=$port
port=$(ctl get /daemons/http/listen | tr -cd '0-9:\n' | sed -n 's/.*://p' | grep -m 1 .)
ask() { curl -sS --max-time 200 "$@"; }
code() { ask -o /dev/null -w '%{http_code}' "$@"; }
# Checks the page, and all of its links, below a URL.
works_below() { # works_below TEXT URL
	local text=$1 base=$2 link
	check "$text: the page arrives" eval 'ask "$base" >"$work/page" && grep -q "<table\|role=\"table\"" "$work/page"'
	for link in $(grep -oE 'href="[^"#:]+"' "$work/page" | cut -d '"' -f 2 | sort -u) v1/changes v1/rows; do
		case $link in
		/*) not_ok "$text: the link $link of the page is relative" ;;
		v1/changes)
			check "$text: events arrive while the stream is open" eval \
				'curl -sN --max-time 200 "$base$link" | grep -m 1 -q "^: still here"' ;;
		*) check "$text: the link $link is found" [ "$(code "$base$link")" = 200 ] ;;
		esac
	done
}
# One request to the proxy is one request to vigild, even if a client hides another one in it.
cat >"$work/hidden.py" <<'P'
import re, socket, sys
host, port = "127.0.0.1", int(sys.argv[1])
hidden = b"GET /v1/state/vigil/pid HTTP/1.1\r\nHost: localhost\r\n\r\n"
for headers, body in (
    (b"Content-Length: %d\r\n" % len(hidden), hidden),
    (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)),
    (b"Transfer-Encoding: xchunked\r\nContent-Length: %d\r\n" % len(hidden), hidden),
    (b"Transfer-Encoding : chunked\r\nContent-Length: %d\r\n" % len(hidden), hidden),
    (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(hidden), hidden),
    (b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n" % len(hidden), b"0\r\n\r\n" + hidden),
    (b"X: a\nContent-Length: 0\r\nContent-Length: %d\r\n" % len(hidden), hidden),
    (b"X: a\rContent-Length: %d\r\n" % len(hidden), hidden),
):
    for method in (b"GET", b"HEAD", b"POST"):
        s = socket.create_connection((host, port))
        s.settimeout(200)
        s.sendall(method + b" /healthz HTTP/1.1\r\nHost: localhost\r\n" + headers + b"Connection: close\r\n\r\n" + body)
        text = b""
        try:
            while more := s.recv(65536):
                text += more
        except OSError:
            pass
        assert len(re.findall(rb"HTTP/1\.[01] [0-9]{3} ", text)) <= 1, (method, headers, text)
        assert not re.search(rb"^[0-9]+$", text, re.M), (method, headers, text)
        # An answer that waits in a connection between the proxy and vigild must not reach another client.
        s = socket.create_connection((host, port))
        s.settimeout(200)
        s.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
        text = b""
        while more := s.recv(65536):
            text += more
        assert text.endswith(b"\r\n\r\nok\n"), (method, headers, text)
P
hides_nothing() { check "$1: a request hidden in another one is not answered" python3 "$work/hidden.py" "$2"; }

# --- without a proxy ------------------------------------------------------------------------------

works_below "without a proxy" "http://127.0.0.1:$port/"
for path in //metrics /metrics/ ///metrics// //v1//rows //healthz /v1/state/ //v1/state/vigil/pid; do
	check "$path is found, because some proxies join paths in that way" [ "$(code --path-as-is "http://127.0.0.1:$port$path")" = 200 ]
done
for path in /vigil/metrics /vigil/ /mon/vigil/v1/state/vigil /vigil//v1/rows; do
	ask "http://127.0.0.1:$port$path" >"$work/answer"
	check "the answer to $path says how to configure the proxy" grep -q 'must remove that path.*proxy_pass ends in a slash' "$work/answer"
done
ask "http://127.0.0.1:$port/statuses" >"$work/answer"
check "the answer to an unknown page lists the pages" grep -q 'no such page: /statuses; the pages are /, /metrics' "$work/answer"

# --- nginx ----------------------------------------------------------------------------------------

if nginx=$(find_program nginx nginx nginx-common); then
	mkdir "$work/nginx"
	cat >"$work/nginx/nginx.conf" <<C
daemon off;
pid $work/nginx/pid;
error_log $work/nginx/error.log;
events { }
http {
	access_log off;
	client_body_temp_path $work/nginx/body;
	proxy_temp_path $work/nginx/proxy;
	fastcgi_temp_path $work/nginx/fastcgi;
	uwsgi_temp_path $work/nginx/uwsgi;
	scgi_temp_path $work/nginx/scgi;
	upstream vigil { server 127.0.0.1:$port; keepalive 4; }
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	server {
		listen 127.0.0.1:$front reuseport;
		proxy_set_header Host localhost;
		location / { proxy_pass http://vigil; }
		location /vigil/ { proxy_pass http://vigil/; }
		location /joined { proxy_pass http://vigil/; }
		location /whole/ { proxy_pass http://vigil; }
		location /default/ { proxy_set_header Host \$proxy_host; proxy_pass http://127.0.0.1:$port/; }
		location /named/ { proxy_set_header Host mon.example; proxy_pass http://vigil/; }
		location /old/ { proxy_http_version 1.0; proxy_set_header Host localhost; proxy_set_header Connection close; proxy_pass http://vigil/; }
		location /other/ { proxy_set_header Host other.example; proxy_pass http://vigil/; }
	}
}
C
	"$nginx" -p "$work/nginx" -c "$work/nginx/nginx.conf" 2>>"$work/nginx/log" & proxies+=($!)
	at=http://127.0.0.1:$front
	if wait_for 10 eval '[ "$(code "$at/healthz" 2>/dev/null)" = 200 ]'; then
		works_below "nginx at the root" "$at/"
		works_below "nginx with location /vigil/ and proxy_pass http://...:5669/" "$at/vigil/"
		works_below "nginx with location /joined and proxy_pass http://...:5669/" "$at/joined/"
		works_below "nginx with its default Host header" "$at/default/"
		works_below "nginx with a Host header of the option hosts" "$at/named/"
		works_below "nginx that speaks HTTP/1.0 with vigild" "$at/old/"
		check "nginx redirects /vigil to /vigil/" [ "$(ask -o /dev/null -w '%{redirect_url}' "$at/vigil")" = "$at/vigil/" ]
		for path in /whole/ /whole/metrics /whole/v1/state; do
			ask "$at$path" >"$work/answer"
			check "nginx that passes $path unchanged gets an answer that says how to remove the path" \
				grep -q 'proxy_pass ends in a slash' "$work/answer"
		done
		check "nginx with another Host header gets an answer that names the option hosts" \
			eval 'ask "$at/other/" | grep -q "add its name to the option hosts"'
		if command -v chromedriver >/dev/null && (cd "$here" && python3 -B -c 'import browser, sys; sys.exit(not browser.program())'); then
			check "in a browser the links of the page at /joined work without a final slash" \
				python3 -B - "$here" "$at/joined" <<'P'
import sys
sys.path.insert(0, sys.argv[1])
import browser
with browser.Browser() as b:
    b.open(sys.argv[2])
    assert b.wait_for("location.pathname === '/joined/'"), b.run("return location.href")
    assert b.wait_for("document.querySelector('a[href=metrics]').href === arguments[0]".replace(
        "arguments[0]", repr(sys.argv[2] + "/metrics")))
P
		else
			echo "SKIP: there is no chromium with chromedriver: the page at a path without a final slash is not tested"
		fi
		hides_nothing nginx "$front"
	else
		cat "$work/nginx/log"
		not_ok "nginx starts"
	fi
else
	echo "SKIP: there is no nginx, and it cannot be downloaded: paths behind nginx are not tested"
fi

stop_proxies

# --- haproxy --------------------------------------------------------------------------------------

if haproxy=$(find_program haproxy haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1); then
	cat >"$work/haproxy.cfg" <<C
global
	maxconn 100
defaults
	mode http
	timeout client 5m
	timeout server 5m
	timeout connect 1m
frontend front
	bind 127.0.0.1:$front
	default_backend vigil
backend vigil
	http-reuse always
	http-request set-header Host localhost
	http-request replace-path /vigil(/)?(.*) /\2
	server vigil 127.0.0.1:$port
C
	"$haproxy" -f "$work/haproxy.cfg" 2>>"$work/haproxy.log" & proxies+=($!)
	at=http://127.0.0.1:$front
	if wait_for 10 eval '[ "$(code "$at/healthz" 2>/dev/null)" = 200 ]'; then
		works_below "haproxy at the root" "$at/"
		works_below "haproxy with replace-path" "$at/vigil/"
		hides_nothing haproxy "$front"
	else
		cat "$work/haproxy.log"
		not_ok "haproxy starts"
	fi
else
	echo "SKIP: there is no haproxy, and it cannot be downloaded: requests that are hidden behind haproxy are not tested"
fi
stop_proxies
check "vigild stops with status 0" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
