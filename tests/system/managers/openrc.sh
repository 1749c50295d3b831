# OpenRC, which is not init here, in a separate mount namespace.
wrap=(unshare --mount --propagation private)
missing() {
	command -v rc-service >/dev/null || { echo "OpenRC is not installed"; return; }
	"${wrap[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || echo "this machine allows no private mounts"
}

up() {
	mkdir "$work/init.d"
	mount -t tmpfs tmpfs /run
	mount --bind "$work/init.d" /etc/init.d
	# The directories that OpenRC makes at boot.
	mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled} \
		/run/openrc/{started,starting,stopping,tmp,wasinactive}
	: >/run/openrc/softlevel
}
down() {
	local file
	for file in "$work"/*.pid; do [ ! -s "$file" ] || end_service "$(cat "$file")"; done
	umount /etc/init.d
}
options() { :; }
install() {
	sed -e "s|@name@|$1|g; s|@dir@|$work|g" >"/etc/init.d/$1.new" <<'EOF_SCRIPT'
#!/sbin/openrc-run
command=/bin/sleep
command_args=1000000
command_background=true
pidfile=@dir@/@name@.pid
start_pre() { @dir@/prepare @name@; }
EOF_SCRIPT
	chmod 755 "/etc/init.d/$1.new"
	mv "/etc/init.d/$1.new" "/etc/init.d/$1"
}
uninstall() { rm -rf "/etc/init.d/$1" "$work/$1.pid" /run/openrc/*/"$1"; }
start() {
	if [ -p "$work/$1.hold" ]; then
		rc-service "$1" start >/dev/null 2>&1 &
	else
		rc-service "$1" start >/dev/null 2>&1
	fi
}
stop() { rc-service "$1" stop >/dev/null 2>&1; }
restart() { rc-service "$1" restart >/dev/null 2>&1; }
pid() { cat "$work/$1.pid" 2>/dev/null; }
permit() { :; }
