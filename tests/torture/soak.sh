#!/bin/bash
# soak: a vigild that runs for a long time, with fifty daemons that tick a hundred times a second and the
# shipped modules at work, while one fault follows the other.
#
# Promise: no tick is lost, each service that exits is restarted, and memory, descriptors and threads are
# after an hour what they were before.
#
# The full form takes SOAK_MINUTES, by default 15.  The heap in use is measured every ten seconds, and the
# least of six measurements in a row counts, because work in progress comes and goes.  The first half is
# left out, because histories and averages fill and workers start.  A line is fitted through the rest, and
# its slope is certain within twice its standard error.  The memory that the process has from the system
# varies by megabytes, because the allocator keeps or returns that of the largest clients; it has a bound.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	local file
	[ -z "${sampler:-}" ] || kill "$sampler" 2>/dev/null
	stop_vigild
	for file in "$work"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT
lasting=$(count 8 $((${SOAK_MINUTES:-15} * 60)))
every=$(count 1 10)
tickers=50

# --- the daemons ----------------------------------------------------------------------------------

more_modules=$work/modules
mkdir -p "$work/modules/tick" "$work/modules/heap" "$work/init.d" "$work/conf.d"
install -m 755 "$top_builddir/tests/bench/tick/tick.so" "$work/modules/tick/"
heap=
[ ! -e "$top_builddir/tests/torture/heap/heap.so" ] || heap=yes
[ -z "$heap" ] || install -m 755 "$top_builddir/tests/torture/heap/heap.so" "$work/modules/heap/"
cat >"$work/init.d/svc" <<END
#!/bin/sh
# pidfile: $work/svc.pid
pidfile=$work/svc.pid
alive() { [ -s \$pidfile ] && read -r pid <\$pidfile && kill -0 \$pid 2>/dev/null; }
case \$1 in
status)
	[ ! -e $work/hang ] || exec sleep 1000
	alive && exit 0; [ ! -e \$pidfile ] || exit 1; exit 3 ;;
restart)
	echo start >>$work/starts
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo \$! >\$pidfile.new && mv \$pidfile.new \$pidfile ;;
esac
END
cat >"$work/polled" <<END
#!/bin/sh
case \$1 in status) [ -e $work/up ] || exit 3 ;; restart) echo start >>$work/polled_starts; : >$work/up ;; esac
END
cat >"$work/stream" <<'END'
#!/bin/sh
# Prints some objects and an incomplete one, and exits.
for i in 1 2 3 4 5; do echo "{\"i\": $i, \"pid\": $$}"; sleep 0.2; done
echo '{"i": '
END
chmod 755 "$work/init.d/svc" "$work/polled" "$work/stream"
http=
[ ! -e "$modules/http/http.so" ] || ! command -v curl >/dev/null || http=yes
service='interval = 200ms\nbackoff = 0\nhealthy_after = 0\nquery_timeout = 1s\n'
{
	printf '[daemons]\nsvc = yes\npolled = yes\nplug = yes\nloud = yes\nslow = yes\nstream = yes\n'
	printf 'mean = yes\nmail = yes\nmachine = yes\nhttp = %s\nheap = %s\n' "${http:-no}" "${heap:-no}"
	for i in $(seq $tickers); do echo "t$i = yes"; done
	printf "[daemon:svc]\nmodule = service\nservice = svc\nmanager = lsb\ninit_dir = %s\n$service" "$work/init.d"
	printf '[daemon:polled]\nmodule = service\nservice = polled\nmanager = command\n'
	printf "status_command = %s status\nrestart_command = %s restart\n$service" "$work/polled" "$work/polled"
	printf '[daemon:plug]\nmodule = exec\ncommand = /bin/echo "OK | a=1;2;3 b=4"\ninterval = 250ms\n'
	printf '[daemon:loud]\nmodule = exec\ncommand = /usr/bin/head -c 200000 /dev/zero\nformat = text\ninterval = 1s\n'
	printf '[daemon:slow]\nmodule = exec\ncommand = /bin/sleep 100\ntimeout = 500ms\ninterval = 2s\n'
	printf '[daemon:stream]\nmodule = exec\nmode = stream\ncommand = %s\nbackoff = 500ms\nbackoff_max = 1s\n' "$work/stream"
	printf '[daemon:mean]\nmodule = average\ninterval = 100ms\nwindows = 10s, 1m\n'
	printf 'source = /vigil/revision, /daemons/plug/perfdata/a/value, /daemons/stream/i\n'
	printf '[daemon:mail]\nmodule = notify\ncommand = /bin/true\nburst = 0\ngroup = 100ms\n'
	printf '[daemon:machine]\nmodule = system\ninterval = 500ms\n'
	for i in $(seq $tickers); do printf '[daemon:t%d]\nmodule = tick\ninterval = 10ms\n' "$i"; done
	[ -z "$http" ] || printf '[daemon:http]\nlisten = unix:%s\n' "$work/http.sock"
} | write_conf
sed -i -e "s|^log = .*|log = $work/log|" \
	-e '/^log = /a restart_rate = 1000/1s' "$work/vigil.conf"
good='[daemons]\nmore = yes\n[daemon:more]\nmodule = exec\ncommand = /bin/true\n'
printf "${good}interval = 1s\n" >"$work/good"
printf "${good}interval = 700ms\n" >"$work/other"
printf "${good}intervall = 1s\n" >"$work/bad"
cp "$work/good" "$work/conf.d/more.conf"

# --- the faults -----------------------------------------------------------------------------------
#
# Each fault is over when its function returns, so that one exit is one exit.

program=$top_builddir/tests/torture/load
client() { "$program" "$work/control.sock" "$@" >/dev/null; }
answers() { ctl -q status; }
pid_of_svc() { cat "$work/svc.pid" 2>/dev/null; }
revived() { local pid; pid=$(pid_of_svc) && [ "$pid" != "$1" ] && kill -0 "$pid" 2>/dev/null; }
running() { is "/daemons/$1/service_state/value" running; }
fails() { failures="$failures $*;"; }
must() { wait_for 30 "$@" || fails "$@"; }

dies() { local pid; pid=$(pid_of_svc); crash "$pid"; must revived "$pid"; deaths=$((deaths + 1)); must running svc; }
stops() {
	local before
	before=$(wc -l <"$work/polled_starts")
	rm -f "$work/up"
	must restarted_since "$before"
	must running polled
}
restarted_since() { [ "$(wc -l <"$work/polled_starts")" -gt "$1" ]; }
# The process of the service is known to run, so a missing answer of its script is no reason to restart it.
hangs() { : >"$work/hang"; ctl -q run svc; sleep 0.3; rm "$work/hang"; must running svc; }
# An odd number of reloads, so that the first file is the one that stays.
reloads() { client hups $((RANDOM % 3 * 2 + 1)) "$vigild_pid" "$work/conf.d/more.conf" "$work/$1" "$work/$2"; }
good_and_bad() { reloads good bad; }
good_and_other() { reloads good other; }
registers() {
	local name=extra$RANDOM
	"$vigilctl" -c "$work/vigil.conf" -q register "$name" module=exec command=/bin/true interval=100ms &&
		wait_for 30 more_than "/runs/$name/ticks" 0 || fails register
	"$vigilctl" -c "$work/vigil.conf" -q unregister "$name" || fails unregister
}
pauses() { ctl -q pause --all --for 1h; ctl -q resume --all; }
rotates() { mv "$work/log" "$work/log.1"; kill -HUP "$vigild_pid"; must test -e "$work/log"; }
speaks() { ctl -q log debug; ctl -q explain svc; ctl -q run plug; ctl -q log notice; ctl -q check svc >/dev/null; }
crowd() { client crowd 40 || fails crowd; }
churn() { client churn 50 || fails churn; }
half() { client half 5 || fails half; }
deaf() { client deaf 100 & local pid=$!; sleep 0.2; kill "$pid"; wait "$pid" 2>/dev/null; }
watches() { timeout 0.3 "$vigilctl" -s "$work/control.sock" watch >/dev/null; }
browses() {
	local path
	for path in / /metrics /v1/state /nowhere; do
		curl -s -m 20 -o "$work/page" --unix-socket "$work/http.sock" "http://localhost$path" || fails browse "$path"
	done
	curl -s -m 0.3 -o "$work/page" --unix-socket "$work/http.sock" http://localhost/v1/changes
}
faults=(dies stops hangs good_and_bad good_and_other registers pauses rotates speaks crowd churn half deaf
	watches answers ${http:+browses})

# --- the measurements -----------------------------------------------------------------------------

# Prints a line: seconds, private KiB, descriptors, threads, KiB in use of the heap
sample() {
	echo "$SECONDS $(awk '/^Private_/ { n += $2 } END { print n }' "/proc/$vigild_pid/smaps_rollup")" \
		"$(ls "/proc/$vigild_pid/fd" | wc -l) $(ls "/proc/$vigild_pid/task" | wc -l)" \
		"$(get /daemons/heap/in_use | awk '{ printf "%.2f", $1 / 1024 }')"
}
# Prints the least of each six measurements.
minima() { awk 'NR % 6 == 1 { split("", m) }
	{ for (i = 2; i <= 5; i++) if ($i != "" && (m[i] == "" || $i + 0 < m[i])) m[i] = $i + 0 }
	NR % 6 == 0 { print $1, m[2], m[3], m[4], m[5] }' "$work/samples"; }
# slope COLUMN: prints KiB a minute, for the minima of the second half, and the standard error of that
slope() {
	minima | awk -v i="$1" '{ t[NR] = $1 / 60; k[NR] = $i } END {
		for (j = int(NR / 2) + 1; j <= NR; j++) { n++; x += t[j]; y += k[j]; xx += t[j] * t[j]; xy += t[j] * k[j] }
		if (n < 3) exit
		b = (n * xy - x * y) / (n * xx - x * x); a = (y - b * x) / n
		for (j = int(NR / 2) + 1; j <= NR; j++) left += (k[j] - a - b * t[j]) ^ 2
		printf "%.2f %.2f", b, sqrt(left / (n - 2) / (xx - x * x / n)) }'
}
# Prints the ticks of all tickers together, those missed, and the sum
fires() {
	ctl get /runs | awk '/^  "/ { ours = /^  "t[0-9]/ } ours && $1 == "\"ticks\":" { t += $2 }
		ours && $1 == "\"missed\":" { m += $2 } END { print t, m, t + m }'
}

: >"$work/starts"
: >"$work/polled_starts"
start_vigild
must running svc
must running polled
deaths=0 failures='' rounds=0
before=(${EPOCHREALTIME/./} $(fires) ${EPOCHREALTIME/./})
(while sample >>"$work/samples"; do sleep "$every"; done) 2>/dev/null & sampler=$!
# The first round takes the faults in order, so that each occurs.
while [ "$SECONDS" -lt "$lasting" ] || [ "$rounds" -lt ${#faults[@]} ]; do
	"${faults[rounds < ${#faults[@]} ? rounds : RANDOM % ${#faults[@]}]}" 2>>"$work/said"
	rounds=$((rounds + 1))
	[ "$(count short full)" = short ] || sleep 0.2
done
after=(${EPOCHREALTIME/./} $(fires) ${EPOCHREALTIME/./})
kill "$sampler"; sampler=
check "$rounds faults of ${#faults[@]} kinds were each handled in time: ${failures:-all}" [ -z "$failures" ]
check "vigild runs after all faults" answers
ticks=$((after[1] - before[1])) missed=$((after[2] - before[2])) all=$((after[3] - before[3]))
# Each number was requested some time between the two readings of the clock.
least_due=$(((after[0] - before[4]) / 10000 * tickers)) due=$(((after[4] - before[0]) / 10000 * tickers))
check "the tickers have ticked" [ "$ticks" -ge "$(count $((due / 20)) $((lasting * tickers * 50)))" ]
# On a slow machine the last ticks are counted late.
tolerance=$((due / 10 > 200 * tickers ? due / 10 : 200 * tickers))
check "each tick that was due was done or counted as missed: $ticks and $missed of $due" \
	[ "$all" -ge $((least_due - tolerance)) -a "$all" -le $((due + 100 * tickers)) ]
all_run() { ! get /runs | grep '"status"' | grep -qv '"running"'; }
check "each daemon runs after all faults" wait_for 20 all_run
restarts=$(($(wc -l <"$work/starts") - 1))
check "each crash caused one restart: $deaths, $restarts" [ "$restarts" = "$deaths" ]
check "no worker is lost" is /vigil/workers/lost 0

# The last fault may still be in progress.
settled() { [ "$(sample | cut -d ' ' -f "$1")" -le "$2" ]; }
read -r _ memory descriptors threads <"$work/samples"
check "the number of descriptors is that of the start: $descriptors" wait_for 60 settled 3 $((descriptors + 1))
check "the number of threads is that of the start: $threads" wait_for 60 settled 4 $((threads + 2))
read -r _ least most < <(minima | awk 'NR == 1 { a = b = $2 } { if ($2 < a) a = $2; if ($2 > b) b = $2 } END { print NR, a, b }')
if [ "$(count short full)" = full ]; then
	minima | awk '{ printf "# after %d s: %d KiB, %d descriptors, %d threads, %s KiB of heap\n", $1, $2, $3, $4, $5 }'
	read -r grown within < <(slope 5; echo)
	[ -z "$heap" ] || check "the heap in use grows by under 1 KiB a minute: $grown, within twice $within" \
		awk "BEGIN { exit !($grown - 2 * $within < 1) }"
fi
now=$(sample | cut -d ' ' -f 2)
sanitized || check "the memory of vigild is bounded: $memory KiB, $now KiB" [ "$now" -le $((4 * memory + 4096)) ]
check "vigild stops when it receives SIGTERM" stop_vigild
figure "$ticks ticks and $rounds faults in $((lasting / 60)) minutes: no tick is lost" \
	"$ticks and $missed missed, of about $due; $deaths crashes, $restarts restarts"
figure "memory grows by under 1 KiB a minute; descriptors and threads do not grow" \
	"${grown:-not measured}${within:+ within twice $within} KiB of heap a minute, private memory between $least and $most KiB; $descriptors, $threads"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
