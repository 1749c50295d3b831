#!/bin/bash
# How late the loop of vigild is while clients of the module http read everything about 10,000 daemons: 100
# scrapes of the metrics and 12 reads of the status page, one after the other.  The figure is the 99th percentile
# of the lag of a timer of 10 ms (meter.c) in milliseconds; the reference is the same while there is no client.
# Prints `name metric value reference ratio`.  BENCH_FORM=short takes fewer daemons and requests.
. "$(dirname "$0")/many.sh" || exit 1
[ -e "$modules/http/http.so" ] || skip_all "http: vigild is built without the module http"
command -v curl >/dev/null || skip_all "http: curl, the client, is not installed"
count=10000 scrapes=100 pages=12 idle=2
! short || { count=100 scrapes=2 pages=2 idle=2; }
finish_here() {
	stop_vigild
	rm -rf "$work"
}
trap finish_here EXIT

bench_modules tick meter
{
	ticks $count 5s lag http
	printf '[daemon:lag]\nmodule = meter\n'
	printf '[daemon:http]\nlisten = unix:%s/http.sock\n' "$work"
} | write_conf
begin_vigild
wait_for 60 [ -S "$work/http.sock" ] || { tail "$work/log"; not_ok "the module http listens"; exit 1; }
sleep 2 # until the start is over
# lag_of COMMAND...: prints the 99th percentile of the lag while the command runs
lag_of() {
	"$vigilctl" -s "$work/control.sock" watch /daemons/lag/late >"$work/late" &
	local watching=$!
	"$@" >&2 || not_ok "the command succeeds: $*"
	sleep 1 # the module stores its numbers once a second
	kill $watching
	wait $watching 2>/dev/null
	# A line is {"revision":N,"time":"...","pointer":"...","value":[0.004,0.0,...]}.
	sed 's/.*"value":\[//; s/\].*//' "$work/late" | tr , '\n' | sort -n |
		awk '{ v[NR] = $1 } END { n = int(NR * 0.99 + 0.999999); print v[n < 1 ? 1 : n] + 0 }'
}
fetch() { # COUNT PATH: reads it so many times over one connection
	curl -sf --unix-socket "$work/http.sock" -o "$work/answer" "http://localhost$2?n=[1-$1]"
}
idle=$(lag_of sleep $idle)
cpu=$(spent "$vigild_pid") began=${EPOCHREALTIME/./}
row lag_p99_ms_of_scrapes "$(lag_of fetch $scrapes /metrics)" "$idle"
echo "# a scrape has $(wc -c <"$work/answer") bytes and takes $((($(spent "$vigild_pid") - cpu) / scrapes / 1000)) us of CPU time," \
	"$(((${EPOCHREALTIME/./} - began) / scrapes)) us in all"
row lag_p99_ms_of_pages "$(lag_of fetch $pages /)" "$idle"
row lag_p99_ms_of_rows "$(lag_of fetch $pages /v1/rows)" "$idle"
stop_vigild
finish
