#!/bin/bash
# What it costs to watch 1,000 units of systemd, each looked at every 5 s: the CPU time of all
# who take part, against a bare program that reads one property of each over D-Bus as often.
# Prints `name metric value reference ratio`; fails when the ratio is over a tenth.
#
# BENCH_SECONDS (60; a multiple of 5) and BENCH_UNITS (1000) scale it.
. "$(dirname "$0")/../system/lib.sh" || exit 1
here=$top_srcdir/tests/system

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	[ "$(make_variable HAVE_SYSTEMD_TRUE)" = '' ] || skip_all "built without systemd"
	install_staged
	exec "$here/in-systemd.sh" bash "$0"
fi

set_paths
units=${BENCH_UNITS:-1000} seconds=${BENCH_SECONDS:-60}
work=$(mktemp -d)
finish_here() {
	stop_vigild
	systemctl stop 'bench@*' 2>/dev/null
	rm -rf "$work"
}
trap finish_here EXIT

printf '[Service]\nExecStart=/bin/sleep 1000000\n' >/run/systemd/system/bench@.service
systemctl daemon-reload
seq -f 'bench@%g.service' "$units" >"$work/units"
xargs -n 100 systemctl start <"$work/units"

# spent PID...: nanoseconds on a CPU so far, of all their threads
spent() {
	local pid
	for pid; do cat /proc/"$pid"/task/*/schedstat; done | awk '{ n += $1 } END { printf "%.0f", n }'
}
bus=$(systemctl show -P MainPID dbus.service)

# --- vigild -------------------------------------------------------------------------------------
{
	printf '[daemons]\n'
	seq -f 'bench%g = yes' "$units"
	for n in $(seq "$units"); do
		printf '[daemon:bench%d]\nmodule = service\nservice = bench@%d\ninterval = 5s\n' "$n" "$n"
	done
} | write_conf
start_vigild
running() { [ "$(ctl get /daemons 2>/dev/null | grep -c '"value": *"running"')" = "$units" ]; }
wait_for 60 running || { tail "$work/log"; not_ok "$units units are watched"; exit 1; }
sleep 10 # two rounds of looks: what was new is not any more

ticks() { ctl get /runs | awk -F '[:,]' '/"ticks"/ { n += $2 } END { print n }'; }
before=$(ticks) own=$(spent "$vigild_pid") theirs=$(spent 1 "$bus")
sleep "$seconds"
own=$(($(spent "$vigild_pid") - own)) theirs=$(($(spent 1 "$bus") - theirs))
looks=$(($(ticks) - before))
vigil=$((own + theirs))
counters=$(ctl get /vigil/looks | tr -d ' \n')
stop_vigild

# --- the reference ------------------------------------------------------------------------------
others=$(spent 1 "$bus")
own_of=$(xargs "$top_builddir/tests/bench/reads" 5 $((seconds / 5)) <"$work/units")
others_of=$(($(spent 1 "$bus") - others))
[ -n "$own_of" ] || { not_ok "the reference ran"; exit 1; }
reference=$((own_of + others_of))

# --- the verdict --------------------------------------------------------------------------------
row() { # row METRIC VALUE REFERENCE, in nanoseconds of CPU; printed as milliseconds a minute
	awk -v metric="$1" -v v="$2" -v r="$3" -v seconds="$seconds" 'BEGIN {
		printf "looks %s %.1f %.1f %.3f\n", metric, v * 60 / seconds / 1e6,
			r * 60 / seconds / 1e6, v / r }'
}
echo "# $units units, $looks looks in $seconds s; CPU in ms a minute; so far: $counters"
row own $own "$own_of"
row systemd_and_bus $theirs "$others_of"
row all $vigil "$reference"
awk -v v="$vigil" -v r="$reference" 'BEGIN { exit !(v * 10 < r) }' || not_ok "all of it is under a tenth"
finish
