#!/bin/bash
# Services that depend on each other, under a real systemd: db, cache (PartOf=db.service), idler and migrate are
# units, app is a runit service, and web and other run by commands.  What systemd restarts itself is not restarted
# again, and a reload or another main process is no restart.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1
. "$here/graph-lib.sh" || exit 1

for program in runsvdir python3; do
	command -v $program >/dev/null || skip_all "there is no $program"
done
under_systemd
no_leak_check_inside
mkdir "$work/runit"
write_graph_serve

unit() { printf '%b\n' "$2" >"$units/$1.service"; } # NAME TEXT
unit db "[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=exec\nExecStart=$work/serve db\nExecReload=/bin/true"
unit cache "[Unit]\nPartOf=db.service\nAfter=db.service\n[Service]\nExecStart=$work/serve cache"
unit idler "[Service]\nExecStart=$work/serve idler"
# The oneshot ends when its file migrate.hold is removed.
cat >"$work/migrate" <<-EOF_MIGRATE
	#!/bin/sh
	while [ -e "$work/migrate.hold" ]; do sleep 0.02; done
	echo migrate >>"$work/order"
EOF_MIGRATE
chmod 755 "$work/migrate"
unit migrate "[Service]\nType=oneshot\nExecStart=$work/migrate"
# On USR1, "relay" starts a successor, names it to systemd as its main process, and exits.
cat >"$work/relay" <<-EOF_RELAY
	#!/bin/sh
	trap '"$work/serve" successor & systemd-notify --pid=\$!; sleep 0.1; exit 0' USR1
	systemd-notify --ready
	while :; do sleep 0.05; done
EOF_RELAY
chmod 755 "$work/relay"
unit relay "[Service]\nType=notify\nNotifyAccess=all\nExecStart=$work/relay"
unit runner "[Service]\nExecStart=$work/serve runner"

by_systemd() { graph_daemon "$1" manager=systemd "${@:2}"; }
by_systemd db
by_systemd cache
by_runit app
by_command web
by_systemd idler "after=db:serves, migrate:done"
by_command other
by_systemd migrate
by_systemd relay
by_systemd runner restart_with=relay

systemctl daemon-reload
runsvdir "$work/runit" >"$work/runit.log" 2>&1 & runsvdir_pid=$!
systemctl start db cache idler relay runner
"$work/web.control" start
"$work/other.control" start
all_started() { [ "$(sort -u "$work/order" | wc -l)" = 7 ]; }
check "all services are started by their managers" wait_for "$patience" all_started
forget
start_watching
main_pid() { systemctl show -P MainPID "$1"; }
wave "the start of vigild restarts nothing" ""

# --- waves ----------------------------------------------------------------------------------------

# systemd starts cache right after db, so that either may record its start first.
either="(db (cache app|app cache)|cache db app) web"
old=$(main_pid db)
crash "$old"
wave "death of db, which vigil restarts" "$either"
check "the history of app says why it was restarted" history_says app \
	"db was restarted \(its pid changed from $old to $(main_pid db)\); restarting because of restart_with = db"
check "death of db: systemd has restarted cache by PartOf=, and vigil did not" restarts_are cache 0

systemctl restart db
wave "systemctl restart db, which restarts cache by PartOf=" "$either"
check "systemctl restart db: vigil did not restart cache once more" restarts_are cache 0

systemctl reload db
checked db
wave "systemctl reload db restarts nothing" ""

systemctl stop db
eventually "systemctl stop db stops cache by PartOf=" value_is cache stopped
eventually "systemctl stop db: idler runs on, and says what it needs" health_is idler OK "idler is running, pid *, and needs db, which is stopped"
systemctl start db
graph='db app idler other'
wave "systemctl start db: cache stays down, and web waits for it" "db app"
check "vigil did not start cache" restarts_are cache 0
check "the health of web says what its restart waits for" health_is web WARNING \
	"web is running, but app was restarted (*; waiting for cache to run first (cache is stopped)"
systemctl start cache
graph='db cache app web idler other'
wave "systemctl start cache: web is restarted with both" "cache web"

crash "$(main_pid cache)" "$(pid_of web)"
# If systemd reports the death of cache later than vigild sees that of web, web is restarted first, and once more.
wave "deaths of cache and web at once" "(web )?cache web"

stop_and_start

# --- the main process of a unit changes without a restart -----------------------------------------

old=$(main_pid relay)
kill -USR1 "$old"
relayed() { [ "$(main_pid relay)" != "$old" ] && [ "$(of relay pid)" = "$(main_pid relay)" ]; }
eventually "relay hands over to a successor, and vigil knows its pid" relayed
wave "a hand-over to a successor is no restart" successor
check "runner was not restarted with relay" restarts_are runner 0
systemctl restart relay
wave "systemctl restart relay restarts runner" runner

# --- oneshots -------------------------------------------------------------------------------------

eventually "migrate has not run yet" health_is migrate OK "migrate is idle, a oneshot that has not run yet"
crash "$(main_pid idler)"
eventually "idler waits until migrate has run" health_is idler CRITICAL "idler is failed*; waiting for migrate to be done first (migrate is stopped, but has not run)"
: >"$work/migrate.hold"
systemctl start --no-block migrate
eventually "idler waits while migrate runs" health_is idler CRITICAL "*; waiting for migrate to be done first (migrate is starting)"
checked idler
check "idler is not restarted before migrate has ended" sequence_is ""
rm "$work/migrate.hold"
wave "migrate ends well" "migrate idler"
check "other was never restarted" restarts_are other 0
[ "$failed" -eq 0 ] || { explain_all; cat "$work/log"; }
kill "$runsvdir_pid"
sv force-shutdown "$work/runit/app" >/dev/null
finish
