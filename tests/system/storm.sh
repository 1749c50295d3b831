#!/bin/bash
# Two hundred services that no restart helps: each stays within its burst and says so, all together
# stay within restart_rate, and a daemon that has nothing to do with it keeps its time.
#
# Ten minutes at an interval of 5 s, thirty times as fast.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
services=200 burst=3 window=20 # seconds

# When each was restarted, a line for each; it is down before and after.
cat >"$work/restart" <<S
#!/bin/sh
echo "\$1 \$(date +%s.%N)" >>$work/restarts
S
chmod 755 "$work/restart"
conf() { # conf COUNT RATE OPTION...
	local count=$1 rate=$2 n; shift 2
	{
		printf '[vigil]\nmodules = %s\nsocket = %s/control.sock\npipe = %s/control.pipe\nstate_dir = %s/state\nlog = %s/log\n' \
			"$modules" "$work" "$work" "$work" "$work"
		printf 'restart_rate = %s\n[daemons]\nother = yes\n' "$rate"
		for n in $(seq "$count"); do printf 's%d = yes\n' "$n"; done
		printf '[daemon:other]\nmodule = system\ninterval = 100ms\n'
		for n in $(seq "$count"); do
			printf '[daemon:s%d]\nmodule = service\nservice = s%d\nmanager = command\n' "$n" "$n"
			printf "status_command = sh -c 'exit 3'\nrestart_command = %s/restart s%d\n" "$work" "$n"
			printf 'interval = 1s\nbackoff = 0\nhealthy_after = 0\n'
			printf '%s\n' "$@"
		done
	} >"$work/vigil.conf"
}
# most_in SECONDS [NAME]: the most restarts that any stretch of so many seconds holds
most_in() {
	awk -v by="$1" -v name="${2:-}" '
		name == "" || $1 == name { t[n++] = $2 }
		END {
			for (i = j = 0; i < n; i++) {
				while (t[i] - t[j] >= by) j++
				if (i - j + 1 > most) most = i - j + 1
			}
			print most + 0
		}' "$work/restarts.sorted"
}

# --- each within its burst ---------------------------------------------------------------------------------

conf $services 100000/1s "burst = $burst" "burst_window = ${window}s"
: >"$work/restarts"
start_vigild
wait_for 60 eval '[ "$(wc -l <"$work/restarts")" -ge $((services * burst)) ]'
check "each has had its burst" [ "$(wc -l <"$work/restarts")" -ge $((services * burst)) ]
decision=$(get /daemons/s7/service_state/decision)
check "which its decision says: $decision" eval '[[ $decision == *"gave up after $burst restarts in $window s"* ]]'
check "with when it is tried again" [ -n "$(get /daemons/s7/service_state/next_retry)" ]
began=$(get /runs/other/ticks) since=$SECONDS
sleep $window # the window goes by, and a second burst is allowed
# By when it was decided: two hundred at a time wait for their turn with a worker.
awk '/: restarting$/ { split($1, t, "[T:Z]"); print substr($3, 1, length($3) - 1), t[2] * 3600 + t[3] * 60 + t[4] }' \
	"$work/log" >"$work/restarts.sorted"
check "the log has a line for each" [ "$(wc -l <"$work/restarts.sorted")" -ge "$(wc -l <"$work/restarts")" ]
worst=0
for n in $(seq $services); do
	most=$(most_in $((window - 1)) "s$n")
	[ "$most" -le "$worst" ] || worst=$most
done
check "none was restarted more than $burst times in $window s ($worst)" [ "$worst" -le $burst ]
check "all of them were again when they might" [ "$(wc -l <"$work/restarts")" -gt $((services * burst)) ]
ticked=$(($(get /runs/other/ticks) - began)) passed=$((SECONDS - since))
check "the other daemon ticked $ticked times in $passed s" [ "$ticked" -ge $((passed * 8)) ]
missed=$(get /runs/other/missed)
check "and missed $missed, of which a busy machine may take one in fifty" [ $((missed * 50)) -le "$ticked" ]
p99=$(get /vigil/loop/lag_seconds/p99)
check "the loop was $p99 s late at most, but for one in a hundred" awk "BEGIN { exit !($p99 < 0.05) }"
check "vigild stops" stop_vigild

# --- all together within restart_rate ------------------------------------------------------------------------

rm -rf "$work/state"
conf 100 20/10s
: >"$work/restarts"
start_vigild
wait_for 60 eval '[ "$(wc -l <"$work/restarts")" -ge 30 ]'
sort -k 2 "$work/restarts" >"$work/restarts.sorted"
check "a hundred at once are no storm: $(most_in 5) in 5 s" [ "$(most_in 5)" -le 35 ]
held() { ctl get /daemons 2>/dev/null | grep -q 'restart_rate is used up'; }
check "which is said" wait_for 10 held
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
