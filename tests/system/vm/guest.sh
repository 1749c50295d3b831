#!/bin/sh
# guest.sh: the part of the test that runs in the emulated machine, after its boot.  It prints the
# results on the serial console.  The kernel's command line says what it does: vm.row=NAME.
set -u
row=$(sed -n 's/.*vm\.row=\([a-z]*\).*/\1/p' /proc/cmdline)
conf=/usr/local/etc/vigil/vigil.conf
timeout=15 # of the watchdog, in seconds
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH

say() { echo "VM: $*" >/dev/ttyS0; }
check() { text=$1; shift; if "$@"; then say "ok - $text"; else say "not ok - $text"; fi; }
# wait_for SECONDS COMMAND...: the emulated machine is slow, so the limits are long
wait_for() {
	left=$1; shift
	until "$@"; do
		left=$((left - 1))
		[ "$left" -gt 0 ] || return 1
		sleep 1
	done
}
get() { vigilctl -c "$conf" get -r "$1" 2>/dev/null; }
is() { [ "$(get "$1")" = "$2" ]; }
ok() { is "/runs/$1/health/level" OK; }
pid_of() { get "/daemons/$1/service_state/pid"; }
runs_again() { [ -n "$(pid_of beat)" ] && [ "$(pid_of beat)" != "$1" ] && ok beat; }
fed() { is /daemons/watchdog/boot/withheld "" && is /daemons/watchdog/boot/armed true && ok watchdog; }
vigild_pid() { pgrep -x vigild | head -n 1; }
# The zombies that are still there after three seconds.
zombies() { ps -eo pid=,stat=,comm= | awk '$2 ~ /^Z/ { print $1, $3 }' | sort; }
no_zombie_stays() {
	zombies >/run/zombies
	sleep 3
	zombies | comm -12 - /run/zombies >/run/stayed
	[ ! -s /run/stayed ] || { say "zombies: $(cat /run/stayed)"; return 1; }
}
crash_beat() {
	old=$(pid_of beat)
	kill -9 "$old"
	check "$1" wait_for 120 runs_again "$old"
}

# --- a boot, a crash, clock steps and a shutdown under a real init ---------------------------------

respawned() { [ -n "$(vigild_pid)" ] && [ "$(vigild_pid)" != "$1" ] && ok beat; }
lives() {
	check "process 1 is $(cat /proc/1/comm)" true
	check "vigild runs after the boot, and its service is OK" wait_for 180 ok beat
	crash_beat "a killed service runs again"
	date -s "$(date -d '+3 days' '+%Y-%m-%d %H:%M:%S')" >/dev/null
	crash_beat "a killed service runs again after the clock was set forward"
	date -s "$(date -d '-10 days' '+%Y-%m-%d %H:%M:%S')" >/dev/null
	crash_beat "a killed service runs again after the clock was set back"
	if [ "$row" != sysvinit ] && [ "$row" != openrc ]; then # init does not restart it there
		old=$(vigild_pid)
		kill -9 "$old"
		check "process 1 or its supervisor starts a killed vigild again" wait_for 120 respawned "$old"
	fi
	check "no zombie stays" no_zombie_stays
	old=$(pid_of beat)
	echo "VM: the shutdown begins, beat has the pid $old" >>/var/log/vigil.log
	case $row in
	openrc) say "the shutdown begins"; openrc-shutdown -p now; sleep 600 ;;
	*) shut_down ;;
	esac
}

# --- the hardware watchdog -------------------------------------------------------------------------

boot_number() {
	number=$(($(cat /var/boots 2>/dev/null || echo 0) + 1))
	echo "$number" >/var/boots
	say "boot $number"
}
# resets WHAT: after this fault, the machine must not come back here
resets() {
	say "fault: $*"
	sync
	sleep $((10 * timeout))
	say "not ok - the machine is reset after this fault: $*"
	shut_down
}
shut_down() {
	say "the shutdown begins"
	poweroff
	sleep 600
}
has_reason() { [ -n "$(get /daemons/watchdog/boot/reset_reason)" ]; }
# explained PATTERN: this boot follows a reset, and vigild says why
explained() {
	check "vigild runs again after the reset" wait_for 180 has_reason
	say "boot_status $(get /daemons/watchdog/device/boot_status)"
	say "reason: $(get /daemons/watchdog/boot/reset_reason)"
	say "health: $(get /runs/watchdog/health/level) $(get /runs/watchdog/health/text)"
	check "the reason of the reset is known: $1" sh -c "echo '$(get /daemons/watchdog/boot/reset_reason)' | grep -q '$1'"
	check "the reset is a WARNING" wait_for 20 is /runs/watchdog/health/level WARNING
}
# Each boot ends with the next fault.
faults() {
	case $number in
	1) check "no reset is known at the first start" wait_for 180 fed ;;
	2 | 3) explained 'the machine was reset by the watchdog' ;;
	*) explained 'vigild had stopped feeding it: health was CRITICAL' ;;
	esac
	check "the watchdog is fed" wait_for 180 is /daemons/watchdog/boot/armed true
	sleep 3 # vigild saves its state within a second
	case $row$number in
	*1) kill -9 "$(vigild_pid)"; resets "vigild was killed" ;;
	*2) kill -STOP "$(vigild_pid)"; resets "vigild was stopped by SIGSTOP" ;;
	watchdog3) touch /run/sick; resets "a daemon in needs is CRITICAL" ;;
	*) shut_down ;;
	esac
}
start_vigild() { setsid vigild -c "$conf" </dev/null >>/var/log/vigil.log 2>&1 & }
# What must not reset the machine.
clean() {
	check "the watchdog is fed" wait_for 180 fed
	check "a second program cannot open the device" sh -c '! (: >/dev/watchdog) 2>/dev/null'
	kill -9 "$(vigild_pid)"
	start_vigild
	check "a vigild that is started after another was killed feeds the watchdog" wait_for 60 fed
	sed -i 's/^watchdog = yes/watchdog = no/' "$conf"
	check "a reload removes the daemon" vigilctl -q -c "$conf" reload
	sleep $((2 * timeout))
	say "ok - a reload that removes the daemon stops the watchdog"
	sed -i 's/^watchdog = no/watchdog = yes/' "$conf"
	vigilctl -q -c "$conf" reload
	check "a reload starts the daemon again" wait_for 60 fed
	kill -TERM "$(vigild_pid)"
	sleep $((2 * timeout))
	say "ok - a clean stop of vigild stops the watchdog"
	start_vigild
	check "the next vigild feeds the watchdog" wait_for 60 fed
	check "no reset is reported after a clean stop" is /daemons/watchdog/boot/reset_reason ""
	shut_down
}

case $row in
busybox | sysvinit | openrc | runit) lives ;;
*)
	boot_number
	case $row$number in
	clean1) clean ;;
	clean*) say "not ok - the machine is not reset"; shut_down ;;
	*) faults ;;
	esac
	;;
esac
