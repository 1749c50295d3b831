#!/bin/bash
# The system module: its figures beside those of the kernel's own tools, thresholds, a disk that
# fills up, and what it will not ask.
. "$(dirname "$0")/lib.sh" || exit 1
if [ "${1:-}" != inside ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	install_staged
	exec unshare -m bash "$0" inside
fi
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
conf() { { printf '[daemons]\nsystem = yes\n[daemon:system]\ninterval = 200ms\n'; printf '%s\n' "$@"; } | write_conf; }
value() { get "/daemons/system/$1"; }
near() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { exit !(a != "" && b != "" && a - b <= by && b - a <= by) }'; }
level() { is /runs/system/health/level "$1"; }
says() { case $(get /runs/system/health/text)$(get /runs/system/reason) in *"$1"*) ;; *) false ;; esac; }
reload_with() { conf "$@"; ctl -q reload >/dev/null; }

conf "disk_warning = ~:" "disk_critical = ~:" "inodes_warning = ~:" "inodes_critical = ~:"
start_vigild
check "the second look knows the CPU" wait_for 10 more_than /daemons/system/cpu/cpus 0
check "and how many there are" [ "$(value cpu/cpus)" = "$(grep -c ^processor /proc/cpuinfo)" ]
check "the load is the kernel's" near "$(value load/fifteen)" "$(cut -d' ' -f3 /proc/loadavg)" 1
check "memory too" [ "$(value memory/total_bytes)" = "$(awk '/^MemTotal/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)" ]
check "and uptime" near "$(value uptime_seconds)" "$(cut -d' ' -f1 /proc/uptime)" 5
check "all is well" level OK
reload_with "memory_critical = ~:0"
check "a threshold is heeded" wait_for 10 level CRITICAL
check "in words" says 'memory is '
reload_with "cpu_warning = high"
check "what is no range is refused" says 'cpu_warning: "high" is no range'
reload_with "disks = $work/nowhere"
check "what is not mounted is refused" says 'nothing is mounted at'
if [ "${1:-}" = inside ]; then
	mkdir "$work/small" && mount -t tmpfs -o size=1m tmpfs "$work/small"
	reload_with "disks = $work/small" "disk_warning = 50"
	check "a disk by name" wait_for 10 level OK
	disk="disks/$(echo "$work/small" | sed 's|/|~1|g')"
	check "is as large as it is" wait_for 10 eval '[ "$(value "$disk/total_bytes")" = 1048576 ]'
	head -c 700000 /dev/zero >"$work/small/file"
	check "it fills up" wait_for 10 level WARNING
	check "which is said" says "$work/small is 6"
	used=$(df --output=pcent "$work/small" | tail -n 1 | tr -d ' %')
	check "as df says it" near "$(value "$disk/used_percent")" "$used" 1.5
	umount "$work/small"
	check "one that is gone is not told of" wait_for 10 eval '[ -z "$(value "$disk/used_percent")" ]'
	check "but that it is" wait_for 10 level CRITICAL
	check "in words" says "$work/small is not mounted"
else
	echo "SKIP: a disk of its own needs root and namespaces"
fi
reload_with "disks = /proc"
check "what is no disk is refused, with the way out" says 'have the module exec run check_disk'
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
