#!/bin/bash
# vigild hands results to the icinga2 of its own machine, and the zone protocol carries them to a satellite and to the
# master: three icinga2 processes with certificates of one CA, and the objects synchronized from the master.  Measures
# the CPU time for a result in each, the results a second, and the time until the master has a change.
# BENCH_FORM=short measures less.
. "$(dirname "$0")/lib.sh" || exit 1
master_or_skip
in_namespaces "$@"
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_clients; rm -rf "$work"' EXIT
ip link set lo up
rates=${FLEET_RATES:-100 300} seconds=12 changes=10
[ "${BENCH_FORM:-}" != short ] || { rates="20" seconds=3 changes=2; }
most=${rates##* }

# --- three nodes ----------------------------------------------------------------------------------

declare -A port=([agent]=5665 [satellite]=5666 [master]=5667) upward=([agent]=satellite [satellite]=master) node
own_directories='etc/icinga2 var/lib/icinga2 var/cache/icinga2 var/log/icinga2 var/spool/icinga2 run/icinga2'
# on NODE COMMAND...: runs the command with the directories of this node in the place of those of the machine
on() {
	local name=$1; shift
	# shellcheck disable=SC2016
	unshare -m bash -c 'root=$1; shift; dirs=$1; shift
		for dir in $dirs; do mkdir -p "/$dir" && mount --bind "$root/$dir" "/$dir" || exit 1; done
		exec "$@"' - "$work/$name" "$own_directories" "$@"
}
make_node() { # NAME
	local name=$1 lib=$work/$1/var/lib/icinga2 up=${upward[$1]:-} dir
	for dir in $own_directories; do mkdir -p "$work/$name/$dir"; done
	mkdir -p "$lib/certs" "$lib/ca" "$lib/api"
	cat >"$work/$name/etc/icinga2/icinga2.conf" <<-C
		const NodeName = "$name.test"
		const ZoneName = "$name.test"
		include <itl>
		object CheckerComponent "checker" { }
		object FileLogger "log" { severity = "warning"; path = LogDir + "/icinga2.log" }
		object ApiListener "api" {
		  bind_port = ${port[$name]}
		  accept_config = true
		  accept_commands = true
		}
		object ApiUser "reader" { password = "r"; permissions = [ "*" ] }
		object ApiUser "vigil" { password = "v"; permissions = [ "actions/process-check-result" ] }
		object Endpoint "master.test" { $([ "$up" != master ] || echo "host = \"127.0.0.1\"; port = ${port[master]}") }
		object Endpoint "satellite.test" { $([ "$up" != satellite ] || echo "host = \"127.0.0.1\"; port = ${port[satellite]}") }
		object Endpoint "agent.test" { }
		object Zone "master.test" { endpoints = [ "master.test" ] }
		object Zone "satellite.test" { endpoints = [ "satellite.test" ]; parent = "master.test" }
		object Zone "agent.test" { endpoints = [ "agent.test" ]; parent = "satellite.test" }
	C
}
make_certificates() {
	local name pki=$work/pki
	mkdir -p "$pki"; chown nagios "$pki" "$work"/*/var/lib/icinga2/*
	on master icinga2 pki new-ca || return
	for name in master satellite agent; do
		on master icinga2 pki new-cert --cn "$name.test" --key "$pki/$name.key" --csr "$pki/$name.csr" &&
			on master icinga2 pki sign-csr --csr "$pki/$name.csr" --cert "$pki/$name.crt" || return
		cp "$pki/$name.key" "$work/$name/var/lib/icinga2/certs/$name.test.key"
		cp "$pki/$name.crt" "$work/$name/var/lib/icinga2/certs/$name.test.crt"
		cp "$work/master/var/lib/icinga2/ca/ca.crt" "$work/$name/var/lib/icinga2/certs/ca.crt"
	done
}
start_node() { # NAME
	on "$1" icinga2 daemon >"$work/$1.log" 2>&1 &
	node[$1]=$!
}
# ask_node NAME PATH EXPRESSION: evaluates the expression with the list r of the results of the node's API
ask_node() {
	ask_port=${port[$1]} python3 - "$2" "$3" <<'P' 2>/dev/null
import base64, json, os, ssl, sys, time, urllib.request
request = urllib.request.Request("https://127.0.0.1:%s%s" % (os.environ["ask_port"], sys.argv[1]))
request.add_header("Authorization", "Basic " + base64.b64encode(b"reader:r").decode())
request.add_header("Accept", "application/json")
r = json.load(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=60))["results"]
print(eval(sys.argv[2]))
P
}
services_of() { ask_node "$1" '/v1/objects/services?attrs=name' 'len(r)' || echo 0; }
has_services() { [ "$(services_of "$1")" -ge "$2" ] 2>/dev/null; }

for name in master satellite agent; do make_node $name; done
make_certificates >"$work/pki.log" 2>&1 || { tail -5 "$work/pki.log"; not_ok "certificates are made"; exit 1; }
mkdir -p "$work/master/etc/icinga2/zones.d/agent.test" # a satellite with such a directory accepts no other
{
	hosts h 1 "$most"
	echo 'object Service "flip" { host_name = "h1"; check_command = "passive"; enable_active_checks = false; max_check_attempts = 1 }'
} >"$work/master/etc/icinga2/zones.d/agent.test/hosts.conf"
chown -R nagios:nagios "$work/master" "$work/satellite" "$work/agent"
for name in master satellite agent; do start_node $name; done
for name in master satellite agent; do
	wait_for 180 has_services $name $((most + 1)) ||
		{ tail -5 "$work/$name.log" "$work/$name/var/log/icinga2/icinga2.log"; not_ok "$name has the services"; exit 1; }
done

# --- vigild ---------------------------------------------------------------------------------------

echo v >"$work/password"; chmod 600 "$work/password"
echo 0 >"$work/flip"
# shellcheck disable=SC2016
printf '#!/bin/sh\nread -r code <%s/flip; echo "code $code"; exit "$code"\n' "$work" >"$work/probe"
chmod 755 "$work/probe"
conf() { # DAEMONS
	client_conf 1 "$1" <<-C
		master = yes
		flip = exec
		[daemon:flip]
		command = $work/probe
		interval = 100ms
		[daemon:master]
		module = icinga
		url = https://127.0.0.1:${port[agent]}
		tls_name = agent.test
		ca = $work/agent/var/lib/icinga2/certs/ca.crt
		user = vigil
		password_file = $work/password
		host = h1
		interval = 1s
		queue = $work/client1/queue
	C
}
sent() {
	local before
	before=$(client_get 1 /daemons/master/sent)
	wait_for 5 eval '[ "$(client_get 1 /daemons/master/sent)" != "$before" ]' >&2
	client_get 1 /daemons/master/sent
}
# current SECONDS: whether the master has a result of every service that is younger than so many seconds
current() { [ "$(ask_node master '/v1/objects/services?attrs=last_check' "max(time.time() - s['attrs']['last_check'] for s in r if int(s['name'][4:] if s['name'][4:].isdigit() else 1) <= $2) < $1")" = True ]; }
state_is() { [ "$(ask_node master '/v1/objects/services/h1!flip?attrs=state' "int(r[0]['attrs']['state'])")" = "$1" ]; }

declare -A before tree
for name in agent satellite master; do tree[$name]=$(processes "${node[$name]}"); done
for rate in $rates; do
	conf "$rate"
	start_clients 1
	wait_for 60 current 120 "$rate" || { tail -5 "$work/client1/log"; not_ok "the results arrive at the master"; exit 1; }
	n=$(sent) began=$(micros)
	for name in agent satellite master; do before[$name]=$(cpu_of ${tree[$name]}); done
	own=$(cpu_of "${clients[@]}")
	sleep $seconds
	for name in agent satellite master; do before[$name]=$(($(cpu_of ${tree[$name]}) - before[$name])); done
	own=$(($(cpu_of "${clients[@]}") - own))
	n=$(($(sent) - n)) took=$(($(micros) - began))
	row "results_of_$rate" "$(div $((n * 1000000)) $took 0)" "a second of $rate that are due"
	for name in agent satellite master; do
		row "${name}_cpu_of_$rate" "$(div $((before[$name] * (took / 1000))) $((n * seconds * 1000)))" "us a result"
	done
	row "vigild_cpu_of_$rate" "$(div $((own * (took / 1000))) $((n * seconds * 1000)))" "us a result"
	wait_for 20 current 5 "$rate" && state=yes || state=no
	row "master_is_current_of_$rate" $state "every result is younger than 5 s"
	[ "$rate" != "${rates%% *}" ] || { # the time of a change, when there is little to do
		for i in $(seq $changes); do
			began=$(micros)
			echo $((i % 2 * 2)) >"$work/flip.new"; mv "$work/flip.new" "$work/flip"
			wait_for 20 state_is $((i % 2 * 2)) || { not_ok "a change arrives at the master"; exit 1; }
			echo $((($(micros) - began) / 1000))
		done | sort -n >"$work/changes"
		row change_at_the_master "$(sed -n "$(((changes + 1) / 2))p" "$work/changes")" "ms, the median of $changes; 50 of them until the plugin runs"
	}
	stop_clients
done
for name in agent satellite master; do
	row "${name}_memory" "$(div "$(memory_of $(printf '/proc/%s ' ${tree[$name]}))" 1024)" "MB with $((most + 1)) services"
done
[ "$failed" -eq 0 ]
