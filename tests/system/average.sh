#!/bin/bash
# The average module: windows and rings of real numbers, gaps, thresholds, a restart of vigild, and
# what it refuses.
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
conf() { # conf OPTION...: of the daemon trend
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
conf "$sources" "interval = 100ms" "windows = 1s, 10s" "points = 20" "warning = 6" "critical = ~:9" "window = 1s"
start_vigild
check "a window fills" wait_for 20 has n/windows/1s/samples 10
check "with what there is" has n/windows/1s/mean 4.0
check "a number of the host's as well" over generation/windows/10s/max 0
check "what is no number is a gap" has none/windows/10s/samples 0
check "in the ring, too" eval 'ctl get /daemons/trend/values/none/ring | grep -q null'
check "and is not known" level UNKNOWN
check "which is said" says '1 of 3 sources have no current number: /daemons/probe/nothing has no number'
echo 8 >"$work/number"
check "it follows" wait_for 20 has n/windows/1s/mean 8.0
check "the longer window still knows" has n/windows/10s/min 4.0
echo 40 >"$work/number"
check "a threshold on the mean" wait_for 20 level CRITICAL
check "in words" says ' on average over 1s'
check "the ring says how far its points are apart" has n/ring_seconds 0.5
check "and others may use it" eval 'ctl check trend -w 1: -c 1000: /daemons/trend/values/n/windows/1s/mean >/dev/null; [ $? != 3 ]'

gaps() { ctl get /daemons/trend/values/n/ring | grep -c null; }
before=$(gaps)
kill -STOP "$vigild_pid"; sleep 2; kill -CONT "$vigild_pid"
check "time in which nothing was sampled is a gap" wait_for 20 eval '[ "$(gaps)" -ge $((before + 2)) ]'

echo 4 >"$work/number"
min=$(value n/windows/10s/max)
check "vigild stops" stop_vigild
sed -i 's/"time": *[0-9.]*/"time": 1000.0/' "$work/state/state.json"
start_vigild
check "samples outlive a restart, and a clock that was set forward by decades meanwhile" wait_for 10 over n/windows/10s/max 30
check "as what they were" [ "$(value n/windows/10s/max)" = "$min" ]

# --- what is refused ------------------------------------------------------------------------------

refused() { # refused TEXT OPTION...
	local text=$1; shift
	conf "$@"
	refused_by_reload "the reload refuses: $text" "$text"
}
refused 'memory_max is 1024: take a longer interval' "$sources" "interval = 100ms" "memory_max = 1KiB"
check "through all of them the daemon is running" is /runs/trend/status running
refused '"x" is neither an address' "source = x"
refused 'duplicate label "n"' "source = /a/n, /b/n"
refused '"forever" is not a duration' "source = /a/n" "windows = forever"
refused 'shorter than the interval' "source = /a/n" "windows = 5s" "interval = 10s"
refused 'warning = "9:1": is not a range' "source = /a/n" "warning = 9:1"
refused 'window = "2m": is not among the windows' "source = /a/n" "window = 2m"
conf "source = /runs/probe/ticks"
ctl -q reload >/dev/null
check "and one that is right runs again" wait_for 10 level OK
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
