#!/bin/bash
# A restart that does not help is a setback, for whatever reason it was made.  Then backoff and burst apply, also
# after a reload and after a restart of vigild.  probe_start gives a service time until it serves.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3 to serve something"
. "$here/scripts.sh" || exit 1

service() { script "$1" "s|sleep 1000000|$2|"; } # service NAME COMMAND
hold_port
cat >"$work/slow.py" <<'P'
import os, socket, sys, time
# Begins to listen only when the file exists, like a server that reads much data at its start.
while not os.path.exists(sys.argv[2]): time.sleep(0.02)
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
s.bind(("127.0.0.1", int(sys.argv[1]))); s.listen(50)
while True:
    s.accept()[0].close()
P
service slow "python3 $work/slow.py $port $work/listen"
service eater "python3 -c 'x = bytearray(80 << 20); import time; time.sleep(1000)'"
service deaf "sleep 1000000"
service early "sleep 0.2"
service counted "sleep 0.1"

section() { # section NAME OPTION...
	local name=$1; shift
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\ninterval = 100ms\n' \
		"$name" "$name" "$work/init.d"
	printf '%s\n' "$@"
}
conf() {
	printf '[daemons]\n'; printf '%s = yes\n' slow eater deaf early counted
	section slow "probe = tcp://127.0.0.1:$port" "probe_interval = 100ms" "probe_failures = 2" "probe_start = 10m" "$@"
	section eater "memory_max = 40MiB" "probe_start = 0" "backoff = 1h" "backoff_max = 1h"
	section deaf "probe = tcp://127.0.0.1:1" "probe_interval = 100ms" "probe_failures = 2" "probe_start = 0" \
		"backoff = 1h" "backoff_max = 1h"
	section early "backoff = 1h" "backoff_max = 1h" "$@"
	section counted "backoff = 0" "burst = 3" "burst_window = 1h" "$@"
}
conf | write_conf
start_vigild
restarts() { get "/daemons/$1/service_state/restarts" || echo 0; }
reason() { [[ "$(get "/daemons/$1/service_state/decision")" == $2 ]]; }
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }

# --- probe_start ----------------------------------------------------------------------------------

check "probe_start: a server that does not listen yet is WARNING" wait_for 20 \
	says slow 'slow is running, but its probe fails: Connection refused (not counted in the first 600 s)'
: >"$work/listen"
check "probe_start: a server is OK when it listens" wait_for 20 says slow 'slow is running, pid *'
check "probe_start: a server that needs a while to listen is not restarted because of its probe" [ "$(restarts slow)" = 1 ]
check "probe_start: the history says that the probe succeeded" grep -q 'probe succeeded after' <(ctl explain slow)

# --- restarts that do not help --------------------------------------------------------------------

check "memory_max too low: the restart did not help, and the backoff applies" wait_for 30 \
	says eater 'eater is running, but it uses *; 1 restart lately did not help for long; the next restart waits for the backoff'
check "memory_max too low: the service is restarted twice at most" [ "$(restarts eater)" -le 2 ]
check "a probe that never succeeds: the restart did not help, and the backoff applies" wait_for 30 \
	says deaf 'deaf is running, but its probe failed *; 1 restart lately did not help for long; the next restart waits for the backoff'
check "a probe that never succeeds: the service is restarted twice at most" [ "$(restarts deaf)" -le 2 ]
check "a death soon after a restart: the backoff applies" wait_for 30 reason early '*: backing off until the next try'
check "burst: vigild gives up after three restarts" wait_for 30 reason counted '*: gave up after 3 restarts in 3600 s, until the next try'
check "burst: the service was restarted three times" [ "$(restarts counted)" = 3 ]

# --- reload and restart ---------------------------------------------------------------------------

settled() { # settled EVENT: checks that burst and backoff still apply after the event
	check "burst: the limit still applies after $1" wait_for 20 reason counted '*: gave up after 3 restarts in 3600 s, until the next try'
	check "burst: there is no further restart after $1" [ "$(restarts counted)" = 3 ]
	check "backoff: the delay still applies after $1" wait_for 20 reason early '*: backing off until the next try'
	check "backoff: there is no further restart after $1" [ "$(restarts early)" = "$early" ]
	check "backoff: the state still has the setback after $1" grep -q '"setbacks": *1' <(ctl -o json get /daemons/early/service_state/recent)
}
early=$(restarts early)
check "the configuration is reloaded" ctl -q reload
settled "a reload that changes nothing"
conf "healthy_after = 9s" | write_conf
check "another configuration is reloaded" ctl -q reload
settled "a reload with other options"
stop_vigild
start_vigild
settled "a restart of vigild"
stop_vigild
# The state of a machine whose clock was set back by ten years before a reboot.
python3 - "$work/state/state.json" <<'P'
import json, sys
state = json.load(open(sys.argv[1]))
def walk(o):
    if isinstance(o, dict):
        for k, v in o.items():
            if isinstance(v, dict) and "boot_time" in v:
                v["boot"] = "another"
                v["time"] += 10 * 365 * 86400
            walk(v)
walk(state)
json.dump(state, open(sys.argv[1], "w"))
P
start_vigild
check "a clock that was set back before a reboot: the burst ends within its window" wait_for 20 eval \
	'wait=$(( $(date -d "$(get /daemons/counted/service_state/next_retry)" +%s) - $(date +%s) )); [ $wait -gt 0 ] && [ $wait -le 3600 ]'
check "a clock that was set back before a reboot: the backoff is no longer than backoff_max" wait_for 20 eval \
	'wait=$(( $(date -d "$(get /daemons/early/service_state/next_retry)" +%s) - $(date +%s) )); [ $wait -gt 0 ] && [ $wait -le 3600 ]'
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
