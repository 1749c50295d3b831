#!/bin/bash
# Storms of failures.  The first: two hundred services that no restart repairs, over ten minutes, with
# one second for each half minute.  On a machine that cannot check so many each second, there are fewer.
# Each service stays within its burst, all together stay within restart_rate, each reports that it gave up
# and until when, and an unrelated daemon ticks on.  The second: half as many services that crash at once
# are restarted one after the other.
#
# The program of each service records its starts, with the machine's uptime.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	stop_vigild
	stop_reference
	local file
	for file in "$work"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT

burst=2 window=20 # in seconds; stands for 10m; longer on a slow machine
rate=40           # restarts a second

# Some services cannot start, some start and exit after a second, some run.
cat >"$work/restart" <<EOF
#!/bin/sh
read -r up _ </proc/uptime
echo "\$up \$1" >>"$work/restarts"
case \$1 in
fails*) echo "no way"; exit 1 ;;
dies*) setsid sleep 1 </dev/null >/dev/null 2>&1 & ;;
*) setsid sleep 1000000 </dev/null >/dev/null 2>&1 & ;;
esac
echo \$! >"$work/\$1.pid"
EOF
chmod 755 "$work/restart"
# As many services as half of the processors' time can check each second.
began=${EPOCHREALTIME/./}
for i in $(seq 20); do "$work/restart" fails0 >/dev/null; done
took=$(((${EPOCHREALTIME/./} - began) / 20)) # microseconds
half=$(($(nproc) * 250000 / took))
[ $half -le 100 ] || half=100
[ $half -ge 10 ] || half=10
all=$((2 * half))
echo "# $all services; a script takes $took us"
# All services must give up within a window.  The scripts of all restarts run meanwhile.
window=$((window + took * all * burst * 2 / 1000000))

# watched NAME...: configures a daemon for each, and the unrelated daemon canary
watched() {
	printf '[daemons]\ncanary = yes\n'
	printf '%s = yes\n' "$@"
	printf '[daemon:canary]\nmodule = service\nservice = canary\nmanager = command\n'
	printf 'status_command = true\nrestart_command = true\ninterval = 200ms\n'
	local name
	for name; do
		printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = command\n' "$name" "$name"
		printf 'status_command = sh -c "test -s %s || exit 3"\n' "$work/$name.pid"
		printf 'restart_command = %s %s\npidfile = %s\n' "$work/restart" "$name" "$work/$name.pid"
		printf 'interval = 1s\nbackoff = 170ms\nbackoff_max = 10s\nhealthy_after = 3s\n'
		printf 'burst = %s\nburst_window = %ss\n' $burst $window
	done
}
# The most restarts in any second, and the most of one service in any four fifths of a window, because a
# restart at the end of the window may run a little earlier than one at its start.
most_a_second() {
	sort -n "$work/restarts" | awk '{ t[NR] = $1; while (t[NR] - t[first + 1] > 1) first++
		if (NR - first > most) most = NR - first } END { print most + 0 }'
}
most_of_one() {
	sort -k2,2 -k1,1n "$work/restarts" | awk -v w=$((window * 4 / 5)) '
		$2 != name { name = $2; n = first = 0 }
		{ t[++n] = $1; while (t[n] - t[first + 1] > w) first++
		if (n - first > most) most = n - first } END { print most + 0 }'
}
# how_many PATTERN: counts the services whose state has it
how_many() { ctl get /daemons | grep -cE "$1"; }
at_least() { local n; n=$(how_many "$2"); [ "$n" -ge "$1" ]; }
# have_reported N KEY PATTERN: so many services had this value in this call or in one before
have_reported() {
	ctl get /daemons | awk -v key="\"$2\":" -v pattern="$3" '/^  "/ { name = $1 }
		$1 == key && $0 ~ pattern { print name, key }' >>"$work/reports"
	[ "$(sort -u "$work/reports" | grep -c "\"$2\":$")" -ge "$1" ]
}
restarted() { [ "$(wc -l <"$work/restarts")" -ge "$1" ]; }
calm() { # TEXT: checks that the canary and the loop were not delayed
	check "$1: the canary daemon ticks" wait_for 20 more_than /runs/canary/ticks $((ticks + 20))
	missed_is_fair "$1: the canary daemon ticks on" canary
	lag_is_fair "$1" 0.05
}

# --- services that no restart helps ---------------------------------------------------------------
: >"$work/restarts"
watched $(seq -f fails%g $half) $(seq -f dies%g $half) | write_conf
sed -i "/^log = /a restart_rate = $rate/1s" "$work/vigil.conf"
start_reference
start_vigild
ticks=$(get /runs/canary/ticks)
check "each of $all failing services is restarted as often as burst allows" wait_for 120 restarted $((all * burst))
# Their windows do not end at the same time, so each service counts as soon as it has reported once.
check "each of $all failing services reports that vigil gave up" wait_for 60 have_reported $all decision \
	"(failed|stopped): gave up after $burst restarts in $window s, until the next try"
check "each of $all failing services reports the time of the next try" wait_for 60 have_reported $all next_retry '"2'
# A window that ends meanwhile allows one more restart.
check "restart_error counts restarts that fail" wait_for 20 at_least $half "\"restart_error\": *($burst|$((burst + 1)))\b"
check "restart_error is 0 for services that exit after a restart" wait_for 20 at_least $half '"restart_error": *0'
calm "$all fail"
check "failing services are restarted again when the window allows it" wait_for $((120 + window)) restarted $((all * burst + half))
most=$(most_of_one)
check "no service was restarted more than $burst times in a window: $most" [ "$most" -le $burst ]
most=$(most_a_second)
# The bucket is full at first and gets $rate more in that second; each of the 32 workers may be late with one.
late=32
check "no second had more restarts than restart_rate allows: $most" [ "$most" -le $((rate * 5 / 2 + late)) ]
check "vigild stops after $all failures" stop_vigild

# --- services that fail at once -------------------------------------------------------------------
: >"$work/restarts"
rm -f "$work"/*.pid
rate=10
for name in $(seq -f well%g $half); do "$work/restart" "$name"; done
watched $(seq -f well%g $half) | write_conf
sed -i "/^log = /a restart_rate = $rate/1s" "$work/vigil.conf"
start_vigild
check "$half services run" wait_for 60 at_least $half '"pid": *[0-9]'
: >"$work/restarts"
ticks=$(get /runs/canary/ticks)
kill -9 $(cat "$work"/well*.pid)
check "each of $half services that crash at once is restarted" wait_for 120 restarted $half
check "the restarts were of $half different services" [ "$(cut -d' ' -f2 "$work/restarts" | sort -u | wc -l)" = $half ]
check "$half services run again" wait_for 60 at_least $((half + 1)) '"value": *"running"'
most=$(most_a_second)
check "no second had more restarts than restart_rate allows: $most" [ "$most" -le $((rate * 5 / 2 + late)) ]
calm "$half die at once"
# The check of the lag is able to fail.
if ! sanitized; then
	read_lags
	hold=$(awk -v idle="$idle" 'BEGIN { print int(3 + 40 * idle) }')
	for i in 1 2; do kill -STOP "$vigild_pid"; sleep "$hold"; kill -CONT "$vigild_pid"; sleep 1; done
	wait_for 20 reachable
	read_lags
	check "the lag of a loop that was stopped twice for $hold s is too high: $lag, $idle" eval '! lag_is_under 0.05'
fi
check "vigild stops after $half crashes" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
