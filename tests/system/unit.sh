#!/bin/bash
# The shipped unit under a real systemd.  Without changes, the services that vigild restarts with init
# scripts run without restrictions.  With vigil-bus.conf, vigild is sandboxed and works over D-Bus.
# (polkit.sh tests vigild as an ordinary user, with vigil-user.conf.)
. "$(dirname "$0")/lib.sh" || exit 1

rerun_in_systemd

set_paths
no_leak_check_inside
sbindir=$(make_variable sbindir) bindir=$(make_variable bindir) sysconfdir=$(make_variable sysconfdir)
work=$(mktemp -d)
trap 'systemctl stop vigil sleeper 2>/dev/null; "$work/init.d/demo" stop; rm -rf "$work"' EXIT
mount -t tmpfs tmpfs /var/lib
units=/run/systemd/system

# The shipped files, with the staged programs and a configuration for this test.
shipped() {
	sed -e "s|$sbindir/vigild|$vigild|; s|$bindir/vigilctl|$vigilctl|" \
		-e "s|$sysconfdir/vigil|$work|" "$stage$1"
}
shipped "$(make_variable unitdir)/vigil.service" >$units/vigil.service
printf '[Service]\nExecStart=/bin/sleep 1000000\n' >$units/sleeper.service
mkdir "$work/init.d" "$work/conf.d"
chmod 755 "$work"
sed "s|@dir@|$work|g" "$top_srcdir/conf/demo/demo.init" >"$work/init.d/demo"
chmod 755 "$work/init.d/demo"
cat >"$work/vigil.conf" <<CONF
[vigil]
modules = $modules
socket = /run/vigil/control.sock
pipe = /run/vigil/control.pipe
state_dir = /var/lib/vigil
group = daemon

[daemons]
demo = yes
sleeper = yes

[daemon:demo]
module = service
manager = lsb
service = demo
init_dir = $work/init.d
interval = 1s

[daemon:sleeper]
module = service
service = sleeper
interval = 1s
CONF
ctl() { "$vigilctl" -s /run/vigil/control.sock "$@"; }
main_pid() { systemctl show -P MainPID "$1"; }
back() { local pid; pid=$(main_pid sleeper); [ "$pid" != 0 ] && [ "$pid" != "$1" ]; }
of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
systemctl daemon-reload

# --- without changes ------------------------------------------------------------------------------
check "vigild starts from its unit and reports READY" systemctl start vigil
check "a stopped service is started by its init script" wait_for 20 \
	is /daemons/demo/service_state/value running
demo=$(cat "$work/demo.pid")
check "the service has all capabilities" [ "$(of "$demo" CapBnd)" = "$(of 1 CapBnd)" ]
check "the service has the umask 0022" [ "$(of "$demo" Umask)" = 0022 ]
check "a stopped unit is started over D-Bus" wait_for 20 back 0
ordinary() { setpriv --reuid=65534 --regid=65534 "$@" "$vigilctl" -s /run/vigil/control.sock status; }
if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$vigilctl"; then
	check "a member of the group may read" grep -q sleeper <(ordinary --groups=daemon)
	check "a user outside the group may not read" eval '! ordinary --clear-groups 2>/dev/null'
else
	echo "SKIP: an ordinary user cannot read the build"
fi
check "vigild stops with systemctl stop" systemctl stop vigil
check "the service that its init script has started still runs" kill -0 "$demo"

# --- with vigil-bus.conf --------------------------------------------------------------------------
mkdir $units/vigil.service.d
shipped "$(make_variable docdir)/vigil-bus.conf" >$units/vigil.service.d/bus.conf
# The programs under test may be in /tmp, but the unit has its own /tmp.
printf '[Service]\nBindPaths=%s %s\n' "$stage" "$work" >$units/vigil.service.d/test.conf
sed -i 's/^demo = yes/demo = no/' "$work/vigil.conf"
systemctl daemon-reload
old=$(main_pid sleeper)
check "sandboxed: vigild starts" systemctl start vigil
check "sandboxed: vigild has fewer capabilities" [ "$(of "$(main_pid vigil)" CapBnd)" != "$(of 1 CapBnd)" ]
check "sandboxed: the first query finds the unit running" wait_for 15 \
	is /daemons/sleeper/service_state/value running
crash "$old"
check "sandboxed: a unit that was killed is restarted" wait_for 40 back "$old"
check "sandboxed: a daemon can be registered" \
	ctl -q -c "$work/vigil.conf" register another module=service service=sleeper
check "sandboxed: the registered daemon runs" wait_for 15 is /runs/another/status running
inside() { nsenter -t "$(main_pid vigil)" -m "$@"; }
check "sandboxed: vigild can write its folder conf.d" inside test -w "$work/conf.d"
check "sandboxed: vigild can write its state" inside test -w /var/lib/vigil
check "sandboxed: vigild cannot write the folders next to its state" \
	eval 'test -w /var/lib && ! inside test -w /var/lib'
check "sandboxed: systemctl reload works" systemctl reload vigil
check "sandboxed: vigild stops with systemctl stop" systemctl stop vigil
check "sandboxed: the unit never failed" [ "$(systemctl show -P Result vigil)" = success ]

# --- the exposure, in tenths, as systemd-analyze measures it --------------------------------------
security() { systemd-analyze security --no-pager --threshold="$1" vigil.service 2>&1; }
at_most() { security "$1" >/dev/null; }
score() { security 100 | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p'; }
if at_most 100; then
	check "the exposure with vigil-bus.conf is at most 2.8: $(score)" at_most 28
	shipped "$(make_variable docdir)/vigil-user.conf" >$units/vigil.service.d/bus.conf
	systemctl daemon-reload
	check "the exposure with vigil-user.conf is at most 1.6: $(score)" at_most 16
	rm -r $units/vigil.service.d
	systemctl daemon-reload
	check "the exposure of the unit alone is higher than 2.8, as documented: $(score)" eval '! at_most 28'
else
	echo "SKIP: this systemd-analyze does not know --threshold"
fi
[ "$failed" -eq 0 ] || journalctl -u vigil --no-pager | tail -60
finish
