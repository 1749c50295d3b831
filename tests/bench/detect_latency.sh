#!/bin/bash
# The time from kill -9 until the watchers of vigild hear of it, and until they hear that the service
# runs again, under each manager, when no query is due for a minute.
#
# Prints `name metric value reference ratio`, in microseconds: the median and the 99th percentile of many
# kills, compared with a plain wait on a pidfd for the same processes.  Under systemd the reference is a
# plain loop that receives PropertiesChanged and calls RestartUnit for a similar unit, and the two take
# turns.  Under the others there is also the time until vigild calls the manager to restart the service,
# without the time that the manager's scripts need to say the status; the reference is a plain loop that
# waits for the pidfd and makes the same call.  Fails if it took so long that a query must have found it.
#
# BENCH_MANAGERS chooses the managers; BENCH_FORM=short kills less often.
. "$(dirname "$0")/../system/lib.sh" || exit 1
self=$(cd "$(dirname "$0")" && pwd)/detect_latency.sh
here=$top_srcdir/tests/system
. "$here/managers/column.sh" || exit 1
programs=$top_builddir/tests/bench

# percentile FILE FIELD P
percentile() {
	sort -n -k"$2,$2" "$1" | awk -v f="$2" -v p="$3" '{ v[NR] = $f }
		END { n = int(NR * p + 0.999999); print v[n < 1 ? 1 : n] }'
}
# rows NAME METRIC FILE FIELD REFERENCE-FILE FIELD
rows() {
	local p value reference
	for p in 0.5 0.99; do
		value=$(percentile "$3" "$4" $p) reference=$(percentile "$5" "$6" $p)
		awk -v name="$1" -v metric="$2_$([ $p = 0.5 ] && echo median || echo p99)" \
			-v v="$value" -v r="$reference" \
			'BEGIN { printf "%s %s %d %d %.2f\n", name, metric, v, r, (r > 0 ? v / r : 0) }'
	done
}

if [ -z "${VIGIL_COLUMN:-}" ]; then
	install_staged
	cd "$top_builddir" || exit # this path is the same in a column's namespaces
	status=0
	sights=$(mktemp)
	kills=101
	[ "${BENCH_FORM:-}" != short ] || { kills=5 columns="systemd command"; }
	"$programs/pidfd_latency" $kills >"$sights" || status=1
	rows detect_latency pidfd "$sights" 1 "$sights" 2
	rm -f "$sights"
	run_alone() {
		run_column "$1" "$self"
		case $? in 0 | 77) ;; *) status=1 ;; esac
	}
	# Under runit and s6 the service mostly rests between kills, and may do so at the same time as under the
	# managers that are measured less exactly.
	for m in ${BENCH_MANAGERS:-$columns}; do [ $m != systemd ] || run_alone $m; done
	for m in ${BENCH_MANAGERS:-$columns}; do case $m in runit | s6) run_column "$m" "$self" & ;; esac; done
	for m in ${BENCH_MANAGERS:-$columns}; do case $m in systemd | runit | s6) ;; *) run_alone $m ;; esac; done
	for job in $(jobs -p); do
		wait $job
		case $? in 0 | 77) ;; *) status=1 ;; esac
	done
	cat <<-'END'
		# detect_latency_systemd: vigild acts on the signals that prove a crash, like the plain loop; the rest of the
		# difference is the way to a client: vigild's state, its socket and one more process.
		# Under the other managers vigild reports a change when the manager has answered: that is the time of their
		# scripts.
	END
	exit $status
fi

m=$VIGIL_COLUMN
. "$here/managers/$m.sh" || exit
set_paths
work=$(mktemp -d)
chmod 755 "$work"
finish_here() {
	stop_vigild
	local last
	last=$(pid bench)
	uninstall bench
	[ -z "$last" ] || kill -9 "$last"
	down
	rm -rf "$work"
}
trap finish_here EXIT
# Supervisors delay the restart of a service that ran for less than a second.
case $m in
runit | s6) kills=11 rest=1500 ;;
openrc) kills=11 rest=30 ;; # its scripts are slow
systemd) kills=25 rest=30 ;;
*) kills=15 rest=30 ;;
esac
rounds=1
if [ "$m" = systemd ]; then
	rounds=3
	install() { # a unit that starts at once
		printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/bin/sleep 1000000\n' \
			>"$units/$1.service"
		systemctl daemon-reload
	}
fi
[ "${BENCH_FORM:-}" != short ] || { rounds=1 kills=2; }

write_prepare
[ -z "$supervises" ] || echo "echo \$PPID >$work/\$1.pid" >>"$work/prepare" # it becomes the service
mkdir "$work/bin" "$work/real"
PATH=$work/bin:$PATH
up
install bench
start bench
{
	printf '[daemons]\nbench = yes\n[daemon:bench]\nmodule = service\nservice = bench\nmanager = %s\n' "$m"
	printf 'interval = 60s\nbackoff = 0\nhealthy_after = 0\n'
	options bench | sed 's/=/ = /'
} | write_conf
sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
start_vigild
wait_for $patience is /daemons/bench/service_state/value running || { cat "$work/log"; not_ok "$m: the service is running"; exit 1; }
if [ "$m" = systemd ]; then
	install bare
	start bare
fi

for _ in $(seq $rounds); do
	"$programs/detect_latency" "$work/control.sock" bench $kills $rest >>"$work/times" ||
		{ tail "$work/log"; not_ok "$m: watchers of vigild hear of each kill"; exit 1; }
	[ "$m" != systemd ] || "$programs/signalled" bare.service $kills $rest >>"$work/baseline" ||
		{ not_ok "$m: the plain loop hears of each kill"; exit 1; }
done
if [ "$m" = systemd ]; then
	rows detect_latency_systemd detected_to_signal "$work/times" 2 "$work/baseline" 2
	rows detect_latency_systemd running_to_bare_loop "$work/times" 3 "$work/baseline" 3
else
	rows "detect_latency_$m" detected "$work/times" 2 "$work/times" 1
	rows "detect_latency_$m" running "$work/times" 3 "$work/times" 1
fi

# --- until the restart call -----------------------------------------------------------------------
# in_place_of FILE PROGRAM: FILE becomes a script of call.c that runs the program
in_place_of() {
	printf '#!%s/call\n# calls: %s/calls\n# runs: %s\n' "$programs" "$work" "$2" >"$work/new"
	! grep '^# pidfile: ' "$2" >>"$work/new"
	chmod 755 "$work/new"
	mv "$work/new" "$1"
}
restart_call() { # FILE READY [COMMAND...]
	local file=$1 how=(calls "$work/calls")
	shift
	[ -z "$supervises" ] || how=(control "$work/sv/bench/supervise/control")
	"$programs/restart_call" "${how[@]}" "$work/bench.pid" $kills "$@" >"$file" ||
		{ tail "$work/log"; not_ok "$m: the restart call comes after each kill"; exit 1; }
}
if [ "$m" != systemd ]; then
	mkfifo "$work/calls"
	case $m in
	runit | s6) call=u ;;
	openrc)
		in_place_of "$work/bin/rc-service" "$(command -v rc-service)"
		call="rc-service -C bench zap , rc-service -C bench start"
		;;
	*)
		script=$work/app/bench
		[ $m = command ] || script=$work/init.d/bench
		mv "$script" "$work/real/bench"
		in_place_of "$script" "$work/real/bench"
		call="$script restart"
		;;
	esac
	printf '#!/bin/sh\n[ "$(%s -s %s/control.sock get -r /daemons/bench/service_state/pid 2>/dev/null)" = "$1" ]\n' \
		"$vigilctl" "$work" >"$work/ready" # when vigild knows the new process
	chmod 755 "$work/ready"
	restart_call "$work/calls.vigil" "$work/ready"
	ctl -q pause bench
	# shellcheck disable=SC2086
	restart_call "$work/calls.bare" true $call
	rows "detect_latency_$m" restart_call "$work/calls.vigil" 1 "$work/calls.bare" 1
	echo "# $m: the scripts that were asked before the restart call took $(percentile "$work/calls.vigil" 2 0.5) us"
fi
[ "$(percentile "$work/times" 3 1)" -lt 30000000 ] || not_ok "$m: no kill is found by a query that was due"
finish
