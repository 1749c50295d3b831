# s6's s6-svscan on a scratch folder.  Its services say when they are ready.
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
# `down` keeps it from running before it is started.
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
# A s6-svscan that has only just started may miss the first request to scan.
supervised() { s6-svok "$work/sv/$1" || { s6-svscanctl -a "$work/sv"; false; }; }
# s6-supervise keeps its own when the folder is moved away, and goes on until it is told.
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
pid() { [ ! -d "$work/sv/$1" ] || s6-svstat -o pid "$work/sv/$1" 2>/dev/null; }
recover() { :; }
permit() { chmod 755 "$work/sv/$1/supervise"; }
# Who may not write to the fifo cannot see either whether anybody reads it.
denied() {
	must "it cannot be looked at" comes "$1" value unknown
	must "its health is UNKNOWN" until_told health_is "$1" UNKNOWN
	must "which says why" grep -q "Permission denied" <<<"${latest[/runs/$1/health]}"
	looks "$1"
	must "it is not restarted" never_had "$1" restarts
	ctl -q restart "$1"
	must "when an admin asks for it, the error says denied" comes "$1" last_error '{"kind":"denied",*'
}
