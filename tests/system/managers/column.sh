# column.sh: functions for tests that run services under each of the managers; sourced after lib.sh.
# In the same folder is an adapter for each manager.
columns="systemd openrc lsb runit s6 command"
patience=${VIGIL_PATIENCE:-60} # seconds, for each wait

# run_column MANAGER SCRIPT: runs the script, with VIGIL_COLUMN set, in the namespaces that the
# manager needs.  Exits with the status of the script, or with 77.
run_column() (
	. "$here/managers/$1.sh" || exit
	why=$(missing)
	[ -z "$why" ] || skip_all "$1: $why"
	VIGIL_COLUMN=$1 exec "${wrap[@]}" bash "$2"
)

# An adapter sets wrap, the command in which its column runs, and defines
#	missing			prints why it cannot run here
#	up, down		the manager itself
#	options NAME		prints key=value words for the daemon that watches NAME
#	install, uninstall NAME	uninstall leaves a running process to `kill`
#	start, stop, restart NAME	as an admin does it; start may return before the service runs
#	pid NAME		of the service's own process
#	permit NAME		lets an ordinary user query NAME (if that is possible)
# It may set cannot[ROW] to the reason why the manager has no such row, and supervises=1 if the manager
# itself restarts a crashed service.  It may replace hold, release, recover and ready.
declare -A cannot
supervises=

# Each service runs prepare before it starts.  For a broken service prepare fails; for a service that
# is held it waits until the service is released.
break_it() { : >"$work/$1.broken"; }
mend() { rm -f "$work/$1.broken"; }
hold() { mkfifo "$work/$1.hold"; }
# The first writer ends the open() of a process that waits for the fifo.
release() { exec 7<>"$work/$1.hold"; rm "$work/$1.hold"; exec 7>&-; }
# Waits until a started service has reported that it is ready, if its manager waits for that.
ready() { :; }
# Starts a service after a restart that hung was released, if the release alone does not start it.
recover() { start "$1"; }
write_prepare() {
	cat >"$work/prepare" <<-EOF_PREPARE
		#!/bin/sh
		[ ! -p "$work/\$1.hold" ] || cat "$work/\$1.hold" 2>/dev/null
		[ ! -e "$work/\$1.broken" ] || { echo "\$1 is broken"; exit 1; }
	EOF_PREPARE
	chmod 755 "$work/prepare"
}

