#!/bin/bash
# How many requests vigild answers in a second and what each costs, compared with a plain server of
# bufferevents and jansson with the same tree; and the latency of replies while a hundred units are down
# and their restarts fail, compared with the latency when nothing happens.  Prints `name metric value
# reference ratio`.  BENCH_FORM=short measures less.
. "$(dirname "$0")/../system/lib.sh" || exit 1
here=$top_srcdir/tests/system

# p99_down needs units that are down, and these need a separate systemd.
if [ -z "${VIGIL_IN_SYSTEMD:-}${VIGIL_NO_SYSTEMD:-}" ]; then
	install_staged
	cd "$top_builddir" || exit
	[ -z "$(make_variable HAVE_SYSTEMD_TRUE)" ] && "$here/in-systemd.sh" bash "$0"
	status=$?
	case $status in 1 | 77) [ $status = 77 ] || [ -n "$(make_variable HAVE_SYSTEMD_TRUE)" ] || exit 1 ;; *) exit $status ;; esac
	echo "SKIP: control p99_down: there is no systemd to run units"
	VIGIL_NO_SYSTEMD=1 exec bash "$0"
fi

set_paths
work=$(mktemp -d)
rounds=5 seconds=0.2 units=100
[ "${BENCH_FORM:-}" != short ] || { rounds=1 seconds=0.05; }
finish_here() {
	stop_vigild
	[ -z "${bare:-}" ] || kill "$bare"
	rm -rf "$work"
}
trap finish_here EXIT

configure() { # STATE
	daemons "$1" | write_conf
	sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
}
daemons() { # STATE: configuration of the hundred, whose service is well or ill
	printf '[daemons]\n'
	seq -f 'bench%g = yes' $units
	for n in $(seq $units); do
		printf '[daemon:bench%d]\nmodule = service\nservice = %s@%d\ninterval = 5s\n' "$n" "$1" "$n"
		[ -n "${VIGIL_IN_SYSTEMD:-}" ] || echo "manager = command
status_command = true
restart_command = true"
	done
}
# A tenth may be missing, because a few units are being restarted at any time.
state() { [ "$(ctl get /daemons 2>/dev/null | grep -cE "\"value\": *\"($1)\"")" -ge $((units * 9 / 10)) ]; }

if [ -n "${VIGIL_IN_SYSTEMD:-}" ]; then
	printf '[Service]\nExecStart=/bin/sleep 1000000\n' >/run/systemd/system/well@.service
	printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nType=oneshot\nExecStart=/bin/false\n' \
		>/run/systemd/system/ill@.service
	systemctl daemon-reload
	seq -f 'well@%g' $units | xargs systemctl start
fi
configure well
start_vigild
wait_for 60 state running || { tail "$work/log"; not_ok "$units services are running"; exit 1; }

ctl get '' >"$work/tree"
"$top_builddir/tests/bench/baseline" "$work/bare.sock" "$work/tree" &
bare=$!
wait_for 10 [ -S "$work/bare.sock" ] || { not_ok "the plain server starts"; exit 1; }

place=/daemons/bench50/service_state/value
ask() { # SOCKET PID SHAPE SECONDS
	"$top_builddir/tests/bench/ask" "$1" "$2" $place "$4" "$3" || { not_ok "control: the client of $3 succeeds"; exit 1; }
}
ask_vigil() { ask "$work/control.sock" "$vigild_pid" "$@"; }
ask_bare() { ask "$work/bare.sock" "$bare" "$@"; }

# pairs COLUMN METRIC: prints the medians of a column of `ask` for both servers, and of their ratios
pairs() {
	awk -v c="$1" '{ print $c, $(c + 4), $c / $(c + 4) }' "$work/rounds" | medians "control $2"
}
medians() {
	awk -v title="$1" '
		function median(of, n, i, j, t) {
			for (i = 2; i <= n; i++)
				for (j = i; j > 1 && of[j] < of[j - 1]; j--) { t = of[j]; of[j] = of[j - 1]; of[j - 1] = t }
			return of[int((n + 1) / 2)]
		}
		{ v[NR] = $1; r[NR] = $2; q[NR] = $3 }
		END { printf "%s %.5g %.5g %.2f\n", title, median(v, NR), median(r, NR), median(q, NR) }'
}

# --- requests a second and CPU time of each -------------------------------------------------------
# The two servers take turns, because the speed of the machine changes from second to second.
for shape in one pipelined hundred; do
	for _ in $(seq $rounds); do
		echo "$(ask_vigil $shape $seconds) $(ask_bare $shape $seconds)"
	done >"$work/rounds"
	pairs 1 ${shape}_per_second
	pairs 2 ${shape}_server_us
done

# --- the latency ----------------------------------------------------------------------------------
[ -n "${VIGIL_IN_SYSTEMD:-}" ] || finish
late() { # the latency for a single client: the 99th percentile of each round
	for _ in $(seq $rounds); do
		echo "$(ask_vigil one $seconds) $(ask_bare one $seconds)"
	done | awk '{ print $4, $8 }'
}
late >"$work/idle"
configure ill
ctl -q reload
wait_for 60 state 'stopped|failed' || { tail "$work/log"; not_ok "$units units are down"; exit 1; }
late >"$work/down"
# Each round's ratio is to the idle round of the same number.  The plain server shows the noise of the machine.
paste -d ' ' "$work/down" "$work/idle" | awk '{ print $1, $3, $1 / $3 }' | medians "control p99_down_us"
paste -d ' ' "$work/down" "$work/idle" | awk '{ print $2, $4, $2 / $4 }' | medians "control p99_down_bare_server_us"
finish
