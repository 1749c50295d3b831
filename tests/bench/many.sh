# many.sh: functions for the benchmarks of many daemons, in addition to those for the system tests.
# The benchmarks source it.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh" || exit 1
short() { [ "${BENCH_FORM:-}" = short ]; }
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"

# bench_modules NAME...: makes modules that are built for benchmarks only available
bench_modules() {
	local name
	for name; do
		mkdir -p "$work/modules/$name"
		cp "$top_builddir/tests/bench/$name/$name.so" "$work/modules/$name/"
	done
	more_modules=$work/modules
}
# ticks COUNT INTERVAL [NAME...]: prints the configuration of so many daemons of the module tick, and enables the
# other daemons, too
ticks() {
	printf '[daemons]\n'
	[ $# = 2 ] || printf '%s = yes\n' "${@:3}"
	seq -f 'tick%.0f = yes' "$1"
	seq -f "[daemon:tick%.0f]
module = tick
interval = $2" "$1"
}
# tick_conf COUNT INTERVAL: configures them
tick_conf() {
	bench_modules tick
	ticks "$@" | write_conf
}
# Like start_vigild, but with more time, because a hundred thousand daemons need it.
begin_vigild() {
	"$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	wait_for 120 reachable_or_gone && reachable || { tail "$work/log"; not_ok "vigild starts"; exit 1; }
}
reachable_or_gone() { reachable || ! kill -0 "$vigild_pid" 2>/dev/null; }
spent() { "$top_builddir/tests/bench/cpu_time" "$@"; }
# The memory of a process that it has written, in KB.  What it only reads of its program files counts as its own as
# soon as no other process has mapped them, so that is left out.
private() { awk '/^Private_Dirty/ { print $2 }' "/proc/$1/smaps_rollup"; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }
# How often its loop has gone to sleep
sleeps() { awk '/^voluntary/ { print $2 }' "/proc/$1/status"; }
row() { # METRIC VALUE REFERENCE
	awk -v n="$(basename "$0" .sh)" -v m="$1" -v v="$2" -v r="$3" \
		'BEGIN { printf "%s %s %.4f %.4f %.3f\n", n, m, v, r, (r > 0 ? v / r : 0) }'
}
div() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.6f", (b > 0 ? a / b : 0) }'; }
