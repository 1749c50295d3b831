#!/bin/bash
# Sixteen clients that receive 1,000 changes a second, by `watch` on the control socket and by /v1/changes of the
# module http: the CPU time of vigild for one change to one client, and the time until the client has it, in
# microseconds.  The reference is a plain server of bufferevents and jansson that sends as many (baseline.c).
# Prints `name metric value reference ratio`.  BENCH_FORM=short measures less.
. "$(dirname "$0")/many.sh" || exit 1
clients=16 seconds=2
! short || seconds=1
finish_here() {
	stop_vigild
	[ -z "${bare:-}" ] || { kill "$bare"; wait "$bare"; }
	rm -rf "$work"
}
trap finish_here EXIT
bench_modules meter
with_http=
[ ! -e "$modules/http/http.so" ] || with_http=yes
{
	printf '[daemons]\nchanges = yes\n%s\n' "${with_http:+http = yes}"
	printf '[daemon:changes]\nmodule = meter\nwork = changes\n'
	[ -z "$with_http" ] || printf '[daemon:http]\nlisten = unix:%s/http.sock\n' "$work"
} | write_conf
begin_vigild
"$top_builddir/tests/bench/baseline" "$work/bare.sock" changes &
bare=$!
wait_for 10 [ -S "$work/bare.sock" ] || { not_ok "the plain server starts"; exit 1; }
receive() { # SOCKET PID REQUEST
	"$top_builddir/tests/bench/streams" "$1" "$2" $clients $seconds "$3" ||
		{ tail "$work/log"; not_ok "each client receives the changes"; exit 1; }
}
compare() { # NAME SOCKET REQUEST
	local per_second us median p99 r_per_second r_us r_median r_p99
	read -r per_second us median p99 < <(receive "$2" "$vigild_pid" "$3") || exit 1
	read -r r_per_second r_us r_median r_p99 < <(receive "$work/bare.sock" $bare $'hello\n') || exit 1
	row "$1_per_second" "$per_second" "$r_per_second"
	row "$1_server_us" "$us" "$r_us"
	row "$1_median_us" "$median" "$r_median"
	row "$1_p99_us" "$p99" "$r_p99"
}
compare watch "$work/control.sock" \
	$'{"jsonrpc":"2.0","id":1,"method":"watch","params":{"pointer":"/daemons/changes"}}\n'
[ -z "$with_http" ] ||
	compare http "$work/http.sock" $'GET /v1/changes/daemons/changes HTTP/1.1\r\nHost: localhost\r\n\r\n'
finish
