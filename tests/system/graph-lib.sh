# graph-lib.sh: what the graph*.sh tests share: a graph of services under several managers, which records
# the order in which they are started; sourced after lib.sh and evidence.sh.
#
#     db      has a TCP probe; nothing restarts it but its manager and vigil
#     cache   after = db:serves, restart_with = db
#     app     after = db:serves, restart_with = db
#     web     after = cache, app, restart_with = cache, app
#     idler   after = db:serves; it needs db, and is not restarted with it
#     other   has nothing to do with the others
#
# Each test says which manager runs which service: by_MANAGER NAME.

graph='db cache app web idler other'

# $work/serve NAME: records a start of NAME, and becomes its process.  "db" listens on its port, but not
# while the file db.hold exists, and exits at once while the file db.broken exists.
write_graph_serve() {
	hold_port
	cat >"$work/serve" <<-EOF_SERVE
		#!/bin/sh
		[ "\$1" != db ] || [ ! -e "$work/db.broken" ] || exit 1
		echo \$1 >>"$work/order"
		[ "\$1" = db ] || exec sleep 1000000
		exec python3 -c '
		import os, socket, time
		while os.path.exists("$work/db.hold"):
		    time.sleep(0.02)
		s = socket.create_server(("127.0.0.1", $port), reuse_port=True)
		while True:
		    s.accept()[0].close()
		'
	EOF_SERVE
	chmod 755 "$work/serve"
	: >"$work/order"
}

# graph_daemon NAME OPTION...: a daemon of the graph, with its dependencies
graph_daemon() {
	local name=$1; shift
	local common=("restart_on=failed" "healthy_after=2s" "backoff=100ms" "backoff_max=200ms" "respawn_max=0")
	case $name in
	db) daemon db "${common[@]}" "probe=tcp://127.0.0.1:$port" "probe_interval=1s" "$@" ;;
	cache | app) daemon $name "${common[@]}" "after=db:serves" "restart_with=db" "$@" ;;
	web) daemon web "${common[@]}" "after=cache, app" "restart_with=cache, app" "$@" ;;
	idler) daemon idler "${common[@]}" "after=db:serves" "$@" ;;
	*) daemon "$name" "${common[@]}" "$@" ;;
	esac
}

# --- managers of which each test uses some ------------------------------------------------------------

run_script() { mkdir -p "$1"; printf '#!/bin/sh\nexec %s/serve %s\n' "$work" "$2" >"$1/run"; chmod 755 "$1/run"; }
by_runit() { # NAME
	run_script "$work/runit/$1" "$1"
	graph_daemon "$1" manager=runit "service_dir=$work/runit"
}
by_command() {
	cat >"$work/$1.control" <<-EOF_CONTROL
		#!/bin/sh
		# The pidfile is removed first, because a pidfile without a process would mean a crash.
		old=\$(cat $work/$1.pid 2>/dev/null)
		rm -f $work/$1.pid
		[ -z "\$old" ] || kill \$old 2>/dev/null
		[ "\$1" != stop ] || exit 0
		setsid $work/serve $1 </dev/null >/dev/null 2>&1 &
		echo \$! >$work/$1.pid
	EOF_CONTROL
	chmod 755 "$work/$1.control"
	graph_daemon "$1" manager=command "pidfile=$work/$1.pid" "status_command=test -s $work/$1.pid" \
		"restart_command=$work/$1.control restart" \
		"start_command=$work/$1.control start" "stop_command=$work/$1.control stop"
}

# sequence: the services that were started since the last call of forget, in this order
sequence() { echo $(cat "$work/order"); }
forget() { : >"$work/order"; }
sequence_is() { [[ " $(sequence) " =~ ^\ ($1)\ $ ]]; } # REGEXP
all_ok() { local name; for name in $graph; do health_is $name OK || return 1; done; }
settled() { sequence_is "$1" && all_ok; }
# wave TEXT REGEXP: waits until the services were started in one of these sequences and are OK, and checks
# that they are still the only starts ten checks of "other" later.  Prints the sequence.
wave() {
	wait_for $((2 * patience)) settled "$2" || { explain_all; not_ok "$1: all is OK after the sequence $2 (it is: $(sequence))"; }
	checked other
	check "$1: the sequence is: $(sequence)" sequence_is "$2"
	forget
}
# stops: the services of the graph that depend on each other, in the order in which they were stopped
stops() {
	local name
	for name in db cache app web; do
		echo "$(of $name since) $name"
	done | sort | cut -d ' ' -f 2 | paste -s -d ' '
}
all_stopped() { local name; for name in db cache app web; do value_is $name stopped || return 1; done; }
# stop_and_start: the verbs of vigilctl act on the graph in the order of the dependencies
stop_and_start() {
	ctl stop web db app cache --dry-run >"$work/plan"
	check "vigilctl stop --dry-run prints the steps" [ "$(paste -s -d ' ' "$work/plan")" = \
		"step 1: web step 2: app step 2: cache step 3: db" ]
	check "vigilctl stop --dry-run stops nothing" all_ok
	check "vigilctl stop succeeds" ctl stop web db app cache
	check "vigilctl stop returns when all are stopped" all_stopped
	check "the services were stopped in the order: $(stops)" eval '[[ "$(stops)" =~ ^web\ (cache\ app|app\ cache)\ db$ ]]'
	checked other
	check "what vigilctl stop has stopped stays down" eval 'all_stopped && sequence_is ""'
	check "what was stopped is OK, because it is paused" health_is db OK "db is paused*stopped with vigilctl stop*"
	: >"$work/db.hold"
	ctl start db web cache app >"$work/started" 2>&1 & starter=$!
	eventually "vigilctl start begins with db" sequence_is db
	checked other
	check "vigilctl start waits until db serves" sequence_is db
	rm "$work/db.hold"
	check "vigilctl start succeeds" wait "$starter"
	wave "vigilctl start" "db (cache app|app cache) web"
	check "vigilctl start ends the pauses" eval '! ctl status | grep -q paused'
	: >"$work/db.broken"
	check "vigilctl stop of all four" ctl -q stop db cache app web
	check "vigilctl start fails if db cannot be started" eval '! ctl start db cache app web >"$work/started" 2>&1'
	check "vigilctl start names what it left alone" grep -qx 'web: not started, because db could not be started' "$work/started"
	check "vigilctl start starts nothing that needs db" sequence_is ""
	rm "$work/db.broken"
	check "vigilctl start succeeds when db can be started" ctl -q start db cache app web
	wave "vigilctl start when db can be started" "db (cache app|app cache) web"
}
pid_of() { of "$1" pid; }
history_says() { ctl get "/runs/$1/history" | grep -qE "$2"; } # NAME REGEXP
