#!/bin/bash
# One behaviour table over all service managers: what vigild notices, writes down and does is the
# same under each, as far as the manager can tell.
#
#     managers.sh [MANAGER ...]
#
# Each column is a real manager with real services, in managers/NAME.sh; each row is a function
# row_NAME below.  A cell prints `ok MANAGER: row`, or `n/a MANAGER: row: why` where the manager
# has no such state.  A manager whose programs are not installed is a SKIP of its column.
#
# vigild's changes are followed with `vigilctl watch`: the rows wait for what it tells, however
# long that takes on a busy machine, and never for time to pass.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/managers/column.sh" || exit 1

rows="absent running stopped stopped_left_alone crashed starting restarted_by_an_admin
	restart_fails restart_hangs contradicted uninstalled restart_denied"
nobody=65534
m=${VIGIL_COLUMN:-}

# --- all columns ----------------------------------------------------------------------------------

# Each runs by itself, in whatever namespaces its manager needs, and all at the same time.
run_columns() { # MANAGER...
	local dir m pids=() status worst=77
	install_staged
	cd "$top_builddir" || exit # which stays as it is in a column's namespaces
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

# --- what is told ---------------------------------------------------------------------------------

# The latest value of each place, and all that it had since the row began, by `vigilctl watch`.
declare -A latest had

follow() {
	coproc WATCH { exec "$vigilctl" -s "$work/control.sock" watch; }
	watch_fd=${WATCH[0]}
	# Nothing says when it listens, but that it hears.
	local until=$((SECONDS + patience))
	until [ -n "${latest[/runs/canary/paused]:-}" ] || [ $SECONDS -gt $until ]; do
		ctl -q pause canary && ctl -q resume canary
		take 1
	done
}
unfollow() {
	[ -n "${WATCH_PID:-}" ] && kill "$WATCH_PID" 2>/dev/null && wait "$WATCH_PID" 2>/dev/null
}
# Takes in one change.  False when none came in so many seconds.
take() { # SECONDS
	local line pointer value
	kill -0 "$vigild_pid" 2>/dev/null || { tail -50 "$work/log"; not_ok "$m: vigild lives"; exit 1; }
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
# until_told COMMAND...: until it succeeds, tried again after each change
until_told() {
	local until=$((SECONDS + patience))
	until "$@"; do
		[ $SECONDS -lt $until ] || return 1
		take $((until - SECONDS)) || return 1
	done
}

# --- what rows say --------------------------------------------------------------------------------

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

# watches NAME [KEY=VALUE ...]: a daemon of that name for the service of that name
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
	must "it is registered" ctl -q -c "$work/vigil.conf" register "$name" "$@"
}
# Some looks more, for what must not happen in them.
looks() {
	local before
	before=$(get "/runs/$1/ticks")
	wait_for $patience more_than "/runs/$1/ticks" $((before + 3))
	take_all
}
must() { # TEXT COMMAND...
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
	[ -z "$old" ] || kill -9 "$old" 2>/dev/null
}

# --- the rows -------------------------------------------------------------------------------------

row_absent() {
	watches "$1"
	must "its health is UNKNOWN" until_told health_is "$1" UNKNOWN
	looks "$1"
	must "status says not installed" grep -q "$1 is not installed" <(ctl status "$1")
	must "nothing is written" eval '! get /daemons/$1/service_state'
	must "it is said once" [ "$(grep -c "$1 is not installed" "$work/log")" = 1 ]
}

row_running() {
	at_hand "$1"
	ready "$1"
	watches "$1"
	must "value is running" comes "$1" value running
	looks "$1"
	must "the manager is named" has "$1" manager "$m"
	must "its pid is told" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]:-none}" ]
	must "its health is OK" until_told health_is "$1" OK
	must "nothing is decided" has "$1" decision "running: nothing to do"
	must "it is not restarted" never_had "$1" restarts
	must "value was written once" goes "$1" value running
}

row_stopped() {
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	stop "$1"
	must "it is restarted" comes "$1" restarts 1
	must "that worked" comes "$1" restart_error 0
	must "it runs" comes "$1" value running
	must "its health is OK" until_told health_is "$1" OK
	must "it was seen down" grep -qE 'stopped|failed|stopping' <<<"${had[$(place "$1" value)]}"
	must "once is enough" has "$1" restarts 1
}

row_stopped_left_alone() {
	at_hand "$1"
	watches "$1" restart_on=failed
	comes "$1" value running
	stop "$1"
	must "value is stopped" comes "$1" value stopped
	must "the decision says why" comes "$1" decision "stopped cleanly: left alone*"
	looks "$1"
	must "it is not restarted" never_had "$1" restarts
	must "its pid is gone" lacks "$1" pid
	must "its health is CRITICAL" until_told health_is "$1" CRITICAL
	start "$1"
	must "started by hand, it runs" comes "$1" value running
	must "and was not restarted" never_had "$1" restarts
}

# No look is due for longer than the row is given time.
row_crashed() {
	local old
	at_hand "$1"
	watches "$1" interval=10m restart_on=failed
	comes "$1" value running
	old=$(pid "$1")
	kill -9 "$old"
	must "it runs again, as another process" until_told runs_as_another "$1" "$old"
	must "and that is its pid" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]}" ]
	must "it was seen at once" grep -q "process $old has ended, seen at once" <(ctl explain "$1")
	if [ -n "$supervises" ]; then
		must "that its manager brought it back is counted" comes "$1" respawns 1
		must "and not fought" never_had "$1" restarts
	else
		must "it was restarted" comes "$1" restarts 1
		must "that worked" comes "$1" restart_error 0
		must "it was seen failed" grep -q ' failed ' <<<"${had[$(place "$1" value)]} "
		must "nobody else brought it back" never_had "$1" respawns
	fi
	must "its health is OK" until_told health_is "$1" OK
}

row_starting() {
	install "$1"
	hold "$1"
	start "$1"
	watches "$1"
	must "value is starting" comes "$1" value starting
	must "its health is WARNING" until_told health_is "$1" WARNING
	looks "$1"
	must "it is left alone" comes "$1" decision "starting: work in progress*"
	must "it is not restarted" never_had "$1" restarts
	release "$1"
	must "once it is ready, it runs" comes "$1" value running
	must "and was not restarted" never_had "$1" restarts
}

# It takes a while, and vigild sees the old process end at once.
row_restarted_by_an_admin() {
	local old
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	old=$(pid "$1")
	hold "$1"
	restart "$1" &
	must "it is seen on its way" comes "$1" value 'st[ao][rp]*ing'
	looks "$1"
	must "that is not fought" never_had "$1" restarts
	release "$1"
	wait $!
	must "it runs, as another process" until_told runs_as_another "$1" "$old"
	must "which is its own" [ "$(pid "$1")" = "${latest[$(place "$1" pid)]}" ]
	looks "$1"
	must "it was not restarted" never_had "$1" restarts
}

row_restart_fails() {
	at_hand "$1"
	watches "$1" settle=0 backoff_max=300ms
	comes "$1" value running
	break_it "$1"
	stop "$1"
	must "restart_error goes to 3" comes "$1" restart_error 3
	must "by way of 1 and 2" goes "$1" restart_error "1 2 3"
	must "the error says failed" has "$1" last_error '{"kind":"failed",*'
	must "all are counted" comes "$1" restart_errors "[3-9]*"
	must "its health is not OK" eval '! health_is "$1" OK'
	mend "$1"
	if [ -n "$supervises" ]; then
		# The manager tries again all the while, and either may come first.
		must "mended, it runs" comes "$1" value running
		[ "${latest[$(place "$1" restart_error)]}" = 0 ] || stop "$1"
	fi
	must "mended, restart_error goes to 0" comes "$1" restart_error 0
	must "it runs" comes "$1" value running
	must "its health is OK" until_told health_is "$1" OK
}

# A manager that has a limit of its own is left to it: the restart is in progress, and has not failed.
hangs_in_progress() { # NAME
	must "it is starting" comes "$1" value starting
	looks "$1"
	must "nothing is called a failure" lacks "$1" restart_error
}
hangs_for_too_long() { # NAME
	must "restart_error goes to 1" comes "$1" restart_error 1
	must "the error says timeout" has "$1" last_error '{"kind":"timeout",*'
}
row_restart_hangs() {
	local ticks
	at_hand "$1"
	# Once is tried; the next time would be after the row.
	watches "$1" restart_timeout=3s backoff=10m backoff_max=10m settle=1s
	comes "$1" value running
	hold "$1"
	ticks=$(get /runs/canary/ticks)
	kill -9 "$(pid "$1")"
	if [ -n "${limits_starts:-}" ]; then hangs_in_progress "$1"; else hangs_for_too_long "$1"; fi
	must "others have ticked on" more_than /runs/canary/ticks $((ticks + 3))
	# A loop that had waited for the call would have missed all of them.
	must "others have missed few ticks, if any" few_missed
	looks "$1"
	must "it is looked at, not tried again" has "$1" restarts 1
	release "$1"
	recover "$1"
	must "when it has come up after all, it runs" comes "$1" value running
	must "and was not restarted again" has "$1" restarts 1
	must "its health is OK" until_told health_is "$1" OK
}

# The manager says that it does not run, and the pidfile names a process that lives.
row_contradicted() {
	local other
	at_hand "$1"
	stop "$1"
	sleep 1000000 &
	other=$!
	disown
	echo $other >"$work/$1.other"
	watches "$1" "pidfile=$work/$1.other"
	must "what contradicts is unknown" comes "$1" value unknown
	looks "$1"
	must "it is not restarted" lacks "$1" restarts
	must "its health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "the text names the process" until_told health_says "$1" "process $other"
	kill -9 $other
	rm "$work/$1.other"
	must "it is restarted when that process has ended" comes "$1" restarts 1
	[ "$m" = openrc ] || must "it runs again" comes "$1" value running
}

row_uninstalled() {
	local old
	at_hand "$1"
	watches "$1"
	comes "$1" value running
	old=$(pid "$1")
	uninstall "$1"
	[ -z "$old" ] || kill "$old" 2>/dev/null
	must "value is gone" until_told lacks "$1" value
	must "its health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "what else was known is gone" until_told lacks "$1" pid
	looks "$1"
	must "nothing is restarted" never_had "$1" restarts
	must "status says not installed" grep -q "$1 is not installed" <(ctl status "$1")
	at_hand "$1"
	must "installed again, it runs" comes "$1" value running
	must "nobody is said to have brought it back" never_had "$1" respawns
	must "its health is OK" until_told health_is "$1" OK
}

# Last, since vigild itself is an ordinary user's here.
row_restart_denied() {
	at_hand "$1"
	permit "$1"
	unfollow
	must "vigild stops as asked" stop_vigild
	latest=()
	write_column_conf
	chmod 1777 "$work" # root registers what the vigild of another user reads
	rm -rf "$work/state"
	start_vigild_as_nobody
	follow
	watches "$1"
	denied "$1"
}
# What being denied looks like; an adapter may know it otherwise.
denied() {
	must "it can be looked at" comes "$1" value running
	stop "$1"
	must "restart_error goes to 1" comes "$1" restart_error "[1-9]*"
	must "the error says denied" has "$1" last_error '{"kind":"denied",*'
	must "it stays down" comes "$1" value stopped
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
for each in $rows_left; do run_row "$each"; done
check "$m: each row had its say" [ -z "$rows_left" ]
check "$m: others missed no tick" is /runs/canary/missed 0
unfollow
check "$m: vigild stops as asked" stop_vigild
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
