#!/bin/bash
# Probes of real servers: nginx, redis, PostgreSQL, icinga2 and sshd.  Each is stopped by SIGSTOP, so that
# the kernel still accepts its connections: vigild reports that within probe_failures probes, and that it
# serves again after SIGCONT.  Names come from a name server that fails, too.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/icinga-lib.sh" || exit 1

[ "$(id -u)" = 0 ] || skip_all "servers of other users need root"
command -v python3 >/dev/null || skip_all "there is no python3"
[ -x /sbin/ip ] || skip_all "there is no ip"
if [ -z "${VIGIL_IN_NAMESPACES:-}" ]; then
	unshare -m -p -n -f true 2>/dev/null || skip_all "this machine allows no namespaces"
	install_staged
	VIGIL_IN_NAMESPACES=1 exec unshare -m -p -n -f --mount-proc bash "$0"
fi
# Everything that this script starts ends with the namespaces.
set_paths
[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil is built without OpenSSL"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_reference; umount -l /etc/hosts /etc/resolv.conf 2>/dev/null; rm -rf "$work"' EXIT
mount --make-rprivate /
ip link set lo up
mount -t tmpfs -o mode=755 tmpfs /run

# --- servers --------------------------------------------------------------------------------------

# The status_command of each daemon: the process in the pidfile exists.
cat >"$work/alive" <<'S'
#!/bin/sh
kill -0 "$(head -n 1 "$1")" 2>/dev/null || exit 3
S
chmod 755 "$work/alive"
servers=

# daemon NAME SERVER LINE...: a daemon that only observes the server, with the lines of a probe
daemon() {
	local name=$1 server=$2; shift 2
	printf '[daemon:%s]\nmodule = service\nmanager = command\nstatus_command = %s %s\nrestart_on = never\n' \
		"$name" "$work/alive" "$work/$server.pid"
	printf 'interval = 300ms\nprobe_interval = 200ms\nprobe_timeout = 4s\nprobe_failures = 2\nprobe_start = 60s\n'
	printf '%s\n' "$@"
}
# server NAME PROGRAM START...: starts the server by a function, or says that it is not installed
server() {
	local name=$1 program=$2; shift 2
	[ -x "$program" ] || { echo "SKIP: $name: there is no $program"; return; }
	"$@"
	servers+=" $name"
}
# as_daemon NAME COMMAND...: runs a server that does not fork away
as_daemon() {
	local name=$1; shift
	"$@" >"$work/$name.log" 2>&1 </dev/null &
	echo $! >"$work/$name.pid"
}

mkdir "$work/tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 5 -subj /CN=www.example.org \
	-addext subjectAltName=DNS:www.example.org -keyout "$work/tls/key" -out "$work/tls/pem" 2>/dev/null
start_nginx() {
	cat >"$work/nginx.conf" <<-C
		pid $work/nginx.main;
		error_log $work/nginx.error;
		daemon off;
		worker_processes 1;
		events {}
		http {
			access_log off;
			client_body_temp_path $work/n1; proxy_temp_path $work/n2; fastcgi_temp_path $work/n3;
			uwsgi_temp_path $work/n4; scgi_temp_path $work/n5;
			server {
				listen 127.0.0.1:8080;
				listen 127.0.0.1:8443 ssl;
				listen unix:$work/nginx.sock;
				server_name www.example.org;
				ssl_certificate $work/tls/pem;
				ssl_certificate_key $work/tls/key;
				location /health { return 200 "all is healthy"; }
				location /login { return 302 /health; }
				location /away { return 302 https://other.example.org/; }
			}
		}
	C
	as_daemon nginx /usr/sbin/nginx -c "$work/nginx.conf"
}
start_redis() {
	as_daemon redis /usr/bin/redis-server --bind 127.0.0.1 --port 6379 --unixsocket "$work/redis.sock" --save '' \
		--dir "$work"
}
start_postgresql() {
	local bin=${postgres%/*} data=$work/postgresql.data
	install -d -o postgres -g postgres "$data" "$work/pg"
	setpriv --reuid postgres --regid postgres --clear-groups "$bin/initdb" -D "$data" --no-sync -A trust \
		>"$work/initdb.log" 2>&1 || { cat "$work/initdb.log"; not_ok "initdb works"; }
	as_daemon postgresql setpriv --reuid postgres --regid postgres --clear-groups "$postgres" -D "$data" \
		-c listen_addresses=127.0.0.1 -c port=5432 -c "unix_socket_directories=$work/pg" -c fsync=off
}
start_sshd() {
	mkdir -p /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f "$work/hostkey"
	as_daemon sshd /usr/sbin/sshd -D -e -f /dev/null -o "HostKey=$work/hostkey" -o Port=2222 \
		-o ListenAddress=127.0.0.1 -o PidFile=none -o UsePAM=no
}
start_icinga2() {
	prepare_master
	configure_master </dev/null
	start_master || { cat "$work/start.log"; not_ok "icinga2 starts"; }
	ln -s /run/icinga2/icinga2.pid "$work/icinga2.pid"
}
postgres=$(ls /usr/lib/postgresql/*/bin/postgres 2>/dev/null | tail -n 1)
server icinga2 /usr/sbin/icinga2 start_icinga2 # first, because it mounts an empty /run
server nginx /usr/sbin/nginx start_nginx
server redis /usr/bin/redis-server start_redis
server postgresql "${postgres:-/usr/lib/postgresql/bin/postgres}" start_postgresql
server sshd /usr/sbin/sshd start_sshd
[ -n "$servers" ] || skip_all "none of the servers is installed"

if ! mountpoint -q /etc/hosts; then
	cp /etc/hosts "$work/hosts"
	mount --bind "$work/hosts" /etc/hosts
fi

# --- a name server --------------------------------------------------------------------------------

cat >"$work/names.py" <<'P'
import socket, struct, sys
# Knows one name, nginx.test; other names do not exist.
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 53))
while True:
    q, peer = s.recvfrom(512)
    name, at = [], 12
    while q[at]:
        name.append(q[at + 1:at + 1 + q[at]]); at += 1 + q[at]
    end, known, a = at + 5, b".".join(name).lower() == b"nginx.test", q[at + 2] == 1
    answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + bytes([127, 0, 0, 1]) if known and a else b""
    s.sendto(q[:2] + (b"\x81\x80" if known else b"\x81\x83") + q[4:6] + struct.pack(">HHH", bool(answer), 0, 0)
             + q[12:end] + answer, peer)
P
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
as_daemon names python3 "$work/names.py"

# --- probes ---------------------------------------------------------------------------------------

# Which daemons probe a server, so that each sees it hang.
declare -A probes=([nginx]="nginx nginx-tls nginx-unix nginx-name" [redis]="redis redis-unix" [postgresql]=postgresql
	[sshd]=sshd [icinga2]="icinga2 icinga2-tls")
sections() {
	daemon nginx nginx "probe = http://127.0.0.1:8080/health" "probe_expect = healthy"
	daemon nginx-tls nginx "probe = https://127.0.0.1:8443/login" "probe_host = www.example.org" \
		"probe_tls_ca = $work/tls/pem" "probe_certificate_warn = 1d"
	daemon nginx-unix nginx "probe = http+unix:$work/nginx.sock:/health" "probe_expect = ~ ^all is"
	daemon nginx-name nginx "probe = http://nginx.test:8080/health"
	daemon nginx-away nginx "probe = http://127.0.0.1:8080/away" "probe_host = www.example.org"
	daemon nginx-expiring nginx "probe = tls://127.0.0.1:8443" "probe_host = www.example.org" \
		"probe_tls_ca = $work/tls/pem"
	daemon nginx-distrusted nginx "probe = tls://127.0.0.1:8443"
	daemon nginx-unverified nginx "probe = tls://127.0.0.1:8443" "probe_tls_verify = no" "probe_certificate_warn = 0"
	daemon redis redis "probe = tcp://127.0.0.1:6379" 'probe_send = PING\r\n' "probe_expect = +PONG"
	daemon redis-unix redis "probe = unix:$work/redis.sock" 'probe_send = PING\r\n' 'probe_expect = +PONG\r\n'
	daemon redis-plain redis "probe = tcp://127.0.0.1:6379"
	# The request whether the server speaks TLS, which it answers by one letter.
	daemon postgresql postgresql "probe = tcp://127.0.0.1:5432" 'probe_send = \x00\x00\x00\x08\x04\xd2\x16\x2f' \
		"probe_expect = ~ ^[SN]"
	daemon sshd sshd "probe = tcp://127.0.0.1:2222" "probe_expect = SSH-2.0-"
	daemon icinga2 icinga2 "probe = https://127.0.0.1:5665/" "probe_host = master.test" \
		"probe_tls_ca = /var/lib/icinga2/certs/ca.crt" "probe_status = 401"
	daemon icinga2-tls icinga2 "probe = tls://localhost:5665" "probe_tls_verify = no"
}
used() { # the sections of the servers that run
	sections | awk -v servers=" $servers " '/^\[/ { name = $0; gsub(/\[daemon:|[-\]].*/, "", name) }
		index(servers, " " name " ") { print }'
}
{
	printf '[daemons]\n'
	used | sed -n 's/^\[daemon:\(.*\)\]/\1 = yes/p'
	printf 'servers = remote\n'
	[ ! -e "$modules/http/http.so" ] || printf 'http = yes\n[daemon:http]\nlisten = 127.0.0.1:5669\n'
	printf '[daemon:servers]\nprobe_interval = 200ms\nprobe_timeout = 4s\nprobe_failures = 2\n'
	printf 'targets = %s\n' 'web http://127.0.0.1:8080/health, web-name http://nginx.test:8080/health, gone tcp://127.0.0.1:1'
	used
} | write_conf
start_reference
start_vigild
level() { is "/runs/$1/health/level" "$2"; }
text() { get "/runs/$1/health/text"; }
says() { [[ "$(text "$1")" == $2 ]]; }
# tree PID: prints the process and all its descendants
tree() {
	local child
	echo "$1"
	for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do tree "$child"; done
}
probe_of() { get "/daemons/$1/service_state/probe/$2"; }

for name in $servers; do
	for probe in ${probes[$name]}; do
		check "$probe: the probe of a real server succeeds" wait_for 60 is "/daemons/$probe/service_state/probe/ok" true
		check "$probe: the health is OK" wait_for 20 level "$probe" OK
	done
done
for name in $servers; do
	mapfile -t pids < <(tree "$(head -n 1 "$work/$name.pid")")
	kill -STOP "${pids[@]}"
	for probe in ${probes[$name]}; do
		check "$probe: a server that hangs is CRITICAL" wait_for 60 level "$probe" CRITICAL
		check "$probe: the text says that it did not answer" \
			says "$probe" "$probe is running, but its probe failed * times in a row (no answer in time*); it is not restarted*"
		check "$probe: the process of the server still exists" is "/daemons/$probe/service_state/value" running
	done
	[ "$name" != redis ] || check "redis-plain: a probe without an exchange cannot see that" level redis-plain OK
	kill -CONT "${pids[@]}"
	for probe in ${probes[$name]}; do
		check "$probe: it is OK again after SIGCONT" wait_for 60 level "$probe" OK
		check "$probe: the history has the failures on one line" \
			[ "$(ctl explain "$probe" | grep -c 'probe failed (')" = 1 ]
	done
done

# --- certificates, redirects and numbers ----------------------------------------------------------

runs() { [[ " $servers " == *" $1 "* ]]; }
if runs nginx; then
	check "a redirect to another host is a failure that is named" wait_for 20 \
		says nginx-away '*HTTP/1.1 302 Moved Temporarily, a redirect to https://other.example.org/*'
	check "a certificate that ends soon is WARNING, with the date" wait_for 20 \
		says nginx-expiring "nginx-expiring is running, but its certificate ends on $(date -u -d "$(openssl x509 -noout -enddate -in "$work/tls/pem" | cut -d= -f2)" +%F), in 4 days"
	check "a certificate that ends soon is WARNING" wait_for 20 level nginx-expiring WARNING
	days=$(probe_of nginx-expiring certificate_days)
	check "the days until the certificate ends are a number: $days" awk -v n="$days" 'BEGIN { exit !(n > 4.5 && n <= 5) }'
	check "a self-signed certificate is CRITICAL" wait_for 20 level nginx-distrusted CRITICAL
	check "a self-signed certificate is named" says nginx-distrusted '*its certificate is refused: self?signed certificate'
	check "a refused certificate is no reason to restart" grep -q 'a restart does not help' <(ctl explain nginx-distrusted)
	check "probe_tls_verify = no accepts a self-signed certificate" wait_for 20 level nginx-unverified OK
	check "the duration of a probe is a number" \
		awk -v n="$(probe_of nginx seconds)" 'BEGIN { exit !(n > 0 && n < 4) }'
fi

if runs nginx; then
	check "remote: the health is that of the worst target, which is named" wait_for 30 \
		says servers '1 of 3 targets: gone: Connection refused'
	check "remote: it is CRITICAL" wait_for 20 level servers CRITICAL
	check "remote: a target that answers has its result" wait_for 20 is /daemons/servers/targets/web/ok true
	check "remote: a name is looked up" wait_for 20 is /daemons/servers/targets/web-name/failures 0
	ctl check servers >"$work/out"
	check "remote: vigilctl check exits with 2" [ $? = 2 ]
	check "remote: vigilctl check prints the duration of each target that answers" \
		grep -qE "\| .*'web'=0\.[0-9]+s" "$work/out"
fi
metric() { curl -s http://127.0.0.1:5669/metrics | grep -E "$1" >/dev/null; }
if runs nginx && command -v curl >/dev/null && [ -e "$modules/http/http.so" ]; then
	check "the metrics say that a probe succeeds" metric '^vigil_probe_success\{daemon="nginx"\} 1$'
	check "the metrics say that a probe fails" metric '^vigil_probe_success\{daemon="nginx-away"\} 0$'
	check "the metrics have the targets of remote" metric '^vigil_probe_success\{daemon="servers",target="gone"\} 0$'
	check "the metrics have the duration of a probe" metric '^vigil_probe_seconds\{daemon="nginx"\} 0\.'
	check "the metrics have the seconds until a certificate ends" \
		metric '^vigil_certificate_expiry_seconds\{daemon="nginx-expiring"\} 4[0-9]{5}$'
else
	echo "SKIP: the metrics of probes: nginx, curl or the module http is missing"
fi

# --- names ----------------------------------------------------------------------------------------

if runs nginx; then
	names=$(cat "$work/names.pid")
	kill -STOP "$names"
	check "a name server that hangs makes the probe UNKNOWN" wait_for 60 level nginx-name UNKNOWN
	check "a name server that hangs is named in words" \
		says nginx-name '*could not probe: nginx.test cannot be looked up: the name servers d* not answer*'
	check "the numbers of a probe that could not be made are stale" is /daemons/nginx-name/service_state/probe/stale true
	! command -v curl >/dev/null || [ ! -e "$modules/http/http.so" ] ||
		check "stale numbers are not in the metrics" eval '! metric "vigil_probe_success.*nginx-name"'
	lag_is_fair "the loop does not wait for the name server" 0.5
	kill -CONT "$names"
	check "the probe succeeds when the name server answers again" wait_for 60 level nginx-name OK
	printf 'nameserver 127.0.0.2\noptions timeout:1 attempts:1\n' >"$work/resolv.conf"
	check "a changed resolv.conf is used" wait_for 60 level nginx-name UNKNOWN
	echo '127.0.0.1 nginx.test' >>/etc/hosts # a copy, which is mounted over the machine's
	check "a changed hosts file is used" wait_for 60 level nginx-name OK
fi

# --- the end of a service -------------------------------------------------------------------------

if runs redis; then
	kill -TERM "$(cat "$work/redis.pid")"
	check "the numbers of a service that is down are stale" wait_for 20 is /daemons/redis/service_state/probe/stale true
fi
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
