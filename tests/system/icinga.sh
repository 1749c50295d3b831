#!/bin/bash
# The icinga module against the real icinga2.  Results arrive at once after a change, and once in each interval.  While
# the master is down, changes wait on disk and keep their times.  A wrong certificate is refused.  Every address of the
# master's name is tried.  The CA and the credentials may change without a reload.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/icinga-lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	master_or_skip
	install_staged
	set_paths
	[ -e "$modules/icinga/icinga.so" ] || skip_all "vigil was built without OpenSSL"
	# In separate namespaces the machine's icinga2 is not touched, and loopback is the only network.
	exec unshare -m -p -n -f --mount-proc --kill-child bash "$0" inside
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_dns; stop_master; umount "$work/small" 2>/dev/null; rm -rf "$work"' EXIT
prepare_master
cat >>/etc/hosts <<'H'
127.0.0.1 master.test wrong.test
::1 two.test
127.0.0.1 two.test
127.0.0.9 moved.test
H
cp /etc/resolv.conf "$work/resolv.conf" 2>/dev/null || : >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf

# --- a master -------------------------------------------------------------------------------------

configure_master <<'C'
object ApiUser "vigil" { password = "s e:cret"; permissions = [ "actions/process-check-result" ] }
object ApiUser "other" { password = "o"; permissions = [ "objects/query/Host" ] }
object ApiUser "client" { client_cn = "web1"; permissions = [ "actions/process-check-result" ] }
object Host "web1" { check_command = "dummy"; enable_active_checks = false }
for (name in [ "vigil disk", "vigil a", "vigil flip", "vigil lost", "vigil many" ]) {
	object Service name { host_name = "web1"; check_command = "passive"; enable_active_checks = false
		max_check_attempts = 1 }
}
C
# The master listens only on 127.0.0.1, so a name may have addresses that refuse connections.
sed -i 's/^object ApiListener.*/&\n  bind_host = "127.0.0.1"/' /etc/icinga2/features-available/api.conf
stop_dns() { [ ${#dns_pids[@]} = 0 ] || kill "${dns_pids[@]}" 2>/dev/null; dns_pids=(); }
# of SERVICE EXPRESSION: evaluates the expression with the service's attributes `a` and its last result `r`
of() {
	ask "/v1/objects/services/web1!$(echo "$1" | sed 's/ /%20/g')" 2>/dev/null | python3 -c '
import json, sys
a = json.load(sys.stdin)["results"][0]["attrs"]; r = a["last_check_result"] or {}
print(eval(sys.argv[1]))' "$2" 2>/dev/null
}
of_is() { [ "$(of "$1" "$2")" = "$3" ]; }
check "the master starts" start_master

# --- vigild ---------------------------------------------------------------------------------------

echo 's e:cret' >"$work/password"; chmod 600 "$work/password"
echo 0 >"$work/flip"; date +%s >"$work/flip.since"
cat >"$work/probe" <<S
#!/bin/sh
read -r code <"$work/flip"; echo "code \$code | n=\$code"; exit "\$code"
S
cat >"$work/many" <<'S'
#!/usr/bin/python3
print("MANY OK - 3000 values | " + " ".join("v%d=%d" % (n, n) for n in range(3000)))
S
chmod 755 "$work/probe" "$work/many"
cat >"$work/sections" <<C
[daemon:disk]
module = exec
command = /bin/echo "OK - <b>fine</b> | '/ var'=88%;~:80;@90:95;0;100 t=0.5s 'it''s a=b'=18814599168B;0,5 'a|b'=1"
interval = 300ms
[daemon:flip]
module = exec
command = $work/probe
interval = 100ms
timeout = 10m
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
[daemon:many]
module = exec
command = $work/many
interval = 1s
[daemon:silent]
module = exec
command = /bin/true
C
# conf OPTION...: configures all daemons; the daemon `master` has these options
conf() {
	{
		printf '[daemons]\n'
		printf '%s = yes\n' disk flip a nobody lost many silent master
		cat "$work/sections"
		printf '[daemon:master]\nmodule = icinga\nhost = web1\nservice = vigil {daemon}\n'
		printf 'submit = %s\ninterval = 2s\nbackoff_max = 2s\n' "${submit:-disk, flip, a, nobo*, lost, many}"
		printf 'queue = %s\n' "${queue:-$work/queue}"
		printf '%s\n' "$@"
	} | write_conf
}
right=("url = https://master.test:5665" "user = vigil" "password_file = $work/password")
conf "${right[@]}"
start_vigild

check "a result arrives at the master" wait_for 20 of_is "vigil disk" 'r["exit_status"]' 0
check "the output of a result is the line of the plugin, without a second state word" of_is "vigil disk" 'r["output"]' 'OK - <b>fine</b>'
check "the performance data of a result arrives" of_is "vigil disk" 'sorted(r["performance_data"])' \
	"[\"'/ var'=88%;~:80;@90:95;0;100\", \"'it''s a=b'=18814599168B\", \"'t'=0.5s\"]"
check "the state counts the label with a bar that cannot be sent" is /daemons/master/left_out/disk 1
check "the log says once that performance data cannot be sent" \
	[ "$(grep -c 'disk: performance data not sent: 1 ' "$work/log")" = 1 ]
check "the check source is the host" of_is "vigil disk" 'r["check_source"]' web1
check "the result is valid for three intervals" of_is "vigil disk" 'r["ttl"]' 6
check "the result has the time at which it was made" [ "$(of "vigil disk" 'abs(r["execution_end"] - __import__("time").time()) < 600')" = True ]
check "a daemon that has failed is CRITICAL" wait_for 10 of_is "vigil lost" 'a["state"]' 2
check "the output for a daemon that has failed says why" eval '[[ $(of "vigil lost" "r[\"output\"]") == *"has failed: "*nosuchmodule* ]]'
check "the log names a service that the master lacks" grep -q 'the master refuses "web1!vigil nobody": it has no such service' "$work/log"
check "the log names a service that the master lacks only once" [ "$(grep -c 'the master refuses' "$work/log")" = 1 ]
check "refused results are counted" more_than /daemons/master/refused 0
at=$(of "vigil disk" 'r["execution_end"]')
check "a result is sent again after the interval" wait_for 10 eval '[ "$(of "vigil disk" "r[\"execution_end\"]")" != "$at" ]'
check "health is WARNING while the master lacks a service" wait_for 10 is /runs/master/health/level WARNING

echo 2 >"$work/flip"
check "a change is sent at once" wait_for 10 of_is "vigil flip" 'a["state"]' 2
check "the change has its own performance data" of_is "vigil flip" 'r["performance_data"]' "[\"'n'=2\"]"
ctl -q pause flip --reason 'new disks'
check "a paused daemon is OK" wait_for 10 of_is "vigil flip" 'a["state"]' 0
check "the output for a paused daemon says why" eval '[[ $(of "vigil flip" "r[\"output\"]") == "OK - "*" is paused "*": new disks; at present "* ]]'
ctl -q resume flip
check "a daemon is CRITICAL again after its pause" wait_for 10 of_is "vigil flip" 'a["state"]' 2

# --- the master is down ---------------------------------------------------------------------------

stop_master
check "health is CRITICAL while the master is down" wait_for 20 is /runs/master/health/level CRITICAL
for code in 0 1 0 2 3; do
	[ "$code" != 1 ] || warned_from=$(date +%s)
	echo "$code" >"$work/flip"; wait_for 10 is /daemons/flip/exit_status "$code"
	[ "$code" != 1 ] || warned_until=$(date +%s)
done
check "five changes wait while the master is down" wait_for 10 is /daemons/master/changes 5
check "vigild stops while changes wait" stop_vigild
lines=$(cat "$work/queue" "$work/queue.old" 2>/dev/null | wc -l)
check "changes that wait are on disk" [ "$lines" = 5 ]
start_vigild
check "changes still wait after a restart of vigild" wait_for 10 more_than /daemons/master/changes 4
check "the master starts again after the outage" start_master
check "all changes are sent after the outage" wait_for 60 is /daemons/master/changes 0
check "the service has the state of the last change" wait_for 10 of_is "vigil flip" 'a["state"]' 3
check "no change of the outage was dropped" is /daemons/master/dropped 0
# Icinga keeps for each state when it was last seen, which is the time of the result and not of its arrival.
check "a daemon that is UNKNOWN has no performance data, because its numbers are not current" \
	of_is "vigil flip" 'r["performance_data"]' '[]'
check "the WARNING of the outage has its own time" \
	[ "$(of "vigil flip" "$warned_from - 1 <= a['last_state_warning'] <= $warned_until + 1")" = True ]
check "the queue on disk is empty after the outage" wait_for 10 eval '! [ -s "$work/queue" ] && ! [ -s "$work/queue.old" ]'

check "3000 performance values arrive" wait_for 20 of_is "vigil many" 'len(r["performance_data"])' 3000
check "the last of 3000 performance values is complete" of_is "vigil many" 'r["performance_data"][-1]' "'v2999'=2999"
check "the output of a daemon with many values is its status line" of_is "vigil many" 'r["output"]' 'MANY OK - 3000 values'

# --- errors ---------------------------------------------------------------------------------------

reload_with() { conf "$@"; ctl reload >/dev/null; }
says() { case $(get /runs/master/health/text)$(get /runs/master/reason) in *"$1"*) ;; *) false ;; esac; }

reload_with "url = https://wrong.test:5665" "user = vigil" "password_file = $work/password"
check "a certificate of another name is refused" wait_for 20 says 'its certificate is refused: hostname mismatch'
sent=$(get /daemons/master/sent)
check "no result is sent to a master with the wrong name" [ "$sent" = 0 ]
reload_with "url = https://wrong.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
check "tls_name is the name that the certificate must have" wait_for 20 more_than /daemons/master/sent 0
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/other.key" -out "$work/other.crt" -days 1 \
	-subj /CN=other >/dev/null 2>&1
reload_with "${right[@]}" "ca = $work/other.crt"
check "a certificate of another CA is refused" wait_for 20 says 'its certificate is refused: '
echo wrong >"$work/password"
reload_with "${right[@]}"
check "health says that the password is wrong" wait_for 20 says 'the master answers 401'
echo o >"$work/password"
reload_with "url = https://master.test:5665" "user = other" "password_file = $work/password"
check "a user without the permission sees no service" wait_for 20 says 'it has no such service'
chmod 644 "$work/password"; conf "${right[@]}" "timeout = 11s"
refused_by_reload "a password file that all users may read is refused" 'password_file = .*others may read or write'
conf "url = http://master.test" "user = vigil" "password_file = $work/password"
refused_by_reload "http without TLS is refused" 'url = "http://master.test": is not https://HOST:PORT'
conf "url = https://master.test"
refused_by_reload "a reload without credentials is refused" 'set user and password_file'
conf "${right[@]}" "queue_max = 1MiB" "certificate = $work/password"
refused_by_reload "a certificate without its key is refused" 'certificate and key must be set together'
check "the daemon is running after four reloads that were refused" is /runs/master/status running

# --- a full disk ----------------------------------------------------------------------------------

mkdir "$work/small"; mount -t tmpfs -o size=64k tmpfs "$work/small"
submit="disk, flip, a, lost"
echo 's e:cret' >"$work/password"; chmod 600 "$work/password"
echo 0 >"$work/flip"
queue=$work/small/queue reload_with "${right[@]}"
check "the queue can be on a small file system" wait_for 20 is /runs/master/health/level OK
dd if=/dev/zero of="$work/small/full" bs=4k 2>/dev/null
echo 2 >"$work/flip"
check "a change that cannot be written to a full disk arrives nevertheless" wait_for 20 of_is "vigil flip" 'a["state"]' 2
check "health is CRITICAL while the queue cannot be written" wait_for 10 says "$work/small/queue cannot be written: No space left on device"
check "a change that cannot be written to a full disk is counted" more_than /daemons/master/dropped 0
rm "$work/small/full"
check "health recovers when the disk has room, without another change" wait_for 30 is /runs/master/health/level OK
check "the log says that the queue can be written again" grep -q 'small/queue can be written again' "$work/log"

# --- files that change ----------------------------------------------------------------------------

health_is_ok() { is /runs/master/health/level OK; }
sent_more() { local before; before=$(get /daemons/master/sent); wait_for 20 more_than /daemons/master/sent "$before"; }
echo 's e:cret' >"$work/password"; chmod 600 "$work/password"
cp "$work/other.crt" "$work/ca.crt"
reload_with "${right[@]}" "ca = $work/ca.crt"
check "a CA file that does not hold the master's CA is refused" wait_for 20 says 'its certificate is refused: '
cp /var/lib/icinga2/certs/ca.crt "$work/ca.crt"
check "a CA file that changes is read again without a reload" wait_for 20 health_is_ok
echo wrong >"$work/new"; chmod 600 "$work/new"; mv "$work/new" "$work/password"
check "a password file that changes is read again without a reload" wait_for 20 says 'the master answers 401'
echo 's e:cret' >"$work/password"
check "a corrected password file is read again without a reload" wait_for 20 health_is_ok
chmod 644 "$work/password"
check "a password file that others may read is reported" wait_for 20 says \
	'the CA or the credentials cannot be used, the former ones stay in use: others may read or write'
check "the former password stays in use while others may read the file" sent_more
chmod 600 "$work/password"
check "health is OK when others may not read the password file any more" wait_for 20 health_is_ok
check "the log says that the files were read again" grep -q 'master: the CA and the credentials were read again' "$work/log"
again=$(grep -c 'read again' "$work/log")
ctl reload >/dev/null
check "a reload reads the CA and the credentials again" wait_for 20 eval '[ "$(grep -c "read again" "$work/log")" -gt "$again" ]'

# --- addresses ------------------------------------------------------------------------------------

reload_with "url = https://two.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
check "the second address of a name is used if the first one refuses" wait_for 20 is /daemons/master/address 127.0.0.1:5665
check "the log names the address that refuses" grep -qF '[::1]:5665: Connection refused' "$work/log"
check "health names the address that answers" wait_for 20 says 'the master takes results at 127.0.0.1:5665'
check "health is OK if one address of a name refuses and another one answers" health_is_ok
stop_master
check "the health text names all addresses of a name if all of them refuse" wait_for 20 says \
	'https://two.test:5665: [::1]:5665: Connection refused; 127.0.0.1:5665: Connection refused; '
check "the master starts for the next test" start_master
check "the address that answers is used again when the master is back" wait_for 20 health_is_ok
reload_with "url = https://moved.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
check "the health text names an address that refuses" wait_for 20 says '127.0.0.9:5665: Connection refused'
sed 's/^127.0.0.9 moved.test/127.0.0.1 moved.test/' "$work/hosts" >"$work/hosts.new"
cat "$work/hosts.new" >/etc/hosts
check "an /etc/hosts that changes is read again without a reload" wait_for 20 health_is_ok

# dns ADDRESS NAME=ADDRESS,...: a name server at this address, which knows only these names
dns_pids=()
dns() {
	python3 - "$@" <<'P' &
import ipaddress, socket, struct, sys
names = {n.encode(): [ipaddress.ip_address(a) for a in v.split(",")] for n, v in (w.split("=") for w in sys.argv[2:])}
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((sys.argv[1], 53))
while True:
    q, peer = s.recvfrom(4096)
    labels, at = [], 12
    while q[at]: labels.append(q[at + 1:at + 1 + q[at]]); at += 1 + q[at]
    kind = struct.unpack(">H", q[at + 1:at + 3])[0]
    known = names.get(b".".join(labels).lower())
    found = [a for a in known or [] if (a.version, kind) in ((4, 1), (6, 28))]
    answer = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 1, len(a.packed)) + a.packed for a in found)
    s.sendto(q[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0, 0) + q[12:at + 5] + answer, peer)
P
	dns_pids+=($!)
}
dns 127.0.0.53 named.test=127.0.0.7,127.0.0.8,::1
dns 127.0.0.54 named.test=127.0.0.8,127.0.0.1,::1
echo 'nameserver 127.0.0.53' >/etc/resolv.conf
reload_with "url = https://named.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
for address in 127.0.0.7:5665 127.0.0.8:5665 '[::1]:5665'; do
	check "each address that a name server has is tried: $address" wait_for 20 says "$address: Connection refused"
done
echo 'nameserver 127.0.0.54' >/etc/resolv.conf
check "a resolv.conf that changes is read again without a reload" wait_for 20 health_is_ok
check "the address that answers is used after a change of resolv.conf" is /daemons/master/address 127.0.0.1:5665
reload_with "url = https://nameless.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password"
check "a name that does not exist is reported" wait_for 20 says 'https://nameless.test:5665: nameless.test cannot be resolved: '
echo 'nameserver 127.0.0.99' >/etc/resolv.conf
reload_with "url = https://silent.test:5665" "tls_name = master.test" "user = vigil" "password_file = $work/password" "timeout = 2s"
check "name servers that do not answer are reported" wait_for 30 says 'silent.test cannot be resolved: '
check "vigild runs its daemons while a name is looked up" eval 'n=$(get /runs/flip/ticks); wait_for 10 more_than /runs/flip/ticks $((n + 3))'
stop_dns

# --- a client certificate -------------------------------------------------------------------------

mkdir "$work/pki"; chown nagios "$work/pki"
{
	icinga2 pki new-cert --cn web1 --key "$work/pki/web1.key" --csr "$work/pki/web1.csr"
	icinga2 pki sign-csr --csr "$work/pki/web1.csr" --cert "$work/pki/web1.crt"
} >"$work/pki.log" 2>&1
chown -R root "$work/pki" # icinga2 writes files that belong to its own user, but vigild as root accepts only a key of root
chmod 600 "$work/pki/web1.key"
cp "$work/other.crt" "$work/pki/now.crt"; cp "$work/other.key" "$work/pki/now.key"
reload_with "url = https://master.test:5665" "certificate = $work/pki/now.crt" "key = $work/pki/now.key"
check "health is CRITICAL with a client certificate that the master does not know" wait_for 20 is /runs/master/health/level CRITICAL
cp "$work/pki/web1.key" "$work/pki/now.key"; cp "$work/pki/web1.crt" "$work/pki/now.crt"
check "a client certificate that changes is read again without a reload" wait_for 30 health_is_ok
reload_with "url = https://master.test:5665" "certificate = $work/pki/web1.crt" "key = $work/pki/web1.key"
check "results are sent with a client certificate and without a password" wait_for 20 more_than /daemons/master/sent 0
check "no result waits when the master accepts the client certificate" wait_for 30 is /daemons/master/waiting 0
check "health is OK when every service is there" wait_for 10 is /runs/master/health/level OK
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || { tail -60 "$work/log"; ask '/v1/objects/services' | head -c 3000; }
finish
