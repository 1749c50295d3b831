#!/bin/bash
# exchange.sh WRITER READER: vigild of the build directory WRITER stores a state, which vigild of READER, built for a
# machine with another byte order or word size, then reads: the state and its pauses, the samples and rings of
# average, the bookmarks of files, the history of events, and the queue of icinga.
writer=$1 reader=$2
top_builddir=$writer
. "$(dirname "$0")/../system/lib.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
work=$(mktemp -d)
chmod 755 "$work"

# use BUILD: the following commands use the programs of this build directory
use() {
	top_builddir=$1 stage=$1/tests/stage
	install_staged
	set_paths
	conf
}
with_icinga() { [ -s "$work/ca.pem" ] && [ -e "$modules/icinga/icinga.so" ]; }
conf() {
	{
		echo "[daemons]"
		printf '%s = yes\n' probe trend files
		! with_icinga || echo "icinga = yes"
		printf '[daemon:%s]\n' probe
		printf '%s\n' "module = exec" "command = /bin/cat $work/number" "format = json" "interval = 100ms"
		printf '[daemon:%s]\n' trend
		printf '%s\n' "module = average" "source = n=/daemons/probe/n" "interval = 100ms" "windows = 1s, 5m" "points = 20"
		printf '[daemon:%s]\n' files
		printf '%s\n' "path = $work/app.log" "match = error" "interval = 1s"
		! with_icinga ||
			printf '%s\n' "[daemon:icinga]" "host = web1" "url = https://127.0.0.1:1" "ca = $work/ca.pem" \
				"user = vigil" "password_file = $work/password" "queue = $work/queue" "interval = 1s"
	} | write_conf
}
file_value() { get "/daemons/files/paths/$(echo "$work/app.log" | sed 's|/|~1|g')/$1"; }
samples_over() { [ "$(get /daemons/trend/values/n/windows/5m/samples || echo 0)" -gt "$1" ]; }
is_paused() { ctl get /runs/probe | grep -q "for the other machine"; }
icinga_waits() { ! with_icinga || more_than /daemons/icinga/waiting "$1"; }

echo '{"n": 1234567890123}' >"$work/number"
echo 'secret' >"$work/password"
chmod 600 "$work/password"
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/ca.pem" -days 1 -subj /CN=master \
	>/dev/null 2>&1 || rm -f "$work/ca.pem"
echo 'old' >"$work/app.log"
use "$writer"
start_vigild
check "the writer has samples" wait_for 60 samples_over 20
echo 'error one' >>"$work/app.log"
check "the writer has found a line" wait_for 60 eval '[ "$(file_value matches)" = 1 ]'
with_icinga || echo "SKIP: the queue of icinga: there is no openssl, or vigil was built without it"
check "the writer has results in its queue" wait_for 60 icinga_waits 2
check "the writer pauses a daemon" ctl -q pause probe --for 2h --reason 'for the other machine'
events=$(ctl get /runs/files/history | grep -c '"')
samples=$(get /daemons/trend/values/n/windows/5m/samples)
check "the writer stops" stop_vigild
echo 'error two' >>"$work/app.log"
cp "$work/log" "$work/log.writer"
: >"$work/log"

use "$reader"
start_vigild
check "the reader uses the state" eval '! grep -E "state.json|is not used|invalid" "$work/log"'
check "the reader keeps the pause" wait_for 60 is_paused
check "the reader goes on from $samples samples" wait_for 60 samples_over $((samples - 1))
check "the reader has the writer's largest sample" eval '[ "$(get /daemons/trend/values/n/windows/5m/max)" = 1234567890123.0 ]'
check "the reader finds exactly the line that was written in between" wait_for 60 eval '[ "$(file_value matches)" = 2 ]'
check "the reader keeps the history" eval '[ "$(ctl get /runs/files/history | grep -c "\"")" -ge "$events" ]'
check "the reader has the queue of results" wait_for 60 icinga_waits 2
check "the reader stops" stop_vigild
[ "$failed" -eq 0 ] || cat "$work/log"
finish
