#!/bin/bash
# scripts: init scripts and commands that misbehave in every way that a script can, and managers that
# appear later.
#
# Promise: while scripts misbehave, another service is queried and restarted, the loop is not delayed,
# and no service is restarted whose script gave no answer.  Queries leave no process.  A repaired
# script is used at once.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "needs root"
script=$(readlink -f "$0")
if [ "${1:-}" != inside ]; then
	install_staged
	exec unshare --mount --pid --fork --mount-proc --kill-child bash "$script" inside
fi
# A machine that runs no known manager, with nothing installed.
mount --make-rprivate / && mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /etc/init.d ||
	skip_all "this machine does not allow mount namespaces"
set_paths
work=$(mktemp -d)
chmod 755 "$work"
bus_pid=
manager_pid=
clean_up() {
	local pid
	stop_vigild
	stop_reference
	for pid in $manager_pid $bus_pid; do { kill -9 "$pid"; wait "$pid"; } 2>/dev/null; done
	rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/init.d"

milliseconds() { echo "${EPOCHREALTIME/./}" | sed 's/...$//'; }
largest() { [ "$1" -ge "$2" ] && echo "$1" || echo "$2"; }
# timed SECONDS COMMAND...: like wait_for, and stores the elapsed time in $took (ms)
timed() {
	local begin
	begin=$(milliseconds)
	wait_for "$@"
	local status=$?
	took=$(($(milliseconds) - begin))
	return $status
}
value() { get "/daemons/$1/service_state/value"; }
runs() { [ "$(value "$1")" = running ]; }
restarts_of() { get "/daemons/$1/service_state/restarts" || echo 0; }

# --- the scripts ----------------------------------------------------------------------------------

# Each variable has the commands of a script for the verb `status`.
bytes=$(count 50000000 1000000000)
hangs="sleep 10000"
hangs_alone="exec sleep 10000"
ignores_term="trap '' TERM HUP INT; while :; do sleep 1; done"
holds_stdout="sleep 10000 & exit 7"
holds_all="sleep 10000 & sleep 10000 & wait"
floods="head -c $bytes /dev/zero; exit 7"
floods_for_ever="exec yes"
floods_a_line="while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done"
dies_of_segv='kill -SEGV $$'
dies_of_kill='kill -KILL $$'
stops_itself='kill -STOP $$; exit 3'
stops_its_group='kill -STOP 0; exit 3'
exits_oddly="exit 255"
closes_stdout="exec >&- 2>&-; exec sleep 10000"
forks_on="sleep 10000 & sleep 10000 & sleep 10000 & exit 255"
kinds="hangs hangs_alone ignores_term holds_stdout holds_all floods floods_for_ever floods_a_line
	dies_of_segv dies_of_kill stops_itself stops_its_group exits_oddly closes_stdout forks_on"

put_script() { # put_script FILE STATUS-LINE
	cat >"$1.new" <<EOF
#!/bin/sh
case \$1 in
status) $2 ;;
*) echo "\$0" >>$work/restarted ;;
esac
EOF
	chmod 755 "$1.new"
	mv "$1.new" "$1"
}
section() { # section NAME MANAGER LINE...
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = %s\n' "$1" "$1" "$2"
	printf 'interval = 200ms\nquery_timeout = 2s\nrestart_timeout = 20s\nbackoff = 0\nhealthy_after = 0\n'
	shift 2
	printf '%s\n' "$@"
}

: >"$work/restarted"
names=
for kind in $kinds; do
	put_script "$work/init.d/$kind" "${!kind}"
	put_script "$work/$kind" "${!kind}"
	names="$names lsb-$kind command-$kind"
done
# The service whose script works.
cat >"$work/well" <<EOF
#!/bin/sh
case \$1 in
status) [ -e $work/well.runs ] || exit 3 ;;
restart) : >$work/well.runs ;;
esac
EOF
chmod 755 "$work/well"
: >"$work/well.runs"
# A daemon that did not detach: it holds its script's stdout open, and must not be killed.
cat >"$work/init.d/attached" <<EOF
#!/bin/sh
case \$1 in
status) [ -e $work/attached.pid ] && kill -0 "\$(cat $work/attached.pid)" || exit 3 ;;
restart) sleep 20000 & echo \$! >$work/attached.pid ;;
esac
EOF
chmod 755 "$work/init.d/attached"
{
	printf 'restart_rate = 10000/1s\nworkers = 2\nworkers_max = 16\n[daemons]\n'
	for name in well attached $names later-dir later-auto later-systemd later-unit later-openrc; do
		echo "$name = yes"
	done
	section well command "status_command = $work/well status" "restart_command = $work/well restart"
	section attached lsb "init_dir = $work/init.d"
	for kind in $kinds; do
		section "lsb-$kind" lsb "init_dir = $work/init.d" | sed "s/^service = .*/service = $kind/"
		section "command-$kind" command "status_command = $work/$kind status" \
			"restart_command = $work/$kind restart"
	done
	section later-dir lsb "init_dir = $work/later.d"
	section later-auto auto
	section later-systemd systemd
	section later-unit auto
	section later-openrc openrc "init_dir = $work/later.d"
} | write_conf
with_systemd || sed -i '/later-systemd = yes/d; /later-unit = yes/d
	s/^manager = systemd/manager = auto/' "$work/vigil.conf"
start_reference
start_vigild

# --- while they misbehave -------------------------------------------------------------------------

lasting=$(count 6 120)
until=$((SECONDS + lasting))
repairs=0
repair_max=0
wait_for 20 runs well || not_ok "the service whose script works runs at the start"
while [ "$SECONDS" -lt "$until" ]; do
	rm -f "$work/well.runs"
	timed 20 test -e "$work/well.runs" || { not_ok "another service is restarted"; break; }
	repairs=$((repairs + 1))
	repair_max=$(largest "$repair_max" "$took")
	sleep 0.1
done
check "another service is restarted while scripts misbehave: $repairs times" [ "$repairs" -gt 0 ]
not_unknown() { local name; for name in $names; do [ "$(value "$name")" = unknown ] || echo "$name"; done; }
all_unknown() { [ -z "$(not_unknown)" ]; }
check "each of $(wc -w <<<"$names") services with a misbehaving script is unknown" wait_for 40 all_unknown
answered=$(not_unknown)
[ -z "$answered" ] || echo "# not unknown: $answered"
check "no service with a misbehaving script is restarted" [ ! -s "$work/restarted" ]
check "a daemon that did not detach is started once" [ "$(restarts_of attached)" = 1 ]
check "a daemon that did not detach is not killed" kill -0 "$(cat "$work/attached.pid")"
lag_limit=$(count 1 0.05)
lag_is_fair "while scripts misbehave" "$lag_limit"
memory=$(awk '/^VmHWM/ { print $2 }' "/proc/$vigild_pid/status")
check "the output of misbehaving scripts is not stored: $memory kB at most" [ "$memory" -lt 262144 ]
# At most one query of each service is in progress, with up to four processes.
left=$(pgrep -c -x sleep)
check "queries leave no processes: $left processes" [ "$left" -lt 150 ]

# --- repaired scripts -----------------------------------------------------------------------------

for kind in $kinds; do
	put_script "$work/init.d/$kind" "exit 0"
	put_script "$work/$kind" "exit 0"
done
all_run() { local name; for name in $names; do runs "$name" || return 1; done; }
check "each service runs when its script is repaired" timed "$(count 60 15)" all_run
mended=$took
unwanted=$(wc -l <"$work/restarted")
check "no service was restarted when its script was repaired" [ "$unwanted" = 0 ]
nothing_is_left() { ! pgrep -x "sleep|yes|head" | grep -qvxF "$(cat "$work/attached.pid")"; }
check "no process of a script is left" wait_for 20 nothing_is_left
nothing_is_left || ps -e -o pid,ppid,pgid,stat,args | sed 's/^/# /'

# --- managers that appear later -------------------------------------------------------------------

absent() { get "/runs/$1/health/level" | grep -qx UNKNOWN && [ -z "$(value "$1")" ]; }
check "a folder of init scripts that does not exist makes the service UNKNOWN" absent later-dir
check "a service without a known manager is UNKNOWN" absent later-auto
well_script="[ -e $work/later.runs ] || exit 3"
mkdir "$work/later.d"
put_script "$work/later.d/later-dir" "$well_script"
put_script /etc/init.d/later-auto "$well_script"
for name in later-dir later-auto; do
	check "$name: the service is started when its script appears" wait_for 20 more_than \
		"/daemons/$name/service_state/restarts" 0
done
: >"$work/later.runs"
check "later-dir is running when its script says so" wait_for 20 runs later-dir
check "later-auto is running when its script says so" wait_for 20 runs later-auto

if command -v rc-service >/dev/null; then
	check "a service of OpenRC is unknown without OpenRC" wait_for 20 \
		is /daemons/later-openrc/service_state/value unknown
	put_script "$work/later.d/later-openrc" "exit 0"
	sed -i '1s|.*|#!/sbin/openrc-run|' "$work/later.d/later-openrc"
	mkdir -p /run/openrc/{started,starting,stopping,inactive,options,daemons,exclusive,init.d,tmp}
	echo default >/run/openrc/softlevel
	known() { [ "$(value later-openrc)" != unknown ]; }
	check "a service of OpenRC is known when OpenRC appears" wait_for 20 known
else
	echo "SKIP: OpenRC is not installed"
fi

if with_systemd && command -v dbus-daemon >/dev/null; then
	check "a unit is unknown without systemd" wait_for 20 \
		is /daemons/later-systemd/service_state/value unknown
	check "a unit with manager = auto is not installed without systemd" absent later-unit
	mkdir -p /run/dbus /run/systemd/system
	dbus-daemon --session --nofork --nopidfile --address=unix:path=/run/dbus/system_bus_socket \
		2>/dev/null &
	bus_pid=$!
	wait_for 20 test -S /run/dbus/system_bus_socket
	mkfifo "$work/orders"
	exec 7<>"$work/orders"
	"$top_builddir/tests/torture/manager" later-systemd.service later-unit.service \
		<"$work/orders" >"$work/told" 2>>"$work/log" &
	manager_pid=$!
	both_run() { runs later-systemd && runs later-unit; }
	check "units are running when systemd appears" timed "$(count 30 5)" both_run
	appeared=$took
	check "vigild restarts no unit when systemd appears" [ "$(grep -c '^restart' "$work/told")" = 0 ]
	figure "a systemd that appears is queried within 5 s" "$appeared ms"
else
	echo "SKIP: a systemd that appears needs dbus-daemon and libsystemd"
fi

check "no worker is lost when scripts misbehave" is /vigil/workers/lost 0
check "vigild stops when it receives SIGTERM" stop_vigild
figure "$(wc -w <<<"$names") misbehaving scripts for $lasting s: lag (p99) under $lag_limit s" "$lag s"
figure "another service is restarted while scripts misbehave" "$repairs times, the slowest in $repair_max ms"
figure "no service is restarted whose script gave no answer" "$unwanted such restarts"
figure "repaired scripts are used at once (including 3 s of the last query)" "$mended ms"
figure "memory while scripts print without an end" "$memory kB"
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
