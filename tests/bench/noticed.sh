#!/bin/bash
# How long after kill -9 whoever watches vigild hears of it, and hears that the service runs
# again, under each manager, when no look is due for a minute.
#
# Prints `name metric value reference ratio`, in microseconds: the median and the 99th percentile
# of BENCH_KILLS (21) kills, and the same of a bare pidfd wait for the same processes.  Fails where
# it took so long that it was found by a look.
. "$(dirname "$0")/../system/lib.sh" || exit 1
self=$(cd "$(dirname "$0")" && pwd)/noticed.sh
here=$top_srcdir/tests/system
. "$here/managers/column.sh" || exit 1

if [ -z "${VIGIL_COLUMN:-}" ]; then
	install_staged
	cd "$top_builddir" || exit # which stays as it is in a column's namespaces
	status=0
	for m in ${BENCH_MANAGERS:-$columns}; do
		run_column "$m" "$self"
		case $? in 0 | 77) ;; *) status=1 ;; esac
	done
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
write_prepare
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
wait_for $patience is /daemons/bench/service_state/value running || { cat "$work/log"; not_ok "$m: it runs"; exit 1; }

"$top_builddir/tests/bench/noticed" "$work/control.sock" bench "${BENCH_KILLS:-21}" >"$work/times" ||
	{ tail "$work/log"; not_ok "$m: each kill was told of"; exit 1; }

# percentile FIELD P
percentile() { sort -n -k"$1,$1" "$work/times" | awk -v f="$1" -v p="$2" '{ v[NR] = $f }
	END { n = int(NR * p + 0.999999); print v[n < 1 ? 1 : n] }'; }
row() { # METRIC FIELD P
	local value reference
	value=$(percentile "$2" "$3") reference=$(percentile 1 "$3")
	awk -v m="noticed_$m" -v metric="$1" -v v="$value" -v r="$reference" \
		'BEGIN { printf "%s %s %d %d %.1f\n", m, metric, v, r, (r > 0 ? v / r : 0) }'
}
row noticed_median 2 0.5
row noticed_p99 2 0.99
row running_median 3 0.5
row running_p99 3 0.99
[ "$(percentile 3 1)" -lt 30000000 ] || not_ok "$m: it is not a look that finds it"
finish
