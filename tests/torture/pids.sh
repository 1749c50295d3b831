#!/bin/bash
# pids: a service dies, and before anybody has looked its pid is a stranger's.
#
# Promised: the death is noticed, the stranger is neither taken for the service nor sent a signal,
# and the service comes back.  All that is watched by a pidfile: by a command, and by init scripts,
# whose own `status` is fooled, as those are that ask `kill -0`.
#
# In a namespace of its own, where the kernel can be told which pid is next.  vigild is stopped while
# one dies and the other is born: nobody could be slower.  Pidfiles are dated back, since one that
# is not yet a minute old is believed (src/service/pidfile.c).
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "needs root"
script=$(readlink -f "$0")
if [ "${1:-}" != inside ]; then
	install_staged
	exec unshare --mount --pid --fork --mount-proc --kill-child bash "$script" inside
fi
next_pid=/proc/sys/kernel/ns_last_pid
{ echo 300 >$next_pid; } 2>/dev/null || skip_all "the kernel cannot be told which pid is next"
mount --make-rprivate / && mount -t tmpfs tmpfs /run || skip_all "no mounts of one's own here"
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

services=$(count 6 50) rounds=$(count 3 20) reused=0 lost=0
names=$(seq -f 'served%.0f' "$services")
mkdir "$work/init.d"
# One script does for all, as a command and as an init script.
cat >"$work/script" <<END
#!/bin/sh
name=\${0##*/}
case \$1 in
status) kill -0 "\$(cat $work/\$name.pid)" 2>/dev/null || exit 3 ;;
restart)
	setsid sleep 1000000 >/dev/null 2>&1 &
	echo \$! >$work/\$name.new
	mv $work/\$name.new $work/\$name.pid
	echo \$name >>$work/restarted ;;
esac
END
chmod 755 "$work/script"
for name in $names; do ln "$work/script" "$work/init.d/$name"; done
{
	printf 'restart_rate = 100000/1s\n[daemons]\n'
	printf '%s = yes\n' $names
	for name in $names; do
		printf '[daemon:%s]\nmodule = service\nservice = %s\ninterval = 1s\nbackoff = 0\n' "$name" "$name"
		printf 'healthy_after = 0\nburst = 0\npidfile = %s/%s.pid\n' "$work" "$name"
		case $name in
		*[02468]) printf 'manager = lsb\ninit_dir = %s/init.d\n' "$work" ;;
		*) printf 'manager = command\nstatus_command = %s/init.d/%s status\nrestart_command = %s/init.d/%s restart\n' \
			"$work" "$name" "$work" "$name" ;;
		esac
	done
} | write_conf
: >"$work/restarted"
start_vigild

pid_of() { cat "$work/$1.pid" 2>/dev/null; }
watched() { is "/daemons/$1/service_state/value" running && is "/daemons/$1/service_state/pid" "$(pid_of "$1")"; }
all_watched() { local name; for name in $names; do watched "$name" || return 1; done; }
all_restarted() { [ "$(wc -l <"$work/restarted")" -ge "$1" ]; }
ended() { ! kill -0 "$1" 2>/dev/null; }

# stranger PID NAME: a process of that number, which writes down what signals it is sent.  It waits for a
# line that never comes, since another process for that could be given a number that is wanted.
signals="HUP INT QUIT USR1 USR2 PIPE ALRM TERM CONT"
stranger() {
	echo $(($1 - 1)) >$next_pid
	bash -c 'for s in $2; do trap "echo $s >>$1" $s; done; while :; do read -r _ <>$3; done' stranger \
		"$work/signalled" "$signals" "$work/nobody" </dev/null >/dev/null 2>&1 &
	[ $! = "$1" ]
}
mkfifo "$work/nobody"

for round in $(seq "$rounds"); do
	wait_for 60 all_watched || { not_ok "round $round: all run, as who their pidfiles name"; break; }
	for name in $names; do touch -d '10 minutes ago' "$work/$name.pid"; done
	kill -STOP "$vigild_pid"
	strangers=
	for name in $names; do
		pid=$(pid_of "$name")
		kill -9 "$pid"
		wait_for 10 ended "$pid" && stranger "$pid" && reused=$((reused + 1)) || echo "# $pid went to somebody else"
		strangers="$strangers $!"
	done
	kill -CONT "$vigild_pid"
	wait_for 60 all_restarted $((services * (round + 1))) || { not_ok "round $round: all are back"; break; }
	for pid in $strangers; do
		kill -0 "$pid" 2>/dev/null || lost=$((lost + 1))
		kill -9 "$pid"
		wait "$pid"
	done 2>/dev/null
done
[ "$reused" -gt 0 ] || not_ok "a pid was used again"
check "each of $((services * rounds)) deaths was noticed, $reused times with a stranger of the pid" \
	[ "$(wc -l <"$work/restarted")" = $((services * (rounds + 1))) ]
check "no stranger was sent a signal" [ ! -s "$work/signalled" ]
check "and none has ended" [ $lost = 0 ]
check "vigild is the one that was started" kill -0 "$vigild_pid"
figure "a pid used again: the death is seen, no stranger is touched" \
	"$reused pids, $(wc -l <"$work/restarted") restarts, $lost touched"
finish
