#!/bin/bash
# icinga2 by its real init script, without systemd: killed, it runs again, three times in a row;
# with its configuration broken, restart_error goes 1, 2, 3, then 0 once mended, then 1.
. "$(dirname "$0")/lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "icinga2 by its init script needs root"
	[ -x /etc/init.d/icinga2 ] || skip_all "icinga2 is not installed"
	unshare -m -p -f true 2>/dev/null || skip_all "this machine allows no namespaces"
	install_staged
	# Namespaces of its own leave the machine's icinga2, its /run and /etc as they are.
	exec unshare -m -p -f --mount-proc --kill-child bash "$0" inside
fi

set_paths
work=$(mktemp -d)
trap 'stop_vigild; /etc/init.d/icinga2 stop >/dev/null 2>&1; rm -rf "$work"' EXIT
mount -t tmpfs tmpfs /run
mkdir -p "$work/etc" "$work/lib"
cp -a /etc/icinga2/. "$work/etc"
cp -a /var/lib/icinga2/. "$work/lib"
mount --bind "$work/etc" /etc/icinga2
mount --bind "$work/lib" /var/lib/icinga2

place=/daemons/agentservice/service_state
pid_of() { cat /run/icinga2/icinga2.pid 2>/dev/null; }
alive_again() { local pid; pid=$(pid_of) && [ "$pid" != "$1" ] && kill -0 "$pid" 2>/dev/null; }

/etc/init.d/icinga2 start >"$work/start.log" 2>&1
check "icinga2 starts by its script" wait_for 30 pid_of
write_conf <<CONF
[daemons]
agentservice = yes

[daemon:agentservice]
module = service
service = icinga2
manager = lsb
interval = 1s
backoff = 0
healthy_after = 0
CONF
start_vigild
check "the first look finds it running" wait_for 15 is $place/value running
check "nothing was restarted so far" [ -z "$(get $place/restarts)" ]

for round in 1 2 3; do
	old=$(pid_of)
	kill -9 "$old"
	check "round $round: killed with -9, it runs again" wait_for 40 alive_again "$old"
	check "round $round: the state says so" wait_for 20 is $place/restarts $round
	check "round $round: value is running" is $place/value running
	check "round $round: restart_error is 0" is $place/restart_error 0
done

echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
kill -9 "$(pid_of)"
for n in 1 2 3; do
	check "broken: restart_error goes to $n" wait_for 40 is $place/restart_error $n
done
check "its health is critical" is /runs/agentservice/health/level CRITICAL
check "last_error says what kind it was" is $place/last_error/kind failed
sed -i '$d' /etc/icinga2/icinga2.conf
check "mended: restart_error goes to 0" wait_for 60 is $place/restart_error 0
check "mended: it is running" is $place/value running
echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
kill -9 "$(pid_of)"
check "broken again: restart_error is 1" wait_for 40 is $place/restart_error 1

check "vigild stops as asked" stop_vigild
[ "$failed" -eq 0 ] || cat "$work/log"
finish
