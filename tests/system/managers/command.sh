# Commands that an admin configures, and a pidfile.
wrap=()
missing() { :; }
cannot[starting]="status_command has no exit status for it: 0 runs, 3 is stopped, 4 is not installed"
cannot[restarted_by_an_admin]="vigild knows no other restart than its own; an admin who restarts it manually pauses its daemon"

up() { mkdir "$work/app"; }
down() {
	local file
	for file in "$work"/*.pid; do [ ! -s "$file" ] || end_service "$(cat "$file")"; done
}
options() {
	echo "pidfile=$work/$1.pid"
	# The folder of an application may be removed, and a command that does not exist gives no answer.
	echo "status_command=sh -c '[ -e $work/app/$1 ] || exit 4; [ -s $work/$1.pid ] || exit 3'"
	echo "restart_command=$work/app/$1 restart"
	echo "start_command=$work/app/$1 start"
	echo "stop_command=$work/app/$1 stop"
}
install() {
	sed -e "s|@name@|$1|g; s|@dir@|$work|g" >"$work/app/$1" <<'EOF_SCRIPT'
#!/bin/sh
pidfile=@dir@/@name@.pid
# The pidfile is removed first, because a pidfile without a process would mean a crash.
old=$(cat $pidfile 2>/dev/null)
rm -f $pidfile
[ -z "$old" ] || kill $old 2>/dev/null
[ "$1" != stop ] || exit 0
@dir@/prepare @name@ || exit
setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
echo $! >$pidfile
EOF_SCRIPT
	chmod 755 "$work/app/$1"
}
uninstall() { rm -f "$work/app/$1" "$work/$1.pid"; }
start() { "$work/app/$1" start; }
stop() { "$work/app/$1" stop; }
pid() { cat "$work/$1.pid" 2>/dev/null; }
# Only root may run it.
permit() { chmod 700 "$work/app/$1"; }
