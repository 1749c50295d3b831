#!/bin/bash
# When the reason for a withheld restart ends, vigild checks the service at once, however long the interval is.
# Such a reason is a pause, which ends by resume or by itself, or a service in `after` that is down.  `after` also
# applies at the start of vigild, to several services, and when all of them die at once.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/scripts.sh" || exit 1

# An init script that records when it starts the service.
service() {
	script "$1" "s|^\(\tsetsid\)|\techo $1 >>$work/order; [ ! -e $work/$1.broken ] \|\| return 1\n\1|"
}
names='resumed expired web db cache lonely'
for name in $names; do service "$name"; done
section() { # section NAME OPTION...
	local name=$1; shift
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = lsb\ninit_dir = %s\ninterval = 1h\n' "$name" "$name" "$work/init.d"
	printf '%s\n' "$@"
}
{
	printf '[daemons]\n'; printf '%s = yes\n' $names absent
	for name in resumed expired db cache; do section $name "backoff = 200ms" "backoff_max = 200ms"; done
	section web "after = db, cache" "backoff = 200ms" "backoff_max = 200ms"
	section lonely "after = absent"
	section absent
} | write_conf
rm -f "$work/init.d/absent"
"$work/init.d/resumed" start
"$work/init.d/expired" start
start_vigild
value() { is "/daemons/$1/service_state/value" "$2"; }
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
restarts() { get "/daemons/$1/service_state/restarts" || echo 0; }
pid_of() { cat "$work/run/$1.pid"; }
place() { grep -nx "$1" "$work/order" | tail -n 1 | cut -d: -f1; }
in_order() { [ "$(place db)" -lt "$(place web)" ] && [ "$(place cache)" -lt "$(place web)" ]; }

# --- after ----------------------------------------------------------------------------------------

for name in web db cache; do check "$name is started" wait_for 30 value $name running; done
check "after: the services in after are started first at the start of vigild" in_order
check "after: a service that is not installed is not waited for" wait_for 30 value lonely running
for round in 1 2 3; do
	: >"$work/order"
	kill -9 "$(pid_of web)" "$(pid_of cache)" "$(pid_of db)"
	wait_for 30 eval '[ "$(wc -l <"$work/order")" -ge 3 ]'
	check "three services die at once ($round): all of them are restarted" wait_for 30 eval '[ "$(wc -l <"$work/order")" -ge 3 ] && value web running && value db running && value cache running'
	check "three services die at once ($round): the services in after are started first" in_order
done
touch "$work/db.broken"
kill -9 "$(pid_of db)" "$(pid_of web)"
check "the health text names the service in after that is down" wait_for 30 says web 'web is *; waiting for db to run first (db is *)'
before=$(restarts web)
failing=$(get /daemons/db/service_state/restart_errors || echo 0)
check "a service that cannot be started is tried again" wait_for 30 more_than /daemons/db/service_state/restart_errors $((failing + 1))
check "a service is not restarted while another must run first" [ "$(restarts web)" = "$before" ]
rm "$work/db.broken"
check "interval = 1h: a service is restarted at once when the service in its after runs" wait_for 30 value web running
check "interval = 1h: the service in after was restarted first" value db running

# --- the end of a pause ---------------------------------------------------------------------------

for name in resumed expired; do check "$name runs" wait_for 30 value $name running; done
ctl -q pause resumed
kill -9 "$(pid_of resumed)"
check "a service that died is known to be down during its pause" wait_for 30 value resumed failed
ctl -q resume resumed
check "interval = 1h: vigilctl resume causes a check at once" wait_for 30 value resumed running
ctl -q pause expired --for 1h
kill -9 "$(pid_of expired)"
check "a service that died is known to be down during a pause that ends by itself" wait_for 30 value expired failed
ctl -q pause expired --for 1s
check "interval = 1h: the end of a pause by itself causes a check at once" wait_for 30 value expired running
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
