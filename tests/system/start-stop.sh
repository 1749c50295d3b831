#!/bin/bash
# vigilctl start, stop and restart with units of a real systemd: a stop that takes time, one that is
# ignored, a start that fails, a masked unit, a pending job, a oneshot and a probe.
. "$(dirname "$0")/lib.sh" || exit 1

under_systemd
unit() { # NAME LINE...
	local name=$1; shift
	printf '%s\n' '[Service]' "$@" >"$units/$name.service"
}
unit slow ExecStart='/bin/sleep 1000000' ExecStop='/bin/sleep 1'
unit deaf TimeoutStopSec=300ms "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
unit stubborn TimeoutStopSec=infinity "ExecStart=/bin/sh -c 'trap \"\" TERM; while :; do sleep 1; done'"
unit broken Type=oneshot ExecStart=/bin/false
unit masked ExecStart='/bin/sleep 1000000'
unit pending Type=notify TimeoutStartSec=infinity ExecStart='/bin/sleep 1000000'
unit once Type=oneshot ExecStart="/bin/touch $work/once"
unit probed ExecStart='/bin/sleep 1000000'
unit unready ExecStart='/bin/sleep 1000000'
systemctl daemon-reload
systemctl start slow deaf stubborn probed unready
systemctl mask --runtime masked 2>/dev/null || ln -sf /dev/null $units/masked.service
systemctl daemon-reload

printf '%s\n' '[daemons]' 'slow = service' 'deaf = service' 'stubborn = service' 'broken = service' \
	'masked = service' 'pending = service' 'once = service' 'probed = service' 'unready = service' \
	'denied = service' '[module:service]' 'interval = 100ms' 'backoff = 10m' 'backoff_max = 10m' \
	'[daemon:broken]' 'restart_on = never' '[daemon:pending]' 'restart_on = never' \
	'[daemon:once]' 'restart_on = failed' \
	'[daemon:stubborn]' 'restart_timeout = 1s' \
	'[daemon:probed]' "probe = test -e $work/serves" 'probe_interval = 100ms' \
	'[daemon:unready]' 'probe = false' 'probe_interval = 100ms' 'probe_start = 0' 'restart_on = never' \
	'[daemon:denied]' 'service = dbus' | write_conf
sed -i '/^log = /a deny = dbus' "$work/vigil.conf"
: >"$work/serves"
start_vigild

of() { get "/daemons/$1/service_state/$2"; }
value() { [ "$(of "$1" value)" = "$2" ]; }
state() { [ "$(systemctl is-active "$1")" = "$2" ]; }
main_pid() { systemctl show -P MainPID "$1"; }
told() { grep -q -- "$1" "$work/said" || { cat "$work/said"; false; }; }
tries() { ctl "$@" >"$work/said" 2>&1; } # VERB NAME
refuses() { ! tries "$@"; }
explains() { ctl explain "$1" | grep -q -- "$2"; }
ticked() { [ "$(get "/runs/$1/ticks")" -ge "$2" ]; }
looked() { wait_for 30 ticked "$1" $(($(get "/runs/$1/ticks") + 10)); }
for name in slow deaf stubborn probed; do check "$name runs" wait_for 30 value $name running; done

# --- a stop ---------------------------------------------------------------------------------------

pid=$(main_pid slow)
check "a stop that takes time succeeds" tries stop slow
check "a stop ends when the unit is down" state slow inactive
check "a stop ends when the process has ended" [ ! -e "/proc/$pid" ]
check "ten more ticks pass after the stop" looked slow
check "a stopped unit stays down" state slow inactive
check "the decision names the stop and the way out" [ "$(of slow decision)" = \
	"stopped by an admin with vigilctl stop: left alone; to start it: vigilctl start slow" ]
check "the daemon is paused" is /runs/slow/paused true
stop_vigild
start_vigild
check "after a restart of vigild, the unit is queried again" wait_for 30 value slow stopped
check "after a restart of vigild, ten more ticks pass" looked slow
check "after a restart of vigild, the unit stays down" state slow inactive
check "after a restart of vigild, the decision is the same" [ "$(of slow decision)" = \
	"stopped by an admin with vigilctl stop: left alone; to start it: vigilctl start slow" ]
check "a start succeeds" tries start slow
check "a started unit is active" state slow active
check "the pause has ended" is /runs/slow/paused false
crash "$(main_pid slow)"
check "a unit that was started is restarted when it crashes" wait_for 30 state slow active

check "a unit that systemd kills, because it ignores the stop, is stopped" tries stop deaf
check "systemd calls it failed" state deaf failed
check "ten more ticks pass" looked deaf
check "it stays down" state deaf failed

check "a unit that does not end within restart_timeout is an error" refuses stop stubborn
check "the error says what it still does" told "it did not stop within the deadline: it is still stopping"
check "vigild does not undo a stop that systemd has not finished" [ "$(main_pid stubborn)" -gt 1 ]
systemctl kill -s KILL stubborn

# --- a start --------------------------------------------------------------------------------------

check "a start that fails is an error" refuses start broken
check "the error has the reason" told "it could not be started: exit-code"
check "the history has the reason" explains broken "start: failed: it could not be started: exit-code"
check "a start of a masked unit is refused" refuses start masked
check "the error says that it is masked" told "the unit is masked"
check "a start that deny forbids is refused" refuses start denied
check "a stop that deny forbids is refused" refuses stop denied
check "the error names the configuration" told "the configuration denies stopping it"
check "a denied unit runs on" state dbus active
systemctl start --no-block pending
check "a unit with a start job is starting" wait_for 30 value pending starting
check "a stop does not replace the pending job of an admin" refuses stop pending
check "the error names the job" told "'start' job queued"
check "the pending job goes on" state pending activating
rm -f "$work/once"
check "a start of a oneshot succeeds when it has ended well" tries start once
check "the oneshot was run" [ -e "$work/once" ]

# --- a probe --------------------------------------------------------------------------------------

check "a service with a probe is stopped" tries stop probed
rm "$work/serves"
ctl start probed >"$work/started" 2>&1 &
start=$!
check "the manager has started the service" wait_for 30 state probed active
check "ten ticks pass" looked probed
check "a start waits for the first success of the probe" kill -0 $start
: >"$work/serves"
check "the start succeeds when the service serves" wait $start
check "a start of a service whose probe fails is an error" refuses start unready
check "the error has the failure of the probe" told "running, but its probe failed"
check "a start and a stop are no restarts" [ -z "$(of probed restarts)" ]
stop_vigild
finish
