#!/bin/bash
# The system module with files below /proc as containers, old kernels and long tables have them.  A figure
# that cannot be judged is left out and named, and is UNKNOWN if it has a threshold.  All other figures are
# still judged.  The test mounts its own files over those of the kernel.
. "$(dirname "$0")/lib.sh" || exit 1
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null || skip_all "this needs root and mount namespaces"
	install_staged
	exec unshare -m bash "$0" inside
fi
set_paths
work=$(mktemp -d)
runner=
chmod 755 "$work"
clean_up() {
	stop_vigild
	[ -z "$runner" ] || kill "$runner" 2>/dev/null
	awk -v p="$work/" 'index($5, p) == 1 { print $5 }' /proc/self/mountinfo | tac | xargs -r umount -l
	rm -rf "$work"
}
trap clean_up EXIT
quiet="disk_warning = ~:
disk_critical = ~:
inodes_warning = ~:
inodes_critical = ~:"
conf() { { printf '[daemons]\nsystem = yes\n[daemon:system]\ninterval = 200ms\n'; printf '%s\n' "$@"; } | write_conf; }
value() { get "/daemons/system/$1"; }
level() { is /runs/system/health/level "$1"; }
says() { case $(get /runs/system/health/text) in *"$1"*) ;; *) false ;; esac; }
silent() { ! says "$1"; }
has() { [ -n "$(value "$1")" ]; }
lacks() { ! has "$1"; }
reload_with() { conf "$@"; ctl -q reload >/dev/null; }
# fake FILE: mounts the text on stdin over a file of the kernel
fake() {
	local copy
	copy=$(mktemp -p "$work" fake.XXXXXX)
	cat >"$copy"
	mount --bind "$copy" "$1"
	ln -sfn "$copy" "$work/newest"
}
genuine() { umount "$1"; }
disk_of() { echo "disks/$(echo "$1" | sed 's|~|~0|g; s|/|~1|g')"; }

conf "$quiet" "memory_critical = ~:0"
start_vigild

# --- memory and swap ------------------------------------------------------------------------------
without() { grep -v "^$1:" /proc/meminfo; }
odd_swap() { without SwapTotal | grep -v ^SwapFree; printf 'SwapTotal: 1000 kB\nSwapFree: 18446744073709551612 kB\n'; }
odd_swap | fake /proc/meminfo
check "memory is judged while SwapFree is near 2^64" wait_for 10 level CRITICAL
check "SwapFree near 2^64 is named in addition to the CRITICAL memory" wait_for 10 says "swap cannot be judged: SwapFree in /proc/meminfo is missing or invalid"
check "the CRITICAL memory is named in addition to SwapFree near 2^64" says "memory is "
check "memory has figures while SwapFree is near 2^64" has memory/used_percent
check "swap has no figures while SwapFree is near 2^64" lacks swap
reload_with "$quiet" "memory_critical = 101"
check "swap without a threshold that cannot be judged leaves the health OK" wait_for 10 level OK
check "swap without a threshold that cannot be judged is named" wait_for 10 says "swap cannot be judged"
reload_with "$quiet" "memory_critical = 101" "swap_warning = 90"
check "swap with a threshold that cannot be judged is UNKNOWN" wait_for 10 level UNKNOWN
genuine /proc/meminfo
check "swap that can be judged again is OK" wait_for 10 level OK
without MemAvailable | fake /proc/meminfo
reload_with "$quiet" "memory_critical = 101" "swap_warning = @0:100"
check "swap is judged without MemAvailable" wait_for 10 level WARNING
check "memory has no figures without MemAvailable" wait_for 10 lacks memory
check "a missing MemAvailable is named" wait_for 10 says "MemAvailable in /proc/meminfo is missing or invalid"
genuine /proc/meminfo

# --- CPU, load, files and uptime ------------------------------------------------------------------
echo 'cpu  1000 0 1000 100000 0 0 0 0 0 0
cpu0 1000 0 1000 100000 0 0 0 0 0 0' | fake /proc/stat
reload_with "$quiet" "cpu_critical = 101" "load_warning = ~:0"
check "counters of the CPU that do not change are named" wait_for 10 says "the counters of the cpu line in /proc/stat do not move"
check "the CPU has no figures if its counters do not change" lacks cpu
check "the load is judged while the CPU cannot be judged" wait_for 10 level WARNING
echo 'cpu  100 0 100 1000 0 0 0 18446744073709551000 0 0' | fake /proc/stat
check "a steal counter near 2^64 is named" wait_for 10 says "a counter of the cpu line in /proc/stat is invalid"
genuine /proc/stat
genuine /proc/stat
# run_cpu STEP: changes the counter of idle time by this each tenth of a second, in place
run_cpu() {
	local idle=500000 user=100000
	while :; do
		user=$((user + 10)) idle=$((idle + $1))
		printf 'cpu  %d 0 1000 %d 0 0 0 0 0 0\n' $user $idle |
			dd conv=notrunc of="$work/newest" status=none
		sleep 0.1
	done
}
echo 'cpu  100000 0 1000 500000 0 0 0 0 0 0' | fake /proc/stat
run_cpu -10 & runner=$!
check "a counter of the CPU that runs backwards is named" wait_for 10 says "a counter of the cpu line in /proc/stat ran backwards"
check "a counter of the CPU that runs backwards has no percentage" lacks cpu
kill "$runner"
run_cpu 10 & runner=$!
check "the CPU is judged if the kernel reports only its time" wait_for 10 has cpu/percent
check "the number of CPUs is left out if the kernel does not report it" lacks cpu/cpus
kill "$runner"
genuine /proc/stat
check "the CPU is judged again with the kernel's own counters" wait_for 10 has cpu/percent
check "the health text does not name a CPU that is judged again" wait_for 10 silent "the CPU cannot"
echo 'nan nan nan 2/345 1' | fake /proc/loadavg
check "a load that is not a number is named" wait_for 10 says "the load cannot be judged"
check "a load that is not a number is UNKNOWN if it has a threshold" wait_for 10 level UNKNOWN
check "tasks have figures while the load has none" [ "$(value tasks/total)" = 345 ]
genuine /proc/loadavg
reload_with "$quiet"
check "all is OK with the kernel's own files" wait_for 10 level OK
echo '18446744073709551612 0 100000' | fake /proc/sys/fs/file-nr
check "open files near 2^64 are UNKNOWN" wait_for 10 level UNKNOWN
check "open files near 2^64 are named" wait_for 10 says "the table of open files cannot be judged"
genuine /proc/sys/fs/file-nr
: | fake /proc/uptime
check "an empty /proc/uptime is named" wait_for 10 says "the uptime cannot be judged"
check "an empty /proc/uptime leaves the health OK" level OK
check "the uptime has no figure with an empty /proc/uptime" lacks uptime_seconds
mkdir "$work/empty"
mount --bind "$work/empty" /proc/sys/fs
check "an absent /proc/sys/fs/file-nr is UNKNOWN" wait_for 10 level UNKNOWN
check "an absent /proc/sys/fs/file-nr is named" wait_for 10 says "/proc/sys/fs/file-nr cannot be read: No such file or directory"
genuine /proc/sys/fs
genuine /proc/uptime

# --- mounts ---------------------------------------------------------------------------------------
mkdir "$work/room" "$work/many" && mount -t tmpfs -o size=1m tmpfs "$work/room"
mkdir "$work/room/upper" "$work/room/work" "$work/lower" "$work/merged"
over() { mount -t overlay -o "lowerdir=$work/lower,upperdir=$work/room/upper,workdir=$work/room/work" overlay "$work/merged"; }
if over 2>/dev/null; then
	umount "$work/merged"
	if command -v python3 >/dev/null; then
		python3 - "$work/many" <<'P'
import ctypes, os, sys
libc = ctypes.CDLL(None)
for i in range(4200):
    path = "%s/%s%d" % (sys.argv[1], "x" * 60, i)
    os.mkdir(path)
    if libc.mount(b"tmpfs", path.encode(), b"tmpfs", 0, b"size=4k"):
        sys.exit(1)
P
	fi
	over
	merged=$(disk_of "$work/merged")
	head -c 900000 /dev/zero >"$work/merged/file"
	length=$(wc -c </proc/self/mountinfo)
	reload_with "disk_warning = 80" "disk_critical = 101"
	check "an overlay after $length bytes of mounts is a disk" wait_for 20 has "$merged/used_percent"
	check "a full overlay after $length bytes of mounts is WARNING" wait_for 20 level WARNING
	check "a full overlay is named" says "$work/merged is "
	reload_with "disks = $work/merged" "disk_warning = 80" "disk_critical = 101"
	check "a full overlay that is configured by name is WARNING after $length bytes of mounts" wait_for 20 level WARNING
	rm "$work/merged/file"
	check "an overlay that has room again is OK" wait_for 20 level OK
	umount "$work/merged"
	awk -v p="$work/many/" 'index($5, p) == 1 { print $5 }' /proc/self/mountinfo | xargs -r umount
else
	echo "SKIP: an overlay cannot be mounted here"
fi
# A disk image that is mounted after many bind mounts of a directory.
bind_many() {
	local i
	for i in $(seq 300); do
		mkdir "$work/many/b$i" && mount --bind "$work/lower" "$work/many/b$i" || return
	done
}
if command -v mkfs.ext4 >/dev/null && truncate -s 8M "$work/image" && mkfs.ext4 -q -m 0 "$work/image" 2>/dev/null &&
	mkdir "$work/ext4" && bind_many && mount -o loop "$work/image" "$work/ext4" 2>/dev/null; then
	head -c 16000000 /dev/zero >"$work/ext4/file" 2>/dev/null
	reload_with "disk_warning = ~:" "disk_critical = 98" "memory_critical = ~:"
	check "a full ext4 is CRITICAL after 300 bind mounts" wait_for 20 level CRITICAL
	check "a full ext4 is named" says "$work/ext4 is "
	check "bind mounts of one directory are reported once at most" \
		[ "$(ctl get /daemons/system/disks | grep -c "$work/many")" -le 1 ]
	umount "$work/ext4"
else
	echo "SKIP: an ext4 cannot be made and mounted here"
fi
: >"$work/hosts" && mount --bind "$work/hosts" "$work/hosts"
conf "disks = $work/hosts"
refused_by_reload "a file that something is mounted on is refused as a disk" "is a file that something is mounted on, not a disk"
# As in a container: the root is an overlay, and files of the host's disk are mounted over some of its files.
printf '%s\n' "1 0 0:77 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w" \
	"2 1 8:1 /hosts $work/hosts rw - ext4 /dev/sda1 rw" \
	"3 1 8:1 /volume $work/lower rw - ext4 /dev/sda1 rw" | fake "/proc/$vigild_pid/mountinfo"
reload_with "$quiet"
check "the root of a container is a disk" wait_for 10 has disks/~1/used_percent
check "a directory of the host's disk is a disk after a file of the same disk" wait_for 10 has "$(disk_of "$work/lower")/used_percent"
check "a file of the host's disk is not a disk" lacks "$(disk_of "$work/hosts")"
: | fake "/proc/$vigild_pid/mountinfo"
check "an empty list of mounts is named" wait_for 10 says "disks cannot be judged: /proc/self/mountinfo has no mounts"
check "an empty list of mounts is UNKNOWN" wait_for 10 level UNKNOWN
check "disks have no figures with an empty list of mounts" lacks disks
reload_with "$quiet" "disks = /" "memory_critical = ~:0"
check "memory is judged with an empty list of mounts" wait_for 10 says "memory is "
check "a configured disk is not reported as unmounted with an empty list of mounts" silent "is not mounted"
genuine "/proc/$vigild_pid/mountinfo"
genuine "/proc/$vigild_pid/mountinfo"
reload_with "$quiet"
check "all is OK when the list of mounts can be read again" wait_for 10 level OK
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
