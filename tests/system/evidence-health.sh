#!/bin/bash
# Health is OK only when nothing needs an admin.  The text says why a restart is withheld.  A service that
# keeps crashing is CRITICAL although it runs.  If vigild itself fails to do something, the service is UNKNOWN
# and is not restarted.  The commands status and check say the same, also during a pause.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/scripts.sh" || exit 1
mkdir "$work/sv"
end_others() {
	local dir
	[ -z "${supervisor:-}" ] || { kill "$supervisor"; wait "$supervisor"; }
	for dir in "$work"/sv/*; do
		[ ! -p "$dir/supervise/control" ] || sv force-shutdown "$dir" >/dev/null
	done
}

section() { # section NAME OPTION...
	local name=$1; shift
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\n' "$name" "$name" "$work/init.d"
	printf 'interval = 200ms\n'
	printf '%s\n' "$@"
}
names='observed denied crashing lost missing unrunnable paused'
for name in $names; do script "$name"; "$work/init.d/$name" start; done
conf() {
	printf '[daemons]\n'; printf '%s = yes\n' $names
	[ -z "${with_runit:-}" ] || printf 'respawned = yes\ncalm = yes\n'
	section observed "restart_on = never" "probe = tcp://127.0.0.1:1" "probe_interval = 100ms" "probe_start = 0" \
		"probe_failures = 3"
	section denied
	section crashing "healthy_after = 0" "backoff = 0" "respawn_max = 3/1h"
	section lost "restart_on = failed"
	section missing "probe = $work/nosuch" "probe_interval = 100ms" "probe_start = 0" "probe_failures = 1"
	section unrunnable "probe = /bin/sh -c $work/nosuch" "probe_interval = 100ms" "probe_start = 0" "probe_failures = 1"
	section paused
	for name in ${with_runit:+respawned calm}; do
		printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = runit\nservice_dir = %s\ninterval = 200ms\n' \
			"$name" "$name" "$work/sv"
	done
}
if command -v runsvdir >/dev/null; then
	with_runit=yes
	for name in respawned calm; do
		mkdir "$work/sv/$name"
		printf '#!/bin/sh\nexec sleep 1000000\n' >"$work/sv/$name/run"
		chmod 755 "$work/sv/$name/run"
	done
	runsvdir "$work/sv" >"$work/supervisor" 2>&1 &
	supervisor=$!
	wait_for 20 sv status "$work/sv/respawned" >/dev/null
	wait_for 20 sv status "$work/sv/calm" >/dev/null
fi
conf | write_conf
sed -i 's/^log = stderr/&\ndeny = denied/' "$work/vigil.conf"
# vigild refuses a program that is missing at its start, so these are removed later.
printf '#!/bin/sh\n' >"$work/nosuch"
chmod +x "$work/nosuch"
start_vigild
rm "$work/nosuch"

level() { is "/runs/$1/health/level" "$2"; }
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
plugin() { ctl check "$1" | head -n 1; }
exits() { ctl check "$1" >/dev/null; [ $? = "$2" ]; }
restarts() { get "/daemons/$1/service_state/restarts" || echo 0; }
pid_of() { cat "$work/run/$1.pid"; }
# row NAME: the row of the daemon in the table of status, from the level on, in the form of vigilctl check
row() { COLUMNS=1000 ctl status "$1" | sed -n '2s/^.* \(OK\|WARNING\|CRITICAL\|UNKNOWN\)  *\(.*\)$/\1 - \2/p'; }
# The number of failed probes may grow between the two commands.
without_counts() { sed 's/ | .*//; s/failed [0-9]* times/failed N times/'; }
agree() {
	local row
	row=$(row "$1" | without_counts)
	[ -n "$row" ] && [ "$row" = "$(plugin "$1" | without_counts)" ]
}

# --- a probe that fails under restart_on = never --------------------------------------------------

check "restart_on = never: a probe that keeps failing is CRITICAL" wait_for 20 level observed CRITICAL
check "restart_on = never: the text says what is wrong and that it is not restarted" wait_for 20 \
	says observed 'observed is running, but its probe failed * times in a row (Connection refused); it is not restarted, because restart_on = never'
check "restart_on = never: vigilctl check exits with 2 for a probe that keeps failing" exits observed 2
failed_often() { [[ "$(get /runs/observed/health/text)" =~ failed\ ([0-9]+)\ times ]] && [ "${BASH_REMATCH[1]}" -ge 31 ]; }
check "a probe can fail 31 times in a row" wait_for 30 failed_often
lines() { ctl explain observed | grep -c 'probe failed ([0-9]* in a row)'; }
check "failed probes are counted on one line of the history" [ "$(lines)" = 1 ]
check "restart_on = never: the service was not restarted" [ "$(restarts observed)" = 0 ]

# --- left alone -----------------------------------------------------------------------------------

kill -9 "$(pid_of denied)"
check "deny: a service that is down is CRITICAL, and the text says why it is not restarted" wait_for 20 \
	says denied 'denied is failed and not restarted: the configuration denies restarting it'
check "deny: vigilctl check exits with 2 for a service that is down" exits denied 2
check "deny: vigilctl explain names the rule" grep -q 'not restarted: the configuration denies' <(ctl explain denied)
"$work/init.d/lost" stop
check "restart_on = failed: a clean stop is CRITICAL with its reason" wait_for 20 \
	says lost 'lost is stopped on purpose*, and left alone, because restart_on = failed; to start it: vigilctl start lost'
check "restart_on = failed: vigilctl check exits with 2 after a clean stop" exits lost 2

# --- failures of vigild itself --------------------------------------------------------------------

for name in missing unrunnable; do
	check "a probe program that does not exist ($name) is UNKNOWN" wait_for 20 level $name UNKNOWN
	check "a probe program that does not exist ($name): the text says that vigild could not probe" \
		says $name "$name is running, but vigild could not probe: *nosuch*"
	check "a probe program that does not exist ($name) is no reason to restart" [ "$(restarts $name)" = 0 ]
	check "a probe program that does not exist ($name): vigilctl check exits with 3" exits $name 3
done

# --- keeps crashing -------------------------------------------------------------------------------

kill_again() { # kill_again COUNT: kills the service until vigild has restarted it this many times
	local before
	until [ "$(restarts crashing)" -ge "$1" ]; do
		before=$(restarts crashing)
		wait_for 20 is /daemons/crashing/service_state/value running
		kill -9 "$(pid_of crashing)"
		wait_for 20 eval "[ \"\$(restarts crashing)\" -gt $before ]" || return 1
	done
	wait_for 20 is /daemons/crashing/service_state/value running
}
check "a service is restarted three times" kill_again 3
check "a service that was restarted three times is OK under respawn_max = 3/1h" wait_for 20 level crashing OK
check "a service is restarted a fourth time" kill_again 4
check "a service that vigild restarted more often than respawn_max is said to keep crashing" wait_for 20 \
	says crashing 'crashing keeps crashing: restarted 4 times in * s'
check "a service that keeps crashing is CRITICAL, also while it runs" exits crashing 2
check "status and check say the same of a service that keeps crashing" wait_for 10 agree crashing

runit() {
	local i pid
	for i in 1 2 3 4; do
		wait_for 20 [ -s "$work/sv/respawned/supervise/pid" ] # the file is empty while the service is down
		pid=$(cat "$work/sv/respawned/supervise/pid")
		kill -9 "$pid"
		wait_for 20 eval "[ \"\$(cat $work/sv/respawned/supervise/pid)\" != $pid ] && is /daemons/respawned/service_state/respawns $i" ||
			{ not_ok "the state counts $i restarts by runit"; return; }
	done
	ok "the state counts each restart by runit"
	check "a service that runit brought back more often than respawn_max is said to keep crashing" wait_for 20 \
		says respawned 'respawned keeps crashing: brought back 4 times in * s'
	check "a service that its manager keeps bringing back is CRITICAL" exits respawned 2
	pid=$(cat "$work/sv/calm/supervise/pid")
	kill -9 "$pid"
	check "a service that runit brought back once is counted once" wait_for 20 is /daemons/calm/service_state/respawns 1
	check "a service that runit brought back once is not said to keep crashing" wait_for 20 says calm 'calm is running, pid *'
}
if [ -n "${with_runit:-}" ]; then runit; else echo "SKIP: runit is not installed: restarts by a manager are not tested"; fi

# --- a pause --------------------------------------------------------------------------------------

ctl -q pause paused --for 1h --reason 'new disks'
kill -9 "$(pid_of paused)"
check "paused: the text has the end, the user and the reason of the pause, and what is wrong" wait_for 20 says paused \
	"paused is paused until 20??-??-?? ??:??* by root: new disks; at present CRITICAL: paused is failed*"
check "paused: a dead service is OK for vigilctl check" exits paused 0
check "paused: status and check say the same of a dead service" wait_for 10 agree paused
check "paused: a dead service is not restarted" [ "$(restarts paused)" = 0 ]
for name in $names; do
	check "status and check say the same of $name" wait_for 10 agree "$name"
done

# --- after a restart of vigild --------------------------------------------------------------------

check "vigild stops" stop_vigild
printf '#!/bin/sh\n' >"$work/nosuch"
chmod +x "$work/nosuch"
start_vigild
check "a service is said to keep crashing also after a restart of vigild" wait_for 20 says crashing 'crashing keeps crashing: restarted 4 times in *'
check "the text of a pause says also after a restart of vigild who paused the daemon" wait_for 20 says paused "paused is paused until 20??-??-?? ??:??* by root: new disks*"
check "vigild stops again" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
