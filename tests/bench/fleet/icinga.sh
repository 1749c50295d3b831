#!/bin/bash
# How many results a second one icinga2 takes from 1, 10 and 100 vigild through process-check-result with TLS on
# loopback, and its CPU time for a result and for a new connection.  More results are due than it can take.
# FLEET_SERVICES is how many are due each second, 3000, and FLEET_CLIENTS lists the numbers of vigild.  BENCH_FORM=short
# measures less.
. "$(dirname "$0")/lib.sh" || exit 1
master_or_skip
in_namespaces "$@"
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_clients; rm -rf "$work"' EXIT
rounds=${FLEET_CLIENTS:-1 10 100} total=${FLEET_SERVICES:-3000} seconds=12
[ "${BENCH_FORM:-}" != short ] || { rounds="1 4" total=40 seconds=3; }

prepare_master
echo '127.0.0.1 master.test' >>/etc/hosts
{
	echo 'object ApiUser "vigil" { password = "v"; permissions = [ "actions/process-check-result" ] }'
	for count in $rounds; do hosts "of${count}h" "$count" $((total / count)); done
} | configure_master
echo v >"$work/password"; chmod 600 "$work/password"
mkdir -p /run/icinga2; chown nagios:nagios /run/icinga2
icinga2 daemon >"$work/icinga2.log" 2>&1 &
master=$!
wait_for 120 api_is_up || { tail -5 "$work/icinga2.log"; not_ok "icinga2 starts"; exit 1; }
mapfile -t master < <(processes "$master")

# conf NUMBER OF DAEMONS INTERVAL: configures one of so many vigild
conf() {
	client_conf "$1" "$3" <<-C
		master = yes
		[daemon:master]
		module = icinga
		url = https://master.test:5665
		user = vigil
		password_file = $work/password
		host = of$2h$1
		interval = $4
		queue = $work/client$1/queue
	C
}
# sent COUNT: prints how many results they have sent.  Busy ones write their figures once a second, so this waits for
# the next figure of the first one.
sent() {
	local i before
	before=$(client_get 1 /daemons/master/sent)
	wait_for 5 eval '[ "$(client_get 1 /daemons/master/sent)" != "$before" ]' >&2
	for i in $(seq "$1"); do client_get "$i" /daemons/master/sent; done | awk '{ n += $1 } END { print n }'
}
# all_sent COUNT SERVICES: whether the master has a result of each service of so many vigild
all_sent() {
	[ "$(ask '/v1/objects/services?attrs=last_check_result&filter=match(%22of'"$1"'h*%22,host.name)' | python3 -c '
import json, sys
print(sum(r["attrs"]["last_check_result"] is not None for r in json.load(sys.stdin)["results"]))' 2>/dev/null)" -ge $(($1 * $2)) ] 2>/dev/null
}

# without_idle CPU TIME COUNT: prints the CPU time of one of so many, without what an idle icinga2 uses in that time
without_idle() { awk -v c="$1" -v t="$2" -v n="$3" -v i="$idle_us" 'BEGIN { printf "%.0f", (c - i * t / 1e6) / n }'; }
sleep 3
cpu=$(cpu_of "${master[@]}") began=$(micros)
sleep $((seconds / 2))
idle_us=$(div $((($(cpu_of "${master[@]}") - cpu) * 1000)) $((($(micros) - began) / 1000)) 0)
row icinga2_cpu_idle "$idle_us" "us a second"

for count in $rounds; do
	for i in $(seq "$count"); do conf "$i" "$count" $((total / count)) 1s; done
	start_clients "$count"
	wait_for 60 all_sent "$count" $((total / count)) || { tail -5 "$work/client1/log"; not_ok "results arrive"; exit 1; }
	n=$(sent "$count") began=$(micros) cpu=$(cpu_of "${master[@]}") own=$(cpu_of "${clients[@]}")
	sleep $seconds
	cpu=$(($(cpu_of "${master[@]}") - cpu)) own=$(($(cpu_of "${clients[@]}") - own))
	n=$(($(sent "$count") - n)) took=$(($(micros) - began))
	row "results_from_$count" "$(div $((n * 1000000)) $took 0)" "a second"
	# The CPU times are of `seconds`, the results of a little longer.
	result_us=$(div $((cpu * (took / 1000))) $((n * seconds * 1000)) 0)
	row "icinga2_cpu_from_$count" "$result_us" "us a result"
	row "vigild_cpu_from_$count" "$(div $((own * (took / 1000))) $((n * seconds * 1000)) 0)" "us a result"
	row "icinga2_busy_from_$count" "$(div $cpu $((seconds * 10000)) 0)" "percent of a core"
	last=$count
	stop_clients
done

# --- new connections ------------------------------------------------------------------------------

# icinga2 signs with a key of 4096 bits in a complete handshake.  A resumed session needs no signature.  Each connection
# sends one result, whose CPU time is subtracted.
cat >"$work/connect.py" <<'P'
import base64, json, socket, ssl, sys, time
how, service, until = sys.argv[1], sys.argv[2], time.time() + float(sys.argv[3])
body = json.dumps({"type": "Service", "service": service, "exit_status": 0, "plugin_output": "fine"})
request = ("POST /v1/actions/process-check-result HTTP/1.1\r\nHost: master.test\r\nAccept: application/json\r\n"
           "Authorization: Basic %s\r\nContent-Length: %d\r\n\r\n%s" % (base64.b64encode(b"vigil:v").decode(), len(body), body))
context, session, count = ssl._create_unverified_context(), None, 0
while time.time() < until:
    s = context.wrap_socket(socket.create_connection(("127.0.0.1", 5665)), server_hostname="master.test", session=session)
    assert s.session_reused == (session is not None)
    s.sendall(request.encode())
    assert s.recv(4096).startswith(b"HTTP/1.1 200")
    if how == "resumed": session = s.session
    s.close()
    count += 1
print(count)
P
for how in new resumed; do
	cpu=$(cpu_of "${master[@]}") began=$(micros)
	n=$(python3 "$work/connect.py" $how "of${last}h1!s1" $((seconds / 2))) || { not_ok "$how connections"; exit 1; }
	each=$(without_idle $(($(cpu_of "${master[@]}") - cpu)) $(($(micros) - began)) "$n")
	row icinga2_cpu_${how}_connection $((each - result_us)) "us a connection"
done
row icinga2_private_memory "$(div "$(private_of "${master[@]/#//proc/}")" 1024 0)" "MB with $((total * $(wc -w <<<"$rounds"))) services"
[ "$failed" -eq 0 ]
