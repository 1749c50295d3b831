#!/bin/bash
# Storms.  Two hundred services that no restart helps, over ten minutes of which each second stands
# for half a minute: each stays within its burst, all together within restart_rate, each says that
# it gave up and until when, and a daemon that has nothing to do with it ticks on.  Then a hundred
# services that die at once: they come back one after the other.
#
# Each restart is written down by the service's own program, with the machine's uptime.
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

burst=2 window=20 # seconds; as in 10m
rate=40           # restarts a second

# Some cannot start, some start and die of themselves, some are well.
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

# watched NAME...: a daemon for each, and the one that has nothing to do with them
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
# The most restarts that any second had, and the most of one service in any four fifths of a window:
# what was issued at its end may be carried out a little sooner than what was at its beginning.
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
# how_many PATTERN: services about which the state says so
how_many() { ctl get /daemons | grep -cE "$1"; }
at_least() { local n; n=$(how_many "$2"); [ "$n" -ge "$1" ]; }
restarted() { [ "$(wc -l <"$work/restarts")" -ge "$1" ]; }
calm() { # TEXT: how the canary and the loop fared
	check "$1: the untouched daemon ticked on" more_than /runs/canary/ticks $((ticks + 20))
	missed=$(get /runs/canary/missed)
	idle_missed=$("$vigilctl" -s "$work/reference/control.sock" get -r /runs/idle/missed)
	check "$1: and missed no tick, or no more than an idle vigild did: $missed, $idle_missed" \
		[ "$missed" -le "$idle_missed" ]
	lag_is_fair "$1" 0.05
}

# --- services that no restart helps ---------------------------------------------------------------
: >"$work/restarts"
watched $(seq -f fails%g 100) $(seq -f dies%g 100) | write_conf
sed -i "/^log = /a restart_rate = $rate/1s" "$work/vigil.conf"
start_reference
start_vigild
ticks=$(get /runs/canary/ticks)
check "all are tried as often as they may be" wait_for 120 restarted $((200 * burst))
check "each says that it gave up" wait_for 60 at_least 200 \
	"\"decision\": *\"(failed|stopped): gave up after $burst restarts in $window s, until the next try\""
check "and until when" at_least 200 '"next_retry": *"2'
check "those that could not be restarted count it" at_least 100 "\"restart_error\": *$burst"
check "those that died after a restart do not" at_least 100 '"restart_error": *0'
calm "200 fail"
check "when the window allows it, they are tried again" wait_for 120 restarted $((200 * burst + 100))
most=$(most_of_one)
check "none was restarted more than $burst times in a window: $most" [ "$most" -le $burst ]
most=$(most_a_second)
# The bucket is full at first and fills by $rate in that second; a worker may be late with some.
check "in no second were there more than restart_rate allows: $most" [ "$most" -le $((rate * 5 / 2)) ]
check "vigild stops" stop_vigild

# --- services that fail at once -------------------------------------------------------------------
: >"$work/restarts"
rm -f "$work"/*.pid
rate=10
for name in $(seq -f well%g 100); do "$work/restart" "$name"; done
watched $(seq -f well%g 100) | write_conf
sed -i "/^log = /a restart_rate = $rate/1s" "$work/vigil.conf"
start_vigild
check "a hundred run" wait_for 60 at_least 100 '"pid": *[0-9]'
: >"$work/restarts"
ticks=$(get /runs/canary/ticks)
kill -9 $(cat "$work"/well*.pid)
check "killed at once, each is restarted" wait_for 120 restarted 100
check "once" [ "$(cut -d' ' -f2 "$work/restarts" | sort -u | wc -l)" = 100 ]
check "all run" wait_for 60 at_least 101 '"value": *"running"'
most=$(most_a_second)
check "in no second were there more than restart_rate allows: $most" [ "$most" -le $((rate * 5 / 2)) ]
calm "100 die at once"
# What was just found fair is not found so whatever happens.
if ! sanitized; then
	for i in 1 2; do kill -STOP "$vigild_pid"; sleep 3; kill -CONT "$vigild_pid"; sleep 1; done
	wait_for 20 reachable
	read_lags
	check "the lag of a loop that stood still for 3 s twice is not: $lag, $idle" eval '! lag_is_under 0.05'
fi
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
