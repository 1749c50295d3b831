#!/bin/bash
# Services that depend on each other under different managers, without systemd: db and idler under runit,
# cache under s6, app under OpenRC, web and other by commands.  After the death of one of them, each service
# that is restarted with it is restarted once, and in order.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1
. "$here/graph-lib.sh" || exit 1

for program in runsvdir s6-svscan rc-service python3; do
	command -v $program >/dev/null || skip_all "there is no $program"
done
if [ -z "${VIGIL_OWN_MOUNTS:-}" ]; then
	private=(unshare --mount --propagation private)
	"${private[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || skip_all "this machine allows no private mounts"
	install_staged
	VIGIL_OWN_MOUNTS=1 exec "${private[@]}" bash "$0"
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/init.d" "$work/runit" "$work/s6"
supervisors=()
clean_up() {
	local dir file
	stop_watching
	kill "${supervisors[@]}" 2>/dev/null
	for dir in "$work"/runit/*; do sv force-shutdown "$dir" >/dev/null; done
	for dir in "$work"/s6/*; do s6-svc -xd "$dir" 2>/dev/null; done
	for file in "$work"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT
mount -t tmpfs tmpfs /run
mount --bind "$work/init.d" /etc/init.d
# The directories that OpenRC makes at boot.
mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled} \
	/run/openrc/{started,starting,stopping,tmp,wasinactive}
: >/run/openrc/softlevel
write_graph_serve

# --- one service under each manager ---------------------------------------------------------------

by_s6() {
	run_script "$work/s6/$1" "$1"
	graph_daemon "$1" manager=s6 "service_dir=$work/s6"
}
by_openrc() {
	# start-stop-daemon looks for processes of that program, so it is a program of its own.
	cp /bin/sleep "$work/$1.program"
	printf '%s\n' '#!/sbin/openrc-run' "command=$work/$1.program" command_args=1000000 "pidfile=$work/$1.pid" \
		command_background=true "start_pre() { echo $1 >>$work/order; }" >"$work/init.d/$1"
	chmod 755 "$work/init.d/$1"
	graph_daemon "$1" manager=openrc
}
by_runit db
by_s6 cache
by_openrc app
by_command web
by_runit idler
by_command other
runsvdir "$work/runit" >"$work/runit.log" 2>&1 & supervisors+=($!)
s6-svscan "$work/s6" >"$work/s6.log" 2>&1 & supervisors+=($!)
rc-service app start >/dev/null 2>&1
"$work/web.control" start
"$work/other.control" start
all_started() { [ "$(sort -u "$work/order" | wc -l)" = 6 ]; }
check "all services are started by their managers" wait_for "$patience" all_started
forget
start_watching

# --- waves ----------------------------------------------------------------------------------------

wave "the start of vigild restarts nothing" ""

old=$(pid_of db)
crash "$old"
wave "death of db, which runit starts again" "db (cache app|app cache) web"
check "the history of cache says why it was restarted" history_says cache \
	"db was restarted \(its pid changed from $old to $(pid_of db)\); restarting because of restart_with = db"
check "explain shows why web was restarted" eval 'ctl explain web | grep -qE "(cache|app) was restarted \(its pid changed .*; restarting because of restart_with = (cache|app)"'

: >"$work/db.hold"
crash "$(pid_of db)"
eventually "db runs and does not serve: cache waits for it" health_is cache WARNING \
	"cache is running, but db was restarted (its pid changed from *; waiting for db to serve first (db is running, but its probe *"
check "db runs and does not serve: nothing else is restarted" sequence_is db
rm "$work/db.hold"
wave "db serves again" "db (cache app|app cache) web"

sv restart "$work/runit/db" >/dev/null
wave "sv restart db by an admin" "db (cache app|app cache) web"
ctl -q restart db
wave "vigilctl restart db" "db (cache app|app cache) web"
s6-svc -r "$work/s6/cache"
wave "s6-svc -r cache by an admin" "cache web"
rc-service app restart >/dev/null 2>&1
wave "rc-service app restart by an admin" "app web"
crash "$(pid_of app)"
wave "death of app, which vigil restarts" "app web"
crash "$(pid_of web)"
wave "death of web, which nothing is restarted with" "web"
sv down "$work/runit/db"
eventually "db stopped by an admin is left alone" health_is db CRITICAL "db is stopped on purpose"
eventually "db stopped by an admin: idler runs on, and says what it needs" health_is idler OK "idler is running, pid *, and needs db, which is stopped"
check "db stopped by an admin: nothing is restarted" sequence_is ""
sv up "$work/runit/db"
wave "db stopped and started by an admin" "db (cache app|app cache) web"

stop_and_start

# --- withheld restarts ----------------------------------------------------------------------------

ctl -q pause app --reason "a test"
crash "$(pid_of db)"
wave "death of db while app is paused" "db cache web"
check "a paused service is not restarted, and says why" decision_says app "db was restarted (*; running, but paused: left alone"
ctl -q resume app
wave "app is resumed, and is older than db" "app web"

# All others die, while db cannot be started.
: >"$work/db.broken"
crash "$(pid_of db)" "$(pid_of app)" "$(pid_of web)"
eventually "db cannot be started: app is down and says that it waits" health_is app CRITICAL "app is failed*; waiting for db to serve first (db is *)"
eventually "db cannot be started: web is down and says that it waits" health_is web CRITICAL "web is failed*; waiting for app to run first (app is failed)"
checked app
check "db cannot be started: nothing is restarted in vain" sequence_is ""
rm "$work/db.broken"
wave "db can be started again: one wave" "db (cache app|app cache) web"

# db ends five times, and each time before it has run for healthy_after of the others.
before=$(of cache restarts) began=$SECONDS
for round in 1 2 3 4 5; do
	forget
	crash "$(pid_of db)"
	wait_for "$patience" eval '[[ " $(sequence) " == *" db "* ]]'
	# a death is seen when the pid has changed
	wait_for "$patience" eval '[ "$(pid_of db)" != "" ] && kill -0 "$(pid_of db)"'
done
took=$((SECONDS - began))
stable() { all_ok && [ "$(of cache restarts)" -gt "$before" ]; }
wait_for $((2 * patience)) stable || not_ok "db ends five times in a row: all is OK in the end"
forget
wave "db ends five times in a row: the graph is at rest afterwards" ""
# On a slow machine db may run for healthy_after, which is 2 s, between two of its ends.
check "db ends five times in a row: cache is restarted once or twice" \
	[ $(($(of cache restarts) - before)) -le $((2 + took / 4)) ]
check "other was never restarted" restarts_are other 0
check "idler was never restarted" restarts_are idler 0
[ "$failed" -eq 0 ] || { explain_all; cat "$work/log"; }
finish
