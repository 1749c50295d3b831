#!/bin/bash
# One behaviour table for all service managers: vigild notices, stores and does the same under each
# of them, as far as the manager reports it.
#
#     managers.sh [MANAGER ...]
#
# Each column is a real manager with real services, in managers/NAME.sh.  Each row is a function
# row_NAME below.  A cell prints `ok MANAGER: row`, or `n/a MANAGER: row: why` if the manager has
# no such state.  A column is a SKIP if the programs of its manager are not installed.
#
# The test follows vigild's changes with `vigilctl watch`.  The rows wait for these reports, however
# long that takes on a busy machine, and never for a fixed time.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/managers/column.sh" || exit 1

rows="absent running stopped stopped_left_alone stopped_by_vigilctl crashed starting restarted_by_an_admin
	start_fails restart_fails restart_hangs contradicted uninstalled restart_denied"
nobody=65534
m=${VIGIL_COLUMN:-}

# --- all columns ----------------------------------------------------------------------------------

# Each column runs alone, in the namespaces that its manager needs, and all run at the same time.
run_columns() { # MANAGER...
	local dir m pids=() status worst=77
	install_staged
	cd "$top_builddir" || exit # this path is the same in a column's namespaces
	dir=$(mktemp -d)
	for m; do
		run_column "$m" "$here/managers.sh" >"$dir/$m" 2>&1 &
		pids+=($!)
	done
	for m; do
		wait "${pids[0]}"; status=$?
		pids=("${pids[@]:1}")
		cat "$dir/$m"
		case $status in 0) [ $worst != 77 ] || worst=0 ;; 77) ;; *) worst=1 ;; esac
	done
	rm -rf "$dir"
	exit $worst
}
[ -n "${VIGIL_COLUMN:-}" ] || run_columns ${*:-$columns}

# --- the reports of vigilctl watch ----------------------------------------------------------------

# The latest value at each pointer, and all values since the row began, from `vigilctl watch`.
declare -A latest had

follow() {
	coproc WATCH { exec "$vigilctl" -s "$work/control.sock" watch; }
	watch_fd=${WATCH[0]}
	# The only sign that the watcher listens is that it reports something.
	local until=$((SECONDS + slowness * patience))
	until [ -n "${latest[/runs/canary/paused]:-}" ] || [ $SECONDS -gt $until ]; do
		ctl -q pause canary && ctl -q resume canary
		take 1
	done
}
unfollow() {
	[ -n "${WATCH_PID:-}" ] && kill "$WATCH_PID" 2>/dev/null && wait "$WATCH_PID" 2>/dev/null
}
# Reads one change.  Fails if none arrives within so many seconds.
take() { # SECONDS
	local line pointer value
	kill -0 "$vigild_pid" 2>/dev/null || { tail -50 "$work/log"; not_ok "$m: vigild runs"; exit 1; }
	IFS= read -r -t "$1" -u "$watch_fd" line || return 1
	pointer=${line#*'"pointer":"'}
	value=${pointer#*'","value":'}
	pointer=${pointer%%\"*}
	value=${value%\}}
	value=${value#\"}
	value=${value%\"}
	[ "$value" != null ] || value=
	latest[$pointer]=$value
	had[$pointer]+=" ${value:-gone}"
}
take_all() { while read -r -t 0 -u "$watch_fd" && take 1; do :; done; }
# until_told COMMAND...: repeats the command after each change, until it succeeds
until_told() {
	local until=$((SECONDS + slowness * patience))
	until "$@"; do
		[ $SECONDS -lt $until ] && take $((until - SECONDS)) || { slowness=1; return 1; }
	done
}

# --- functions for the rows -----------------------------------------------------------------------

place() { echo "/daemons/$1/service_state/$2"; }
has() { [[ ${latest[$(place "$1" "$2")]:-} == $3 ]]; }         # NAME KEY GLOB
few_missed() { [ $(($(get /runs/canary/missed) * 5)) -le "$(get /runs/canary/ticks)" ]; }
lacks() { take_all; [ -z "${latest[$(place "$1" "$2")]:-}" ]; } # NAME KEY
never_had() { take_all; [ -z "${had[$(place "$1" "$2")]:-}" ]; }
health_is() { [[ ${latest[/runs/$1/health]:-} == *"\"level\":\"$2\""* ]]; }
health_says() { [[ ${latest[/runs/$1/health]:-} == *"$2"* ]]; }
comes() { until_told has "$@"; }
runs_as_another() { has "$1" value running && lacks_pid "$1" "$2"; }
lacks_pid() { [ -n "${latest[$(place "$1" pid)]:-}" ] && ! has "$1" pid "$2"; }
goes() { [ "${had[$(place "$1" "$2")]:-}" = " $3" ]; } # NAME KEY "VALUE VALUE..."

# watches NAME [KEY=VALUE ...]: registers a daemon of that name for the service of that name
watches() {
	local name=$1 word
	local -A with=(); shift
	while read -r word; do [ -z "$word" ] || with[${word%%=*}]=${word#*=}; done < <(
		printf '%s\n' module=service "service=$name" "manager=$m" interval=300ms backoff=300ms \
			healthy_after=0
		options "$name"
		printf '%s\n' "$@")
	set --
	for word in "${!with[@]}"; do set -- "$@" "$word=${with[$word]}"; done
	must "the daemon is registered" ctl -q -c "$work/vigil.conf" register "$name" "$@"
}
# Waits for three more ticks, so that a restart that must not happen would have happened.
looks() {
	local before
	before=$(get "/runs/$1/ticks")
	wait_for $patience more_than "/runs/$1/ticks" $((before + 3))
	take_all
}
not() { ! "$@"; }
must() { # TEXT COMMAND..., which is no eval, because $1 has another value in it
	local text=$1; shift
	"$@" && return
	not_ok "$m: ${row//_/ }: $text"
	row_failed=1
}
run_row() {
	row=$1 row_failed=
	rows_left=${rows_left#* }
	[ -z "${cannot[$row]:-}" ] || { echo "n/a $m: ${row//_/ }: ${cannot[$row]}"; return; }
	had=()
	row_"$row" "$row"
	take_all
	if [ -z "$row_failed" ]; then
		ok "$m: ${row//_/ }"
	else
		ctl explain "$row"; ctl get "/daemons/$row"
		for key in "${!had[@]}"; do [[ $key != *"/$row/"* ]] || echo "$key:${had[$key]}"; done
	fi
	put_away "$row"
}
at_hand() { install "$1" && start "$1"; }
put_away() { # NAME: the service is no longer needed
	local old
	ctl -q -c "$work/vigil.conf" unregister "$1"
	old=$(pid "$1")
	uninstall "$1"
	end_service "$old"
}
# Ends the process of a service.  A pidfile may name a process that has ended long ago, and its pid
# may belong to a process of somebody else, so the command line must be that of a service.
end_service() { # PID, or nothing
	[[ $1 =~ ^[0-9]+$ && $1 -gt 1 ]] || return 0
	case $(tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline") in
	*"sleep 1000000"* | *"$work/"*) kill -9 "$1" 2>/dev/null ;;
	esac
	return 0
}

# --- the rows -------------------------------------------------------------------------------------

row_absent() {
	watches "$1"
	must "the health is UNKNOWN" until_told health_is "$1" UNKNOWN
	looks "$1"
	must "status reports that the service is not installed" grep -q "$1 is not installed" <(ctl status "$1")
	must "no service state is stored" not get "/daemons/$1/service_state"
	must "the log reports the missing service once" [ "$(grep -c "is not installed; waiting for it to appear" "$work/log")" = 1 ]
}

row_running() {
	at_hand "$1"
	ready "$1"
	watches "$1"
	must "the value is running" comes "$1" value running
	looks "$1"
	must "the state names the manager" has "$1" manager "$m"
	must "the state has the pid of the service" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]:-none}" ]
	must "the health is OK" until_told health_is "$1" OK
	must "the decision is to do nothing" has "$1" decision "running: nothing to do"
	must "vigild does not restart the service" never_had "$1" restarts
	must "the value is stored once" goes "$1" value running
}

row_stopped() {
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	stop "$1"
	must "vigild restarts the service" comes "$1" restarts 1
	must "the restart succeeds" comes "$1" restart_error 0
	must "the service runs again" comes "$1" value running
	must "the health is OK" until_told health_is "$1" OK
	must "the state was stopped or failed before the restart" grep -qE 'stopped|failed|stopping' <<<"${had[$(place "$1" value)]}"
	must "vigild restarts the service only once" has "$1" restarts 1
}

row_stopped_left_alone() {
	at_hand "$1"
	watches "$1" restart_on=failed
	comes "$1" value running
	stop "$1"
	must "the value is stopped" comes "$1" value stopped
	must "the decision says why the service is left alone" comes "$1" decision "stopped cleanly: left alone*"
	must "explain says that it was a clean stop" grep -q '^evidence .*; it was stopped cleanly or not started$' <(ctl explain "$1")
	looks "$1"
	must "vigild does not restart the service" never_had "$1" restarts
	must "the state has no pid any more" lacks "$1" pid
	must "the health is CRITICAL" until_told health_is "$1" CRITICAL
	start "$1"
	must "a service that is started manually is running" comes "$1" value running
	must "vigild did not restart the service" never_had "$1" restarts
}

# Without the pause, vigild would restart the service at once.
row_stopped_by_vigilctl() {
	local old
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	old=$(pid "$1")
	must "a start of a running service succeeds" ctl -q start "$1"
	must "a start of a running service does nothing" [ "$(pid "$1")" = "$old" ]
	must "vigilctl stops the service" ctl -q stop "$1"
	must "the process has ended" ended "$old"
	must "the value is stopped" comes "$1" value stopped
	looks "$1"
	must "vigild does not undo the stop" never_had "$1" restarts
	must "the manager does not undo the stop" is_down "$1"
	must "the history names vigilctl stop" grep -q "stopped by an admin with vigilctl stop" <(ctl explain "$1")
	must "the health names the stop" until_told health_says "$1" "stopped with vigilctl stop"
	must "a stop of a stopped service succeeds" ctl -q stop "$1"
	must "vigilctl starts the service" ctl -q start "$1"
	must "the process runs when the start has ended" kill -0 "$(pid "$1")"
	must "the value is running" comes "$1" value running
	must "the health is OK" until_told health_is "$1" OK
	must "a start and a stop are no restarts" never_had "$1" restarts
	must "a start is no restart by the manager" never_had "$1" respawns
	old=$(pid "$1")
	must "vigilctl restarts the service" ctl -q restart "$1"
	must "the service runs in a new process" until_told runs_as_another "$1" "$old"
	must "a restart by vigilctl is counted" comes "$1" restarts 1
	# The pause has ended, too.
	stop "$1"
	must "vigild restarts the service again" comes "$1" restarts 2
	must "the service runs" comes "$1" value running
}

fails() { ! ctl start "$1" >"$work/said" 2>&1; } # NAME
# The process has ended, even if nothing reaps it.
ended() { [[ ! -e /proc/$1/stat || $(</proc/"$1"/stat) == *') Z '* ]]; } # PID
is_down() { # NAME: a pidfile may remain
	local now
	now=$(pid "$1")
	[ -z "$now" ] || ended "$now"
}

# A start that fails is reported, and vigild then restarts the service as usual.
row_start_fails() {
	at_hand "$1"
	watches "$1" settle=0
	comes "$1" value running
	must "vigilctl stops the service" ctl -q stop "$1"
	break_it "$1"
	must "a start that fails is an error" fails "$1"
	must "the error is about the service" grep -q "$1" "$work/said"
	must "the history has the failure" grep -q "start: failed: " <(ctl explain "$1")
	mend "$1"
	must "vigild restarts the service when it is repaired" comes "$1" value running
	must "the health is OK" until_told health_is "$1" OK
}

# The interval is longer than the row may take, so only the exit can cause a query.
row_crashed() {
	local old
	at_hand "$1"
	watches "$1" interval=10m restart_on=failed
	comes "$1" value running
	old=$(pid "$1")
	kill -9 "$old"
	must "the service runs again in a new process" until_told runs_as_another "$1" "$old"
	must "the state has the pid of the new process" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]}" ]
	must "explain says that the exit was seen at once" grep -q "process $old has ended, seen at once" <(ctl explain "$1")
	if [ -n "$supervises" ]; then
		must "the state counts that the manager restarted the service" comes "$1" respawns 1
		must "vigild does not restart it in addition" never_had "$1" restarts
	else
		must "vigild restarts the service" comes "$1" restarts 1
		must "the restart succeeds" comes "$1" restart_error 0
		must "explain says that it was a crash" grep -q 'evidence: .*; it crashed or could not start$' <(ctl explain "$1")
		must "the state was failed before the restart" grep -q ' failed ' <<<"${had[$(place "$1" value)]} "
		must "no restart by the manager is counted" never_had "$1" respawns
	fi
	must "the health is OK" until_told health_is "$1" OK
}

row_starting() {
	install "$1"
	hold "$1"
	start "$1"
	watches "$1"
	must "the value is starting" comes "$1" value starting
	must "the health is WARNING" until_told health_is "$1" WARNING
	looks "$1"
	must "the decision is to leave a starting service alone" comes "$1" decision "starting: work in progress*"
	must "vigild does not restart the service" never_had "$1" restarts
	release "$1"
	must "the service is running when it is ready" comes "$1" value running
	must "vigild did not restart the service" never_had "$1" restarts
}

# The restart takes a while, and vigild sees the exit of the old process at once.
row_restarted_by_an_admin() {
	local old
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	old=$(pid "$1")
	hold "$1"
	restart "$1" &
	must "the value is starting or stopping during the restart" comes "$1" value 'st[ao][rp]*ing'
	looks "$1"
	must "vigild does not restart the service in addition" never_had "$1" restarts
	release "$1"
	wait $!
	must "the service runs in a new process" until_told runs_as_another "$1" "$old"
	must "the state has the pid of the new process" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]}" ]
	looks "$1"
	must "vigild did not restart the service" never_had "$1" restarts
}

row_restart_fails() {
	at_hand "$1"
	watches "$1" settle=0 backoff_max=300ms
	comes "$1" value running
	break_it "$1"
	stop "$1"
	must "restart_error goes to 3" comes "$1" restart_error 3
	must "restart_error was 1 and 2 before it was 3" goes "$1" restart_error "1 2 3"
	must "the kind of the error is failed" has "$1" last_error '{"kind":"failed",*'
	must "restart_errors counts all failed restarts" comes "$1" restart_errors "[3-9]*"
	must "the health is not OK" not health_is "$1" OK
	mend "$1"
	if [ -n "$supervises" ]; then
		# The manager tries to start the service all the time, too, and either may be first.
		must "a repaired service is running" comes "$1" value running
		[ "${latest[$(place "$1" restart_error)]}" = 0 ] || stop "$1"
	fi
	must "restart_error goes to 0 when the service is repaired" comes "$1" restart_error 0
	must "the service is running" comes "$1" value running
	must "the health is OK" until_told health_is "$1" OK
}

# If the manager has a time limit, vigild leaves the restart to it: it is in progress and has not failed.
hangs_in_progress() { # NAME
	must "the value is starting" comes "$1" value starting
	looks "$1"
	must "no restart_error is stored while the restart is in progress" lacks "$1" restart_error
}
hangs_for_too_long() { # NAME
	must "restart_error goes to 1" comes "$1" restart_error 1
	must "the kind of the error is timeout" has "$1" last_error '{"kind":"timeout",*'
}
row_restart_hangs() {
	local ticks
	at_hand "$1"
	# Only one restart is tried, because the next one would be due after the row.
	watches "$1" restart_timeout=3s backoff=10m backoff_max=10m settle=1s
	comes "$1" value running
	hold "$1"
	ticks=$(get /runs/canary/ticks)
	kill -9 "$(pid "$1")"
	if [ -n "${limits_starts:-}" ]; then hangs_in_progress "$1"; else hangs_for_too_long "$1"; fi
	must "the canary daemon ticks during the restart" wait_for 20 more_than /runs/canary/ticks $((ticks + 3))
	# A loop that had waited for the restart would have missed all of them.
	must "the canary daemon misses few ticks during the restart" few_missed
	looks "$1"
	must "vigild queries the service and does not restart it again" has "$1" restarts 1
	release "$1"
	recover "$1"
	must "a service that starts late is running" comes "$1" value running
	must "vigild did not restart the service again" has "$1" restarts 1
	must "the health is OK" until_told health_is "$1" OK
}

# The manager says that the service does not run, but the pidfile names a running process.
row_contradicted() {
	local other
	at_hand "$1"
	stop "$1"
	sleep 1000000 &
	other=$!
	disown
	echo $other >"$work/$1.other"
	watches "$1" "pidfile=$work/$1.other"
	must "the value is unknown when manager and pidfile contradict each other" comes "$1" value unknown
	looks "$1"
	must "vigild does not restart the service" lacks "$1" restarts
	must "the health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "the health text names the process in the pidfile" until_told health_says "$1" "process $other"
	kill -9 $other
	rm "$work/$1.other"
	must "vigild restarts the service when that process has exited" comes "$1" restarts 1
	[ "$m" = openrc ] || must "the service runs again" comes "$1" value running
}

row_uninstalled() {
	local old
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	old=$(pid "$1")
	uninstall "$1"
	end_service "$old"
	must "the value is removed" until_told lacks "$1" value
	must "the health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "the pid is removed" until_told lacks "$1" pid
	looks "$1"
	must "vigild restarts nothing" never_had "$1" restarts
	must "status reports that the service is not installed" grep -q "$1 is not installed" <(ctl status "$1")
	at_hand "$1"
	must "the service is running when it is installed again" comes "$1" value running
	must "no restart by the manager is counted" never_had "$1" respawns
	must "the health is OK" until_told health_is "$1" OK
}

# The last row, because vigild runs as an ordinary user in it.
row_restart_denied() {
	at_hand "$1"
	permit "$1"
	unfollow
	must "vigild stops when it receives SIGTERM" stop_vigild
	latest=()
	write_column_conf
	chmod 1777 "$work" # root registers a daemon, and vigild of another user reads it
	rm -rf "$work/state"
	start_vigild_as_nobody
	follow
	watches "$1"
	denied "$1"
}
# The expected behaviour of a denied restart.  An adapter may replace it.
denied() {
	must "the service can be queried" comes "$1" value running
	stop "$1"
	must "restart_error goes to 1" comes "$1" restart_error "[1-9]*"
	must "the kind of the error is denied" has "$1" last_error '{"kind":"denied",*'
	must "the service stays stopped" comes "$1" value stopped
}
start_vigild_as_nobody() {
	local plain=$vigild
	vigild=nobodys_vigild
	start_vigild
	vigild=$plain
}
nobodys_vigild() {
	exec setpriv --reuid=$nobody --regid=$nobody --clear-groups "$stage$(make_variable sbindir)/vigild" "$@"
}

# --- the column -----------------------------------------------------------------------------------

write_column_conf() {
	mkdir -p "$work/conf.d"
	printf '%s\n' '[daemons]' 'canary = yes' '[daemon:canary]' 'module = service' 'service = canary' \
		'manager = command' 'interval = 300ms' 'status_command = true' 'restart_command = true' |
		write_conf
	sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
}
finish_column() {
	unfollow
	stop_vigild
	down
	rm -rf "$work"
}

. "$here/managers/$m.sh" || exit
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap finish_column EXIT
write_prepare
write_column_conf
up
start_vigild
follow
rows_left="$(echo ${VIGIL_ROWS:-$rows}) "
if ! setpriv --reuid=$nobody --regid=$nobody --clear-groups test -r "$modules/service/service.so"; then
	echo "SKIP: $m: restart denied: an ordinary user cannot read the build"
	rows_left=${rows_left/restart_denied /}
fi
for each in $rows_left; do run_row "$each"; done
check "$m: each row was run" [ -z "$rows_left" ]
check "$m: the canary daemon missed few ticks" few_missed
unfollow
check "$m: vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
