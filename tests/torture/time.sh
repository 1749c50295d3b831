#!/bin/bash
# time: only vigild's clock is set by hours, years and decades, forward and back, again and again, while
# daemons tick, services are killed, one waits for its backoff and another is paused.  vigild is restarted
# in between, and stopped for a while like in a suspend.
#
# Promise: no tick is lost and none is too many, each crash causes one restart and nothing else does, and
# each timer expires.  The test compares with the time that has really passed, from /proc/uptime.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	local file
	stop_vigild
	for file in "$work"/*.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT
case $(make_variable SANITIZE) in
?*) skip_all "the library of a sanitizer must be the first" ;;
esac
steps=$(count 6 60)
hold=$(count 0.5 1)
stopped=$(count 4 60)

# --- the clock ------------------------------------------------------------------------------------

offset=0 # of the wall clock
slept=0  # in suspend
word() { # word NUMBER: prints its eight bytes, in the byte order of this machine
	local hex i
	printf -v hex %016x "$1"
	if [ "$(printf '\1\0' | od -An -tu2 | tr -d ' ')" = 1 ]; then
		for i in 14 12 10 8 6 4 2 0; do printf '%b' "\\x${hex:i:2}"; done
	else
		for i in 0 2 4 6 8 10 12 14; do printf '%b' "\\x${hex:i:2}"; done
	fi
}
set_clock() {
	echo "$offset" >"$work/offset"
	{ word "$offset"; word "$slept"; } >"$work/clock.new"
	dd if="$work/clock.new" of="$work/clock" bs=16 conv=notrunc status=none
}
now() { echo $(($(date +%s) + offset)); }
# The uptime in hundredths of a second.
up() { local up; read -r up _ </proc/uptime; echo "${up/./}"; }
: >"$work/clock"
set_clock
clock=$top_builddir/tests/torture/clock.so
start_vigild() {
	launched=$(up)
	TORTURE_CLOCK=$work/clock LD_PRELOAD=$clock "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	wait_for 20 reachable || { cat "$work/log"; not_ok "vigild starts"; exit 1; }
	began=$(up)
}
ctl() { TORTURE_CLOCK=$work/clock LD_PRELOAD=$clock "$vigilctl" -s "$work/control.sock" "$@"; }

# --- the daemons ----------------------------------------------------------------------------------

mkdir -p "$work/modules/tick" "$work/init.d"
more_modules=$work/modules
install -m 755 "$top_builddir/tests/bench/tick/tick.so" "$work/modules/tick/"
# The clock of a service is that of the machine, which in this test is vigild's clock.
cat >"$work/init.d/lsb" <<END
#!/bin/sh
name=\${0##*/}
pidfile=$work/\$name.pid
case \$1 in
status) [ ! -e $work/slow ] || sleep 1; read -r pid <\$pidfile 2>/dev/null && kill -0 \$pid 2>/dev/null || exit 3 ;;
restart)
	echo \$name >>$work/restarts
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo \$! >\$pidfile.new
	read -r offset <$work/offset
	touch -d "@\$((\$(date +%s) + offset))" \$pidfile.new
	mv \$pidfile.new \$pidfile ;;
esac
END
printf '#!/bin/sh\n[ "$1" != restart ] || echo vain >>%s/restarts; exit 3\n' "$work" >"$work/vain"
printf '#!/bin/sh\n[ "$1" != restart ] || echo paused >>%s/restarts; [ -e %s/up ] || exit 3\n' "$work" "$work" >"$work/paused"
: >"$work/up"
chmod 755 "$work/init.d/lsb" "$work/vain" "$work/paused"
cp "$work/init.d/lsb" "$work/init.d/command"
for name in lsb command; do "$work/init.d/$name" restart; done
: >"$work/restarts"
tickers="a b c d e f g h" # every other one ticks each second, the rest every five
interval() { case $1 in a | c | e | g) echo 1 ;; *) echo 5 ;; esac; }
own() { printf 'manager = command\nstatus_command = %s status\nrestart_command = %s restart\n' "$1" "$1"; }
{
	printf 'restart_rate = 1000/1s\n[daemons]\n'
	for name in $tickers lsb command vain paused short plug points window; do echo "$name = yes"; done
	for name in $tickers; do printf '[daemon:%s]\nmodule = tick\ninterval = %ss\n' "$name" "$(interval "$name")"; done
	printf '[daemon:plug]\nmodule = exec\ncommand = /bin/echo "OK"\ninterval = 1s\n'
	printf '[daemon:points]\nmodule = exec\ncommand = /bin/echo "OK"\nevery = hourly\n'
	printf '[daemon:window]\nmodule = tick\ninterval = 1h\npause_during = *-06-01\n'
	printf '[daemon:short]\nmodule = tick\ninterval = 1h\n'
	for name in lsb command vain paused; do
		printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 200ms\nquery_timeout = 3s\n' "$name" "$name"
		case $name in
		lsb) printf 'manager = lsb\ninit_dir = %s\npidfile = %s/lsb.pid\nbackoff = 0\nhealthy_after = 0\n' "$work/init.d" "$work" ;;
		command) own "$work/init.d/command"; printf 'pidfile = %s/command.pid\nbackoff = 0\nhealthy_after = 0\n' "$work" ;;
		vain) own "$work/vain"; printf 'backoff = 2s\nbackoff_max = 2s\n' ;;
		paused) own "$work/paused" ;;
		esac
	done
} | write_conf

failures=
fails() { case $failures in *"$*"*) ;; *) failures+="$*; " ;; esac; }
restarts_of() { grep -cx "$1" "$work/restarts"; }
runs() { is "/daemons/$1/service_state/value" running; }
paused() { is "/runs/$1/paused" true; }
pid_of() { cat "$work/$1.pid"; }
revived() { local pid; pid=$(pid_of "$1") && [ "$pid" != "$2" ] && kill -0 "$pid" 2>/dev/null && runs "$1"; }
# near TEXT: whether a time in a reply is that of vigild's clock, within a minute
near() { local at; at=$(date -d "$1" +%s 2>/dev/null) && [ $((at - $(now))) -lt 60 ] && [ $(($(now) - at)) -lt 60 ]; }

# Checks that each timer has ticked as often as time has passed, including ticks counted as missed.
worst=0
# ticks_of NAME EXTRA: prints the ticks, without those that the test has requested of a
ticks_of() {
	local n=$(($(get "/runs/$1/ticks") + $(get "/runs/$1/missed")))
	[ "$1" != a ] || n=$((n - $2))
	echo "$n"
}
has_ticked() { [ $(($(ticks_of "$1" "$3") * 100)) -ge $(($2 - 350)) ]; } # NAME DUE EXTRA
count_ticks() { # count_ticks WHEN
	local name ticks most due off extra=${asked:-0}
	for name in $tickers; do
		due=$((($(up) - began) / $(interval "$name")))
		# On a busy machine the ticks of the last seconds are counted late.
		wait_for 10 has_ticked "$name" "$due" "$extra"
		ticks=$(ticks_of "$name" "$extra")
		most=$((($(up) - launched) / $(interval "$name")))
		off=0
		[ $((ticks * 100)) -le $((most + 150)) ] || off=$((ticks - most / 100))
		[ $((ticks * 100)) -ge $((due - 350)) ] || off=$((due / 100 - ticks))
		[ "$off" = 0 ] || fails "$1: $name is $off ticks off"
		[ "$off" -le "$worst" ] || worst=$off
	done
}
answers() { ctl -q status >/dev/null && ctl -q explain "$1" >/dev/null && ctl -q log debug && ctl -q log notice; }
asked=0
deaths=0
look_round() { # look_round WHEN
	answers lsb || fails "$1: a client is not answered"
	ctl -q run a && asked=$((asked + 1)) || fails "$1: a does not run"
	near "$(get /runs/a/last_tick)" || fails "$1: last_tick is $(get /runs/a/last_tick), and it is $(date -d "@$(now)" -u)"
	[ "$(get /vigil/started)" = "$started" ] || fails "$1: started has moved"
	paused paused || fails "$1: the pause is over"
	count_ticks "$1"
}
dies() { # dies NAME WHEN
	local pid
	pid=$(pid_of "$1")
	crash "$pid"
	deaths=$((deaths + 1))
	wait_for 30 revived "$1" "$pid" || fails "$2: $1 is not brought back"
}
no_failures() { [ -z "$failures" ] || echo "# $failures"; [ -z "$failures" ]; }
nobody_was_restarted_for_nothing() {
	[ $(($(restarts_of lsb) + $(restarts_of command))) = $deaths ]
}

start_vigild
started=$(get /vigil/started)
for name in lsb command; do wait_for 20 runs $name || not_ok "$name runs at the start"; done
check "the time in replies is that of vigild's clock" near "$started"
ctl -q pause paused --for 1h --reason "new disk"
rm "$work/up"
short_began=$(up)
ctl -q pause short --for "$(count 8s 90s)"
short_over() { [ -n "${short_took:-}" ] || ! paused short && short_took=${short_took:-$((($(up) - short_began) / 100))}; }
vain_began=$(up)

# --- the clock is set -----------------------------------------------------------------------------

hour=3600 year=31557600
fixed=($hour -$hour $((30 * year)) $((-40 * year)) $((50 * year)) $((-20 * year)))
choose() { # a step that stays between 1980 and 2090
	while :; do
		case $((RANDOM % 5)) in
		0) step=$((RANDOM % 7200 + 1)) ;;
		1) step=$((RANDOM % 48 * hour + hour)) ;;
		2) step=$((RANDOM * 600)) ;;
		*) step=$((RANDOM % 40 * year + RANDOM)) ;;
		esac
		[ $((RANDOM % 2)) = 0 ] || step=$((-step))
		[ $((offset + step)) -lt $((60 * year)) ] && [ $((offset + step)) -gt $((-45 * year)) ] && return
	done
}
restarted=0
for ((i = 0; i < steps; i++)); do
	if [ $i -lt ${#fixed[@]} ]; then step=${fixed[i]}; else choose; fi
	offset=$((offset + step))
	set_clock
	look_round "step $i, of $step s"
	sleep "$hold"
	[ $((i % 3)) = 2 ] || dies "$([ $((i % 2)) = 0 ] && echo lsb || echo command)" "step $i, of $step s"
	[ $((RANDOM % 3)) != 0 ] || { offset=$((offset - step)); set_clock; }
	if [ $((i % 4)) = 1 ]; then
		# The new vigild has another clock than the one before.
		stop_vigild || fails "step $i: vigild does not stop well"
		offset=$((offset + RANDOM % 2 * 2 * hour - hour))
		set_clock
		asked=0
		start_vigild
		restarted=$((restarted + 1))
		started=$(get /vigil/started)
		near "$started" || fails "step $i: it started at $started, and it is $(date -d "@$(now)" -u)"
		for name in lsb command; do wait_for 20 runs $name || fails "step $i: $name does not run"; done
		[ "$(get /daemons/lsb/service_state/restarts)" = "$(restarts_of lsb)" ] || fails "step $i: restarts are forgotten"
	fi
	[ -n "${short_took:-}" ] || short_over
done
check "timers, times and pauses are correct after $steps settings of the clock" no_failures
check "each of $deaths crashes causes one restart, and nothing else does" nobody_was_restarted_for_nothing
check "a paused daemon is not restarted when the clock is set" [ "$(restarts_of paused)" = 0 ]
vain=$(restarts_of vain)
vain_most=$((($(up) - vain_began) / 200 + 2 * restarted + 2))
check "a backoff of 2 s is kept when the clock is set: $vain restarts, $vain_most at most" test "$vain" -le "$vain_most" -a "$vain" -ge $((vain_most / 8))
check "a pause ends on time when the clock is set" wait_for "$(count 90 200)" short_over
check "a pause is not too short when the clock is set: $short_took s" test "$short_took" -ge "$(count 8 90)"
figure "the clock is set by up to 50 years: each timer ticks" "$steps times; $worst ticks off"
figure "no restart without a crash; a restart of vigild in between loses nothing" \
	"$deaths crashes, $(($(restarts_of lsb) + $(restarts_of command))) restarts; $restarted"

# --- the clock was set before the first vigild started --------------------------------------------

stop_vigild
rm -rf "$work/state"
for step in $hour $year $((-2 * year)); do
	offset=$((offset + step))
	set_clock
	start_vigild
	for name in lsb command; do check "$name runs when the clock was set before the first start" wait_for 20 runs $name; done
	ctl -q run lsb
	ctl -q run command
	stop_vigild
	rm -rf "$work/state"
done
check "no service is restarted when the clock was set before the first start" nobody_was_restarted_for_nothing

# --- vigild is stopped for a while ----------------------------------------------------------------

asked=0
start_vigild
started=$(get /vigil/started)
ctl -q pause paused --for 1h
for name in lsb command; do wait_for 20 runs $name || not_ok "$name runs before the stop"; done
: >"$work/slow" # so that a query is always in progress
crash_pid=$(pid_of lsb)
sleep 0.5
kill -STOP "$vigild_pid"
stop_began=$(up)
sleep $((stopped - 2))
ctl status >"$work/late" 2>&1 &
late=$!
sleep 2
rm -f "$work/slow"
kill -CONT "$vigild_pid"
wait $late
check "a client that connected while vigild was stopped gets a reply" test $? = 0 -a -s "$work/late"
stop_took=$((($(up) - stop_began) / 100))
failures=
look_round "after the stop"
for name in $tickers; do
	missed=$(get "/runs/$name/missed")
	[ $((missed * $(interval "$name"))) -ge $((stop_took - 2 * $(interval "$name"))) ] || fails "$name missed $missed ticks only"
	[ $(((missed - 3) * $(interval "$name") * 100)) -le $(($(up) - launched)) ] || fails "$name missed $missed ticks"
done
for name in lsb command; do wait_for 30 runs $name || fails "$name does not run"; done
check "stopped for $stop_took s: each daemon ticks once and counts the missed ticks" no_failures
[ "$(pid_of lsb)" = "$crash_pid" ] || not_ok "the service lsb was not restarted"
check "no service is restarted because vigild was stopped" nobody_was_restarted_for_nothing
dies lsb "after the stop"
check "a service that crashes after the stop is restarted" no_failures
figure "stopped for $stop_took s: one tick each, the missed ticks are counted, no restart" "$(get /runs/a/missed) missed of 1 s, 0 restarts"

if [ "${TORTURE_FORM:-}" = full ]; then
	come() { echo $(($(get /runs/points/ticks) + $(get /runs/points/missed))); }
	before=$(come) ticked=$(get /runs/points/ticks)
	slept=$((2 * hour))
	offset=$((offset + 2 * hour))
	set_clock
	resumed() { ! paused paused; }
	check "after a suspend of two hours, a pause of one hour ends within a minute" wait_for 90 resumed
	both_hours() { [ $(($(come) - before)) -ge 2 ]; }
	check "after a suspend of two hours, two points of every hour have come" wait_for 90 both_hours
	check "the program is run once for both, or twice if another hour has begun since" \
		[ $(($(get /runs/points/ticks) - ticked)) -lt $(($(come) - before)) ]
	inside=$(($(date -d "$(($(date -d "@$(now)" +%Y) + 1))-06-01 12:00" +%s) - $(now)))
	offset=$((offset + inside))
	set_clock
	check "a clock that is set into a window of pause_during begins the pause within a minute" wait_for 90 paused window
	offset=$((offset - inside))
	set_clock
	no_window() { ! paused window; }
	check "a clock that is set out of it ends the pause within a minute" wait_for 90 no_window
fi
check "vigild stops when it receives SIGTERM" stop_vigild
check "vigild writes its state when it stops" test -s "$work/state/state.json"
[ "$failed" -eq 0 ] || grep -v 'vain\|log level' "$work/log" | tail -40
finish
