#!/bin/bash
# A service is restarted because of a number of another daemon: a program prints the number of a file, and the
# service is a process under manager = command.  A number that is stale or missing restarts nothing.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
clean_up() {
	stop_vigild
	[ ! -s "$work/web.pid" ] || kill "$(cat "$work/web.pid")" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

cat >"$work/plugin" <<S
#!/bin/sh
read -r n <"$work/depth"
[ "\$n" != none ] || { echo "UNKNOWN | depth=5000"; exit 3; }
echo "OK | depth=\$n;;;0"
S
cat >"$work/web" <<S
#!/bin/sh
pid=\$(cat "$work/web.pid" 2>/dev/null)
case \$1 in
status) kill -0 "\${pid:-0}" 2>/dev/null || exit 3 ;;
restart)
	[ -z "\$pid" ] || kill "\$pid"
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo \$! >"$work/web.pid"
	;;
esac
S
chmod 755 "$work/plugin" "$work/web"
put() { echo "$1" >"$work/depth.new"; mv "$work/depth.new" "$work/depth"; }
conf() { # conf CONDITION [LINE...]: the daemons queue and web
	printf '[daemons]\nqueue = yes\nweb = yes\n[daemon:queue]\nmodule = exec\ncommand = %s\ninterval = 100ms\n' \
		"$work/plugin"
	printf '[daemon:web]\nmodule = service\nmanager = command\npidfile = %s\ninterval = 100ms\n' "$work/web.pid"
	printf 'status_command = %s status\nrestart_command = %s restart\nbackoff = 1h\nbackoff_max = 1h\n' \
		"$work/web" "$work/web"
	printf 'restart_when = %s\n' "$1"
	shift
	printf '%s\n' "$@"
}
restarts() { get /daemons/web/service_state/restarts || echo 0; }
says() { case $(get /runs/web/health/text) in $1) ;; *) false ;; esac; }
explained() { ctl explain web | grep -q -- "$1"; }

put 3
"$work/web" restart
conf '/daemons/queue/perfdata/depth > 1000 for 1s' | write_conf
start_vigild
check "a number within its limit: the service is OK" wait_for 20 says 'web is running, pid *'
check "explain prints the condition with the present number" wait_for 20 \
	explained '^condition  /daemons/queue/perfdata/depth > 1000 for 1s: false (now 3)$'
check "vigild -t --show prints the condition" eval \
	'"$vigild" -t --show -c "$work/vigil.conf" | grep -q "^restart_when = /daemons/queue/perfdata/depth > 1000 for 1s$"'

# --- a number that is not known -------------------------------------------------------------------

first=$(cat "$work/web.pid")
put none
check "a stale number makes the health UNKNOWN" wait_for 20 \
	says 'web is running, but its condition on /daemons/queue/perfdata/depth cannot be judged: *'
check "explain says why the condition is unknown" explained '^condition  .*: unknown (the number is stale)$'
put 3
check "a number that is current again: the service is OK" wait_for 20 says 'web is running, pid *'
check "the daemon that keeps the number is paused" ctl -q pause queue
check "a number of a paused daemon makes the health UNKNOWN" wait_for 20 \
	says 'web is running, but its condition on * cannot be judged: the daemon queue is paused'
check "the daemon is resumed" ctl -q resume queue
check "nothing of this has restarted the service" [ "$(restarts)$(cat "$work/web.pid")" = "0$first" ]

# --- a number over its limit ----------------------------------------------------------------------

put 1204
check "a number over its limit restarts the service" wait_for 20 eval '[ "$(restarts)" = 1 ]'
check "the history has the reason" explained \
	'decision: running, but /daemons/queue/perfdata/depth is 1204, over 1000 for 1 s: restarting'
check "the service has another process" wait_for 20 eval '[ "$(cat "$work/web.pid")" != "$first" ]'
check "a restart that did not help is a setback, and the backoff applies" wait_for 20 says \
	'web is running, but /daemons/queue/perfdata/depth is 1204, over 1000 for *; 1 restart lately did not help for long; the next restart waits for the backoff'
check "the backoff prevents another restart" [ "$(restarts)" = 1 ]
put 3
check "the number falls: the service is OK" wait_for 20 says 'web is running, pid *'

# --- configurations that are refused --------------------------------------------------------------

conf '/daemons/queu/perfdata/depth > 1000 for 1s' | refused_by_test "a daemon that does not exist is an error" \
	'vigil.conf:24: restart_when = .*: no such daemon "queu"; did you mean "queue"\?'
conf '/daemons/queue/perfdata/depth 1000' | refused_by_test "a condition without a comparison is an error" \
	'vigil.conf:24: restart_when = .* has no comparison before "1000"; write > 1000, or the range 0:1000'
conf '/daemons/queue/perfdata/depth > 1000 for 1s' | sed 's/^queue = yes/queue = no/' | write_conf
refused_by_reload "a reload that removes a daemon whose number is used" 'the daemon "queue" is not enabled; enable it'
finish
