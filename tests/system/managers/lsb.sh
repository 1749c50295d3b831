# Init scripts that only an admin starts.
wrap=()
missing() { :; }

up() { mkdir "$work/init.d"; }
down() {
	local file
	for file in "$work"/*.pid; do [ ! -s "$file" ] || end_service "$(cat "$file")"; done
}
options() { echo "init_dir=$work/init.d"; }
install() {
	sed -e "s|@name@|$1|g; s|@dir@|$work|g" >"$work/init.d/$1.new" <<'EOF_SCRIPT'
#!/bin/sh
# pidfile: @dir@/@name@.pid
pidfile=@dir@/@name@.pid
alive() { [ -s $pidfile ] && kill -0 "$(cat $pidfile)" 2>/dev/null; }
start() {
	alive && return
	@dir@/prepare @name@ || return
	setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
	echo $! >$pidfile
}
stop() {
	! alive || kill "$(cat $pidfile)"
	rm -f $pidfile
}
case $1 in start | stop | restart) [ "$(id -u)" = 0 ] || { echo "only root may"; exit 4; } ;; esac
case $1 in
start) start ;;
stop) stop ;;
restart) stop; start ;;
status)
	[ -s $pidfile ] || exit 3
	ps -p "$(cat $pidfile)" >/dev/null || exit 1 ;;
*) exit 2 ;;
esac
EOF_SCRIPT
	chmod 755 "$work/init.d/$1.new"
	mv "$work/init.d/$1.new" "$work/init.d/$1"
}
uninstall() { rm -f "$work/init.d/$1" "$work/$1.pid"; }
# A service that is held is starting until it is released; vigild sees that its script runs.
start() {
	if [ -p "$work/$1.hold" ]; then "$work/init.d/$1" start & else "$work/init.d/$1" start; fi
}
stop() { "$work/init.d/$1" stop; }
restart() { "$work/init.d/$1" restart; }
pid() { cat "$work/$1.pid" 2>/dev/null; }
permit() { :; }
