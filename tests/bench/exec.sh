#!/bin/bash
# The CPU time of 1,000 plugins a minute: vigild with 333 daemons of the module exec at 20 s, compared with a
# plain loop of posix_spawn that runs the same program as often (spawns.c).  The rows are the time of the
# program that runs the plugins, and that with the plugins, in ms for 1,000 plugins.
# Prints `name metric value reference ratio`.  BENCH_FORM=short takes fewer daemons.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
count=333 interval=20 seconds=15
! short || { count=20 interval=2 seconds=2; }
plugin=(/bin/echo 'OK - all is well | load=0.5;8;9')
{
	printf '[daemons]\n'
	seq -f 'plugin%g = yes' $count
	seq -f "[daemon:plugin%g]
module = exec
command = ${plugin[0]} '${plugin[1]}'
interval = ${interval}s" $count
} | write_conf
begin_vigild
count_runs() { ctl get /runs | awk -F '[:,]' '/"ticks"/ { n += $2 } END { print n + 0 }'; }
all_ran() { [ "$(ctl get /daemons | grep -c '"load"')" -ge $count ]; }
wait_for 60 all_ran || { tail "$work/log"; not_ok "each plugin runs once"; exit 1; }
sleep $((interval / 2)) # the second run of each is half an interval or more after the first
# The CPU time of the programs that it has waited for, in ns; the kernel counts in hundredths of a second.
children() { sed 's/.*) //' "/proc/$vigild_pid/stat" | awk '{ print ($14 + $15) * 1e7 }'; }
runs=$(count_runs) own=$(spent "$vigild_pid") theirs=$(children)
sleep $seconds
own=$(($(spent "$vigild_pid") - own)) theirs=$(($(children) - theirs)) runs=$(($(count_runs) - runs))
stop_vigild
[ "$runs" -gt 0 ] || { not_ok "plugins run"; exit 1; }
echo "# $runs plugins in $seconds s"
read -r bare bare_theirs < <("$top_builddir/tests/bench/spawns" $runs $(((seconds + 2) / 3)) "${plugin[@]}")
ms() { awk -v ns="$1" -v n="$runs" 'BEGIN { print ns / 1e6 * 1000 / n }'; }
row own_ms "$(ms $own)" "$(ms "$bare")"
row with_plugins_ms "$(ms $((own + theirs)))" "$(ms $((bare + bare_theirs)))"
finish
