#!/bin/bash
# Changes that systemd signals are noticed at once, even when systemd or the bus restart.  The
# intervals are an hour long, so only a signal or an exit can cause a query.
. "$(dirname "$0")/lib.sh" || exit 1

rerun_in_systemd

set_paths
work=$(mktemp -d)
crowd=50
finish_here() {
	stop_vigild
	stop_reference
	systemctl stop 'sig-*' 2>/dev/null
	rm -rf "$work"
}
trap finish_here EXIT
units=/run/systemd/system

unit() { printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\n%b\n' "$2" >"$units/$1.service"; }
unit sig-plain 'ExecStart=/bin/sleep 1000000'
unit sig-once 'Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true'
unit sig-always 'Restart=always\nRestartSec=0\nExecStart=/bin/sleep 1000000'
unit sig-crowd@ 'Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true'
unit sig-real 'ExecStart=/bin/sleep 1000000'
ln -s sig-real.service $units/sig-alias.service
systemctl daemon-reload
systemctl start sig-plain sig-once sig-always sig-real
for n in $(seq $crowd); do echo sig-crowd@$n; done | xargs systemctl start

# daemon NAME SERVICE LINES: a daemon that queries its service once an hour
daemon() { printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 1h\nbackoff = 0\n%b\n' "$@"; }
names="plain once always alias watched $(seq -f 'crowd%g' $crowd)"
{
	printf '[daemons]\n'
	printf '%s = yes\n' $names
	daemon plain sig-plain 'query_timeout = 1s'
	daemon once sig-once ''
	daemon always sig-always ''
	daemon alias sig-alias ''
	daemon watched sig-once 'restart_on = never\nquery_timeout = 9s' # another daemon of the same unit
	for n in $(seq $crowd); do daemon crowd$n sig-crowd@$n 'restart_on = never'; done
} | write_conf

main_pid() { systemctl show -P MainPID "$1"; }
value() { is "/daemons/$1/service_state/value" "$2"; }
told() { ctl get "/runs/$1/history" 2>/dev/null | grep -c "$2"; }
counter() { get "/vigil/queries/$1"; }
# runs_anew UNIT PID: whether the unit runs with another pid
runs_anew() { local now; now=$(main_pid "$1"); [ "$now" != 0 ] && [ "$now" != "$2" ]; }
crowd_is() { # crowd_is VALUE: whether all of them have it
	local n
	for n in $(seq $crowd); do value "crowd$n" "$1" || return 1; done
}
confirmed() { grep -c 'systemd: change signals are received' "$work/log"; }
confirmed_again() { [ "$(confirmed)" -gt "$1" ]; }

sed -i 's/^log = stderr/log = stderr\nlog_level = debug/' "$work/vigil.conf"
start_reference
start_vigild
for name in plain once always alias watched; do
	check "daemon $name is running after the first query" wait_for 20 value $name running
done
check "$crowd more daemons are running after their first query" wait_for 30 crowd_is running
check "vigild has subscribed to systemd's signals" wait_for 20 confirmed_again 0
# settled: whether vigild makes no calls any more
settled() { local a b; a=$(counter calls); sleep 0.5; b=$(counter calls); [ "$a" = "$b" ]; }
# queried COUNT BEFORE: whether there have been so many queries more than before
queried() { [ $(($(counter batched) - $2)) -ge "$1" ]; }
wait_for 20 settled

# --- changes that systemd signals -----------------------------------------------------------------
round() { # round TEXT: each kind of service exits and is restarted, because of signals only
	local pid restarts before respawned
	before=$(counter signals)
	pid=$(main_pid sig-plain)
	kill -9 "$pid"
	check "$1: a unit that was killed is restarted" wait_for 20 runs_anew sig-plain "$pid"
	systemctl stop sig-once
	check "$1: a oneshot that was stopped is restarted" wait_for 20 systemctl -q is-active sig-once
	pid=$(main_pid sig-alias)
	kill -9 "$pid"
	check "$1: a unit that is known by an alias is restarted" wait_for 20 runs_anew sig-real "$pid"
	pid=$(main_pid sig-always) restarts=$(get /daemons/always/service_state/restarts)
	respawned=$(get /daemons/always/service_state/respawns)
	kill -9 "$pid"
	check "$1: a restart by systemd is counted" wait_for 20 \
		is /daemons/always/service_state/respawns $((${respawned:-0} + 1))
	check "$1: vigild has received signals" more_than /vigil/queries/signals "$before"
	wait_for 20 settled
	check "$1: vigild does not restart what systemd restarts" [ "$(get /daemons/always/service_state/restarts)" = "$restarts" ]
}
round "at first"
check "the history says that the change of the oneshot was seen at once" \
	[ "$(told once 'systemd has reported a change, seen at once')" -ge 1 ]
told_once() { [ "$(told "$@")" -ge 1 ]; }
check "another daemon of the same unit has seen the change, too" wait_for 20 told_once watched 'stopped (was running)'

# --- one message for many queries -----------------------------------------------------------------
messages=$(counter calls) batched=$(counter batched) workers=$(counter workers)
# vigild sleeps meanwhile, so that all signals are there when it continues.
kill -STOP "$vigild_pid"
systemctl stop 'sig-crowd@*'
kill -CONT "$vigild_pid"
check "vigild sees that $crowd units have stopped" wait_for 20 crowd_is stopped
check "each of $crowd stopped units was queried" wait_for 20 queried $crowd "$batched"
wait_for 20 settled
messages=$(($(counter calls) - messages)) batched=$(($(counter batched) - batched))
check "the queries shared messages ($batched queries, $messages messages)" [ $((messages * 2)) -le "$batched" ]
check "no worker made a query" [ "$(counter workers)" = "$workers" ]

# --- restarts of systemd and the bus --------------------------------------------------------------
# after TEXT COMMAND...: vigild subscribes again, queries all units in few messages and gets signals
after() {
	local text=$1 before messages batched; shift
	before=$(confirmed) messages=$(counter calls) batched=$(counter batched)
	"$@" >/dev/null 2>&1
	check "$text: vigild subscribes again" wait_for 30 confirmed_again "$before"
	check "$text: vigild queries all units" wait_for 30 queried $((crowd + 5)) "$batched"
	wait_for 20 settled
	messages=$(($(counter calls) - messages)) batched=$(($(counter batched) - batched))
	# On a slow machine some units are found late, and are queried in other messages than the rest.
	check "$text: the queries shared messages ($batched queries, $messages messages)" \
		[ $((messages * 2)) -le "$batched" ]
	round "$text"
}
after "a daemon-reload" systemctl daemon-reload
after "a daemon-reexec" systemctl daemon-reexec
after "a restart of the bus" systemctl restart dbus.service

# A unit is stopped while the bus is down, so that no signal is sent.
bus_down() { systemctl stop dbus.socket dbus.service; }
bus_down 2>/dev/null
pid=$(main_pid sig-plain)
systemctl stop sig-once
systemctl start dbus.socket dbus.service
check "a unit that was stopped while the bus was down is restarted" wait_for 30 systemctl -q is-active sig-once
check "a unit that ran while the bus was down is not restarted" [ "$(main_pid sig-plain)" = "$pid" ]

# --- a bus that hangs -----------------------------------------------------------------------------
bus=$(main_pid dbus.service) old=$(main_pid sig-plain)
wait_for 20 settled
kill -STOP "$bus"
kill -9 "$old"
check "with a bus that hangs, an exit is seen and the state is unknown" \
	wait_for 20 value plain unknown
check "with a bus that hangs, no restart_error is counted" is /daemons/plain/service_state/restart_error 0
check "with a bus that hangs, vigild answers" ctl -q version
kill -CONT "$bus"
check "the unit is restarted when the bus continues" wait_for 30 runs_anew sig-plain "$old"
lag_is_fair "a bus that hangs" 0.05
round "after a bus that hung"

# --- queries at the same time ---------------------------------------------------------------------
sed -i '/service = sig-crowd/{n;s/1h/1s/}' "$work/vigil.conf"
check "a reload with an interval of 1 s is accepted" ctl -q reload
messages=$(counter calls) batched=$(counter batched)
many() { [ $(($(counter batched) - batched)) -ge $((5 * crowd)) ]; }
check "stopped units are queried every second" wait_for 30 many
messages=$(($(counter calls) - messages)) batched=$(($(counter batched) - batched))
check "simultaneous queries share messages ($batched queries, $messages messages)" \
	[ "$((messages * 3))" -lt "$batched" ]

check "vigild exits with status 0 when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -n 80 "$work/log"
finish
