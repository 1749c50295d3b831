#!/bin/bash
# bus: units of a systemd that misbehaves, and a service that does not depend on it.  systemd is silent,
# late, wrong, failing, stopped, or exits during a call; and the bus of a real systemd is restarted again
# and again.
#
# Promise: the loop is not delayed, the other service is queried and restarted, no service is restarted
# because of a wrong or missing answer, and units that failed during the fault run again after it.
. "$(dirname "$0")/lib.sh" || exit 1
with_systemd || skip_all "built without systemd"
[ "$(id -u)" = 0 ] || skip_all "needs root"
script=$(readlink -f "$0")
case ${1:-} in
'')
	command -v dbus-daemon >/dev/null || skip_all "dbus-daemon is not installed"
	command -v systemctl >/dev/null || skip_all "systemctl is not installed"
	install_staged
	broke=0
	cd "$top_builddir" || exit 1 # in-systemd.sh keeps this folder visible
	unshare --mount --pid --fork --mount-proc --kill-child bash "$script" faults || broke=1
	"$here/in-systemd.sh" "$script" restarts || [ $? = 77 ] || broke=1
	exit $broke
	;;
faults) # a machine that seems to run systemd
	mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system ||
		skip_all "this machine does not allow mount namespaces"
	;;
esac
set_paths
work=$(mktemp -d)
chmod 755 "$work"
manager_pid=
clean_up() {
	stop_vigild
	stop_reference
	[ -z "$manager_pid" ] || { kill -9 "$manager_pid"; wait "$manager_pid"; } 2>/dev/null
	[ -z "${bus_pid:-}" ] || { kill "$bus_pid"; wait "$bus_pid"; } 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

milliseconds() { echo "${EPOCHREALTIME/./}" | sed 's/...$//'; }
largest() { [ "$1" -ge "$2" ] && echo "$1" || echo "$2"; }
recovery_max=0
unwanted=0
# timed SECONDS COMMAND...: like wait_for, and stores the elapsed time in $took (ms)
timed() {
	local begin
	begin=$(milliseconds)
	wait_for "$@"
	local status=$?
	took=$(($(milliseconds) - begin))
	return $status
}
lag_limit=$(count 1 0.05)
check_lag() {
	lag_is_fair "$1" "$lag_limit"
	lags+=("$lag")
}
lag_max() { printf '%s\n' "${lags[@]}" | sort -g | tail -1; }

# The service that does not depend on systemd.
cat >"$work/well" <<EOF
#!/bin/sh
case \$1 in
status) [ -e $work/well.runs ] || exit 3 ;;
restart) : >$work/well.runs ;;
esac
EOF
chmod 755 "$work/well"
: >"$work/well.runs"
well_section() {
	printf '[daemon:well]\nmodule = service\nservice = well\nmanager = command\n'
	printf 'status_command = %s status\nrestart_command = %s restart\n' "$work/well" "$work/well"
	printf 'interval = 200ms\nbackoff = 0\nhealthy_after = 0\n'
}
unit_section() { # unit_section NAME
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = systemd\ninterval = 200ms\n' "$1" "$1"
	printf 'query_timeout = 1s\nrestart_timeout = 20s\nbackoff = 0\nhealthy_after = 0\n'
}
repairs=0
repair_max=0
repair_well() { # repair_well WHEN
	rm -f "$work/well.runs"
	if timed 20 test -e "$work/well.runs"; then
		repairs=$((repairs + 1))
		repair_max=$(largest "$repair_max" "$took")
	else
		not_ok "$1: another service is restarted"
	fi
}
runs() { is "/daemons/$1/service_state/value" running; }
# Whether all named services run; stops at the first that does not.
all_run() { local name; for name; do runs "$name" || return 1; done; }
pid_of() { get "/daemons/$1/service_state/pid"; }

# --- a systemd that misbehaves --------------------------------------------------------------------

half=$(count 6 12)
names=$(seq -f u%g $((2 * half)))
broken=$(seq -f u%g "$half")
sound=$(seq -f u%g $((half + 1)) $((2 * half)))
start_manager() {
	: >"$work/told"
	"$top_builddir/tests/torture/manager" $(for name in $names; do echo "$name.service"; done) \
		<"$work/orders" >>"$work/told" 2>>"$work/log" &
	manager_pid=$!
	wait_for 20 grep -q '^ready' "$work/told"
}
order() { # order WORD...: sends an order and waits until it was carried out
	local before
	before=$(grep -c '^did' "$work/told")
	echo "$*" >&7
	wait_for 20 did_more "$before"
}
did_more() { [ "$(grep -c '^did' "$work/told")" -gt "$1" ]; }
restarts() { grep -c '^restart' "$work/told"; }

fault_begins() {
	case $1 in
	stopped) kill -STOP "$manager_pid" ;;
	*) order "$@" ;;
	esac
}
fault_ends() {
	case $1 in
	stopped) kill -CONT "$manager_pid" ;;
	*) order well ;;
	esac
}
units_crash() { # units_crash NAME...
	local name
	for name; do crash "$(pid_of "$name")"; done
}
nobody_runs() { local name; for name; do runs "$name" && return 1; done; return 0; }

nobody_is_down() {
	local name
	for name; do
		case $(get "/daemons/$name/service_state/value") in stopped | failed) return 1 ;; esac
	done
}

# one_fault SECONDS FAULT...: half of the units fail during the fault
one_fault() {
	local seconds=$1 until before text
	shift
	text=$*
	wait_for 30 all_run $names || not_ok "$text: all units run before the fault"
	before=$(restarts)
	fault_begins "$@"
	units_crash $broken
	until=$((SECONDS + seconds))
	while [ "$SECONDS" -lt "$until" ]; do repair_well "$text"; done
	check "$text: no unit that failed is reported as running" wait_for 20 nobody_runs $broken
	check "$text: vigild restarts nothing during the fault" [ "$(restarts)" = "$before" ]
	check "$text: no unit that runs is reported as stopped or failed" nobody_is_down $sound
	fault_ends "$@"
	check "$text: the units that failed are started after the fault" timed "$(count 30 5)" all_run $broken
	recovery_max=$(largest "$recovery_max" "$took")
	check "$text: each unit that failed is started once" [ "$(($(restarts) - before))" = "$half" ]
	unwanted=$((unwanted + $(restarts) - before - half))
	check_lag "$text"
}

one_death() {
	order mortal
	units_crash u1
	wait_for 20 manager_is_gone || not_ok "systemd exits during a call"
	wait "$manager_pid" 2>/dev/null
	repair_well "dead"
	start_manager
	timed "$(count 30 5)" all_run $names || return 1
	recovery_max=$(largest "$recovery_max" "$took")
}
manager_is_gone() { ! kill -0 "$manager_pid" 2>/dev/null; }

faults() {
	local i deaths lasting
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
	dbus-daemon --session --nofork --nopidfile --address="$DBUS_SYSTEM_BUS_ADDRESS" 2>/dev/null &
	bus_pid=$!
	wait_for 20 test -S "$work/bus" || { not_ok "the bus starts"; exit 1; }
	mkfifo "$work/orders"
	exec 7<>"$work/orders"
	start_manager || { not_ok "the fake systemd starts"; exit 1; }
	{
		printf 'restart_rate = 10000/1s\nworkers = 2\nworkers_max = 8\n'
		printf '[daemons]\nwell = yes\n'
		for name in $names; do echo "$name = yes"; done
		well_section
		for name in $names; do unit_section "$name"; done
	} | write_conf
	start_reference
	start_vigild
	wait_for 30 all_run well $names || { cat "$work/log"; not_ok "all services run at the start"; exit 1; }

	lasting=$(count 1 15)
	one_fault "$lasting" silent
	one_fault "$lasting" late 5000
	one_fault "$lasting" lying
	one_fault "$lasting" erring
	one_fault "$lasting" stopped

	deaths=$(count 2 30)
	for ((i = 1; i <= deaths; i++)); do
		one_death || break
	done
	check "$deaths times systemd exits during a call, and its units run again" [ "$i" -gt "$deaths" ]
	check "vigild restarts nothing when systemd exits" [ "$(restarts)" = 0 ]
	unwanted=$((unwanted + $(restarts)))
	check_lag "exits during a call"
	check "no worker is lost when systemd misbehaves" is /vigil/workers/lost 0
	check "vigild stops when it receives SIGTERM" stop_vigild
	figure "6 faults of systemd: the loop's lag (p99) stays under $lag_limit s" "$(lag_max) s"
	figure "another service is restarted during the faults" "$repairs times, the slowest in $repair_max ms"
	figure "nothing is restarted because of a wrong or missing answer" "$unwanted such restarts"
	figure "units that failed during a fault are started within 5 s after it" "$recovery_max ms at most"
}

# --- the bus of a real systemd --------------------------------------------------------------------

runs_anew() { # runs_anew NAME OLD-PID
	local pid
	pid=$(pid_of "$1")
	[ -n "$pid" ] && [ "$pid" != "$2" ] && runs "$1"
}
bus_is_there() { busctl status org.freedesktop.systemd1 >/dev/null 2>&1; }

restarts_of_the_bus() {
	local i rounds name pid
	rounds=$(count 3 100)
	names=$(seq -f u%g 5)
	mkdir -p /run/systemd/system/dbus.service.d
	printf '[Unit]\nStartLimitIntervalSec=0\n' >/run/systemd/system/dbus.service.d/limit.conf
	: >/run/starts
	cat >/run/systemd/system/u@.service <<-'EOF'
	[Unit]
	StartLimitIntervalSec=0
	[Service]
	ExecStart=/bin/sh -c 'echo %i >>/run/starts; exec sleep 100000'
	EOF
	for name in $names; do ln -s u@.service "/run/systemd/system/u@$name.service"; done
	systemctl daemon-reload
	systemctl start $(for name in $names; do echo "u@$name"; done)
	{
		printf 'restart_rate = 10000/1s\n[daemons]\nwell = yes\n'
		for name in $names; do echo "$name = yes"; done
		well_section
		for name in $names; do unit_section "$name" | sed 's/^service = /&u@/'; done
	} | write_conf
	start_reference
	start_vigild
	check "all services run under a real systemd" wait_for 30 all_run well $names
	for ((i = 1; i <= rounds; i++)); do
		name=u$((RANDOM % 5 + 1))
		pid=$(pid_of "$name")
		systemctl restart dbus.service &
		crash "$pid"
		repair_well "bus restarted"
		wait $!
		wait_for 30 bus_is_there || break
		timed "$(count 30 5)" runs_anew "$name" "$pid" || break
		recovery_max=$(largest "$recovery_max" "$took")
		wait_for 30 all_run $names || break
	done
	check "the bus was restarted $rounds times, and each time a failed unit runs again" [ "$i" -gt "$rounds" ]
	starts=$(($(wc -l </run/starts) - 5))
	check "each failed unit is started once, and no other unit: $starts starts" [ "$starts" = "$rounds" ]
	check_lag "bus restarted"
	check "no worker is lost when the bus restarts" is /vigil/workers/lost 0
	check "vigild stops when it receives SIGTERM" stop_vigild
	figure "the bus is restarted $rounds times: the loop's lag (p99) under $lag_limit s" "$(lag_max) s"
	figure "units that failed are started within 5 s after the bus is back" "$recovery_max ms at most"
}

case $1 in
faults) faults ;;
restarts) restarts_of_the_bus ;;
esac
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
