#!/bin/bash
# release: the memory for a large reply is returned to the system.
#
# Promise: when 10 clients have read a state of 100 MB at the same time, over the socket or over HTTP,
# vigild has at most 1.3 times its memory from before, plus 8 MiB, within 30 s.
#
# Promise: 50 clients that do not read a reply about 1,000 daemons take at most 400 bytes for each daemon and
# client, plus 8 MiB.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
sanitized && skip_all "sanitizers keep memory"
[ -e "$modules/http/http.so" ] || skip_all "the http module is not built"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
cp "$here/../torture/release.py" "$work"
daemons=$(count 15 135) # of about 770 KB each
clients=10
python3 - >"$work/big.json" <<'P'
import json
for line in range(14):
    print(json.dumps({"k%d" % line: {"m%d" % i: "x" * 100 for i in range(500)}}))
P
{
	printf '[daemons]\nhttp = yes\n'
	for i in $(seq "$daemons"); do echo "big$i = yes"; done
	printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
	for i in $(seq "$daemons"); do
		printf '[daemon:big%d]\nmodule = exec\nmode = stream\ncommand = /bin/sh -c "cat %s; exec sleep 1000"\n' \
			"$i" "$work/big.json"
	done
} | write_conf
rss() { awk '$1 == "VmRSS:" { print $2 }' "/proc/$vigild_pid/status"; }
has_run() {
	local i
	for i in $(seq "$daemons"); do
		wait_for 60 get "/daemons/big$i/k13/m499" >/dev/null || return 1
	done
}
at_most() { [ "$(rss)" -le "$1" ]; }
start_vigild
check "all daemons have printed their large state" has_run
port=$(get /daemons/http/listen | grep -oE '127[0-9.:]+')
# read_all ADDRESS TEXT: reads the state with all clients and checks the memory
read_all() {
	local before peak length limit
	before=$(rss)
	python3 "$work/release.py" "$1" "$clients" >"$work/length" &
	local reader=$! most=0
	while kill -0 "$reader" 2>/dev/null; do
		peak=$(rss)
		[ "$peak" -le "$most" ] || most=$peak
		sleep 0.1
	done
	wait "$reader"
	length=$(cat "$work/length")
	check "$2: each of $clients clients reads the whole state ($length bytes)" [ "$length" -gt $((daemons * 700000)) ]
	limit=$((before * 13 / 10 + 8192))
	check "$2: the memory is returned within 30 s" wait_for 30 at_most "$limit"
	figure "$2: at most 1.3 times the memory from before, plus 8 MiB, after 30 s" \
		"$before KiB before, $most KiB at most, $(rss) KiB after"
}
read_all "$work/control.sock" "over the socket"
read_all "$port" "over HTTP"
stop_vigild

# --- clients that do not read ------------------------------------------------------------------------

daemons=1000
{
	printf '[module:average]\ninterval = 30s\nsource = /vigil/loop/lag_seconds/p99\n[daemons]\nhttp = yes\n'
	for i in $(seq "$daemons"); do echo "a$i = average"; done
	printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
} | write_conf
for path in /metrics / /v1/rows; do
	start_vigild
	check "all daemons run" wait_for 60 get "/runs/a$daemons/status" >/dev/null
	port=$(get /daemons/http/listen | grep -oE '127[0-9.:]+')
	before=$(rss)
	coproc python3 "$work/release.py" "$port" 50 "$path"
	read -r -t 120 -u "${COPROC[0]}" said
	after=$(rss)
	check "$path: 50 clients wait ($said), and the memory grows by $((after - before)) KiB" \
		[ "$said" = "held 50" -a $((after - before)) -le $((50 * daemons * 400 / 1024 + 8192)) ]
	figure "$path: 50 clients that do not read take at most 400 bytes for each of 1,000 daemons, plus 8 MiB" \
		"$((after - before)) KiB"
	exec {COPROC[1]}>&-
	wait "$COPROC_PID"
	stop_vigild
done
finish
