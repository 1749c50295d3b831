#!/bin/bash
# The module machine under a real systemd: units that fail, are killed, keep crashing, are masked, are stopped,
# are added and removed while vigild runs.  The module learns of all this by signals: while nothing happens, it
# queries nothing.  This test runs under a real systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/machine-lib.sh" || exit 1
under_systemd

unit() { cat >"$units/$1"; }
# endless NAME [LINES]: a daemon that is enabled at boot and whose crash systemd leaves alone
endless() {
	printf '[Service]\nExecStart=/bin/sleep infinity\n%b\n[Install]\nWantedBy=multi-user.target\n' \
		"${2:-}" | unit "$1.service"
	systemctl -q enable --runtime "$1" 2>/dev/null
}
main_pid() { systemctl show -P MainPID "$1"; }

for name in web db victim watched; do endless "$name"; done
printf '[Service]\nType=oneshot\nExecStart=/bin/sh -c "exit 3"\n' | unit backup.service
printf '[Service]\nType=oneshot\nExecStart=/bin/true\n' | unit fine.service
for name in kept kept-denied; do endless "$name"; done
printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c "sleep 0.2; exit 4"\n' |
	unit kept-loop.service
printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sh -c "exit 1"\nRestart=always\nRestartSec=100ms\n' |
	unit loop.service
systemctl daemon-reload
systemctl start web db victim watched fine kept kept-denied

write_conf <<C
deny = kept-denied
[daemons]
machine = yes
watched = service
[daemon:machine]
ignore = systemd-*, dbus*, *getty*
interval = 60s
restart = kept*, watched, backup
backoff = 1s
[daemon:watched]
restart_on = never
C
start_vigild

check "machine: all services run or are idle, so the health is OK" wait_for 20 level OK
check "machine: the text says how many services there are" wait_for 20 says "none of "
check "machine: the numbers are in the state" wait_for 20 more_than /daemons/machine/services/running 3

# --- a unit that fails ----------------------------------------------------------------------------
systemctl start backup 2>/dev/null
check "machine: a oneshot that has failed makes the health CRITICAL" wait_for 20 level CRITICAL
check "machine: the text names the oneshot that has failed" wait_for 20 says "backup"
check "machine: the text says how it failed" wait_for 20 says "backup (exit status 3; left alone"
check "machine: the list of the bad services has it" wait_for 20 bad backup failed
check "machine: vigilctl check names it, with performance data" \
	eval 'ctl check machine >"$work/check"; [ $? = 2 ] && grep -q "backup.*|.*failed.=1;" "$work/check"'
check "machine: a oneshot is left alone, though restart names it" \
	wait_for 60 says "left alone: it is a oneshot, or something else starts it when it is needed"
systemctl reset-failed backup
check "machine: after reset-failed the health is OK again" wait_for 20 level OK

# --- a daemon that is killed ----------------------------------------------------------------------
crash "$(main_pid victim)"
check "machine: a daemon that was killed is failed" wait_for 20 bad victim failed
check "machine: the text says by what it was killed" wait_for 20 says "victim (killed by SIGKILL)"
crash "$(main_pid watched)"
check "machine: a service that another daemon watches counts, too" wait_for 20 bad watched failed
check "machine: the text names the daemon that watches it" wait_for 20 says "watched by watched"
check "machine: restart leaves it to that daemon" wait_for 20 is /daemons/machine/services/systemd/watched/decision \
	"left alone: the daemon watched takes care of it"
check "machine: vigilctl services shows both daemons" eval \
	'ctl services watched | grep -q "machine (taken), watched (never)"'
check "machine: two services are counted as failed" wait_for 20 count failed 2
check "machine: the history has what happened" eval 'ctl explain machine | grep -q "victim (systemd) is failed"'
systemctl start victim watched
check "machine: after a start the health is OK again" wait_for 20 level OK

# --- restart --------------------------------------------------------------------------------------
kept=/daemons/machine/services/systemd/kept
systemctl start kept-loop
before=$(main_pid kept)
crash "$before"
check "machine: a service that restart names is restarted" wait_for 20 is $kept/restarts 1
check "machine: it runs again" wait_for 20 eval '[ "$(main_pid kept)" -gt 0 ] && [ "$(main_pid kept)" != "$before" ]'
check "machine: the history has the reason" \
	eval 'ctl explain machine | grep -qF "kept (systemd): decision: failed: restarting (killed by SIGKILL)"'
check "machine: vigilctl services says that machine restarts it" eval 'ctl services kept | grep -q "machine$"'
check "machine: it is not among the unprotected services, and victim is" eval \
	'ctl services --unprotected >"$work/unprotected"; grep -q victim "$work/unprotected" && ! grep -qE "^kept " "$work/unprotected"'
systemctl stop kept
check "machine: a service that an admin has stopped is left alone" wait_for 20 is $kept/decision \
	"stopped cleanly: left alone, because restart_on = failed"
systemctl start kept
crash "$(main_pid kept-denied)"
check "machine: a service that deny names is not restarted, and the text says so" wait_for 20 says \
	"kept-denied (killed by SIGKILL; not restarted: the configuration denies restarting it)"
systemctl start kept-denied
check "machine: a service that fails again and again is restarted again and again" \
	wait_for 60 more_than $kept-loop/restarts 2
check "machine: the text says that the restarts do not help" wait_for 20 says "did not help for long"
ln -s /dev/null "$units/kept-loop.service.new" && mv -f "$units/kept-loop.service.new" "$units/kept-loop.service"
systemctl daemon-reload
check "machine: a masked service that has failed is left alone" wait_for 30 is $kept-loop/decision "left alone: the unit is masked"
restarts=$(get $kept-loop/restarts)
stop_vigild
start_vigild
check "machine: the counters survive a restart of vigild" wait_for 20 is $kept/restarts 1
check "machine: so do those of a service that is down" wait_for 20 is $kept-loop/restarts "$restarts"
systemctl reset-failed kept-loop
rm "$units/kept-loop.service"
systemctl daemon-reload
check "machine: after that the health is OK again" wait_for 20 level OK

# --- crash loop -----------------------------------------------------------------------------------
systemctl start loop
check "machine: a service that systemd restarts again and again keeps crashing" wait_for 20 bad loop crashing
check "machine: the text says that it keeps crashing" wait_for 20 says "keeps crashing: loop (restarted "
systemctl stop loop
systemctl reset-failed loop 2>/dev/null

# --- stopped on purpose ---------------------------------------------------------------------------
systemctl stop db
check "machine: an enabled daemon that was stopped counts as stopped" wait_for 20 bad db stopped
mv "$units/db.service" "$work/db.service"
ln -s /dev/null "$units/db.service"
systemctl daemon-reload
check "machine: a masked unit that is down counts no more" wait_for 120 not_bad db
mv "$work/db.service" "$units/db.service"
systemctl daemon-reload
check "machine: after it was unmasked it counts again" wait_for 120 bad db stopped
systemctl start db
check "machine: after its start it is not counted as stopped" wait_for 20 not_bad db

# --- units that come and go -----------------------------------------------------------------------
systemd-run -q --unit=passing -p RemainAfterExit=no /bin/sh -c 'exit 7'
check "machine: a transient unit that fails at once is noticed" wait_for 20 bad passing failed
systemctl reset-failed passing
check "machine: a transient unit that is gone is not counted" wait_for 120 not_bad passing
total=$(get /daemons/machine/services/total)
endless late
systemctl daemon-reload
check "machine: a unit that was added counts" wait_for 120 more_than /daemons/machine/services/total "$total"
systemctl start late
crash "$(main_pid late)"
check "machine: a unit that was added and killed is failed" wait_for 120 bad late failed
systemctl reset-failed late
systemctl -q disable --runtime late 2>/dev/null
rm "$units/late.service"
systemctl daemon-reload
check "machine: a unit that was removed counts no more" wait_for 120 count total "$total"

# --- no polling -----------------------------------------------------------------------------------
ctl pause watched >/dev/null
crash "$(main_pid watched)"
check "machine: a service of a daemon that is paused is left to it, too" wait_for 20 bad watched failed
sed -i 's/^watched = service/watched = no/' "$work/vigil.conf"
ctl reload >/dev/null
check "machine: when a reload has removed that daemon, machine restarts the service" \
	wait_for 20 is /daemons/machine/services/systemd/watched/restarts 1
check "machine: while nothing happens, no service is queried" wait_for 30 quiet 5

# --- options --------------------------------------------------------------------------------------
systemctl stop loop web
sed -i 's/^ignore = .*/&, loop\nstopped = ok/' "$work/vigil.conf"
ctl reload >/dev/null
check "machine: with stopped = ok, a stopped daemon is counted" wait_for 20 count stopped 1
check "machine: with stopped = ok, the health is OK" wait_for 20 level OK
refused_by_test "machine: a respawn_max that is no rate is refused with its line" \
	'vigil.conf:[0-9]+: respawn_max.*is not a rate such as 3/10m' <<C
[daemons]
machine = yes
[daemon:machine]
respawn_max = often
C
refused_by_test "machine: a name with a suffix in restart is refused with its line" \
	'vigil.conf:[0-9]+: restart.*write "nginx"' <<C
[daemons]
machine = yes
[daemon:machine]
restart = nginx.service
C
check "vigild stops" stop_vigild
finish
