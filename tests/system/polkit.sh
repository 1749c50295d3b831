#!/bin/bash
# vigild as an ordinary user: the shipped unit with vigil-user.conf beside it, the user of the
# shipped sysusers, the shipped rule under the real polkitd.  It restarts what the rule names, is
# denied all else, and says which line would allow it.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	with_systemd || skip_all "built without systemd"
	for file in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd; do [ ! -x $file ] || polkitd=$file; done
	[ -n "${polkitd:-}" ] || skip_all "polkitd is not installed"
	command -v systemd-sysusers >/dev/null || skip_all "systemd-sysusers is not installed"
	install_staged
	before=$(md5sum /etc/passwd /etc/group; find /etc/polkit-1 -type f -exec md5sum {} +)
	"$here/in-systemd.sh" bash "$0" || exit
	check "the machine's own users and rules are as they were" [ "$before" = \
		"$(md5sum /etc/passwd /etc/group; find /etc/polkit-1 -type f -exec md5sum {} +)" ]
	finish
fi

set_paths
no_leak_check_inside
sbindir=$(make_variable sbindir) bindir=$(make_variable bindir) sysconfdir=$(make_variable sysconfdir)
docdir=$stage$(make_variable docdir)
sysusers=$stage$(make_variable sysusersdir)/vigil.conf
tmpfiles=$stage$(make_variable tmpfilesdir)/vigil.conf
work=/run/vigil-test
mkdir -p $work/conf/conf.d $work/rules.d $work/root/etc
trap 'systemctl stop vigil 2>/dev/null' EXIT
units=/run/systemd/system
rules=/etc/polkit-1/rules.d/50-vigil.rules

# --- a user and a folder of rules that are not the machine's --------------------------------------
cp -p /etc/passwd /etc/group $work/root/etc
sed -i '/^vigil:/d' $work/root/etc/passwd $work/root/etc/group
check "sysusers makes the user" systemd-sysusers --root=$work/root "$sysusers"
check "which is locked out of logging in" grep -q '^vigil:.*nologin$' $work/root/etc/passwd
check "and a group of that name" grep -q '^vigil:' $work/root/etc/group
mount --bind $work/root/etc/passwd /etc/passwd
mount --bind $work/root/etc/group /etc/group
mount --bind $work/rules.d /etc/polkit-1/rules.d
mount -t tmpfs tmpfs /var/lib
chmod 755 $work $work/rules.d

# What is shipped, where an ordinary user can read it, and a configuration of our own.
cp -r "$vigild" "$vigilctl" "$modules" $work
vigilctl=$work/vigilctl
shipped() {
	sed -e "s|$sbindir/vigild|$work/vigild|; s|$bindir/vigilctl|$vigilctl|" \
		-e "s|$sysconfdir/vigil|$work/conf|" "$1"
}
shipped "$stage$(make_variable unitdir)/vigil.service" >$units/vigil.service
printf '[Service]\nExecStart=/bin/sleep 1000000\n' | tee $units/allowed.service >$units/other.service
cat >$work/conf/vigil.conf <<CONF
[vigil]
modules = $work/modules
socket = /run/vigil/control.sock
pipe = /run/vigil/control.pipe
state_dir = /var/lib/vigil

[daemons]
allowed = yes
other = yes
id = yes

[daemon:allowed]
module = service
service = allowed
interval = 1s
backoff = 0
memory_max = 1GiB

[daemon:other]
module = service
service = other
interval = 1s
backoff = 1s
backoff_max = 1s

[daemon:id]
module = exec
command = id -un
format = text
CONF
ctl() { "$vigilctl" -s /run/vigil/control.sock "$@"; }
as() { local user=$1; shift; setpriv --reuid="$user" --regid="$user" --init-groups "$@"; }
main_pid() { systemctl show -P MainPID "$1"; }
back() { local pid; pid=$(main_pid allowed); [ "$pid" != 0 ] && [ "$pid" != "$1" ]; }
failed() { [ "$(systemctl show -P ActiveState "$1")" = failed ]; }
of() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }
owner() { stat -c %U "$1"; }
allowed=/daemons/allowed/service_state other=/daemons/other/service_state
systemctl daemon-reload
check "polkitd runs" systemctl start polkit

# --- from root to user ----------------------------------------------------------------------------
check "as root it starts" systemctl start vigil allowed other
check "and sees the units" wait_for 15 is $allowed/value running
crash "$(main_pid allowed)"
check "and restarts one" wait_for 15 is $allowed/restarts 1
systemctl stop vigil
check "what it keeps is root's" [ "$(owner /var/lib/vigil/state.json)" = root ]
mkdir $units/vigil.service.d
shipped "$docdir/vigil-user.conf" >$units/vigil.service.d/user.conf
systemctl daemon-reload
check "with vigil-user.conf it starts and says READY" systemctl start vigil
pid=$(main_pid vigil)
check "as the user vigil" [ "$(owner "/proc/$pid")" = vigil ]
check "with no capability at all" [ "$(of "$pid" CapBnd):$(of "$pid" CapEff)" = 0000000000000000:0000000000000000 ]
check "which can gain none" [ "$(of "$pid" NoNewPrivs)" = 1 ]
check "the socket, the pipe and the state are its own" [ "$(owner /run/vigil/control.sock):$(
	owner /run/vigil/control.pipe):$(owner /var/lib/vigil/state.json)" = vigil:vigil:vigil ]
check "it knows what it knew as root" is $allowed/restarts 1
check "a plugin runs as that user" wait_for 15 is /daemons/id/output vigil

# --- what a user may do of itself: look -----------------------------------------------------------
check "it sees a unit run" wait_for 15 is $allowed/value running
check "under the pid that systemd tells" is $allowed/pid "$(main_pid allowed)"
crash "$(main_pid allowed)" "$(main_pid other)"
check "a crash is seen" wait_for 15 is $allowed/value failed
check "the rule as shipped lets it do nothing" wait_for 15 is $allowed/last_error/kind denied

# --- what the rule names --------------------------------------------------------------------------
cp "$docdir/50-vigil.rules" $work/new
sed -i 's|// "icinga2.service",|"allowed.service",|' $work/new
check "a unit is named in the rule" grep -q '^	"allowed.service",$' $work/new
mv $work/new $work/rules.d/50-vigil.rules
check "polkitd takes it up, and the crashed unit is restarted" wait_for 30 back 0
check "the restart worked" wait_for 15 is $allowed/restart_error 0
for round in 1 2; do
	old=$(main_pid allowed)
	crash "$old"
	check "round $round: crashed, it is back" wait_for 20 back "$old"
done
systemctl stop allowed
check "stopped, it is started" wait_for 20 back 0

# --- and what it does not -------------------------------------------------------------------------
check "the other unit is denied" wait_for 15 is $other/last_error/kind denied
check "and stays as it was" failed other
says() { grep -qF "$1" <<<"$2"; }
hint="polkit does not let vigil restart other.service: add \"other.service\" to vigil_units in $rules"
check "the state has the hint" says "$hint" "$(get $other/last_error/text)"
check "health says that it was denied" grep -qE '(was|were) denied; ' <(get /runs/other/health/text)
check "explain has it" says "$hint" "$(ctl explain other)"
check "and that it was denied" grep -q '^....-..-.. ..:..:.. [^ ]*  restart [0-9]*: denied: ' <(ctl explain other)
check "the log has both" says "$hint" "$(journalctl -u vigil | grep 'other: .*(denied')"
sed -i 's|^ExecStart=.*|ExecStart=/bin/false\nType=oneshot|' $units/allowed.service
systemctl daemon-reload
crash "$(main_pid allowed)"
check "a restart that fails is told apart: failed" wait_for 20 is $allowed/last_error/kind failed
check "without a hint" eval '! says polkit "$(get $allowed/last_error/text)"'

may() { as "$1" busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
	org.freedesktop.systemd1.Manager "$2" ss "$3" replace >/dev/null 2>&1; }
sed -i '/^Type/d; s|^ExecStart=.*|ExecStart=/bin/sleep 1000000|' $units/allowed.service
systemctl daemon-reload
systemctl reset-failed allowed
check "the user may restart the unit named" may vigil RestartUnit allowed.service
check "and start it" may vigil StartUnit allowed.service
for verb in StopUnit ReloadUnit ReloadOrRestartUnit; do
	check "but no $verb" eval '! may vigil $verb allowed.service'
done
check "nor restart another" eval '! may vigil RestartUnit other.service'
check "nor may another user restart it" eval '! may daemon RestartUnit allowed.service'
check "nor may vigil act otherwise" eval '! as vigil busctl call org.freedesktop.systemd1 \
	/org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Reload 2>/dev/null'

# --- systemd's start limit: a verb of its own -----------------------------------------------------
cat >$units/limited.service <<UNIT
[Unit]
StartLimitBurst=1
StartLimitIntervalSec=1h
[Service]
ExecStart=/bin/sleep 1000000
UNIT
systemctl daemon-reload
systemctl start limited
sed -i 's|"allowed.service",|"allowed.service", "limited.service",|' $work/rules.d/50-vigil.rules
check "root may register a daemon" ctl -q -c $work/conf/vigil.conf register limited \
	module=service service=limited interval=1s backoff=0 reset_failed=yes
limited=/daemons/limited/service_state
check "it is taken up" wait_for 15 is $limited/value running
crash "$(main_pid limited)"
check "over its limit and not let to clear it, the hint names the verb" wait_for 20 \
	eval 'says "polkit does not let vigil reset-failed limited.service: add \"reset-failed\" to vigil_verbs in $rules" \
		"$(get $limited/last_error/text)"'
sed -i 's|"restart"\]|"restart", "reset-failed"]|' $work/rules.d/50-vigil.rules
check "with the verb it is cleared and restarted" wait_for 30 is $limited/restart_error 0

# --- an upgrade: its lock is in a file that only root may open ------------------------------------
if command -v python3 >/dev/null; then
	mkdir -m 755 /var/lib/dpkg
	(umask 027; : >/var/lib/dpkg/lock-frontend)
	exec {hold}> >(exec python3 -c 'import fcntl, sys
file = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[1], "w")
sys.stdin.read()' $work/locked)
	check "dpkg's lock is held" wait_for 15 test -e $work/locked
	check "which the user cannot open" eval '! as vigil test -r /var/lib/dpkg/lock-frontend'
	systemctl stop allowed
	check "it sees it all the same, and leaves alone what was stopped" wait_for 15 \
		is $allowed/decision "left alone: a package upgrade is in progress (dpkg)"
	exec {hold}>&-
	check "until the lock is gone" wait_for 15 back 0
else
	echo "SKIP: python3 is not installed: nobody takes dpkg's lock"
fi

# --- the rest of the house ------------------------------------------------------------------------
check "ExecReload works" systemctl reload vigil
check "and was a reload" is /vigil/reloads 2
echo "log debug" >/run/vigil/control.pipe
logged() { grep -qF "$1" <(journalctl -u vigil); }
check "the pipe takes verbs" wait_for 15 logged "the log level is now debug"
ctl -q log info
members=$(sed 's/^\(vigil:.*:\)$/\1games/' /etc/group)
echo "$members" >/etc/group
check "a member of its group may read" says allowed "$(as games "$vigilctl" -s /run/vigil/control.sock status)"
check "but not write" eval '! as games "$vigilctl" -q -s /run/vigil/control.sock reload 2>/dev/null'
check "and no other may read" eval '! as daemon "$vigilctl" -s /run/vigil/control.sock status 2>/dev/null'
check "its own user may write" as vigil "$vigilctl" -q -s /run/vigil/control.sock run allowed
check "but not register" eval '! as vigil "$vigilctl" -q -s /run/vigil/control.sock -c $work/conf/vigil.conf \
	register more module=service service=more 2>/dev/null'
sed "s|$(make_variable runstatedir)|/run|; s|$(make_variable localstatedir)|/var|" "$tmpfiles" |
	systemd-tmpfiles --create -
check "tmpfiles takes nothing from it" [ "$(owner /run/vigil):$(owner /var/lib/vigil)" = vigil:vigil ]
restarts=$(get $allowed/restarts)
check "it stops" systemctl stop vigil
check "and never failed" [ "$(systemctl show -P Result vigil):$(systemctl show -P NRestarts vigil)" = success:0 ]

printf '[Service]\nWatchdogSec=2\n' >$units/vigil.service.d/watchdog.conf
systemctl daemon-reload
systemctl start vigil
check "it knows what it knew" is $allowed/restarts "$restarts"
stuck=$(main_pid vigil)
again() { [ "$(systemctl show -P NRestarts vigil)" -gt 0 ] && reachable; }
fed() { [ "$(systemctl show -P WatchdogTimestampMonotonic vigil)" != "$1" ]; }
for round in 1 2 3; do
	check "the watchdog is fed, $round" wait_for 20 fed \
		"$(systemctl show -P WatchdogTimestampMonotonic vigil)"
done
check "and content" [ "$(main_pid vigil)" = "$stuck" ]
[ "$stuck" -gt 0 ] && kill -STOP "$stuck"
check "stuck, it is started anew by the watchdog" wait_for 30 again
check "and the watch goes on" wait_for 15 is $allowed/value running
[ "$failed" -eq 0 ] || journalctl -u vigil -u polkit --no-pager | tail -80
finish
