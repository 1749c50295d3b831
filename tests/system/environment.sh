#!/bin/bash
# The variables that a service manager sets for vigild reach no program that vigild starts: no init
# script and no daemon of it, no plugin, no probe and no message.  These programs run with the numbers
# and messages of the C locale.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "vigild runs only init scripts that belong to root"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	stop_vigild
	[ ! -s "$work/thing.pid" ] || kill -9 "$(cat "$work/thing.pid")" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

# systemd.exec(5): "Environment Variables in Spawned Processes"
names="NOTIFY_SOCKET WATCHDOG_PID WATCHDOG_USEC JOURNAL_STREAM INVOCATION_ID STATE_DIRECTORY
RUNTIME_DIRECTORY CACHE_DIRECTORY LOGS_DIRECTORY CONFIGURATION_DIRECTORY CREDENTIALS_DIRECTORY
LISTEN_FDS LISTEN_PID LISTEN_FDNAMES MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE MAINPID MANAGERPID
SYSTEMD_EXEC_PID EXIT_CODE EXIT_STATUS SERVICE_RESULT TRIGGER_UNIT TRIGGER_PATH FDSTORE PIDFILE
LOG_NAMESPACE MONITOR_UNIT RUNLEVEL PREVLEVEL"

mkdir "$work/init.d"
cat >"$work/init.d/thing" <<END
#!/bin/sh
# pidfile: $work/thing.pid
alive() { [ -s $work/thing.pid ] && kill -0 "\$(cat $work/thing.pid)" 2>/dev/null; }
env >$work/script.\$1
case \$1 in
start | restart)
	setsid $work/daemon </dev/null >/dev/null 2>&1 &
	echo \$! >$work/thing.pid ;;
status) alive && exit 0; [ -e $work/thing.pid ] && exit 1; exit 3 ;;
*) echo "usage: \$0 start|status|restart"; exit 2 ;;
esac
END
program() { # program NAME [LINE]: writes a program that records its environment
	printf '#!/bin/sh\nenv >%s\nmv %s %s\n' "$work/$1.new" "$work/$1.new" "$work/$1.env" >"$work/$1"
	[ $# = 1 ] || echo "$2" >>"$work/$1"
	chmod 755 "$work/$1"
}
program daemon "exec sleep 1000000"
program plugin "echo OK"
program probe
program message
program given "echo OK"
chmod 755 "$work/init.d/thing"
write_conf <<END
[daemons]
thing = yes
plugin = yes
given = yes
message = yes
[daemon:thing]
module = service
service = thing
manager = lsb
init_dir = $work/init.d
interval = 500ms
backoff = 0
probe = $work/probe
probe_interval = 1s
[daemon:plugin]
module = exec
command = $work/plugin
interval = 1s
[daemon:given]
module = exec
command = $work/given
interval = 1s
environment = STATE_DIRECTORY=/given, NOTIFY_SOCKET=/given/socket, LC_NUMERIC=fr_FR.UTF-8
[daemon:message]
module = notify
command = $work/message
watch = /daemons/thing/service_state/restarts
for = 0
END
for name in $names; do export "$name=of-vigil"; done
export OF_THE_ADMIN=kept LC_ALL=de_DE.UTF-8 LANGUAGE=de
start_vigild
unset LC_ALL LANGUAGE
for name in $names; do unset "$name"; done

clean() { # clean FILE: whether the recorded environment has none of these variables
	[ -s "$1" ] && ! grep '=of-vigil$' "$1"
}
check "an init script starts its daemon" wait_for 30 [ -s "$work/daemon.env" ]
check "a daemon that an init script starts finds nothing of vigild's service environment" clean "$work/daemon.env"
check "an init script that restarts finds nothing of vigild's service environment" clean "$work/script.restart"
check "an init script that is asked for its status finds nothing of vigild's service environment" clean "$work/script.status"
check "a plugin is run" wait_for 30 [ -s "$work/plugin.env" ]
check "a plugin finds nothing of vigild's service environment" clean "$work/plugin.env"
check "a probe is run" wait_for 30 [ -s "$work/probe.env" ]
check "a probe finds nothing of vigild's service environment" clean "$work/probe.env"
kill -9 "$(cat "$work/thing.pid")"
check "a message is sent" wait_for 60 [ -s "$work/message.env" ]
check "the program that sends a message finds nothing of vigild's service environment" clean "$work/message.env"
check "a plugin finds a variable that the admin exported for vigild" grep -qx 'OF_THE_ADMIN=kept' "$work/plugin.env"
check "a plugin whose configuration sets environment = is run" wait_for 30 [ -s "$work/given.env" ]
check "the configuration of a plugin can set STATE_DIRECTORY" \
	grep -qx 'STATE_DIRECTORY=/given' "$work/given.env"
check "the configuration of a plugin can set NOTIFY_SOCKET" grep -qx 'NOTIFY_SOCKET=/given/socket' "$work/given.env"
plain() { # plain FILE: whether only numbers and messages are those of the C locale
	grep -qx LC_NUMERIC=C "$1" && grep -qx LC_MESSAGES=C "$1" && grep -qx LANG=de_DE.UTF-8 "$1" &&
		! grep -qE '^(LC_ALL|LANGUAGE)=' "$1"
}
for kind in "script.restart:an init script that restarts" "script.status:an init script that is asked for its status" \
	"daemon.env:a daemon that an init script starts" "plugin.env:a plugin" "probe.env:a probe" \
	"message.env:the program that sends a message"; do
	check "${kind#*:} has the numbers and messages of the C locale if vigild has LC_ALL" plain "$work/${kind%%:*}"
done
check "the configuration of a plugin can set LC_NUMERIC" grep -qx 'LC_NUMERIC=fr_FR.UTF-8' "$work/given.env"
check "a plugin whose configuration sets LC_NUMERIC has the messages of the C locale" grep -qx 'LC_MESSAGES=C' "$work/given.env"
finish
