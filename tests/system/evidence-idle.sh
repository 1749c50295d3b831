#!/bin/bash
# Units that are meant to end: a timer, a socket or a path unit starts them, or they are plain oneshot units.
# After an end with success they are idle and OK, and vigild never starts them.  After a failure vigild restarts
# them.  This test runs under a real systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
write_serve
unit() { cat >"$units/$1"; }
state_is() { [ "$(systemctl show -P ActiveState "$1")" = "$2" ]; }
# idle NAME [STARTER]: whether vigild says that the unit is idle and names the unit that starts it
idle() { health_is "$1" OK "$1 is idle${2:+, started by $2}" && value_is "$1" stopped; }
always_ok() { never was "$1" WARNING && never was "$1" CRITICAL && never was "$1" UNKNOWN; }

# job NAME [LINES]: a unit that counts its starts and ends
job() {
	printf '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo >>%s/%s.starts"\n%b\n' \
		"$work" "$1" "${2:-}" | unit "$1.service"
	daemon "$1"
}
timer() { printf '[Timer]\nOnActiveSec=1d\n' | unit "$1.timer"; }

# --- timers ---------------------------------------------------------------------------------------

job backup
timer backup
never_run_yet() {
	eventually "a timer's oneshot that has not run yet is idle, and the text names the timer" \
		idle backup backup.timer
	checked backup
	check "a timer's oneshot is not run by vigild in ten checks" starts_are backup 0
	systemctl start backup
	check "a timer's oneshot that was run by systemd has run once" starts_are backup 1
	checked backup
	check "a timer's oneshot that has run is idle again" idle backup backup.timer
	check "a timer's oneshot that has run is not run again by vigild" starts_are backup 1
	check "a timer's oneshot was never CRITICAL or UNKNOWN" \
		eval 'never was backup CRITICAL && never was backup UNKNOWN'
	check "a timer's oneshot counts no restart" restarts_are backup 0
}

# This unit is not a oneshot unit, but it is also meant to end, because a timer starts it.
job nightly Type=exec
timer nightly
simple_unit_of_a_timer() {
	eventually "a timer's unit of another type that has ended well is idle" idle nightly nightly.timer
	checked nightly
	check "a timer's unit of another type that has ended well is not run by vigild" starts_are nightly 1
}

# The unit fails at its first start.
job tidy "ExecStart=/bin/sh -c '[ -e $work/tidy.repaired ] || { : >$work/tidy.repaired; exit 1; }'"
timer tidy
failed_unit_of_a_timer() {
	eventually "a timer's oneshot that is to fail is idle at first" idle tidy tidy.timer
	systemctl start tidy 2>/dev/null
	eventually "a timer's oneshot that has failed is CRITICAL" was tidy CRITICAL
	eventually "a timer's oneshot that has failed has the value failed" had tidy value failed
	eventually "a timer's oneshot that has failed is restarted" starts_are tidy 2
	eventually "a timer's oneshot that was restarted and ended well is idle" idle tidy tidy.timer
	checked tidy
	check "a timer's oneshot that was restarted and ended well is not restarted again" starts_are tidy 2
	check "a timer's oneshot that was restarted and ended well counts one restart without an error" eval \
		'restarts_are tidy 1 && count_is tidy restart_error 0'
}

# --- sockets and paths ----------------------------------------------------------------------------

# The socket is a fifo, because a shell can read that.  The unit ends after one line, like a server that exits
# when it is idle.
serves_one_line() { # NAME
	unit "$1.socket" <<-UNIT
		[Socket]
		ListenFIFO=$work/$1.fifo
	UNIT
	unit "$1.service" <<-UNIT
		[Service]
		StandardInput=socket
		ExecStart=/bin/sh -c 'echo >>$work/$1.starts; read line'
	UNIT
	daemon "$1"
}
serves_one_line web
socket_activated() {
	eventually "a socket-activated service without a client so far is idle, and the text names the socket" \
		idle web web.socket
	checked web
	check "a socket-activated service without a client so far is not started by vigild" starts_are web 0
	timeout $((slowness * patience)) sh -c "echo hello >$work/web.fifo"
	eventually "a socket-activated service is started by its socket" starts_are web 1
	eventually "a socket-activated service ends when it has answered" state_is web inactive
	checked web
	check "a socket-activated service that has ended well is idle again" idle web web.socket
	check "a socket-activated service that has ended well is not started by vigild" starts_are web 1
	check "a socket-activated service counts no restart" restarts_are web 0
}

# The socket of this unit is stopped, so it cannot start the unit.  The unit itself runs until it is killed.
serves_one_line orphan
sed -i 's/^StandardInput=.*//; s/read line/exec sleep 1000000/' $units/orphan.service
socket_is_stopped() {
	eventually "a service whose socket is stopped is started by vigild" starts_are orphan 1
	eventually "a service whose socket is stopped runs after vigild has started it" value_is orphan running
	check "a service whose socket is stopped was CRITICAL" was orphan CRITICAL
	check "a service whose socket is stopped was never idle" never was orphan OK idle
}

job spool
printf '[Path]\nPathExists=%s/spool\n' "$work" | unit spool.path
sed -i "s|^ExecStart=.*|&\nExecStart=/bin/rm $work/spool|" $units/spool.service
path_unit() {
	eventually "a service that a path unit starts is idle, and the text names the path unit" \
		idle spool spool.path
	checked spool
	check "a service that a path unit starts is not run by vigild" starts_are spool 0
	: >"$work/spool"
	eventually "a service that a path unit starts is run when the path appears" starts_are spool 1
	checked spool
	check "a service that a path unit starts is idle again when it has ended well" idle spool spool.path
	check "a service that a path unit starts is run once for one path" starts_are spool 1
}

# --- units that no other unit starts --------------------------------------------------------------

job migrate
oneshot_without_a_trigger() {
	eventually "a oneshot without RemainAfterExit that has ended well is idle" idle migrate
	checked migrate
	check "a oneshot without RemainAfterExit that has ended well is not run again" starts_are migrate 1
	check "a oneshot without RemainAfterExit that has ended well was OK all the time" always_ok migrate
}

# In contrast, a service that is to run all the time is down when it is inactive.
printf '[Service]\nExecStart=%s/serve plain\n' "$work" | unit plain.service
daemon plain
service_that_is_to_run() {
	eventually "a service that is to run all the time and was never started is started" starts_are plain 1
	eventually "a service that is to run all the time is running" value_is plain running
	check "a service that is to run all the time is never reported as idle" never was plain OK idle
}

# --- all situations -------------------------------------------------------------------------------

systemctl daemon-reload
systemctl start backup.timer nightly.timer tidy.timer web.socket spool.path
systemctl start migrate nightly
for name in migrate nightly; do
	wait_for "$patience" starts_are $name 1
	wait_for "$patience" state_is $name inactive
done
start_watching
run_situations never_run_yet simple_unit_of_a_timer failed_unit_of_a_timer socket_activated \
	socket_is_stopped path_unit oneshot_without_a_trigger service_that_is_to_run
check "vigild stops with status 0" stop_watching
finish
