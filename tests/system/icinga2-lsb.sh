#!/bin/bash
# icinga2 with its real init script, without systemd.  It is killed three times in a row, and restarted each
# time.  With a broken configuration restart_error is 1, 2 and 3; with a correct one it is 0, and later 1 again.
. "$(dirname "$0")/lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "the init script of icinga2 needs root"
	[ -x /etc/init.d/icinga2 ] || skip_all "icinga2 is not installed"
	unshare -m -p -f true 2>/dev/null || skip_all "this machine allows no namespaces"
	install_staged
	# In separate namespaces the machine's icinga2, /run and /etc are not touched.
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
check "icinga2 starts by its init script" wait_for 30 pid_of
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
check "the first query finds icinga2 running" wait_for 15 is $place/value running
check "icinga2 is not restarted before it is killed" [ -z "$(get $place/restarts)" ]

for round in 1 2 3; do
	old=$(pid_of)
	kill -9 "$old"
	check "round $round: icinga2 runs again after SIGKILL" wait_for 40 alive_again "$old"
	check "round $round: the state counts the restart" wait_for 20 is $place/restarts $round
	check "round $round: the value of icinga2 is running" wait_for 20 is $place/value running
	check "round $round: restart_error is 0" wait_for 20 is $place/restart_error 0
done

echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
kill -9 "$(pid_of)"
errors() { [ "$(get $place/restart_error || echo 0)" -ge "$1" ]; } # they may follow each other in less time than a query takes
for n in 1 2 3; do
	check "broken configuration: restart_error is at least $n" wait_for 40 errors $n
done
check "broken configuration: the health is CRITICAL" is /runs/agentservice/health/level CRITICAL
check "broken configuration: the kind of last_error is failed" is $place/last_error/kind failed
sed -i '$d' /etc/icinga2/icinga2.conf
check "correct configuration: restart_error is 0" wait_for 60 is $place/restart_error 0
check "correct configuration: icinga2 is running" wait_for 20 is $place/value running
echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
kill -9 "$(pid_of)"
check "configuration broken again: restart_error is at least 1" wait_for 40 errors 1

check "vigild stops with status 0" stop_vigild
[ "$failed" -eq 0 ] || cat "$work/log"
finish
