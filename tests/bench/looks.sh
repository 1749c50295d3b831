#!/bin/bash
# What it costs to watch units of systemd: the CPU time of all processes that take part.
#
# With 1,000 units that run, each queried every 5 s: compared with a plain program that queries all of them
# with one ListUnitsByNames as often, and with one that reads a property of each.  With as many units that
# are down, about which systemd is asked at each query: compared with one ListUnitsByNames of a hundred.
# Between two sweeps vigild must not query systemd, connect or start a process.  Prints `name metric value
# reference ratio`; fails if the sum is over a tenth of reading properties, or if vigild queried, connected
# or started something.
#
# BENCH_SECONDS (10; a multiple of 5) and BENCH_UNITS (1000) set the size; BENCH_FORM=short makes it small.
. "$(dirname "$0")/../system/lib.sh" || exit 1
here=$top_srcdir/tests/system

rerun_in_systemd

set_paths
units=${BENCH_UNITS:-1000} seconds=${BENCH_SECONDS:-10} interval=5 settle=6 down_seconds=5
[ "${BENCH_FORM:-}" != short ] || { units=20 seconds=2 interval=1 settle=1 down_seconds=1; }
work=$(mktemp -d)
finish_here() {
	stop_vigild
	systemctl stop 'bench@*' 2>/dev/null
	[ -z "${supervisors:-}" ] || { kill $supervisors; wait $supervisors; }
	rm -rf "$work"
}
trap finish_here EXIT

printf '[Service]\nExecStart=/bin/sleep 1000000\n' >/run/systemd/system/bench@.service
# A failed unit stays loaded.  For other units that are down systemd would read the file at each query.
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' >/run/systemd/system/down@.service
systemctl daemon-reload
seq -f 'bench@%g.service' "$units" >"$work/units"
xargs -n 100 systemctl start <"$work/units"

spent() { "$top_builddir/tests/bench/cpu_time" "$@"; }
bus=$(systemctl show -P MainPID dbus.service)
reads() { # each|list TIMES FILE: sets own_of and others_of, the nanoseconds of one time
	local before
	before=$(spent 1 "$bus")
	own_of=$(xargs -a "$3" "$top_builddir/tests/bench/reads" "$1" 50 "$2") ||
		{ not_ok "the reference program runs"; exit 1; }
	others_of=$((($(spent 1 "$bus") - before) / $2)) own_of=$((own_of / $2))
}
daemons() { # COUNT UNIT LINE...
	local count=$1 unit=$2 n
	shift 2
	printf '[daemons]\n'
	seq -f 'bench%g = yes' "$count"
	for n in $(seq "$count"); do
		printf '[daemon:bench%d]\nmodule = service\nservice = %s@%d\n' "$n" "$unit" "$n"
		printf '%s\n' "$@"
	done
}
all_are() { [ "$(ctl get /daemons 2>/dev/null | grep -c "\"value\": *\"$1\"")" = "$2" ]; }
started() { wait_for 60 all_are "$1" "$2" || { tail "$work/log"; not_ok "$2 units are $1"; exit 1; }; }
row() { # METRIC VALUE REFERENCE SCALE
	awk -v metric="$1" -v v="$2" -v r="$3" -v scale="$4" 'BEGIN {
		printf "looks %s %.2f %.2f %.3f\n", metric, v * scale, r * scale, r ? v / r : v }'
}

# --- a thousand units that run --------------------------------------------------------------------
daemons "$units" bench "interval = ${interval}s" | write_conf
start_vigild
started running "$units"
sleep $settle # until the first queries are over

for key in batched calls workers; do
	[ -n "$(get "/vigil/queries/$key")" ] || { not_ok "/vigil/queries has the counter $key"; exit 1; }
done
count() { ctl get "$1" | awk -F '[:,]' -v key="\"$2\"" '$1 ~ key { n += $2 } END { print n + 0 }'; }
before=$(count /runs ticks) bus_calls=$(count /vigil/queries calls) workers=$(count /vigil/queries workers)
own=$(spent "$vigild_pid") theirs=$(spent 1 "$bus")
sleep "$seconds"
own=$(($(spent "$vigild_pid") - own)) theirs=$(($(spent 1 "$bus") - theirs))
looks=$(($(count /runs ticks) - before))
bus_calls=$(($(count /vigil/queries calls) - bus_calls))
workers=$(($(count /vigil/queries workers) - workers))

# calls PID SECONDS: counts how often it connected, and started a process, in so many seconds
calls() {
	timeout "$2" strace -f -qq -o "$work/strace" -e trace=connect,clone,clone3,fork,vfork,execve -p "$1" 2>/dev/null
	connects=$(grep -c 'connect(' "$work/strace") starts=$(grep -cv 'connect(' "$work/strace")
}
if command -v strace >/dev/null; then calls "$vigild_pid" $((interval + 1)); else echo "SKIP: looks connects: strace is not installed"; fi
stop_vigild

echo "# $units units, $looks looks in $seconds s; CPU in ms a minute"
rounds=$((seconds / interval)) scale=$(awk -v s="$seconds" 'BEGIN { print 60 / s / 1e6 }')
reads list 10 "$work/units"
row own_to_one_list $own $((own_of * rounds)) "$scale"
row all_to_one_list $((own + theirs)) $(((own_of + others_of) * rounds)) "$scale"
reads each 1 "$work/units"
row own_to_each $own $((own_of * rounds)) "$scale"
row all_to_each $((own + theirs)) $(((own_of + others_of) * rounds)) "$scale"
tenth=$((own + theirs < (own_of + others_of) * rounds / 10))
# In the short form the start may not be over yet.
full() { [ "${BENCH_FORM:-}" != short ]; }
! full || [ $tenth = 1 ] || not_ok "vigild, systemd and the bus together use under a tenth of reading properties"
row queries_between_sweeps $((bus_calls + workers)) 0 1
! full || [ $((bus_calls + workers)) = 0 ] || not_ok "vigild queries nothing between two sweeps"
if [ -n "${connects:-}" ]; then
	row connects "$connects" 0 1
	! full || [ "$connects" = 0 ] || not_ok "vigild opens no second connection"
	row processes_systemd "$starts" 0 1
	[ "$starts" = 0 ] || not_ok "vigild starts no process to query systemd"
fi

# --- a thousand units that are down ---------------------------------------------------------------
# Timers have ten slots in a second, so one D-Bus call has the queries of a hundred units.
seq -f 'down@%g.service' "$units" >"$work/units"
xargs -n 100 systemctl start <"$work/units" 2>/dev/null
daemons "$units" down 'interval = 1s' 'restart_on = never' | write_conf
start_vigild
started failed "$units"
sleep 1
before=$(count /vigil/queries batched) bus_calls=$(count /vigil/queries calls) own=$(spent "$vigild_pid" 1 "$bus")
sleep $down_seconds
own=$(($(spent "$vigild_pid" 1 "$bus") - own))
looks=$(($(count /vigil/queries batched) - before)) bus_calls=$(($(count /vigil/queries calls) - bus_calls))
stop_vigild
head -n 100 "$work/units" >"$work/hundred"
reads list 25 "$work/hundred"
echo "# $looks looks in $bus_calls D-Bus calls; microseconds of vigild, systemd and the bus together"
awk -v ns="$own" -v looks="$looks" -v hundred=$((own_of + others_of)) -v n="$(wc -l <"$work/hundred")" 'BEGIN {
	printf "looks us_of_all_a_unit %.2f %.2f %.2f\n", ns / looks / 1e3, hundred / n / 1e3,
		ns / looks / (hundred / n) }'

# --- no process for other managers ----------------------------------------------------------------
supervise() { # NAME: creates a service folder
	mkdir -p "$work/sv/$1"
	printf '#!/bin/sh\nexec sleep 1000000\n' >"$work/sv/$1/run"
	chmod 755 "$work/sv/$1/run"
}
daemon() { printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 100ms\nmanager = %s\n%s\n' "$@"; }
command -v strace >/dev/null || finish
names="lsb command"
{
	sleep 1000000 & supervisors=$!
	echo $! >"$work/pid"
	printf '#!/bin/sh\n# pidfile: %s/pid\nexit 0\n' "$work" >"$work/lsb"
	chmod 755 "$work/lsb"
	daemon lsb lsb lsb "init_dir = $work"
	daemon command command command "pidfile = $work/pid
status_command = true
restart_command = true"
	if command -v runsv >/dev/null; then
		supervise runit
		runsv "$work/sv/runit" & supervisors="$supervisors $!" names="$names runit"
		daemon runit runit runit "service_dir = $work/sv"
	fi
	if command -v s6-supervise >/dev/null; then
		supervise s6
		s6-supervise "$work/sv/s6" & supervisors="$supervisors $!" names="$names s6"
		daemon s6 s6 s6 "service_dir = $work/sv"
	fi
} >"$work/others"
{ printf '[daemons]\n'; printf '%s = yes\n' $names; cat "$work/others"; } | write_conf
start_vigild
started running "$(wc -w <<<"$names")"
sleep 1
calls "$vigild_pid" 1
row "processes_$(tr ' ' '_' <<<"$names")" "$starts" 0 1
[ "$starts" = 0 ] || not_ok "vigild starts no process to query $names"
finish
