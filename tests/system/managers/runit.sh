# runit's runsvdir on a scratch folder.
wrap=()
missing() { command -v runsvdir >/dev/null || echo "runit is not installed"; }
supervises=1
cannot[starting]="runit has no state between down and up"

up() { mkdir "$work/sv"; runsvdir "$work/sv" >>"$work/supervisor" 2>&1 & supervisor=$!; }
down() {
	local dir
	kill "$supervisor" && wait "$supervisor"
	for dir in "$work"/sv/* "$work"/gone/*/*; do
		[ ! -p "$dir/supervise/control" ] || sv force-shutdown "$dir" >/dev/null
	done
}
options() { echo "service_dir=$work/sv"; }
listening() { sv status "$work/sv/$1" >/dev/null 2>&1; }
# The file `down` keeps the service from running before it is started.
install() {
	local dir=$work/new/$1
	mkdir -p "$dir"
	printf '#!/bin/sh\n%s/prepare %s || exit\nexec sleep 1000000\n' "$work" "$1" >"$dir/run"
	chmod 755 "$dir/run"
	: >"$dir/down"
	mv "$dir" "$work/sv/$1"
	wait_for $patience listening "$1"
}
uninstall() {
	mkdir -p "$work/gone"
	[ ! -e "$work/sv/$1" ] || mv "$work/sv/$1" "$(mktemp -d "$work/gone/XXXXXX")"
}
start() { sv up "$work/sv/$1" >/dev/null; }
stop() { sv down "$work/sv/$1" >/dev/null; }
restart() { sv restart "$work/sv/$1" >/dev/null; }
pid() { cat "$work/sv/$1/supervise/pid" 2>/dev/null; }
# A service whose run script hangs is running, so only `finish` can keep it from running.
hold() {
	mkfifo "$work/$1.hold"
	printf '#!/bin/sh\n%s/prepare %s\n' "$work" "$1" >"$work/sv/$1/finish"
	chmod 755 "$work/sv/$1/finish"
}
recover() { :; }
# Another user may query the service, but not control it.
permit() {
	chmod 755 "$work/sv/$1/supervise"
	chmod 666 "$work/sv/$1/supervise/ok"
}
