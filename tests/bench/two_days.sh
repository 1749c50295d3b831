#!/bin/bash
# How much vigild grows in two days: its private memory and its descriptors after 68 hours, compared with those
# after 20 hours, when the histories, the samples and the records of the day are full.  The clocks of vigild skip
# the time in which its loop sleeps (fast_clock.c), so that each timer of the two days fires.  Daemons write, run
# plugins, fail, restart services and log all the time; once an hour a service is killed and clients read
# everything; the configuration changes every six hours.
# Prints `name metric value reference ratio`.  BENCH_FORM=short takes three hours.
. "$(dirname "$0")/many.sh" || exit 1
! sanitized || skip_all "two_days: programs with sanitizers do not start with another library before them"
first=20 hours=68
! short || { first=2 hours=3; }
finish_here() {
	stop_vigild
	[ ! -s "$work/pid" ] || kill -9 "$(cat "$work/pid")" 2>/dev/null
	rm -rf "$work"
}
trap finish_here EXIT

printf '#!/bin/sh\nsetsid sleep 1000000 </dev/null >/dev/null 2>&1 &\necho $! >%s/pid\n' "$work" >"$work/start"
# A plugin whose level, text and numbers change.
cat >"$work/plugin" <<'END'
#!/bin/sh
read -r up _ </proc/uptime
n=${up#*.}
echo "the number is $n | n=$n;50;80 m=$((${n#0} * 7))ms"
[ "${n#0}" -gt 60 ] && exit 2
exit 0
END
chmod 755 "$work/start" "$work/plugin"
configure() { # POINTS
	{
		printf '[daemons]\n'
		printf '%s = yes\n' web broken machine trend plugin missing http tick{1..20}
		cat <<-CONF
			[daemon:web]
			module = service
			service = web
			manager = command
			pidfile = $work/pid
			status_command = test -s $work/pid
			restart_command = $work/start
			interval = 10s
			[daemon:broken]
			module = service
			service = broken
			manager = command
			status_command = false
			restart_command = sh -c 'echo it does not start; exit 1'
			interval = 1m
			[daemon:machine]
			module = system
			interval = 1m
			[daemon:trend]
			module = average
			source = /daemons/machine/load/one, /daemons/plugin/perfdata/n/value
			interval = 1m
			points = $1
			[daemon:plugin]
			module = exec
			command = $work/plugin
			interval = 5m
			[daemon:missing]
			module = exec
			command = /bin/false
			interval = 10m
			[daemon:http]
			listen = unix:$work/http.sock
			[module:tick]
			interval = 1m
		CONF
		printf '[daemon:tick%d]\nmodule = tick\n' {1..20}
	} | write_conf
}
tick_conf 1 1s # the directory of the module
more_modules=$work/modules
configure 100
"$work/start"
echo 0 >"$work/clock"
LD_PRELOAD=$top_builddir/tests/bench/fast_clock.so FAST_CLOCK_FILE=$work/clock \
	"$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
vigild_pid=$!
wait_for 30 reachable || { tail "$work/log"; not_ok "vigild starts"; exit 1; }

reached() { [ "$(cat "$work/clock.reached" 2>/dev/null)" = "$1" ]; }
read_all() {
	local path
	for path in metrics / v1/rows v1/state; do
		curl -s -o "$work/answer" --unix-socket "$work/http.sock" "http://localhost/$path" ||
			not_ok "the http module answers at hour $hour"
	done
	ctl status >"$work/answer" && ctl get '' >"$work/answer" && ctl explain web >"$work/answer" ||
		not_ok "vigild answers at hour $hour"
	[ $((hour % 6)) != 0 ] || timeout 0.1 "$vigilctl" -s "$work/control.sock" watch / >"$work/answer"
}
descriptors() { find "/proc/$vigild_pid/fd" -mindepth 1 | wc -l; }
heap() { # sets memory and files
	memory=$(private "$vigild_pid") files=$(descriptors)
	echo "# hour $hour: $memory KB, $files descriptors, log $(wc -l <"$work/log") lines"
}
for hour in $(seq $hours); do
	echo $((hour * 3600)) >"$work/clock"
	wait_for 60 reached $((hour * 3600)) || { tail "$work/log"; not_ok "the clock reaches hour $hour"; exit 1; }
	kill -9 "$(cat "$work/pid")" # vigild detects this and restarts the service while its clock has the normal speed
	[ $((hour % 6)) != 0 ] || { configure $((100 + hour)); ctl -q reload; }
	read_all
	[ $hour != $first ] || { heap; memory_at_first=$memory files_at_first=$files; }
done
heap
row private_kb "$memory" "$memory_at_first"
row descriptors "$files" "$files_at_first"
row growth_kb $((memory - memory_at_first)) 0
finish
