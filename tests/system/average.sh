#!/bin/bash
# The average module with real numbers: windows, rings, gaps, thresholds, a restart of vigild, and the
# options that the module refuses.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
echo 4 >"$work/number"
cat >"$work/probe" <<S
#!/bin/sh
read -r n <"$work/number"; echo "{\"n\": \$n}"
S
chmod 755 "$work/probe"
conf() { # conf OPTION...: writes a configuration whose daemon trend has these options
	{
		printf '[daemons]\nprobe = yes\ntrend = yes\n'
		printf '[daemon:probe]\nmodule = exec\ncommand = %s\nformat = json\ninterval = 100ms\n' "$work/probe"
		printf '[daemon:trend]\nmodule = average\n'
		printf '%s\n' "$@"
	} | write_conf
}
value() { get "/daemons/trend/values/$1"; }
has() { [ "$(value "$1")" = "$2" ]; }
over() { awk -v a="$(value "$1")" -v b="$2" 'BEGIN { exit !(a != "" && a + 0 > b) }'; }
level() { is /runs/trend/health/level "$1"; }
says() { case $(get /runs/trend/health/text)$(get /runs/trend/reason) in *"$1"*) ;; *) false ;; esac; }

sources="source = n=/daemons/probe/n, /vigil/generation, none=/daemons/probe/nothing"
conf "$sources" "interval = 100ms" "windows = 1s, 60s" "points = 120" "warning = 6" "critical = ~:9" "window = 1s"
start_vigild
check "average: a window of 1 s holds ten samples" wait_for 20 has n/windows/1s/samples 10
check "average: the mean of equal samples is their value" has n/windows/1s/mean 4.0
check "average: a number of vigild itself can be a source" over generation/windows/60s/max 0
check "average: a source without a number adds no sample" has none/windows/60s/samples 0
check "average: a source without a number is null in the ring" eval 'ctl get /daemons/trend/values/none/ring | grep -q null'
check "average: a source without a number makes the health UNKNOWN" level UNKNOWN
check "average: the health text names the source without a number" says '1 of 3 sources have no current number: /daemons/probe/nothing has no number'
echo 8 >"$work/number"
check "average: the mean of the short window follows a changed number" wait_for 20 has n/windows/1s/mean 8.0
check "average: the longer window still has the former minimum" has n/windows/60s/min 4.0
echo 40 >"$work/number"
check "average: a mean over the critical threshold makes the health CRITICAL" wait_for 20 level CRITICAL
check "average: the health text names the window of the mean" says ' on average over 1s'
check "average: the state has the distance between the points of a ring" has n/ring_seconds 0.5
check "vigilctl check can judge a mean of the average module" eval 'ctl check trend -w 1: -c 1000: /daemons/trend/values/n/windows/1s/mean >/dev/null; [ $? != 3 ]'

gaps() { ctl get /daemons/trend/values/n/ring | grep -c null; }
before=$(gaps)
kill -STOP "$vigild_pid"; sleep 2; kill -CONT "$vigild_pid"
check "average: the time in which vigild did not run is a gap in the ring" wait_for 20 eval '[ "$(gaps)" -ge $((before + 2)) ]'

echo 4 >"$work/number"
max=$(value n/windows/60s/max)
check "vigild stops" stop_vigild
sed -i 's/"time": *[0-9.]*/"time": 1000.0/' "$work/state/state.json"
start_vigild
check "average: samples survive a restart of vigild during which the clock moves forward by decades" wait_for 10 has n/windows/60s/max "$max"

# --- refused options ------------------------------------------------------------------------------

refused() { # refused TEXT OPTION...: checks that a reload of trend with these options is refused with this text
	local text=$1; shift
	conf "$@"
	refused_by_reload "average: a reload is refused with the message: $text" "$text"
}
refused 'memory_max is 1024: take a longer interval' "$sources" "interval = 100ms" "memory_max = 1KiB"
check "average: the daemon still runs after a refused reload" is /runs/trend/status running
refused '"x" is neither an address' "source = x"
refused 'duplicate label "n"' "source = /a/n, /b/n"
refused '"forever" is not a duration' "source = /a/n" "windows = forever"
refused 'shorter than the interval' "source = /a/n" "windows = 5s" "interval = 10s"
refused 'warning = "9:1": is not a range' "source = /a/n" "warning = 9:1"
refused 'window = "2m": is not among the windows' "source = /a/n" "window = 2m"
conf "source = /runs/probe/ticks"
ctl -q reload >/dev/null
check "average: the daemon is OK after a reload with valid options" wait_for 10 level OK
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
