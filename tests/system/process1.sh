#!/bin/bash
# vigild as process 1, as in a container: it reaps the orphans of its services, and a script that waits
# for the exit of its daemon does not wait for a zombie.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "a PID namespace needs root"
unshare --pid --fork --mount-proc true 2>/dev/null || skip_all "this machine does not allow PID namespaces"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
outer=
clean_up() {
	[ -z "$outer" ] || { kill -9 "$outer" 2>/dev/null; wait "$outer" 2>/dev/null; }
	rm -rf "$work"
}
trap clean_up EXIT

mkdir "$work/init.d"
# Like Debian's skeleton: stop waits until the process does not exist any more, but a zombie exists.
cat >"$work/init.d/thing" <<END
#!/bin/sh
# pidfile: $work/\${0##*/}.pid
name=\${0##*/}
pidfile=$work/\$name.pid
alive() { [ -s \$pidfile ] && kill -0 "\$(cat \$pidfile)" 2>/dev/null; }
stop() {
	tries=0
	while alive; do
		kill "\$(cat \$pidfile)"
		sleep 0.1
		[ \$((tries += 1)) -lt 1000 ] || { echo "\$name" >>$work/gave_up; break; }
	done
	rm -f \$pidfile
}
start() {
	# a daemon with children that have children, too
	setsid sh -c 'echo \$\$ >'\$pidfile.new'; mv '\$pidfile.new' '\$pidfile'
		(sleep 1000000 & exec sleep 1000000) & exec sleep 1000000' </dev/null >/dev/null 2>&1 &
	until [ -s \$pidfile ]; do sleep 0.05; done
}
case \$1 in
start) alive || start ;;
stop) stop ;;
restart) stop; start ;;
status) [ -s \$pidfile ] || exit 3; [ "\$(sed 's/.*) //; s/ .*//' "/proc/\$(cat \$pidfile)/stat" 2>/dev/null | tr -d Z)" ] || exit 1 ;;
*) echo "usage: \$0 start|stop|restart|status"; exit 2 ;;
esac
END
chmod 755 "$work/init.d/thing"
sed -i "s|^# pidfile: .*|# pidfile: $work/thing.pid|" "$work/init.d/thing"
"$work/init.d/thing" stop
printf '#!/bin/sh\n(sleep 0.1 &)\n(true &)\necho OK\nexit 1\n' >"$work/plugin"
chmod 755 "$work/plugin"
write_conf <<END
[daemons]
thing = yes
plugin = yes
[daemon:thing]
module = service
service = thing
manager = lsb
init_dir = $work/init.d
interval = 1s
backoff = 0
healthy_after = 0
[daemon:plugin]
module = exec
command = $work/plugin
interval = 200ms
END
unshare --pid --fork --kill-child --mount-proc "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
outer=$!
wait_for 20 reachable || { cat "$work/log"; not_ok "vigild starts as process 1"; exit 1; }
check "vigild is process 1" is /vigil/pid 1
inner=$(cat "/proc/$outer/task/$outer/children")
inner=${inner%% *}
inside() { nsenter --target "$inner" --pid --mount "$@"; }
zombies() { inside sh -c 'cat /proc/[0-9]*/stat' 2>/dev/null | sed 's/.*) //' | grep -c '^Z'; }
no_zombie() { [ "$(zombies)" = 0 ]; }
place=/daemons/thing/service_state
running() { is $place/value running && [ -n "$(get $place/pid)" ]; }
restarted() { more_than $place/restarts "$1" && running; }

check "the service is started by vigild as process 1" wait_for 30 running
for round in 1 2 3; do
	restarts=$(get $place/restarts)
	pid=$(get $place/pid)
	# All processes of the service, so that its children are orphans, too.
	inside kill -9 "$pid" $(inside pgrep -x sleep 2>/dev/null)
	check "crash $round: the service is restarted" wait_for 60 restarted "${restarts:-0}"
done
check "no restart waited for a zombie until it timed out" [ ! -e "$work/gave_up" ]
check "no restart failed under vigild as process 1" eval '! more_than $place/restart_errors 0'
check "no zombie remains under vigild as process 1" wait_for 20 no_zombie
check "a plugin has its own exit status although there are many orphans" wait_for 20 is /daemons/plugin/exit_status 1
check "no exit status of a plugin was lost" eval '! grep -q "exit.*255" "$work/log"'
# The kernel kills nsenter if vigild has ended before the program that it runs.
check "vigild as process 1 stops when it receives SIGTERM" eval 'inside kill -TERM 1; wait "$outer"'
outer=
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
