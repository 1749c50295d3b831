#!/bin/bash
# Situations in which vigil leaves a service alone, under a real systemd: a masked unit, a stop that is
# in progress, systemd's start limit, a package that dpkg upgrades, and a machine that shuts down.
. "$(dirname "$0")/lib.sh" || exit 1

under_systemd

# unit NAME SECTIONS: writes a unit that sleeps, with more lines
unit() { printf '[Service]\nExecStart=/bin/sleep 1000000\n%b\n' "${2:-}" >$units/$1.service; }
watched="crashed masked gone wanted stopping limited upgraded early late"
unit crashed
unit wanted
unit masked
unit stopping 'ExecStopPost=/bin/sleep 1000000\nTimeoutStopSec=infinity'
unit limited '[Unit]\nStartLimitBurst=1\nStartLimitIntervalSec=1h'
unit upgraded
unit early
unit late
unit slow 'ExecStop=/bin/sleep 1000000\nTimeoutStopSec=infinity
[Unit]\nAfter=dbus.socket dbus.service late.service'
systemctl daemon-reload
systemctl start crashed wanted masked stopping limited upgraded early late slow

# A separate folder for dpkg, in which no other process on this machine has a lock.
mount -t tmpfs tmpfs /var/lib
mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
touch /var/lib/dpkg/status /var/lib/dpkg/available

# conf RESTART_RATE UPGRADE_WAIT OPTION...: the configuration; OPTION is for the daemon "limited"
conf() {
	local name rate=$1 wait=$2; shift 2
	{
		echo '[daemons]'
		printf '%s = yes\n' $watched
		for name in $watched; do
			printf '[daemon:%s]\nmodule = service\nservice = %s\n' "$name" "$name"
			printf 'interval = 100ms\nsettle = 500ms\nbackoff = 0\nhealthy_after = 0\n'
			[ "$name" != limited ] || [ -z "${1:-}" ] || printf '%s\n' "$@"
		done
	} | write_conf
	sed -i "s|^log = .*|&\nrestart_rate = $rate\nupgrade_wait = $wait|" "$work/vigil.conf"
}
of() { get "/daemons/$1/service_state/$2"; }
has() { [ "$(of "$1" "$2")" = "$3" ]; }
says() { case $(of "$1" "$2") in *"$3"*) ;; *) false ;; esac; }
active() { [ "$(systemctl is-active "$1")" = active ]; }
main_pid() { systemctl show -P MainPID "$1"; }
back() { active "$1" && [ "$(main_pid "$1")" != "$2" ]; }
ticked() { [ "$(get "/runs/$1/ticks")" -ge "$2" ]; }
# looked NAME: waits for ten more ticks of the daemon
looked() { wait_for 30 ticked "$1" $(($(get "/runs/$1/ticks") + 10)); }
conf 16/1h 1h # sixteen are enough, because restarts that are not done do not count
start_vigild
for name in $watched; do
	[ $name = gone ] || check "$name is running at the start" wait_for 15 has $name value running
done

# --- masked, not found and stopped are different --------------------------------------------------
ln -sf /dev/null $units/masked.service
systemctl daemon-reload
systemctl stop masked
check "masked: the unit is stopped" wait_for 15 has masked value stopped
check "masked: the decision is to leave the unit alone" wait_for 15 has masked decision "left alone: the unit is masked"
check "not found: the unit has no value" [ -z "$(of gone value)" ]
check "not found: the health text says not installed" is /runs/gone/health/text "gone is not installed"
systemctl stop wanted
check "stopped: the unit is started" wait_for 15 back wanted 0
check "stopped: the start is counted as a restart" wait_for 15 has wanted restarts 1
check "masked: ten more ticks pass" looked masked
check "masked: the unit was not started" eval '! active masked && [ -z "$(of masked restarts)" ]'
rm $units/masked.service
unit masked
systemctl daemon-reload
check "unmasked: the unit is started" wait_for 15 back masked 0
unit gone
systemctl daemon-reload
check "installed: the unit is started" wait_for 15 back gone 0
old=$(main_pid crashed)
crash "$old"
check "a unit that crashed is restarted, because the units left alone used up no restart_rate" \
	wait_for 15 back crashed "$old"

# --- a stop that is in progress -------------------------------------------------------------------
systemctl stop --no-block stopping
check "a stop that hangs: the unit is stopping" wait_for 15 has stopping value stopping
check "a stop that hangs: it is left to systemd, which sets no limit" wait_for 15 \
	says stopping decision "stopping: work in progress, for which its manager sets no time limit"
check "a stop that hangs: ten more ticks pass" looked stopping
check "a stop that hangs: the stop is still systemd's job" grep -q 'stopping.service *stop ' <(systemctl list-jobs)
check "a stop that hangs: vigild restarts nothing" [ -z "$(of stopping restarts)" ]
crash "$(systemctl show -P ControlPID stopping)"
check "a stop that hung: the unit is started when the stop is finished" wait_for 15 back stopping 0

# --- systemd's start limit ------------------------------------------------------------------------
hit() { says limited last_error/text start-limit-hit; }
old=$(main_pid limited)
for round in 1 2; do # systemd forgets a start when it is reloaded
	hit && break
	crash "$old"
	wait_for 15 eval 'hit || back limited "$old"'
	old=$(main_pid limited)
done
check "start limit: the error says that the limit was hit" hit
check "start limit: the unit has failed" has limited value failed
conf 0 1h 'reset_failed = yes'
check "start limit: a reload sets reset_failed = yes" ctl -q reload
check "start limit: vigild clears the limit and restarts the unit" wait_for 15 back limited 0
check "start limit: the restart succeeds" wait_for 15 has limited restart_error 0

# --- a package upgrade ----------------------------------------------------------------------------
# package VERSION POSTINST: a package whose upgrade stops the service and waits for the fifo
package() {
	local dir=$work/package-$1
	mkdir -p "$dir/DEBIAN"
	printf 'Package: upgraded\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nDescription: test\n' \
		"$1" >"$dir/DEBIAN/control"
	printf '#!/bin/sh\n[ "$1" != upgrade ] || systemctl stop upgraded\n' >"$dir/DEBIAN/prerm"
	printf '#!/bin/sh\n[ "$1" != upgrade ] || read line <%s\n' "$work/go" >"$dir/DEBIAN/preinst"
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/DEBIAN/postinst"
	chmod 755 "$dir"/DEBIAN/p*
	dpkg-deb --build "$dir" "$work/$1.deb" >/dev/null
}
upgrade() { dpkg --force-not-root --force-bad-path --log="$work/dpkg.log" -i "$work/$1.deb" >>"$work/dpkg" 2>&1; }
begin_upgrade() { upgrade "$1" & dpkg_pid=$!; }
end_upgrade() { echo >"$work/go"; wait "$dpkg_pid"; }
if command -v dpkg-deb >/dev/null; then
	mkfifo "$work/go"
	package 1 true
	package 2 "systemctl start upgraded"
	package 3 true
	package 4 true
	check "upgrade: the package is installed" upgrade 1
	restarts=$(of upgraded restarts) old=$(main_pid upgraded)
	begin_upgrade 2
	check "upgrade: vigild sees that dpkg has stopped the service" wait_for 15 has upgraded value stopped
	check "upgrade: the decision is to leave the service alone" wait_for 15 \
		has upgraded decision "left alone: a package upgrade is in progress (dpkg)"
	check "upgrade: explain says why the service is left alone" grep -q 'not restarted: a package upgrade' <(ctl explain upgraded)
	check "upgrade: ten more ticks pass" looked upgraded
	check "upgrade: the service was not started" eval '! active upgraded'
	crashed=$(main_pid crashed)
	crash "$crashed"
	check "upgrade: another service that crashed is restarted" wait_for 15 back crashed "$crashed"
	check "upgrade: dpkg finishes the upgrade" end_upgrade
	check "upgrade: the package has started the service" back upgraded "$old"
	check "upgrade: vigild sees that the service is running" wait_for 15 has upgraded value running
	check "upgrade: vigild has not restarted the service" [ "$(of upgraded restarts)" = "$restarts" ]

	begin_upgrade 3
	check "a package that does not start its service: the service is left alone during the upgrade" wait_for 15 says upgraded decision "a package upgrade"
	check "a package that does not start its service: dpkg finishes the upgrade" end_upgrade
	check "a package that does not start its service: vigild starts it" wait_for 15 back upgraded 0

	conf 0 10s
	check "an endless upgrade: a reload sets upgrade_wait" ctl -q reload
	begin_upgrade 4
	check "an endless upgrade: the service is left alone at first" wait_for 15 says upgraded decision "a package upgrade"
	check "an endless upgrade: vigild starts the service after upgrade_wait" wait_for 15 back upgraded 0
	check "an endless upgrade: dpkg still runs" kill -0 "$dpkg_pid"
	end_upgrade
	[ "$failed" -eq 0 ] || cat "$work/dpkg"
else
	echo "SKIP: dpkg is not installed: no package is upgraded"
fi

# --- a machine that shuts down --------------------------------------------------------------------
restarts=$(of early restarts)
systemctl poweroff 2>/dev/null
shutting_down() { [ "$(systemctl is-system-running)" = stopping ]; }
check "poweroff: systemd is stopping, delayed by a slow unit" wait_for 15 shutting_down
check "poweroff: vigild sees that a unit was stopped" wait_for 15 has early value stopped
check "poweroff: the decision is to leave the unit alone" wait_for 15 \
	has early decision "left alone: the machine is shutting down"
crash "$(main_pid late)"
check "poweroff: a unit that crashes during it is left alone, too" wait_for 15 says late decision "left alone: the "
check "poweroff: ten more ticks pass" looked early
check "poweroff: the units were not started" eval '! active early && ! active late'
check "poweroff: vigild restarted nothing" [ "$(of early restarts):$(of late restarts)" = "$restarts:" ]
check "poweroff: systemd is still stopping" shutting_down
[ "$failed" -eq 0 ] || { systemctl list-jobs; tail -60 "$work/log"; }
finish
