# s6's s6-svscan on a scratch folder.  Its services report when they are ready.
wrap=()
missing() { command -v s6-svscan >/dev/null || echo "s6 is not installed"; }
supervises=1

up() { mkdir "$work/sv"; s6-svscan "$work/sv" >>"$work/supervisor" 2>&1 & supervisor=$!; }
down() {
	local dir
	s6-svscanctl -t "$work/sv" && wait "$supervisor"
	for dir in "$work"/gone/*/*; do ! s6-svok "$dir" || s6-svc -xd "$dir"; done
}
options() { echo "service_dir=$work/sv"; }
# The file `down` keeps the service from running before it is started.
install() {
	local dir=$work/new/$1
	mkdir -p "$dir"
	printf '#!/bin/sh\n%s/prepare %s || exit\necho >&3\nexec sleep 1000000 3>&-\n' "$work" "$1" >"$dir/run"
	chmod 755 "$dir/run"
	: >"$dir/down"
	echo 3 >"$dir/notification-fd"
	mv "$dir" "$work/sv/$1"
	wait_for $patience supervised "$1"
}
# An s6-svscan that has just started may miss the first request to scan.
supervised() { s6-svok "$work/sv/$1" || { s6-svscanctl -a "$work/sv"; false; }; }
# s6-supervise keeps its folder when that is moved, and runs until it is ended.
uninstall() {
	mkdir -p "$work/gone"
	[ -e "$work/sv/$1" ] || return
	mv "$work/sv/$1" "$(mktemp -d "$work/gone/XXXXXX")"
	s6-svscanctl -an "$work/sv"
}
start() { s6-svc -u "$work/sv/$1"; }
ready() { s6-svwait -U -t $((patience * 1000)) "$work/sv/$1"; }
stop() { s6-svc -d "$work/sv/$1"; }
restart() { s6-svc -r "$work/sv/$1"; }
# s6-svstat prints -1 for a service that is down, and kill would take that for all processes.
pid() { [ ! -d "$work/sv/$1" ] || s6-svstat -o pid "$work/sv/$1" 2>/dev/null | grep -v '^-'; }
recover() { :; }
permit() { chmod 755 "$work/sv/$1/supervise"; }
# A user that may not write to the fifo cannot find out either whether a process reads it.
denied() {
	must "the value is unknown, because another user may not query it" comes "$1" value unknown
	must "the health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "the health text says permission denied" grep -q "Permission denied" <<<"${latest[/runs/$1/health]}"
	looks "$1"
	must "the service is not restarted" never_had "$1" restarts
	ctl -q restart "$1"
	must "the error of a restart by an admin is denied" comes "$1" last_error '{"kind":"denied",*'
}
