#!/bin/bash
# HTTPS requests a second and their CPU time: vigild serves a part of its state, and nginx with one process serves
# a file of the same size with the same certificate, on eight connections that stay open.  The two take turns.
# Prints `name metric value reference ratio`.  BENCH_FORM=short measures less.
. "$(dirname "$0")/many.sh" || exit 1
client=$top_builddir/tests/bench/https_client
[ -x "$client" ] || skip_all "https: vigild is built without TLS"
for program in openssl curl; do
	command -v $program >/dev/null || skip_all "https: $program is not installed"
done
PATH=$PATH:/usr/sbin
command -v nginx >/dev/null || skip_all "https: nginx, the reference, is not installed"
rounds=7 seconds=0.5
! short || { rounds=1 seconds=0.1; }
finish_here() {
	stop_vigild
	[ -z "${nginx:-}" ] || { kill "$nginx"; wait "$nginx"; }
	rm -rf "$work"
}
trap finish_here EXIT

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost \
	-keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null || { not_ok "a certificate is made"; exit 1; }
chmod 600 "$work/key.pem"
bench_modules tick
{
	ticks 20 60s http
	printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
	printf 'tls_certificate = %s/cert.pem\ntls_key = %s/key.pem\n' "$work" "$work"
} | write_conf
begin_vigild
listens() { port=$(get /daemons/http/listen/0) && port=${port##*:} && [ -n "$port" ]; }
wait_for 30 listens || { tail "$work/log"; not_ok "the module http listens"; exit 1; }
path=/v1/state/daemons
vigil_port=$port
mkdir -p "$work/www/v1/state" "$work/logs"
curl -skf -o "$work/www$path" "https://127.0.0.1:$port$path" || { not_ok "vigild answers over TLS"; exit 1; }
echo "# a file of $(wc -c <"$work/www$path") bytes"

hold_port
cat >"$work/nginx.conf" <<END
daemon off;
master_process off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/logs/error.log;
events { worker_connections 100; }
http {
	access_log off;
	keepalive_requests 1000000;
	default_type application/json;
	client_body_temp_path $work/logs; proxy_temp_path $work/logs; fastcgi_temp_path $work/logs;
	uwsgi_temp_path $work/logs; scgi_temp_path $work/logs;
	server {
		listen 127.0.0.1:$port ssl reuseport;
		ssl_certificate $work/cert.pem;
		ssl_certificate_key $work/key.pem;
		ssl_protocols TLSv1.2 TLSv1.3;
		root $work/www;
	}
}
END
nginx -c "$work/nginx.conf" -p "$work" -e "$work/logs/error.log" &
nginx=$!
answers() { curl -skf -o /dev/null "https://127.0.0.1:$port$path"; }
wait_for 30 answers || { cat "$work/logs/error.log"; not_ok "nginx answers"; exit 1; }

for _ in $(seq $rounds); do
	of_vigil=$("$client" "$vigil_port" "$vigild_pid" $path 8 $seconds) &&
		of_nginx=$("$client" "$port" $nginx $path 8 $seconds) || { not_ok "both servers answer all requests"; exit 1; }
	echo "$of_vigil $of_nginx"
done >"$work/rounds"
medians() { # COLUMN: the medians of both servers
	local column
	for column in "$1" $(($1 + 4)); do
		awk -v c="$column" '{ print $c }' "$work/rounds" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
	done
}
# shellcheck disable=SC2046
{
	row per_second $(medians 1)
	row server_us $(medians 2)
	row p99_us $(medians 4)
}
finish
