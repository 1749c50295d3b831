#!/bin/bash
# The module machine with the real runit and s6: a service that keeps crashing, one that its supervisor does not
# start again, one that was stopped, and services that are added and removed.  The scan directories are those
# that vigil knows, so the test has a mount namespace of its own.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/machine-lib.sh" || exit 1
command -v runsvdir >/dev/null || skip_all "runit is not installed"
command -v s6-svscan >/dev/null || skip_all "s6 is not installed"
install_staged
if [ -z "${VIGIL_OWN_MOUNTS:-}" ]; then
	unshare --mount true 2>/dev/null || skip_all "this machine allows no mount namespace"
	VIGIL_OWN_MOUNTS=1 exec unshare --mount --propagation private bash "$0"
fi
set_paths
work=$(mktemp -d)
mkdir "$work/runit" "$work/init.d" "$work/s6"
[ -d /etc/service ] || mkdir /etc/service || skip_all "there is no /etc/service"
mount --bind "$work/runit" /etc/service && mount --bind "$work/init.d" /etc/init.d &&
	mount -t tmpfs tmpfs /run || skip_all "this machine allows no mounts"
mkdir /run/service
runit= s6=
clean_up() {
	local dir
	stop_vigild
	[ -z "$runit" ] || { kill -HUP "$runit"; wait "$runit"; } # HUP also ends the services
	[ -z "$s6" ] || { s6-svscanctl -t /run/service; wait "$s6"; }
	for dir in "$work"/gone/*; do [ ! -p "$dir/supervise/control" ] || sv force-shutdown "$dir" >/dev/null; done
	rm -rf "$work" 2>/dev/null
}
trap clean_up EXIT

service() { # DIR [COMMAND]
	mkdir "$work/new"
	printf '#!/bin/sh\n%s\n' "${2:-exec sleep 1000000}" >"$work/new/run"
	chmod 755 "$work/new/run"
	cp -r "$work/new" "$1"
	rm -r "$work/new"
}

service /etc/service/web
service /etc/service/shy
service /run/service/db
service /run/service/fragile
# s6 does not start a service again whose finish script exits with 125.
printf '#!/bin/sh\nexit 125\n' >/run/service/fragile/finish
chmod 755 /run/service/fragile/finish
for name in kept wave1 wave2 wave3 wave4 wave5 wave6 wave7 wave8; do cp -r /run/service/fragile "/run/service/$name"; done
runsvdir /etc/service 2>/dev/null & runit=$!
s6-svscan /run/service 2>/dev/null & s6=$!
ready() { sv status /etc/service/$1 2>/dev/null | grep -q ^run; }
check "machine: the services of runit start" wait_for 15 eval 'ready web && ready shy'
check "machine: the services of s6 start" wait_for 15 eval 's6-svok /run/service/db && s6-svok /run/service/fragile && s6-svok /run/service/kept && s6-svok /run/service/wave8'

write_conf <<C
restart_rate = 4/4s
[daemons]
machine = yes
$([ ! -e "$modules/http/http.so" ] || echo http = yes)
[daemon:machine]
restart = kept, wave*
$([ ! -e "$modules/http/http.so" ] || printf '[daemon:http]\nlisten = unix:%s\n' "$work/http.sock")
C
start_vigild
check "machine: 13 services of two managers run" wait_for 20 count running 13
check "machine: the health is OK" wait_for 20 level OK
check "machine: the text says that none is failed" wait_for 20 says "none of 13 services is failed, 13 run"

check "machine: while nothing happens, no service is queried" wait_for 30 quiet 5

# --- the ends of processes ------------------------------------------------------------------------
crash "$(s6-svstat -o pid /run/service/fragile)"
check "machine: a service that s6 does not start again is bad" wait_for 20 level CRITICAL
check "machine: the text names it" wait_for 20 says fragile
s6-svc -u /run/service/fragile
check "machine: after its start the health is OK again" wait_for 40 level OK

# --- restart --------------------------------------------------------------------------------------
kept=/daemons/machine/services/s6/kept
crash "$(s6-svstat -o pid /run/service/kept)"
check "machine: a service that restart names and s6 does not start again is restarted" wait_for 20 is $kept/restarts 1
check "machine: after its restart the health is OK" wait_for 20 level OK
check "machine: the history names the service and the reason" \
	eval 'ctl explain machine >"$work/explained" && grep -qE "kept \(s6\): decision: [a-z ]+: restarting" "$work/explained"'
check "machine: vigilctl explain says what was done about the service" \
	grep -qE '^service +kept \(s6\): running: nothing to do; 1 restart$' "$work/explained"
check "machine: a service that restart does not name was not restarted" eval '! get /daemons/machine/services/s6/fragile'
if [ -e "$modules/http/http.so" ] && command -v curl >/dev/null; then
	curl -s --unix-socket "$work/http.sock" http://localhost/metrics >"$work/metrics"
	check "machine: the metrics have the restarts of the service" grep -qF \
		'vigil_service_restarts_total{daemon="machine",service="kept",manager="s6"} 1' "$work/metrics"
	check "machine: they have the numbers of the machine, and none of a service twice" eval \
		'grep -qF "/daemons/machine/services/running" "$work/metrics" && ! grep -F "/services/s6" "$work/metrics"'
else
	echo "SKIP: metrics: there is no curl, or the module http was not built"
fi

# --- a wave ---------------------------------------------------------------------------------------
wave() { ctl get /daemons/machine/services/s6 | python3 -c '
import json, sys
print(sum(v.get("restarts", 0) for k, v in json.load(sys.stdin).items() if k.startswith("wave")))'; }
crash $(for dir in /run/service/wave*; do s6-svstat -o pid "$dir"; done)
check "machine: if many services end, restart_rate limits their restarts, and the text says so" \
	wait_for 20 says "not restarted: restart_rate is reached"
check "machine: then all of them are restarted, each once" wait_for 30 eval '[ "$(wave)" = 8 ]'
check "machine: after that the health is OK" wait_for 20 level OK

# --- stopped by an admin --------------------------------------------------------------------------
sv down /etc/service/shy >/dev/null
s6-svc -d /run/service/kept
check "machine: a service that was stopped makes the health WARNING" wait_for 20 level WARNING
check "machine: it is in the list of the bad services as stopped" wait_for 20 bad shy stopped
check "machine: a service that restart names is left alone, too" wait_for 20 is $kept/decision \
	"stopped cleanly: left alone, because restart_on = failed"
check "machine: the text says that both are stopped" wait_for 10 says \
	"2 of 13 services are stopped: kept (left alone, because restart_on = failed), shy"
sv up /etc/service/shy >/dev/null
s6-svc -u /run/service/kept
check "machine: after its start the health is OK again, though runit and s6 send no signals" wait_for 40 level OK
check "machine: the service was restarted once" is $kept/restarts 1

# --- added and removed ----------------------------------------------------------------------------
service /etc/service/loop 'exit 1'
check "machine: a service that was added and keeps crashing is noticed" wait_for 60 bad loop crashing
check "machine: the text says that it keeps crashing" wait_for 20 says "keeps crashing: loop (restarted "
check "machine: a service that keeps crashing makes the health CRITICAL" wait_for 20 level CRITICAL
mkdir "$work/gone"
sv force-stop /etc/service/loop >/dev/null
mv /etc/service/loop "$work/gone/loop"
check "machine: a service that was removed counts no more" wait_for 20 count total 13
check "machine: then the health is OK again" wait_for 20 level OK
check "vigild stops" stop_vigild
finish
