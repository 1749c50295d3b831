#!/bin/bash
# time: the wall clock is set, by hours and years, forward and back; and the machine sleeps.
#
# Promised: timers go by the time that passes.  None storms and none stops, whatever the clock says;
# after a sleep each catches up with one tick and says what it missed; no healthy service is taken
# for dead, here or by a vigild that is started later; what was counted is kept.
#
# The clock is vigild's own (clock.c); files have the machine's, as those have that were written before
# the clock was set.  The sleep is a SIGSTOP.
. "$(dirname "$0")/lib.sh" || exit 1
case $(make_variable SANITIZE) in ?*) skip_all "a sanitizer comes before any clock of ours" ;; esac
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	{ kill -CONT "${vigild_pid:-}"; stop_vigild; kill "$service"; wait "$service"; } 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

set_clock() { printf '%+020d' "$1" | dd of="$work/clock" conv=notrunc status=none; }
truncate -s 4096 "$work/clock"
set_clock 0
# As start_vigild does, on a clock of its own
start_here() {
	CLOCK=$work/clock LD_PRELOAD=$top_builddir/tests/torture/clock.so \
		"$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	wait_for 10 reachable || { cat "$work/log"; not_ok "vigild starts"; exit 1; }
}

sleep 1000000 & service=$!
echo $service >"$work/pid"
: >"$work/restarted"
{
	printf '[daemons]\nsecond = yes\nslow = yes\nwell = yes\nvain = yes\nresting = yes\n'
	for name in second:1s slow:5s resting:1s; do
		printf '[daemon:%s]\nmodule = exec\ncommand = /bin/true\ninterval = %s\n' "${name%:*}" "${name#*:}"
	done
	# Its process is called otherwise: all that speaks for it is how old it is.
	printf '[daemon:well]\nmodule = service\nmanager = command\nservice = well\ninterval = 1s\n'
	printf 'pidfile = %s\nstatus_command = true\nrestart_command = sh -c "echo well >>%s"\n' "$work/pid" "$work/restarted"
	printf '[daemon:vain]\nmodule = service\nmanager = command\nservice = vain\ninterval = 1s\nburst = 0\n'
	printf 'backoff = 3s\nbackoff_max = 3s\nstatus_command = sh -c "exit 3"\n'
	printf 'restart_command = sh -c "echo vain >>%s; exit 1"\n' "$work/restarted"
} | write_conf
uptime() { cut -d. -f1 /proc/uptime; }
born=$(uptime)
start_here

restarted() { grep -c "^$1" "$work/restarted"; }
run_of() { get "/runs/$1/$2"; }
well_runs() { is /daemons/well/service_state/value running; }
wait_for 20 well_runs || not_ok "the service is watched"
wait_for 20 more_than /runs/second/ticks 1 || not_ok "there are ticks"
ctl -q pause resting --for 2h --reason maintenance

# --- the clock is set -----------------------------------------------------------------------------

year=$((365 * 86400)) steps=0 storms=0 stops=0 slipped=0 most=0
for step in 3600 -3600 $((2 * year)) -86400 $((-10 * year)) 60 $((-30 * year)) $((50 * year)) 0; do
	set_clock "$step"
	steps=$((steps + 1)) before=$(run_of second ticks) began=$(uptime)
	more() { [ "$(run_of second ticks)" -ge $((before + 2)) ]; }
	wait_for 15 more || stops=$((stops + 1))
	ticks=$(($(run_of second ticks) - before)) passed=$(($(uptime) - began))
	[ "$ticks" -le $((passed + 2)) ] || storms=$((storms + 1))
	[ "$ticks" -le "$most" ] || most=$ticks
	# What is told is told by the clock as it is now.
	told=$(date -d "$(run_of second last_tick)" +%s) now=$(($(date +%s) + step))
	[ $((told - now)) -le 120 ] && [ $((now - told)) -le 120 ] || slipped=$((slipped + 1))
done
check "no timer stops: $steps times set, $stops stopped" [ $stops = 0 ]
check "no timer storms: $most ticks of a second at most while two were waited for" [ $storms = 0 ]
check "what is told has the clock's time" [ $slipped = 0 ]
check "no tick was missed that the machine did not hold up" [ "$(run_of slow missed)" -le 1 ]

# The admin's word: two hours are two hours, whatever is done to the clock.  It is looked at each minute.
pause_is_right() { # STEP
	local left
	left=$(($(date -d "$(run_of resting paused_until)" +%s) - $(date +%s) - $1))
	[ $left -le 7210 ] && [ $left -ge 6600 ]
}
for step in $((-3 * year)) 10800; do
	[ "${TORTURE_FORM:-}" = full ] || break
	set_clock $step
	check "a pause of two hours stays one, the clock $step s off" wait_for 90 pause_is_right $step
done

# --- a sleep -----------------------------------------------------------------------------------------

asleep=$(count 4 60)
ticks=$(run_of second ticks) missed=$(run_of second missed) slow=$(run_of slow ticks)
kill -STOP "$vigild_pid"
sleep "$asleep"
kill -CONT "$vigild_pid"
woke() { [ "$(run_of second ticks)" -gt "$ticks" ]; }
wait_for 10 woke
ticks=$(($(run_of second ticks) - ticks)) missed=$(($(run_of second missed) - missed))
check "after $asleep s of sleep one tick catches up: $ticks, $missed missed" [ $ticks -le 3 ]
check "what was missed is said" [ $missed -ge $((asleep - 2)) ]
check "those of 5 s, too: $(($(run_of slow ticks) - slow))" [ $(($(run_of slow ticks) - slow)) -le 2 ]
figure "a sleep of $asleep s: one tick catches up" "$ticks, $missed counted as missed"

# --- all the while --------------------------------------------------------------------------------------

# A restart in vain each 3 s and no more: the backoff goes by the time that passes.
vain=$(restarted vain) lived=$(($(uptime) - born))
check "the backoff is kept: $vain restarts in vain in $lived s" [ "$vain" -le $((lived / 3 + 2)) ]
errors=$(get /daemons/vain/service_state/restart_errors)
ctl -q explain well >"$work/explained" && ctl -q status >/dev/null || not_ok "explain and status answer"

# --- and a vigild after -----------------------------------------------------------------------------------

for step in 7200 $year -86400; do
	stop_vigild
	set_clock "$step"
	start_here
	check "a vigild started $step s off finds the service well" wait_for 20 well_runs
done
check "and has lost no count" [ "$(get /daemons/vain/service_state/restart_errors)" -ge "$errors" ]
# Its own word beside the script's, which always says that it runs.
check "no healthy service was restarted" [ "$(restarted well)" = 0 ]
check "its process is the one it was" is /daemons/well/service_state/pid "$service"
figure "the clock set by up to 50 years" "$storms storms, $stops stops in $steps, $(restarted well) restarts"
finish
