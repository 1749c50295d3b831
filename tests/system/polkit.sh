#!/bin/bash
# vigild as an ordinary user: the shipped unit with vigil-user.conf, the user of the shipped sysusers
# file, and the shipped rule under the real polkitd.  vigild restarts the units that the rule names,
# is denied everything else, and says which line would allow it.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	with_systemd || skip_all "built without systemd"
	for file in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd; do [ ! -x $file ] || polkitd=$file; done
	[ -n "${polkitd:-}" ] || skip_all "polkitd is not installed"
	command -v systemd-sysusers >/dev/null || skip_all "systemd-sysusers is not installed"
	install_staged
	before=$(md5sum /etc/passwd /etc/group; find /etc/polkit-1 -type f -exec md5sum {} +)
	"$here/in-systemd.sh" bash "$0" || exit
	check "the machine's users and polkit rules are unchanged" [ "$before" = \
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

# --- a user and a folder of rules only for this test ----------------------------------------------
cp -p /etc/passwd /etc/group $work/root/etc
sed -i '/^vigil:/d' $work/root/etc/passwd $work/root/etc/group
check "systemd-sysusers creates the user vigil" systemd-sysusers --root=$work/root "$sysusers"
check "the user vigil cannot log in" grep -q '^vigil:.*nologin$' $work/root/etc/passwd
check "systemd-sysusers creates the group vigil" grep -q '^vigil:' $work/root/etc/group
mount --bind $work/root/etc/passwd /etc/passwd
mount --bind $work/root/etc/group /etc/group
mount --bind $work/rules.d /etc/polkit-1/rules.d
mount -t tmpfs tmpfs /var/lib
chmod 755 $work $work/rules.d

# The shipped files, where an ordinary user can read them, and a configuration for this test.
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
check "polkitd starts" systemctl start polkit

# --- from root to user ----------------------------------------------------------------------------
check "vigild starts as root" systemctl start vigil allowed other
check "vigild as root sees that the unit is running" wait_for 15 is $allowed/value running
crash "$(main_pid allowed)"
check "vigild as root restarts a unit that crashed" wait_for 15 is $allowed/restarts 1
systemctl stop vigil
check "the state file of vigild as root belongs to root" [ "$(owner /var/lib/vigil/state.json)" = root ]
mkdir $units/vigil.service.d
shipped "$docdir/vigil-user.conf" >$units/vigil.service.d/user.conf
systemctl daemon-reload
check "vigild starts with vigil-user.conf and reports READY" systemctl start vigil
pid=$(main_pid vigil)
check "vigild with vigil-user.conf runs as the user vigil" [ "$(owner "/proc/$pid")" = vigil ]
check "vigild with vigil-user.conf has no capabilities" [ "$(of "$pid" CapBnd):$(of "$pid" CapEff)" = 0000000000000000:0000000000000000 ]
check "vigild with vigil-user.conf cannot gain capabilities" [ "$(of "$pid" NoNewPrivs)" = 1 ]
check "the socket, the pipe and the state belong to the user vigil" [ "$(owner /run/vigil/control.sock):$(
	owner /run/vigil/control.pipe):$(owner /var/lib/vigil/state.json)" = vigil:vigil:vigil ]
check "vigild as the user vigil reads the state from its time as root" is $allowed/restarts 1
check "a plugin of vigild as the user vigil runs as that user" wait_for 15 is /daemons/id/output vigil

# --- what the user may do without a rule: query ---------------------------------------------------
check "vigild as the user vigil sees that the unit is running" wait_for 15 is $allowed/value running
check "vigild as the user vigil has the pid of the unit from systemd" wait_for 15 is $allowed/pid "$(main_pid allowed)"
crash "$(main_pid allowed)" "$(main_pid other)"
check "vigild as the user vigil sees that a unit crashed" wait_for 15 is $allowed/value failed
check "the shipped rule denies all restarts" wait_for 15 is $allowed/last_error/kind denied

# --- units that the rule names --------------------------------------------------------------------
cp "$docdir/50-vigil.rules" $work/new
sed -i 's|// "icinga2.service",|"allowed.service",|' $work/new
check "the rule names one unit" grep -q '^	"allowed.service",$' $work/new
mv $work/new $work/rules.d/50-vigil.rules
check "a crashed unit is restarted when polkitd has read the rule" wait_for 30 back 0
check "the restart that the rule allows succeeds" wait_for 15 is $allowed/restart_error 0
for round in 1 2; do
	old=$(main_pid allowed)
	crash "$old"
	check "round $round: a crashed unit that the rule names is restarted" wait_for 20 back "$old"
done
systemctl stop allowed
check "a stopped unit that the rule names is started" wait_for 20 back 0

# --- units that the rule does not name ------------------------------------------------------------
check "the restart of a unit that the rule does not name is denied" wait_for 15 is $other/last_error/kind denied
check "a unit whose restart was denied stays failed" failed other
says() { grep -qF "$1" <<<"$2"; }
hint="polkit does not let vigil restart other.service: add \"other.service\" to vigil_units in $rules"
check "the state says which line would allow the restart" says "$hint" "$(get $other/last_error/text)"
check "the health says that the restart was denied" grep -qE '(was|were) denied; ' <(get /runs/other/health/text)
check "explain says which line would allow the restart" says "$hint" "$(ctl explain other)"
check "the history says that the restart was denied" grep -q '^....-..-.. ..:..:.. [^ ]*  restart [0-9]*: denied: ' <(ctl explain other)
check "the log has the denial and the hint" says "$hint" "$(journalctl -u vigil | grep 'other: .*(denied')"
sed -i 's|^ExecStart=.*|ExecStart=/bin/false\nType=oneshot|' $units/allowed.service
systemctl daemon-reload
crash "$(main_pid allowed)"
check "the error of a restart that fails is failed, not denied" wait_for 20 is $allowed/last_error/kind failed
check "the error of a restart that fails has no hint about polkit" eval '! says polkit "$(get $allowed/last_error/text)"'

may() { as "$1" busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 \
	org.freedesktop.systemd1.Manager "$2" ss "$3" replace >/dev/null 2>&1; }
sed -i '/^Type/d; s|^ExecStart=.*|ExecStart=/bin/sleep 1000000|' $units/allowed.service
systemctl daemon-reload
systemctl reset-failed allowed
check "the user vigil may restart the unit that the rule names" may vigil RestartUnit allowed.service
check "the user vigil may start the unit that the rule names" may vigil StartUnit allowed.service
check "a unit that runs again is found running" wait_for 20 is $allowed/value running
check "a stop is denied, because the shipped rule does not name that verb" eval '! ctl stop allowed >"$work/said" 2>&1'
check "the error has the line that would allow the stop" grep -qF \
	"polkit does not let vigil stop allowed.service: add \"stop\" to vigil_verbs in $rules" "$work/said"
check "the denied unit is not stopped" [ "$(systemctl is-active allowed)" = active ]
for verb in StopUnit ReloadUnit ReloadOrRestartUnit; do
	check "the user vigil may not call $verb for the unit that the rule names" eval '! may vigil $verb allowed.service'
done
check "the user vigil may not restart another unit" eval '! may vigil RestartUnit other.service'
check "another user may not restart the unit that the rule names" eval '! may daemon RestartUnit allowed.service'
check "the user vigil may not reload systemd" eval '! as vigil busctl call org.freedesktop.systemd1 \
	/org/freedesktop/systemd1 org.freedesktop.systemd1.Manager Reload 2>/dev/null'

# --- systemd's start limit, which needs another verb in the rule ----------------------------------
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
check "root may register a daemon with vigild as the user vigil" ctl -q -c $work/conf/vigil.conf register limited \
	module=service service=limited interval=1s backoff=0 reset_failed=yes
limited=/daemons/limited/service_state
check "the registered unit is running" wait_for 15 is $limited/value running
crash "$(main_pid limited)"
check "if clearing the start limit is denied, the hint names the verb" wait_for 20 \
	eval 'says "polkit does not let vigil reset-failed limited.service: add \"reset-failed\" to vigil_verbs in $rules" \
		"$(get $limited/last_error/text)"'
sed -i 's|"restart"\]|"restart", "reset-failed"]|' $work/rules.d/50-vigil.rules
check "with the verb in the rule, the start limit is cleared and the unit restarted" wait_for 30 is $limited/restart_error 0

# --- an upgrade, whose lock is a file that only root may open -------------------------------------
if command -v python3 >/dev/null; then
	mkdir -m 755 /var/lib/dpkg
	(umask 027; : >/var/lib/dpkg/lock-frontend)
	exec {hold}> >(exec python3 -c 'import fcntl, sys
file = open("/var/lib/dpkg/lock-frontend", "w")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[1], "w")
sys.stdin.read()' $work/locked)
	check "a process holds dpkg's lock" wait_for 15 test -e $work/locked
	check "the user vigil cannot read dpkg's lock file" eval '! as vigil test -r /var/lib/dpkg/lock-frontend'
	systemctl stop allowed
	check "vigild as the user vigil sees the lock and leaves a stopped unit alone" wait_for 15 \
		is $allowed/decision "left alone: a package upgrade is in progress (dpkg)"
	exec {hold}>&-
	check "the stopped unit is started when dpkg's lock is released" wait_for 15 back 0
else
	echo "SKIP: python3, which would hold dpkg's lock, is not installed"
fi

# --- reload, pipe, group, watchdog ----------------------------------------------------------------
check "systemctl reload works for vigild as the user vigil" systemctl reload vigil
check "systemctl reload reloads the configuration" is /vigil/reloads 2
echo "log debug" >/run/vigil/control.pipe
logged() { grep -qF "$1" <(journalctl -u vigil); }
check "the pipe of vigild as the user vigil accepts verbs" wait_for 15 logged "the log level is now debug"
ctl -q log info
members=$(sed 's/^\(vigil:.*:\)$/\1games/' /etc/group)
echo "$members" >/etc/group
check "a member of the group vigil may read" says allowed "$(as games "$vigilctl" -s /run/vigil/control.sock status)"
check "a member of the group vigil may not write" eval '! as games "$vigilctl" -q -s /run/vigil/control.sock reload 2>/dev/null'
check "a user outside the group vigil may not read" eval '! as daemon "$vigilctl" -s /run/vigil/control.sock status 2>/dev/null'
check "the user vigil may write" as vigil "$vigilctl" -q -s /run/vigil/control.sock run allowed
check "the user vigil may not register a daemon" eval '! as vigil "$vigilctl" -q -s /run/vigil/control.sock -c $work/conf/vigil.conf \
	register more module=service service=more 2>/dev/null'
sed "s|$(make_variable runstatedir)|/run|; s|$(make_variable localstatedir)|/var|" "$tmpfiles" |
	systemd-tmpfiles --create -
check "systemd-tmpfiles leaves the folders to the user vigil" [ "$(owner /run/vigil):$(owner /var/lib/vigil)" = vigil:vigil ]
restarts=$(get $allowed/restarts)
check "vigild as the user vigil stops" systemctl stop vigil
check "the unit with vigil-user.conf never failed" [ "$(systemctl show -P Result vigil):$(systemctl show -P NRestarts vigil)" = success:0 ]

printf '[Service]\nWatchdogSec=6\n' >$units/vigil.service.d/watchdog.conf
systemctl daemon-reload
systemctl start vigil
check "vigild as the user vigil reads its state after a restart" is $allowed/restarts "$restarts"
stuck=$(main_pid vigil)
again() { [ "$(systemctl show -P NRestarts vigil)" -gt 0 ] && reachable; }
fed() { [ "$(systemctl show -P WatchdogTimestampMonotonic vigil)" != "$1" ]; }
for round in 1 2 3; do
	check "vigild sends messages to systemd's watchdog, $round" wait_for 20 fed \
		"$(systemctl show -P WatchdogTimestampMonotonic vigil)"
done
check "systemd's watchdog does not restart a vigild that runs" [ "$(main_pid vigil)" = "$stuck" ]
[ "$stuck" -gt 0 ] && kill -STOP "$stuck"
check "systemd's watchdog restarts a vigild that hangs" wait_for 30 again
check "vigild watches the unit after the watchdog has restarted it" wait_for 15 is $allowed/value running
[ "$failed" -eq 0 ] || journalctl -u vigil -u polkit --no-pager | tail -80
finish
