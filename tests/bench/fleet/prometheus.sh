#!/bin/bash
# What Prometheus does with many vigild: series of a host, bytes and time of a scrape, the CPU time of Prometheus and
# of vigild for it, and recording rules that make a small view of all hosts.  The targets are in a file of service
# discovery.  FLEET_EXPORTERS is the number of vigild, 1000, with 10 daemons each; BENCH_FORM=short takes 20.
. "$(dirname "$0")/lib.sh" || exit 1
with_programs /usr/bin/prometheus /usr/bin/python3
[ "$(id -u)" = 0 ] || skip_all "separate namespaces need root"
unshare -m -p -n -f true 2>/dev/null || skip_all "this machine allows no namespaces"
in_namespaces "$@"
set_paths
[ -e "$modules/http/http.so" ] || skip_all "vigil was built without the module http"
work=$(mktemp -d)
trap 'stop_clients; [ -z "${prometheus:-}" ] || kill "$prometheus"; rm -rf "$work"' EXIT
ip link set lo up
count=${FLEET_EXPORTERS:-1000} interval=15 seconds=60
[ "${BENCH_FORM:-}" != short ] || { count=20 interval=1 seconds=5; }
available=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
[ "$available" -gt $((count * 3 + 1000)) ] || {
	row exporters_that_do_not_fit $count "with $available MB of memory"
	count=$(((available - 1000) / 3))
}

ulimit -n "$(ulimit -H -n)"
# Prometheus starts first, because it needs inotify to read the targets, and the vigild use up what a user may have of
# it (fs.inotify.max_user_instances).
mkdir -p "$work/targets"
# The file is what a host list writes, one group a site.
seq 10001 $((10000 + count)) | python3 -c '
import json, sys
ports = [line.strip() for line in sys.stdin]
sites = [{"targets": ["127.0.0.1:" + p for p in ports[i::10]], "labels": {"site": "s%d" % i}} for i in range(10)]
json.dump([s for s in sites if s["targets"]], sys.stdout)' >"$work/targets/vigil.json"
cat >"$work/prometheus.yml" <<C
global:
  scrape_interval: ${interval}s
  evaluation_interval: ${interval}s
rule_files: [ "$top_srcdir/conf/vigil-fleet.yml" ]
scrape_configs:
  - job_name: vigil
    file_sd_configs: [ { files: [ "$work/targets/*.json" ] } ]
C
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --web.listen-address=127.0.0.1:9090 \
	>"$work/prometheus.log" 2>&1 &
prometheus=$!
for i in $(seq "$count"); do
	client_conf "$i" 10 <<-C
		http = yes
		[daemon:http]
		listen = 127.0.0.1:$((10000 + i))
	C
done
start_clients "$count"
pids() { printf '/proc/%s ' "${clients[@]}"; }
# shellcheck disable=SC2046
row vigild_private_memory "$(div "$(private_of $(pids))" "$count" 0)" "KB a process, with 10 daemons and the module http"
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:10001/metrics").read().decode())' >"$work/metrics"
row series_of_a_host "$(grep -vc '^#\|^$' "$work/metrics")" "series with 10 daemons and http"
row bytes_of_a_scrape "$(wc -c <"$work/metrics")" bytes

# --- what Prometheus says -------------------------------------------------------------------------

# query EXPRESSION: prints the first value
query() {
	python3 - "$1" <<'P' 2>/dev/null
import json, sys, urllib.parse, urllib.request
url = "http://127.0.0.1:9090/api/v1/query?query=" + urllib.parse.quote(sys.argv[1])
r = json.load(urllib.request.urlopen(url, timeout=30))["data"]["result"]
print(float(r[0]["value"][1]) if r else 0)
P
}
at_least() { awk -v v="$(query "$1")" -v n="$2" 'BEGIN { exit !(v >= n) }'; }
wait_for 60 at_least 'sum(up{job="vigil"})' "$count" || { tail -5 "$work/prometheus.log"; not_ok "Prometheus scrapes all"; exit 1; }
sleep $interval
cpu=$(cpu_of "$prometheus") own=$(cpu_of "${clients[@]}") began=$(micros)
sleep $seconds
cpu=$(($(cpu_of "$prometheus") - cpu)) own=$(($(cpu_of "${clients[@]}") - own)) took=$(($(micros) - began))
scrapes=$((count * took / interval / 1000000))
row exporters "$count" "vigild, each scraped once in $interval s"
row samples "$(div "$(query 'sum(scrape_samples_scraped{job="vigil"})' | cut -d. -f1)" $interval 0)" "a second"
row prometheus_cpu "$(div $cpu $((took / 100)))" "percent of a core"
row prometheus_cpu_of_a_scrape "$(div $cpu $scrapes 0)" "us, with the rules"
row vigild_cpu_of_a_scrape "$(div $own $scrapes 0)" "us"
row scrape_duration "$(awk -v v="$(query 'quantile(0.5, scrape_duration_seconds{job="vigil"})')" 'BEGIN { printf "%.1f", v * 1000 }')" "ms, the median"
row scrape_duration_p99 "$(awk -v v="$(query 'quantile(0.99, scrape_duration_seconds{job="vigil"})')" 'BEGIN { printf "%.1f", v * 1000 }')" "ms"
row series_of_the_rules "$(query 'count({__name__=~"site:.*|site_.*:.*"})' | cut -d. -f1)" "series for all hosts"
row prometheus_memory "$(awk '/^VmRSS/ { printf "%.0f", $2 / 1024 }' "/proc/$prometheus/status")" "MB"
[ "$failed" -eq 0 ]
