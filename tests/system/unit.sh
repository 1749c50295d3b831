#!/bin/bash
# The shipped unit under a real systemd.  As it is, a daemon restarted by its init script gets the
# machine as it is; with vigil-bus.conf beside it, vigild is shut in and does its work by bus.  (As
# an ordinary user, with vigil-user.conf, it runs in polkit.sh.)
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	with_systemd || skip_all "built without systemd"
	install_staged
	exec "$here/in-systemd.sh" bash "$0"
fi

set_paths
no_leak_check_inside
sbindir=$(make_variable sbindir) bindir=$(make_variable bindir) sysconfdir=$(make_variable sysconfdir)
work=$(mktemp -d)
trap 'systemctl stop vigil sleeper 2>/dev/null; "$work/init.d/demo" stop; rm -rf "$work"' EXIT
mount -t tmpfs tmpfs /var/lib
units=/run/systemd/system

# What is shipped, with the staged programs and a configuration of our own.
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

# --- as it is -------------------------------------------------------------------------------------
check "vigil starts from its unit and says READY" systemctl start vigil
check "a stopped daemon is started by its script" wait_for 20 \
	is /daemons/demo/service_state/value running
demo=$(cat "$work/demo.pid")
check "with all the capabilities that there are" [ "$(of "$demo" CapBnd)" = "$(of 1 CapBnd)" ]
check "and the usual umask" [ "$(of "$demo" Umask)" = 0022 ]
check "a stopped unit is started over the bus" wait_for 20 back 0
ordinary() { setpriv --reuid=65534 --regid=65534 "$@" "$vigilctl" -s /run/vigil/control.sock status; }
if setpriv --reuid=65534 --regid=65534 --clear-groups test -x "$vigilctl"; then
	check "a member of the group may read" grep -q sleeper <(ordinary --groups=daemon)
	check "but no other" eval '! ordinary --clear-groups 2>/dev/null'
else
	echo "SKIP: an ordinary user cannot read the build"
fi
check "vigil stops" systemctl stop vigil
check "the daemon started by its script runs on" kill -0 "$demo"

# --- with vigil-bus.conf --------------------------------------------------------------------------
mkdir $units/vigil.service.d
shipped "$(make_variable docdir)/vigil-bus.conf" >$units/vigil.service.d/bus.conf
# The programs under test may lie in /tmp, of which the unit has its own.
printf '[Service]\nBindPaths=%s %s\n' "$stage" "$work" >$units/vigil.service.d/test.conf
sed -i 's/^demo = yes/demo = no/' "$work/vigil.conf"
systemctl daemon-reload
old=$(main_pid sleeper)
check "shut in: vigil starts" systemctl start vigil
check "shut in: it has few capabilities left" [ "$(of "$(main_pid vigil)" CapBnd)" != "$(of 1 CapBnd)" ]
check "shut in: the first look finds the unit running" wait_for 15 \
	is /daemons/sleeper/service_state/value running
crash "$old"
check "shut in: killed, the unit is back" wait_for 40 back "$old"
check "shut in: a daemon can be registered" \
	ctl -q -c "$work/vigil.conf" register another module=service service=sleeper
check "shut in: and is taken up" wait_for 15 is /runs/another/status running
inside() { nsenter -t "$(main_pid vigil)" -m "$@"; }
check "shut in: its folder of daemons can be written over the socket, too" inside test -w "$work/conf.d"
check "shut in: and its state" inside test -w /var/lib/vigil
check "shut in: but not what others keep beside it, as the rest of the machine can" \
	eval 'test -w /var/lib && ! inside test -w /var/lib'
check "shut in: the unit reloads" systemctl reload vigil
check "shut in: it stops" systemctl stop vigil
check "and never failed" [ "$(systemctl show -P Result vigil)" = success ]

# --- how far open, in tenths, by systemd's own reckoning ------------------------------------------
security() { systemd-analyze security --no-pager --threshold="$1" vigil.service 2>&1; }
at_most() { security "$1" >/dev/null; }
score() { security 100 | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p'; }
if at_most 100; then
	check "with vigil-bus.conf at most 2.8: $(score)" at_most 28
	shipped "$(make_variable docdir)/vigil-user.conf" >$units/vigil.service.d/bus.conf
	systemctl daemon-reload
	check "with vigil-user.conf at most 1.6: $(score)" at_most 16
	rm -r $units/vigil.service.d
	systemctl daemon-reload
	check "the unit alone is open, as it says: $(score)" eval '! at_most 28'
else
	echo "SKIP: this systemd-analyze knows no threshold"
fi
[ "$failed" -eq 0 ] || journalctl -u vigil --no-pager | tail -60
finish
