#!/bin/bash
# The icinga module against the real icinga2: results arrive at once and by interval; while the
# master is away they wait on disk, and keep their times; a wrong certificate is refused.
. "$(dirname "$0")/lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "a master of its own needs root"
	for program in /usr/sbin/icinga2 /sbin/ip /usr/bin/python3; do
		[ -x "$program" ] || skip_all "$program is not installed"
	done
	unshare -m -p -n -f true 2>/dev/null || skip_all "this machine allows no namespaces"
	install_staged
	set_paths
	[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil was built without OpenSSL"
	# Namespaces of its own: the machine's icinga2 is left alone, and the only network is loopback.
	exec unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; /etc/init.d/icinga2 stop >/dev/null 2>&1; rm -rf "$work"' EXIT
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p "$work/etc" "$work/lib"
cp -a /etc/icinga2/. "$work/etc"
cp -a /var/lib/icinga2/. "$work/lib"
mount --bind "$work/etc" /etc/icinga2
mount --bind "$work/lib" /var/lib/icinga2
cp /etc/hosts "$work/hosts"
mount --bind "$work/hosts" /etc/hosts
echo '127.0.0.1 master.test wrong.test' >>/etc/hosts

# --- a master ------------------------------------------------------------------------------------------

icinga2 api setup --cn master.test >"$work/setup.log" 2>&1 || { cat "$work/setup.log"; not_ok "api setup"; exit 1; }
cat >/etc/icinga2/icinga2.conf <<'C'
include "constants.conf"
include "zones.conf"
include <itl>
include "features-enabled/*.conf"
object ApiUser "reader" { password = "r"; permissions = [ "*" ] }
object ApiUser "vigil" { password = "s e:cret"; permissions = [ "actions/process-check-result" ] }
object ApiUser "other" { password = "o"; permissions = [ "objects/query/Host" ] }
object ApiUser "client" { client_cn = "web1"; permissions = [ "actions/process-check-result" ] }
object Host "web1" { check_command = "dummy"; enable_active_checks = false }
for (name in [ "vigil disk", "vigil a", "vigil flip", "vigil lost" ]) {
	object Service name { host_name = "web1"; check_command = "passive"; enable_active_checks = false
		max_check_attempts = 1 }
}
C
chown -R nagios:nagios /etc/icinga2 /var/lib/icinga2
start_master() { /etc/init.d/icinga2 start >"$work/start.log" 2>&1 && wait_for 60 api_is_up; }
stop_master() { /etc/init.d/icinga2 stop >/dev/null 2>&1; }
api_is_up() { ask /v1/status >/dev/null 2>&1; }
# ask PATH: what the API says there
ask() {
	python3 - "$1" <<'P'
import base64, ssl, sys, urllib.request
request = urllib.request.Request("https://127.0.0.1:5665" + sys.argv[1])
request.add_header("Authorization", "Basic " + base64.b64encode(b"reader:r").decode())
request.add_header("Accept", "application/json")
print(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=5).read().decode())
P
}
# of SERVICE EXPRESSION: of its attributes `a` and its last result `r`
of() {
	ask "/v1/objects/services/web1!$(echo "$1" | sed 's/ /%20/g')" 2>/dev/null | python3 -c '
import json, sys
a = json.load(sys.stdin)["results"][0]["attrs"]; r = a["last_check_result"] or {}
print(eval(sys.argv[1]))' "$2" 2>/dev/null
}
of_is() { [ "$(of "$1" "$2")" = "$3" ]; }
check "the master is up" start_master

# --- vigild ----------------------------------------------------------------------------------------------

echo 's e:cret' >"$work/password"; chmod 600 "$work/password"
echo 0 >"$work/flip"; date +%s >"$work/flip.since"
cat >"$work/probe" <<S
#!/bin/sh
read -r code <"$work/flip"; echo "code \$code"; exit "\$code"
S
chmod 755 "$work/probe"
cat >"$work/sections" <<C
[daemon:disk]
module = exec
command = /bin/echo "OK - <b>fine</b> | '/ var'=88%;~:80;@90:95;0;100 t=0.5s 'it''s a=b'=18814599168B;0,5 'a|b'=1"
interval = 300ms
[daemon:flip]
module = exec
command = $work/probe
interval = 100ms
[daemon:nobody]
module = exec
command = /bin/true
interval = 10s
[daemon:lost]
module = nosuchmodule
[daemon:a]
module = exec
command = /bin/true
interval = 300ms
[daemon:silent]
module = exec
command = /bin/true
C
# conf OPTION...: the daemon `master` with these options
conf() {
	{
		printf '[daemons]\n'
		printf '%s = yes\n' disk flip a nobody lost silent master
		cat "$work/sections"
		printf '[daemon:master]\nmodule = icinga\nhost = web1\nservice = vigil {daemon}\n'
		printf 'submit = %s\ninterval = 2s\nbackoff_max = 2s\n' "${submit:-disk, flip, a, nobo*, lost}"
		printf 'queue = %s/queue\n' "$work"
		printf '%s\n' "$@"
	} | write_conf
}
right=("url = https://master.test:5665" "user = vigil" "password_file = $work/password")
conf "${right[@]}"
start_vigild

check "a result arrives" wait_for 20 of_is "vigil disk" 'r["exit_status"]' 0
check "with its words" of_is "vigil disk" 'r["output"]' 'OK - OK - <b>fine</b>'
check "its performance data" of_is "vigil disk" 'sorted(r["performance_data"])' \
	"[\"'/ var'=88%;~:80;@90:95;0;100\", \"'it''s a=b'=18814599168B\", \"'t'=0.5s\"]"
check "the state counts the label with a bar that cannot be sent" is /daemons/master/left_out/disk 1
check "the log says once that it cannot be sent" \
	[ "$(grep -c 'disk: performance data not sent: 1 ' "$work/log")" = 1 ]
check "who checked it" of_is "vigil disk" 'r["check_source"]' web1
check "how long it is good" of_is "vigil disk" 'r["ttl"]' 6
check "and when it was made" [ "$(of "vigil disk" 'abs(r["execution_end"] - __import__("time").time()) < 30')" = True ]
check "a daemon that has failed is CRITICAL" wait_for 10 of_is "vigil lost" 'a["state"]' 2
check "in words" eval '[[ $(of "vigil lost" "r[\"output\"]") == *"has failed: "*nosuchmodule* ]]'
check "what the master lacks is said" grep -q 'the master refuses "web1!vigil nobody": it has no such service' "$work/log"
check "once" [ "$(grep -c 'the master refuses' "$work/log")" = 1 ]
check "and counted" more_than /daemons/master/refused 0
at=$(of "vigil disk" 'r["execution_end"]')
check "it is told of again after the interval" wait_for 10 eval '[ "$(of "vigil disk" "r[\"execution_end\"]")" != "$at" ]'
check "and a warning" wait_for 10 is /runs/master/health/level WARNING

echo 2 >"$work/flip"
check "a change is told of at once" wait_for 10 of_is "vigil flip" 'a["state"]' 2
ctl -q pause flip --reason 'new disks'
check "one that is paused is OK" wait_for 10 of_is "vigil flip" 'a["state"]' 0
check "and says why" eval '[[ $(of "vigil flip" "r[\"output\"]") == "OK - "*" is paused "*": new disks; at present "* ]]'
ctl -q resume flip
check "and afterwards what it was" wait_for 10 of_is "vigil flip" 'a["state"]' 2

# --- the master is away ------------------------------------------------------------------------------------

stop_master
check "that it is away is said" wait_for 20 is /runs/master/health/level CRITICAL
for code in 0 1 0 2 3; do
	echo "$code" >"$work/flip"; wait_for 10 is /daemons/flip/exit_status "$code"; sleep 0.5
	[ "$code" != 1 ] || warned=$(date +%s)
done
check "results wait" more_than /daemons/master/waiting 5
check "vigild can be restarted meanwhile" stop_vigild
lines=$(cat "$work/queue" "$work/queue.old" 2>/dev/null | wc -l)
check "on disk" [ "$lines" -gt 5 ]
start_vigild
check "they still wait" more_than /daemons/master/waiting $((lines - 1))
check "the master is back" start_master
check "all of them are sent" wait_for 60 is /daemons/master/waiting 0
check "the last of them counts" wait_for 10 of_is "vigil flip" 'a["state"]' 3
check "none was dropped" is /daemons/master/dropped 0
# Icinga keeps the times at which each state was last seen: those of the results, not of their arrival.
check "and in between there was a warning, at its time" \
	[ "$(of "vigil flip" "abs(a['last_state_warning'] - $warned) < 5")" = True ]
check "the queue is empty" wait_for 10 eval '! [ -s "$work/queue" ] && ! [ -s "$work/queue.old" ]'

# --- what is wrong -------------------------------------------------------------------------------------------

reload_with() { conf "$@"; ctl reload >/dev/null; }
says() { case $(get /runs/master/health/text)$(get /runs/master/reason) in *"$1"*) ;; *) false ;; esac; }

reload_with "url = https://wrong.test:5665" "user = vigil" "password_file = $work/password"
check "a certificate of another name is refused" wait_for 20 says 'its certificate is refused: hostname mismatch'
sent=$(get /daemons/master/sent)
check "and nothing is sent" [ "$sent" = 0 ]
reload_with "url = https://wrong.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
check "unless that is the name" wait_for 20 more_than /daemons/master/sent 0
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other.key" -out "$work/other.crt" -days 1 \
	-subj /CN=other >/dev/null 2>&1
reload_with "${right[@]}" "ca = $work/other.crt"
check "a stranger's certificate is refused" wait_for 20 says 'its certificate is refused: '
echo wrong >"$work/password"
reload_with "${right[@]}"
check "a wrong password is said" wait_for 20 says 'the master answers 401'
echo o >"$work/password"
reload_with "url = https://master.test:5665" "user = other" "password_file = $work/password"
check "for a user who may not, the master has none of them" wait_for 20 says 'it has no such service'
chmod 644 "$work/password"; conf "${right[@]}" "timeout = 11s"
refused_by_reload "a password for all to read is refused" 'password_file = .*may be read by others'
conf "url = http://master.test" "user = vigil" "password_file = $work/password"
refused_by_reload "http without TLS is refused" 'url = "http://master.test": is not https://HOST:PORT'
conf "url = https://master.test"
refused_by_reload "without any credentials the reload is refused" 'it needs user and password_file'
conf "${right[@]}" "queue_max = 1MiB" "certificate = $work/password"
refused_by_reload "a certificate without its key is refused" 'certificate and key go together'
check "after four reloads that were refused the daemon is running" is /runs/master/status running

# --- a client certificate ---------------------------------------------------------------------------------------

mkdir "$work/pki"; chown nagios "$work/pki"
{
	icinga2 pki new-cert --cn web1 --key "$work/pki/web1.key" --csr "$work/pki/web1.csr"
	icinga2 pki sign-csr --csr "$work/pki/web1.csr" --cert "$work/pki/web1.crt"
} >"$work/pki.log" 2>&1
submit="disk, flip, a, lost"
reload_with "url = https://master.test:5665" "certificate = $work/pki/web1.crt" "key = $work/pki/web1.key"
check "a client certificate will do" wait_for 20 more_than /daemons/master/sent 0
check "and all that waited has been sent" wait_for 30 is /daemons/master/waiting 0
check "all is well" wait_for 10 is /runs/master/health/level OK
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || { tail -60 "$work/log"; ask '/v1/objects/services' | head -c 3000; }
finish
