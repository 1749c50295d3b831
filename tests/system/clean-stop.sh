#!/bin/bash
# A service that an admin stops with systemctl, under a real systemd.  With the configuration that vigil
# installs it stays down, and it is restarted when it was killed.  With restart_on = stopped it is restarted
# each time, and the log names the way to keep it down.  A service for which nothing shows whether it was
# stopped or has crashed is restarted in any case.
. "$(dirname "$0")/lib.sh" || exit 1

under_systemd
for name in web db; do
	printf '[Service]\nExecStart=/bin/sleep 1000000\n[Install]\nWantedBy=multi-user.target\n' >$units/$name.service
done
systemctl daemon-reload
systemctl start web db

# Writes the file that vigil installs, with the paths of this test, the line "web = service" and the
# options OPTION for that daemon.
conf() { # OPTION...
	sed -e "s|^\[vigil\]|&\nmodules = $modules\nsocket = $work/control.sock\npipe = $work/control.pipe\nstate_dir = $work/state\nlog = stderr|" \
		-e 's|^\[daemons\]|&\nweb = service|' "$top_builddir/conf/vigil.conf" >"$work/vigil.conf"
	printf '\n[daemon:web]\ninterval = 100ms\nbackoff = 0\n' >>"$work/vigil.conf"
	[ $# = 0 ] || printf '%s\n' "$@" >>"$work/vigil.conf"
}
of() { get "/daemons/$1/service_state/$2"; }
has() { [ "$(of "$1" "$2")" = "$3" ]; }
says() { case $(of "$1" "$2") in *"$3"*) ;; *) false ;; esac; }
health() { is "/runs/$1/health/level" "$2"; }
explains() { ctl explain "$1" | grep -q -- "$2"; }
main_pid() { systemctl show -P MainPID "$1"; }
active() { [ "$(systemctl is-active "$1")" = active ]; }
back() { active "$1" && [ "$(main_pid "$1")" != "$2" ]; }
ticked() { [ "$(get "/runs/$1/ticks")" -ge "$2" ]; }
looked() { wait_for 30 ticked "$1" $(($(get "/runs/$1/ticks") + 10)); }
logged() { grep -c "$1" "$work/log"; }
conf
start_vigild
check "a daemon without options is OK" wait_for 15 health web OK
check "vigild -t --show names the installed restart_on" eval \
	'"$vigild" -t --show -c "$work/vigil.conf" | grep -A1 "vigil.conf:[0-9]* \[module:service\]" | grep -qx "restart_on = failed"'
check "a daemon is registered" ctl -q -c "$work/vigil.conf" register db module=service interval=100ms backoff=0
check "the registered daemon is OK" wait_for 15 health db OK

# --- the installed configuration ------------------------------------------------------------------

for name in web db; do
	systemctl stop $name
	check "$name, stopped: the value is stopped" wait_for 15 has $name value stopped
	check "$name, stopped: the decision names the reason and how to start it" wait_for 15 has $name decision \
		"stopped cleanly: left alone, because restart_on = failed; to start it: vigilctl start $name"
	check "$name, stopped: the health is CRITICAL" wait_for 15 health $name CRITICAL
	check "$name, stopped: the health says that it was stopped on purpose" [ "$(get /runs/$name/health/text)" = \
		"$name is stopped on purpose, and left alone, because restart_on = failed; to start it: vigilctl start $name" ]
	check "$name, stopped: explain says that it was a clean stop" explains $name '^evidence .*; it was stopped cleanly or not started$'
	check "$name, stopped: ten more ticks pass" looked $name
	check "$name, stopped: it is not restarted" eval '! active $name && [ -z "$(of $name restarts)" ]'
	check "$name, stopped: the command that the health names works" ctl -q start $name
	check "$name, stopped: the command that the health names starts it" wait_for 15 active $name
	check "$name, started again: the health is OK" wait_for 15 health $name OK

	old=$(main_pid $name)
	crash "$old"
	check "$name, killed: it is restarted" wait_for 15 back $name "$old"
	check "$name, killed: explain says that it was a crash" wait_for 15 explains $name \
		'evidence: .*systemd says killed by SIGKILL; it crashed or could not start'
	check "$name, killed: the decision was to restart it" explains $name 'decision: failed: restarting'
	check "$name, killed: the health is OK" wait_for 15 health $name OK
done
systemctl disable --now web 2>/dev/null
check "disable --now: the value is stopped" wait_for 15 has web value stopped
check "disable --now: ten more ticks pass" looked web
check "disable --now: the unit stays down" eval '! active web'
systemctl start web
check "disable --now: it is running when the admin has started it" wait_for 15 has web value running

# --- a service without a pidfile ------------------------------------------------------------------

touch "$work/up"
check "a command without a pidfile is registered" ctl -q -c "$work/vigil.conf" register plain module=service \
	manager=command "status_command=test -e $work/up" "restart_command=touch $work/up" interval=100ms backoff=0
check "a command without a pidfile: the health is OK" wait_for 15 health plain OK
rm "$work/up"
check "a command without a pidfile: it is restarted, although restart_on = failed" wait_for 15 has plain restarts 1
check "a command without a pidfile: explain says that a stop and a crash look the same" wait_for 15 explains plain \
	'evidence: .*; nothing shows whether it was stopped cleanly or crashed'
check "a command without a pidfile: the log names the way to keep it down" [ "$(logged \
	'stopped or crashed: restarting, because nothing shows which of the two; to keep it down: vigilctl stop plain')" = 1 ]
check "a command without a pidfile is removed" ctl -q -c "$work/vigil.conf" unregister plain

# --- restart_on = stopped -------------------------------------------------------------------------

conf 'restart_on = stopped'
check "restart_on = stopped: a reload succeeds" ctl -q reload
check "restart_on = stopped: the health is OK" wait_for 15 health web OK
for round in 1 2; do
	old=$(main_pid web)
	systemctl stop web
	check "restart_on = stopped: stop $round is undone" wait_for 15 back web "$old"
	check "restart_on = stopped: the service is running after stop $round" wait_for 15 has web value running
	check "restart_on = stopped: the log has named the way to keep it down $round times" wait_for 15 eval \
		'[ "$(logged "stopped cleanly: restarting, because restart_on = stopped; to keep it down: vigilctl stop web, or set restart_on = failed")" = $round ]'
done
check "restart_on = stopped: explain names the way to keep it down" explains web \
	'decision: stopped cleanly: restarting, because restart_on = stopped; to keep it down: vigilctl stop web, or set restart_on = failed'
check "restart_on = stopped: ten more ticks pass" looked web
check "restart_on = stopped: the log names the way once for each restart" [ "$(logged 'to keep it down: vigilctl stop web')" = 2 ]
check "the way that the log names works: pause" ctl -q pause web
systemctl stop web
check "the way that the log names works: the value is stopped" wait_for 15 has web value stopped
check "the way that the log names works: ten more ticks pass" looked web
check "the way that the log names works: the unit stays down" eval '! active web'
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
