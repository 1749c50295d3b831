#!/bin/bash
# pids: services, plugins and scripts exit, and at once their pid belongs to another process with the
# name of the service.  This happens again and again, in a PID namespace, under each manager that names a
# process by its pid.
#
# Promise: each exit is noticed and the service restarted, no other process is ever taken for the
# service, and none ever gets a signal.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "only root can choose pids"
script=$(readlink -f "$0")
if [ "${1:-}" != inside ]; then
	install_staged
	unshare --pid --mount --fork --mount-proc true 2>/dev/null || skip_all "this machine does not allow PID namespaces"
	exec unshare --pid --mount --fork --mount-proc --kill-child bash "$script" inside
fi
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	stop_vigild
	[ -z "${supervisors:-}" ] || { kill -9 $supervisors; wait $supervisors; } 2>/dev/null
	exec 8>&-
	rm -rf "$work"
}
trap clean_up EXIT # all other processes end with this namespace

mkfifo "$work/orders"
: >"$work/told"
"$top_builddir/tests/torture/pids" <"$work/orders" >"$work/told" 2>&1 &
exec 8>"$work/orders"
order() { echo "$*" >&8; }
told() { grep -c "^$1" "$work/told"; }
at_least() { [ "$(told "$1")" -ge "$2" ]; }
(exit 0) &
free=$!
wait $free
order take $free probe
wait_for 20 eval 'at_least has 1 || at_least not 1'
at_least has 1 || skip_all "pids cannot be chosen: $(tail -1 "$work/told")"
order drop
wait_for 20 at_least dropped 1

# --- the services ---------------------------------------------------------------------------------

each=$(count 5 16)
goal=$(count 60 1000)
mkdir -p "$work/init.d" "$work/sv" "$work/s6"
cat >"$work/init.d/svc" <<END
#!/bin/sh
# Takes any process with the pid for the service, as most scripts do.
name=\${0##*/}
pidfile=$work/\$name.pid
case \$1 in
status) echo \$\$ >$work/\$name.script; read -r pid <\$pidfile 2>/dev/null && kill -0 \$pid 2>/dev/null || exit 3 ;;
restart)
	echo \$name >>$work/restarts
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo \$! >\$pidfile.new
	mv \$pidfile.new \$pidfile ;;
esac
END
printf '#!/bin/sh\necho $$ >%s/plug.script\necho OK\n' "$work" >"$work/plug"
printf '#!/bin/sh\necho $$ >%s/hang.script\nsleep 1000000\n' "$work" >"$work/hang"
printf '#!/bin/sh\necho $$ >%s/$1.pid\necho "{}"\nexec sleep 1000000\n' "$work" >"$work/stream"
chmod 755 "$work/init.d/svc" "$work/plug" "$work/hang" "$work/stream"
restarted= watched= streams= supervised=
for ((i = 0; i < each; i++)); do restarted+=" lsb$i command$i"; done
for ((i = 0; i < 3; i++)); do streams+=" stream$i"; done
for name in $restarted; do cp "$work/init.d/svc" "$work/init.d/$name"; "$work/init.d/$name" restart; done
: >"$work/restarts"
supervise() { # supervise DIRECTORY NAME
	mkdir "$1/$2"
	printf '#!/bin/sh\necho $$ >%s/%s.pid\nexec sleep 1000000\n' "$work" "$2" >"$1/$2/run"
	chmod 755 "$1/$2/run"
	supervised+=" $2"
}
if command -v runsvdir >/dev/null; then
	for i in 0 1 2; do supervise "$work/sv" runit$i; done
	runsvdir "$work/sv" >/dev/null 2>&1 &
	supervisors+=" $!"
else
	echo "SKIP: runit is not installed"
fi
if command -v s6-svscan >/dev/null; then
	for i in 0 1 2; do supervise "$work/s6" s6_$i; done
	s6-svscan "$work/s6" >/dev/null 2>&1 &
	supervisors+=" $!"
else
	echo "SKIP: s6 is not installed"
fi
watched="$restarted $supervised"
manager_of() {
	case $1 in
	lsb*) printf 'manager = lsb\ninit_dir = %s\npidfile = %s\n' "$work/init.d" "$work/$1.pid" ;;
	command*) printf 'manager = command\npidfile = %s\nstatus_command = %s status\nrestart_command = %s restart\n' \
		"$work/$1.pid" "$work/init.d/$1" "$work/init.d/$1" ;;
	runit*) printf 'manager = runit\nservice_dir = %s\n' "$work/sv" ;;
	s6*) printf 'manager = s6\nservice_dir = %s\n' "$work/s6" ;;
	esac
}
{
	printf 'restart_rate = 1000/1s\n[daemons]\n'
	for name in $watched $streams plug hang; do echo "$name = yes"; done
	printf '[daemon:plug]\nmodule = exec\ncommand = %s\ninterval = 100ms\n' "$work/plug"
	printf '[daemon:hang]\nmodule = service\nservice = hang\nmanager = command\nstatus_command = %s\n' "$work/hang"
	printf 'restart_command = /bin/true\nquery_timeout = 300ms\ninterval = 100ms\n'
	for name in $streams; do
		printf '[daemon:%s]\nmodule = exec\nmode = stream\ncommand = %s %s\n' "$name" "$work/stream" "$name"
		printf 'backoff = 100ms\nbackoff_max = 100ms\n'
	done
	for name in $watched; do
		printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 500ms\nbackoff = 0\n' "$name" "$name"
		printf 'healthy_after = 0\nsettle = 100s\n'
		manager_of "$name"
	done
} | write_conf
start_vigild

pid_of() { cat "$work/$1.pid" 2>/dev/null; }
known() { get "/daemons/$1/service_state/pid"; }
well() { # well NAME: whether it runs in a new process, which vigild knows
	local pid
	pid=$(pid_of "$1") && [ -n "$pid" ] && [ "$pid" != "${old[$1]:-}" ] && kill -0 "$pid" 2>/dev/null || return 1
	case $1 in stream*) true ;; *) [ "$(known "$1")" = "$pid" ] && is "/daemons/$1/service_state/value" running ;; esac
}
all_well() { while [ -n "$ill" ]; do set -- $ill; well "$1" || return 1; shift; ill=$*; done; }
declare -A old
ill="$watched $streams"
wait_for 60 all_well || not_ok "all services run at the start: $ill"
"$vigilctl" -s "$work/control.sock" watch /daemons >"$work/changes" 2>/dev/null &

# --- their exits ----------------------------------------------------------------------------------

given=0 rounds=0 taken_in=0 unmended=
since() { awk -F'[:,]' -v revision="$1" '$2 > revision' "$work/changes"; } # the changes after that revision
expected() { at_least has $((had + wanted)); }
round() { # round stopped|running: all services are killed, and other processes get their pids
	local name pid pids='' from
	had=$(told has)
	old=()
	for name in $watched $streams; do old[$name]=$(pid_of "$name"); pids+=" ${old[$name]}"; done
	# By its revision, because the client that records the changes may be late.
	from=$(get /vigil/revision)
	[ "$1" = running ] || kill -STOP "$vigild_pid"
	wanted=0
	for name in $watched $streams; do
		# The process of a stream is a child of vigild, which must reap it first.
		case $1-$name in stopped-stream*) continue ;; esac
		kill -9 "${old[$name]}"
		order take "${old[$name]}" "$name"
		wanted=$((wanted + 1))
	done
	wait_for 60 expected || not_ok "a pid can be chosen: $(grep '^not' "$work/told")"
	[ "$1" = running ] || kill -CONT "$vigild_pid"
	if [ "$1" = stopped ]; then
		for name in $streams; do
			kill -9 "${old[$name]}"
			order take "${old[$name]}" "$name"
			wanted=$((wanted + 1))
		done
	fi
	# Scripts and plugins have exited on their own.
	for name in plug hang lsb0 command0; do
		pid=$(cat "$work/$name.script" 2>/dev/null) && [ -n "$pid" ] && order take "$pid" "$name" &&
			wanted=$((wanted + 1))
	done
	ill="$watched $streams"
	wait_for 90 all_well || unmended+=" $ill"
	wait_for 60 expected || not_ok "a pid can be chosen: $(grep '^not' "$work/told")"
	sleep 0.2 # so that a late signal would reach one of the other processes
	for pid in $pids; do
		taken_in=$((taken_in + $(since "$from" | grep -c "service_state/pid\",\"value\":$pid}")))
	done
	for name in $watched; do [ "$(known "$name")" != "${old[$name]}" ] || taken_in=$((taken_in + 1)); done
	given=$((given + wanted))
	rounds=$((rounds + 1))
	order drop
	wait_for 60 at_least dropped $((rounds + 1))
}
while [ "$given" -lt "$goal" ] && [ -z "$unmended" ]; do
	round "$([ $((rounds % 3)) = 2 ] && echo running || echo stopped)"
done
deaths=$((rounds * $(wc -w <<<"$restarted")))
restarts=$(wc -l <"$work/restarts")
check "each service is restarted, in $rounds rounds with $given reused pids" [ -z "$unmended" ]
[ -z "$unmended" ] || echo "# not brought back:$unmended"
check "no other process with the pid is taken for the service" [ "$taken_in" = 0 ]
check "each of $deaths killed services is restarted once: $restarts" [ "$restarts" = "$deaths" ]

# --- a stop ---------------------------------------------------------------------------------------

# The processes that vigild would end now have exited, and other processes have their pids.
old=()
for name in plug hang lsb0 command0; do
	pid=$(cat "$work/$name.script") && order take "$pid" "$name"
done
ctl -q reload
ctl -q pause --all
check "vigild stops when the pids of its processes are reused" stop_vigild
order drop
wait_for 60 at_least dropped $((rounds + 2))

# --- a service that gets its old pid again --------------------------------------------------------

# The script `finish` of a service runs between its exit and its start.
same=0
again_fine() { more_than "/daemons/$1/service_state/restarts" 0 && is "/daemons/$1/service_state/restart_errors" 0 && well "$1"; }
supervised=$(count "$(grep -o '[a-z0-9_]*0\b' <<<"$supervised" | tr '\n' ' ')" "$supervised")
if [ -n "${supervised// /}" ]; then
	for name in $supervised; do
		printf '#!/bin/sh\nread -r pid <%s/%s.pid\necho $((pid - 1)) >/proc/sys/kernel/ns_last_pid\n' "$work" "$name" \
			>"$work/finish"
		chmod 755 "$work/finish"
		mv "$work/finish" "$(echo "$work"/s[v6]/"$name")/finish"
	done
	{
		printf '[daemons]\n'
		printf '%s = yes\n' $supervised
		for name in $supervised; do
			printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 1h\nrestart_timeout = 10s\n' "$name" "$name"
			manager_of "$name"
		done
	} | write_conf
	rm -rf "$work/state"
	start_vigild
	for name in $supervised; do
		wait_for 30 well "$name"
		pid=$(pid_of "$name")
		ctl -q restart "$name"
		check "$name is restarted without an error, even with the same pid" wait_for 30 again_fine "$name"
		[ "$(pid_of "$name")" != "$pid" ] || same=$((same + 1))
	done
	echo "# $same of $(wc -w <<<"$supervised") had"
	stop_vigild
fi
signals=$(told signal)
check "no process with a reused pid got a signal" [ "$signals" = 0 ]
grep '^signal' "$work/told" | sed 's/^/# /' | head
figure "reused pids: each service is restarted, no other process is taken for it" \
	"$given pids, $((taken_in)) taken for it"
figure "each crash causes one restart, and no other process gets a signal" "$deaths crashes, $restarts restarts; $signals signals"
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
