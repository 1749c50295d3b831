#!/bin/bash
# A limit of tasks (TasksMax of the unit, pids.max of its control group) that plugins use up.
#
# Plugins are refused first, so that restart scripts can still be started.  Processes that a plugin
# leaves are killed at the end of its run, and a plugin that holds nearly all tasks is killed when a
# script of a service gets none.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "control groups need root"
work=$(mktemp -d)
group=
# make_group: creates $group in a hierarchy that counts tasks
make_group() {
	local unified legacy
	unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	legacy=$(awk '$3 == "cgroup" && $4 ~ /(^|,)pids(,|$)/ { print $2; exit }' /proc/mounts)
	if [ -n "$unified" ] && grep -qw pids "$unified/cgroup.subtree_control" 2>/dev/null; then
		group=$unified/vigil-tasks.$$
	elif [ -n "$legacy" ]; then
		group=$legacy/vigil-tasks.$$
	else
		return 1
	fi
	mkdir "$group" 2>/dev/null || { group=; return 1; }
}
others=
clean_up() {
	[ -z "$others" ] || kill -9 $others 2>/dev/null
	stop_vigild
	[ ! -e "$work/kept.pid" ] || kill -9 "$(cat "$work/kept.pid")" 2>/dev/null
	[ -z "$group" ] || wait_for 10 rmdir "$group" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
make_group || skip_all "there is no control group in which tasks are counted"
install_staged
set_paths

# The restart leaves a process, as that of a service does.
cat >"$work/svc" <<S
#!/bin/bash
case \$1 in
status) [ -e $work/up ] || exit 3 ;;
*)
	: >$work/up; echo >>$work/starts
	[ -e $work/kept.pid ] || { setsid sleep 1000 >/dev/null 2>&1 & echo \$! >$work/kept.pid; }
	;;
esac
S
# Holds 40 processes, in sessions of their own, while the file `greedy` exists.
cat >"$work/hog" <<S
#!/bin/bash
[ -e $work/greedy ] || { echo OK; exit 0; }
for _ in \$(seq 40); do setsid sleep 1000 >/dev/null 2>&1 & done
echo >>$work/hog.ready
wait
S
# Leaves 10 processes, in sessions of their own, at each run.
cat >"$work/leaver" <<S
#!/bin/bash
[ -e $work/leave ] || { echo OK; exit 0; }
for _ in \$(seq 10); do setsid sleep 1000 >/dev/null 2>&1 & echo \$! >>$work/left; done
echo OK
S
chmod 755 "$work/svc" "$work/hog" "$work/leaver"
write_conf <<C
[daemons]
plug = yes
svc = yes
hog = yes
leaver = yes
[daemon:plug]
module = exec
command = /bin/true
format = text
interval = 200ms
[daemon:hog]
module = exec
command = $work/hog
interval = 300ms
timeout = 1h
[daemon:leaver]
module = exec
command = $work/leaver
interval = 200ms
[daemon:svc]
module = service
service = svc
manager = command
status_command = $work/svc status
restart_command = $work/svc restart
interval = 200ms
backoff = 0
healthy_after = 0
C
sed -i "/^log = /a restart_rate = 1000/1s" "$work/vigil.conf"
: >"$work/starts"
start_vigild
echo "$vigild_pid" >"$group/cgroup.procs"

used() { cat "$group/pids.current"; }
# limit_to N|max
limit_to() { echo "$1" >"$group/pids.max"; }
health() { is "/runs/$1/health/level" "$2"; }
says() { get "/runs/$1/health/text" | grep -q "$2"; }
starts() { wc -l <"$work/starts"; }
repaired() { [ "$(starts)" -gt "$1" ]; }
degraded() { ctl get /vigil/degraded 2>/dev/null | grep -q '"tasks"'; }
well() { ! degraded; }
more_refused() { [ "$(get /vigil/tasks/refused)" -gt "$1" ]; }

check "a service is started without a limit of tasks" wait_for 20 repaired 0
check "a plugin is OK without a limit" wait_for 20 health plug OK
check "/vigil/tasks/limit is null without a limit" is /vigil/tasks/limit null

# --- the reserve ----------------------------------------------------------------------------------
# Tasks that are not vigild's fill the group except for 12.
limit_to 100
while [ "$(used)" -lt 88 ]; do
	sleep 1000 &
	others="$others $!"
	echo "$!" >"$group/cgroup.procs"
	disown
done
check "a plugin that would use the reserve is refused" \
	wait_for 20 says plug "the last 16 are reserved for restart scripts"
check "a plugin that is refused is UNKNOWN" wait_for 20 health plug UNKNOWN
check "the refusal names the limit" says plug "of 100 tasks are used (.*pids.max)"
check "vigild is degraded while it refuses plugins" wait_for 10 degraded
check "runs that were refused are counted" wait_for 10 more_refused 3
check "the log says once that plugins are not run" \
	[ "$(grep -c 'degraded: plugins are not run' "$work/log")" = 1 ]
check "/vigil/tasks/limit is pids.max" is /vigil/tasks/limit 100
before=$(starts)
rm -f "$work/up"
check "a service that stopped is restarted with the reserve" wait_for 20 repaired "$before"
kill -9 $others
others=
check "plugins run again when there are tasks" wait_for 20 health plug OK
check "vigild is no longer degraded when there are tasks" wait_for 10 well
check "the process that the restart script has left still runs" kill -0 "$(cat "$work/kept.pid")"
limit_to max

# --- processes that plugins leave -----------------------------------------------------------------
unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
groups() { [ -z "$unified" ] || find "$unified" -maxdepth 6 -type d -path "*/vigil.$1.*" 2>/dev/null; }
if [ -z "$(groups "$vigild_pid")" ]; then
	echo "SKIP: vigild may not make control groups here"
	finish
fi
: >"$work/left"
: >"$work/leave"
leaves() { [ "$(wc -l <"$work/left")" -ge "$1" ]; }
check "a plugin leaves 10 processes at each run" wait_for 60 leaves 50
rm "$work/leave"
all_gone() { local pid; for pid in $(cat "$work/left"); do gone "$pid" || return 1; done; }
check "processes that a plugin leaves are killed, although they began sessions of their own" wait_for 20 all_gone
check "a plugin that leaves processes is OK" wait_for 20 health leaver OK
check "the log says that a plugin has left processes" \
	grep -q "leaver: .*left process [0-9]* (.*) behind" "$work/log"
few_groups() { [ "$(groups "$vigild_pid" | wc -l)" -le 4 ]; }
check "vigild removes the control groups of runs" wait_for 20 few_groups

# --- a plugin that holds nearly all tasks ---------------------------------------------------------
: >"$work/greedy"
check "a plugin holds many processes" wait_for 30 [ -s "$work/hog.ready" ]
ctl -q pause plug
ctl -q pause leaver
# What the last runs have left behind is killed about a second after their end, which frees tasks.
steady() { local before; before=$(used); sleep 2; [ "$(used)" = "$before" ]; }
wait_for 20 steady
# Fewer than are used, because a plugin that runs now and ends would free some.
limit_to $(($(used) - 3))
rm "$work/greedy"
before=$(starts)
rm -f "$work/up"
check "a script without tasks is started when the plugin that holds them is killed" \
	wait_for 60 repaired "$before"
check "the log says why the plugin was killed" wait_for 20 \
	grep -q "hog: its run was killed ([0-9]* processes), because the limit of tasks was reached" "$work/log"
limit_to max

# --- a vigild that is killed ----------------------------------------------------------------------
: >"$work/hog.ready"
: >"$work/greedy"
check "a plugin holds many processes again" wait_for 30 [ -s "$work/hog.ready" ]
rm "$work/greedy"
old=$vigild_pid
held=$(groups "$old" | while read -r group; do cat "$group/cgroup.procs"; done 2>/dev/null)
check "the processes of the plugin are in control groups" [ "$(wc -w <<<"$held")" -gt 5 ]
crash "$old"
wait "$old" 2>>"$work/log"
start_vigild
all_killed() { local pid; for pid in $held; do gone "$pid" || return 1; done; }
check "a vigild that starts kills the processes that a killed vigild has left" wait_for 20 all_killed
# Any vigild that starts in this control group does that, also one of another test that runs now.
if wait_for 5 grep -q "programs of an earlier vigild left [0-9]* processes" "$work/log"; then
	ok "the log says that programs of an earlier vigild have left processes"
else
	echo "SKIP: another vigild has killed the processes that the killed vigild has left"
fi
no_groups() { [ -z "$(groups "$1")" ]; }
check "a vigild that starts removes the control groups of a killed vigild" wait_for 20 no_groups "$old"
check "the service runs although its vigild was killed" kill -0 "$(cat "$work/kept.pid")"
new=$vigild_pid
check "vigild stops when it receives SIGTERM" stop_vigild
check "a vigild that has stopped leaves no control groups" no_groups "$new"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
