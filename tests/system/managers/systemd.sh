# A real systemd in separate namespaces.  Its services report when they are ready.
wrap=("$here/in-systemd.sh")
missing() { [ "$(make_variable HAVE_SYSTEMD_TRUE)" = '' ] || echo "built without systemd"; }

units=/run/systemd/system
limits_starts=yes # TimeoutStartSec, which is longer than restart_timeout
up() { :; }
down() { :; } # all processes end with its PID 1
options() { :; }
install() {
	cat >"$units/$1.service" <<-UNIT
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		Type=notify
		NotifyAccess=all
		TimeoutStartSec=10min
		ExecStart=/bin/sh -c '$work/prepare $1 || exit; systemd-notify --ready; exec sleep 1000000'
	UNIT
	systemctl daemon-reload
}
uninstall() {
	rm -f "$units/$1.service"
	systemctl daemon-reload
}
start() {
	local block=
	[ ! -p "$work/$1.hold" ] || block=--no-block
	systemctl start $block "$1"
}
stop() { systemctl stop "$1"; }
restart() { systemctl restart "$1"; }
pid() {
	local pid
	pid=$(systemctl show -P MainPID "$1")
	[ "$pid" = 0 ] || echo "$pid"
}
recover() { :; }
permit() { :; }
