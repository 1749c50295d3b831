#!/bin/bash
# A crash and something else in one moment, under a real systemd: whatever systemd was asked for before the process
# ended is not undone by the restart that goes out at once, and a plain crash is repaired by that restart.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
write_serve
rounds=4
# unit NAME [LINES]: a service that counts its starts; LINES are for its [Service] section, and may begin others
unit() {
	printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s/serve %s\n%b\n' "$work" "$1" "${2:-}" \
		>"$units/$1.service"
	daemon "$1" restart_on=failed backoff=0 interval=1h
}
state() { systemctl is-active "$1"; }
is_down() { case $(state "$1") in inactive | failed) ;; *) false ;; esac; }
up() { [ "$(state "$1")" = active ] && value_is "$1" running && is "/daemons/$1/service_state/pid" "$(last_start "$1")"; }
# round NAME COUNT: the unit runs, and vigild has seen its start number COUNT
round() { wait_for "$patience" eval "starts_are $1 $2 && up $1"; }
# Prints how often the service was found running by signals or on the loop's connection: the evidence of a worker
# after a crash names the process that has ended, too.
known_by_signals() {
	ctl explain "$1" | grep -c 'evidence: systemd says running; systemd names process [0-9]*, which is alive$'
}

# --- a plain crash --------------------------------------------------------------------------------

unit plain
plain() {
	local n
	for n in $(seq "$rounds"); do
		round plain "$n" || break
		crash "$(last_start plain)"
	done
	eventually "a unit that crashes again and again is restarted each time" round plain $((rounds + 1))
	check "a unit that crashes again and again is restarted once for each crash" \
		restarts_are plain "$rounds"
	# Not each time on a slow machine, where a signal may come too late for a proof, or a start may
	# take over 200 ms.  The first line is that of the first check.
	check "a crash is repaired without a worker" [ "$(known_by_signals plain)" -gt 1 ]
	check "the history has the exit that vigild saw itself" \
		eval 'ctl explain plain | grep -q "process [0-9]* has ended, seen at once"'
	check "the history says how it died" eval 'ctl explain plain | grep -q "killed by SIGKILL"'
}

# --- something else first -------------------------------------------------------------------------

# The service outlives the stop, so the stop job is pending when it is killed.
unit stopped 'KillSignal=SIGCONT\nTimeoutStopSec=60'
stopped() {
	local n text="a unit that an admin was stopping when it was killed"
	for n in $(seq "$rounds"); do
		round stopped "$n" || break
		systemctl stop --no-block stopped
		crash "$(last_start stopped)"
		wait_for "$patience" eval 'is_down stopped && value_is stopped stopped' || break
		systemctl start stopped
	done
	eventually "$text is started by the admin alone" round stopped $((rounds + 1))
	check "$text is never restarted" restarts_are stopped 0
}

unit masked
cp $units/masked.service "$work/masked.unit"
masked() {
	local n count text="a unit that was masked when it was killed"
	for n in $(seq "$rounds"); do
		round masked "$n" || break
		ln -sf /dev/null $units/masked.service
		systemctl daemon-reload
		crash "$(last_start masked)"
		wait_for "$patience" health_is masked WARNING masked || break
		count=$(starts masked)
		[ "$count" = "$n" ] || break
		rm $units/masked.service
		cp "$work/masked.unit" $units/masked.service
		systemctl daemon-reload
		systemctl start masked
	done
	eventually "$text is started by the admin alone" round masked $((rounds + 1))
	check "$text is never restarted" restarts_are masked 0
}

# systemd does not know the other unit before, and does not reload for it.
unit rival 'KillSignal=SIGCONT\nTimeoutStopSec=60'
rival() {
	local n text="a unit that was being stopped for its rival when it was killed"
	for n in $(seq "$rounds"); do
		round rival "$n" || break
		systemd-run -q --no-block -u "rival-$n" -p Conflicts=rival.service sleep 1000000
		crash "$(last_start rival)"
		wait_for "$patience" health_is rival WARNING "rival-$n" || break
		[ "$(state "rival-$n")" = active ] || break
		systemctl stop "rival-$n"
		systemctl start rival
	done
	eventually "$text is started by the admin alone" round rival $((rounds + 1))
	check "$text is never restarted" restarts_are rival 0
}

# systemd itself restarts these.
unit always 'Restart=always\nRestartSec=100ms'
unit later 'Restart=on-failure\nRestartSec=1s'
by_systemd() { # NAME
	local n text="a unit with Restart= ($1) that was killed"
	for n in $(seq "$rounds"); do
		round "$1" "$n" || break
		crash "$(last_start "$1")"
	done
	eventually "$text is started again by systemd" round "$1" $((rounds + 1))
	check "$text is never restarted by vigild" restarts_are "$1" 0
}

# --- a start that takes long, or fails --------------------------------------------------------------

unit slow "Type=notify\nNotifyAccess=all\nExecStart=\nExecStart=/bin/sh -c 'echo \$\$\$\$ >>$work/slow.starts; sleep 1; systemd-notify --ready; exec sleep 1000000'"
slow() {
	local n
	for n in 1 2; do
		round slow "$n" || break
		crash "$(last_start slow)"
	done
	eventually "a unit that takes a second to start is restarted, and its start is waited for" round slow 3
	check "a unit that takes a second to start is restarted once for each crash" restarts_are slow 2
	check "a unit that takes a second to start has no failed restart" count_is slow restart_errors 0
}

unit broken
broken() {
	local text="a unit whose program has gone when it crashes"
	round broken 1
	printf '[Service]\nExecStart=/nonexistent/program\n' >"$units/broken.service"
	systemctl daemon-reload
	crash "$(last_start broken)"
	eventually "$text is CRITICAL" health_is broken CRITICAL
	check "$text was not started" starts_are broken 1
}

# --- all situations -------------------------------------------------------------------------------

systemctl daemon-reload
running="plain stopped masked rival always later slow broken"
systemctl start $running
for name in $running; do wait_for "$patience" starts_are $name 1; done
start_watching
for name in $running; do wait_for "$patience" value_is $name running; done
run_situations plain
run_situations stopped rival "by_systemd always" "by_systemd later" slow
run_situations masked broken # they make systemd reload, after which nothing is proven
check "vigild stops with status 0" stop_watching
finish
