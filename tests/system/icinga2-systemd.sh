#!/bin/bash
# icinga2 under a real systemd.  It is killed three times in a row, and restarted each time.  vigild runs
# from its shipped unit.  The services that it restarted, over the bus and by a script, still run after
# this unit was stopped.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	[ -f /lib/systemd/system/icinga2.service ] || skip_all "icinga2 is not installed"
	rerun_in_systemd
fi

set_paths
sbindir=$(make_variable sbindir) bindir=$(make_variable bindir) sysconfdir=$(make_variable sysconfdir)
work=$(mktemp -d)
chmod 755 "$work"
finish_here() {
	systemctl stop vigil icinga2 2>/dev/null
	[ ! -x "$work/init.d/demo" ] || "$work/init.d/demo" stop
	umount /etc/icinga2 /var/lib/icinga2 /var/log/icinga2 /var/cache/icinga2 /var/spool/icinga2 2>/dev/null
	rm -rf "$work"
}
trap finish_here EXIT

# The machine's files are read-only here, so the files that icinga2 writes are in memory.
for dir in /etc/icinga2 /var/lib/icinga2 /var/log/icinga2 /var/cache/icinga2 /var/spool/icinga2; do
	[ -d "$dir" ] || continue
	mkdir -p "$work/rw$dir"
	cp -a "$dir/." "$work/rw$dir"
	chown --reference="$dir" "$work/rw$dir"
done
mount -t tmpfs tmpfs /var/lib
mkdir /var/lib/icinga2
for dir in "$work"/rw/*/*; do
	chmod 755 "${dir%/*}" "$work/rw"
	mount --bind "$dir" "${dir#"$work/rw"}" 2>/dev/null
done
for dir in /var/lib/icinga2 /var/log/icinga2 /var/cache/icinga2 /var/spool/icinga2; do
	[ ! -d "$work/rw$dir" ] || mount --bind "$work/rw$dir" "$dir"
done

# The shipped unit, with the staged programs and the configuration of this test.
sed -e "s|$sbindir/vigild|$vigild|; s|$bindir/vigilctl|$vigilctl|; s|$sysconfdir/vigil/vigil.conf|$work/vigil.conf|" \
	"$stage$(make_variable unitdir)/vigil.service" >/run/systemd/system/vigil.service
mkdir "$work/init.d"
sed "s|@dir@|$work|g" "$top_srcdir/conf/demo/demo.init" >"$work/init.d/demo"
chmod 755 "$work/init.d/demo"
cat >"$work/vigil.conf" <<CONF
[vigil]
modules = $modules
socket = /run/vigil/control.sock
pipe = /run/vigil/control.pipe
state_dir = /var/lib/vigil

[daemons]
agentservice = yes
demo = yes

[daemon:agentservice]
module = service
service = icinga2
interval = 1s
backoff = 0
healthy_after = 0
reset_failed = yes

[daemon:demo]
module = service
service = demo
manager = lsb
init_dir = $work/init.d
interval = 1s
CONF
ctl() { "$vigilctl" -s /run/vigil/control.sock "$@"; }
systemctl daemon-reload

place=/daemons/agentservice/service_state
main_pid() { systemctl show -P MainPID icinga2; }
active() { [ "$(systemctl is-active icinga2)" = active ]; }
active_again() { active && [ "$(main_pid)" != "$1" ]; }

systemctl start icinga2
check "icinga2 is active" wait_for 30 active
check "vigil starts from its unit and reports that it is ready" systemctl start vigil
check "the first query finds icinga2 under systemd" wait_for 15 is $place/manager systemd
check "the first query finds icinga2 running" wait_for 15 is $place/value running
check "icinga2 is not restarted before it is killed" [ -z "$(get $place/restarts)" ]

for round in 1 2 3; do
	old=$(main_pid)
	crash "$old"
	check "round $round: icinga2 is active again after SIGKILL" wait_for 40 active_again "$old"
	check "round $round: the state counts the restart" wait_for 20 is $place/restarts $round
	check "round $round: the value of icinga2 is running" wait_for 20 is $place/value running
	check "round $round: restart_error is 0" wait_for 20 is $place/restart_error 0
	check "round $round: the state has the pid of icinga2" wait_for 20 is $place/pid "$(main_pid)"
done

echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
crash "$(main_pid)"
errors() { [ "$(get $place/restart_error || echo 0)" -ge "$1" ]; } # they may follow each other in less time than a query takes
for n in 1 2 3; do
	check "broken configuration: restart_error is at least $n" wait_for 60 errors $n
done
sed -i '$d' /etc/icinga2/icinga2.conf
check "correct configuration: restart_error is 0" wait_for 60 is $place/restart_error 0
check "correct configuration: icinga2 is running" wait_for 20 is $place/value running
echo "object Nonsense {" >>/etc/icinga2/icinga2.conf
crash "$(main_pid)"
check "configuration broken again: restart_error is at least 1" wait_for 60 errors 1
sed -i '$d' /etc/icinga2/icinga2.conf
check "configuration correct again: restart_error is 0" wait_for 60 is $place/restart_error 0

# An icinga2 that has just been started ignores SIGTERM.
systemctl mask --runtime icinga2 >/dev/null 2>&1
systemctl kill --signal=KILL icinga2
systemctl stop icinga2
check "masked unit: the state has a decision about icinga2" wait_for 15 grep -q . < <(get $place/decision)
systemctl unmask --runtime icinga2 >/dev/null 2>&1
check "unmasked unit: icinga2 is active again" wait_for 40 active

check "the unit of vigil can be reloaded" systemctl reload vigil
check "the state counts the reload of the unit" is /vigil/reloads 1
check "the demo service was started by its script" wait_for 20 is /daemons/demo/service_state/value running
old=$(main_pid) demo=$(cat "$work/demo.pid")
check "the unit of vigil stops" systemctl stop vigil
check "icinga2, which was restarted over the bus, still runs after vigil has stopped" [ "$(main_pid)" = "$old" ]
check "the demo service, which was started by its script, still runs after vigil has stopped" kill -0 "$demo"
check "no process of vigild is left" [ -z "$(pgrep -x vigild)" ]
check "systemd has never restarted vigil" [ "$(systemctl show -P NRestarts vigil)" = 0 ]
[ "$failed" -eq 0 ] || journalctl -u vigil --no-pager | tail -60
finish
