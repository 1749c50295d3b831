# column.sh: what it takes to have services under each of the managers; sourced after lib.sh by
# what goes through all of them.  Beside it lies an adapter for each manager.
columns="systemd openrc lsb runit s6 command"
patience=${VIGIL_PATIENCE:-60} # seconds, for anything

# run_column MANAGER SCRIPT: runs the script, with VIGIL_COLUMN set, in whatever namespaces the
# manager needs.  Exits as the script does, or 77.
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
#	start, stop, restart NAME	as an admin does it; start may return before it runs
#	pid NAME		of the service's own process
#	permit NAME		so that an ordinary user can ask for NAME (where that is possible)
# and may set cannot[ROW], why there is no such row; supervises=1, when the manager itself brings
# a crashed service back; and replace hold, release, recover and ready.
declare -A cannot
supervises=

# What services do before they start.  One that is broken cannot; one that is held does not come
# to an end of it until it is released.
break_it() { : >"$work/$1.broken"; }
mend() { rm -f "$work/$1.broken"; }
hold() { mkfifo "$work/$1.hold"; }
# Whoever waits in open() is let go by the first writer.
release() { exec 7<>"$work/$1.hold"; rm "$work/$1.hold"; exec 7>&-; }
# Waits until who was started says that it is up, where its manager waits for that word.
ready() { :; }
# After a restart that hung was released: brings it up where that alone does not.
recover() { start "$1"; }
write_prepare() {
	cat >"$work/prepare" <<-EOF_PREPARE
		#!/bin/sh
		[ ! -p "$work/\$1.hold" ] || cat "$work/\$1.hold" 2>/dev/null
		[ ! -e "$work/\$1.broken" ] || { echo "\$1 is broken"; exit 1; }
	EOF_PREPARE
	chmod 755 "$work/prepare"
}

