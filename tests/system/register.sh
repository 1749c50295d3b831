#!/bin/bash
# register and unregister: options are checked before anything is written, changes need no restart,
# both work without a running vigild, and a file is never incomplete even if the process is killed.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
write_conf <<'C'
[daemons]
first = yes
[daemon:first]
module = service
service = first
manager = command
status_command = /bin/true
C
vctl() { "$vigilctl" -c "$work/vigil.conf" "$@"; }
refused() { # TEXT PATTERN ARGUMENT...
	local text=$1 pattern=$2; shift 2
	if vctl "$@" >"$work/out" 2>&1; then not_ok "$text: the command succeeded"; return; fi
	check "$text" grep -qE "$pattern" "$work/out"
}

start_vigild
since=$(get /runs/first/since)
check "register with a vigild running succeeds" vctl -q register web module=service service=nginx \
	manager=command "status_command=/bin/sh -c 'exit 0'" interval=500ms
check "register writes a file for the daemon" [ -f "$work/conf.d/web.conf" ]
check "the registered daemon runs without a restart of vigild" wait_for 10 is /daemons/web/service_state/value running
check "register does not restart another daemon" [ "$(get /runs/first/since)" = "$since" ]
vctl list >"$work/out"; check "list shows the registered daemon" grep -q '^web  *service  *yes' "$work/out"
check "register replaces a daemon that is registered already" vctl -q register web module=service service=nginx manager=command \
	status_command=/bin/true interval=1s

cp "$work/conf.d/web.conf" "$work/before"
refused "an unknown module names the directories searched" "no such module \"nosuch\" in .*$modules" register x module=nosuch
refused "a wrong option is refused" 'unknown option "intervall".*did you mean "interval"' \
	register web module=service service=nginx intervall=5s
refused "a wrong value is refused" 'is not a duration' register web module=service service=nginx interval=5x
refused "an error of the module's check is reported" 'name a service: backup.service' \
	register x module=service service=backup.timer
refused "after = an unknown daemon is refused" 'no such daemon "nosuch"' \
	register x module=service service=x after=nosuch
refused "a probe with a pipe is refused" 'no shell is run' register x module=service service=x 'probe=/bin/true | cat'
refused "a missing option is refused" 'command is missing' register x module=exec
refused "a service without a module is refused, and the module is suggested" 'did you mean module = service' register nginx interval=5s
refused "a name with a slash is refused" 'invalid daemon name' register ../x module=service
refused "a name that begins with a hyphen is refused" '' register -x module=service
refused "a value with a line end is refused" 'control character' register x module=service "service=a
[vigil]"
refused "an argument that is not key=value is refused" 'is not key=value' register x service
refused "a daemon that another file defines is not registered" 'vigil.conf:[0-9]*: "first" is already defined here' \
	register first module=service service=y
check "refused registrations do not change an existing file" cmp "$work/conf.d/web.conf" "$work/before"
check "refused registrations leave no file" [ "$(ls -A "$work/conf.d")" = web.conf ]

check "a daemon that waits for another is registered" vctl -q register app module=service service=app \
	manager=command status_command=/bin/true restart_on=never after=web
refused "unregister of a daemon that another one waits for is refused" \
	'app.conf:[0-9]*: after = "web": no such daemon "web"' unregister web
check "the file of a daemon that another one waits for is not removed" [ -f "$work/conf.d/web.conf" ]
check "a daemon that another one waits for is still running" is /runs/web/status running
check "unregister of a daemon that waits for another succeeds" vctl -q unregister app
vctl register twin module=service service=nginx-2 >/dev/null
vctl register other module=service service=nginx-2.service >"$work/out" 2>&1
check "a second daemon for one service is registered" [ -f "$work/conf.d/other.conf" ]
check "register prints a note about a second daemon for one service" grep -q 'note: the daemons "other" and "twin" watch the same' "$work/out"
vctl -q unregister twin; vctl -q unregister other
refused "unregister of an unknown daemon is refused" 'was not registered with vigilctl' unregister nosuch
refused "unregister of a daemon of the main file is refused" 'was not registered with vigilctl' unregister first
check "unregister succeeds" vctl -q unregister web
check "the unregistered daemon is removed without a restart of vigild" [ -z "$(get /runs/web/status)" ]

# If only a socket is named, the vigild at the socket says which configuration it reads.
spare=(module=service service=s manager=command status_command=/bin/true)
elsewhere() { find "$(make_variable sysconfdir)/vigil" "$stage$(make_variable sysconfdir)/vigil" -newer "$work/mark" 2>/dev/null; }
touch "$work/mark"
check "register with only a socket succeeds" ctl -q register by-socket "${spare[@]}"
check "register with only a socket writes into the configuration of that vigild" [ -f "$work/conf.d/by-socket.conf" ]
check "a daemon registered with only a socket is started" wait_for 10 is /daemons/by-socket/service_state/value running
check "unregister with only a socket succeeds" ctl -q unregister by-socket
check "unregister with only a socket removes the file" [ ! -e "$work/conf.d/by-socket.conf" ]
check "register in a console with only a socket succeeds" eval \
	'printf "register by-console %s" "${spare[*]}" | ctl -q console'
check "register in a console with only a socket writes into the configuration of that vigild" \
	[ -f "$work/conf.d/by-console.conf" ]
check "unregister in a console with only a socket succeeds" eval 'echo "unregister by-console" | ctl -q console'
check "register with only a socket reports a wrong option" eval \
	'! ctl register wrong module=service service=x intervall=5s 2>"$work/err" && grep -q "did you mean" "$work/err"'
check "vigild stops when it receives SIGTERM" stop_vigild
ctl register by-socket "${spare[@]}" >"$work/out" 2>&1
check "register with a socket without a listener exits with 4" [ $? = 4 ]
check "register with a socket without a listener names -c" grep -q 'nothing was changed; name the configuration to change with -c FILE' "$work/out"
check "register with a socket without a listener writes nothing" [ ! -e "$work/conf.d/by-socket.conf" ]
check "register with a socket and -c changes that file" "$vigilctl" -q -s "$work/control.sock" -c "$work/vigil.conf" register by-both "${spare[@]}"
check "register with a socket and -c writes next to that file" [ -f "$work/conf.d/by-both.conf" ]
vctl -q unregister by-both
mkdir "$work/links"
ln -s ../vigil.conf "$work/links/vigil.conf"
(cd "$work/links" && exec "$vigild" -c vigil.conf) 2>>"$work/log" &
vigild_pid=$!
wait_for 10 reachable
check "register with only a socket works with a relative path and a link" ctl -q register by-link "${spare[@]}"
check "register with only a socket writes next to the name that vigild was given" [ -f "$work/links/conf.d/by-link.conf" ]
check "a daemon registered through a link is running" wait_for 10 is /runs/by-link/status running
stop_vigild
check "register with a socket does not touch the default configuration" [ -z "$(elsewhere)" ]

vctl register later module=service service=z >"$work/out"
check "register without a running vigild says that the next start reads it" grep -q 'takes effect at its next start' "$work/out"
check "the configuration is valid after a register without a running vigild" "$vigild" -t -c "$work/vigil.conf"
check "unregister without a running vigild succeeds" vctl -q unregister later

# If register is killed at any moment, the file is complete or does not exist.
whole=0 torn=0
for i in $(seq 300); do
	vctl -q register "k$((i % 7))" module=service service=s interval=$((i % 50 + 1))s >/dev/null 2>&1 &
	pid=$!
	[ $((i % 3)) = 0 ] || sleep "0.00$((i % 9 + 1))"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	for file in "$work"/conf.d/k*.conf; do
		[ -f "$file" ] || continue
		if tail -1 "$file" | grep -q '^interval = [0-9]*s$'; then whole=$((whole + 1)); else torn=$((torn + 1)); fi
	done
done
check "300 killed registers left no incomplete file: $whole complete, $torn incomplete" [ "$torn" = 0 ]
check "the configuration is valid after 300 killed registers" "$vigild" -t -c "$work/vigil.conf"
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
