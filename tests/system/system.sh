#!/bin/bash
# The system module: its values compared with those of the kernel's own tools, thresholds, a disk that
# fills up, and file systems that it must not query because they may hang.
. "$(dirname "$0")/lib.sh" || exit 1
if [ "${1:-}" != inside ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	install_staged
	exec unshare -mn bash "$0" inside
fi
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
server=
load=
trap '[ -z "$load" ] || kill $load; hang_up; stop_vigild; rm -rf "$work"' EXIT
conf() { { printf '[daemons]\nsystem = yes\n[daemon:system]\ninterval = 200ms\n'; printf '%s\n' "$@"; } | write_conf; }
value() { get "/daemons/system/$1"; }
near() { awk -v a="$1" -v b="$2" -v by="$3" 'BEGIN { exit !(a != "" && b != "" && a - b <= by && b - a <= by) }'; }
level() { is /runs/system/health/level "$1"; }
says() { case $(get /runs/system/health/text)$(get /runs/system/reason) in *"$1"*) ;; *) false ;; esac; }
reload_with() { conf "$@"; ctl -q reload >/dev/null; }

# hang DIRECTORY [disk]: mounts a file system whose server does not answer, so that each query hangs.
# With a second argument, a tmpfs is mounted at DIRECTORY/disk before the server stops answering.
hang() {
	: >"$work/server.said"
	python3 "$work/server.py" "$1" "$work/gone" >>"$work/server.said" & server=$!
	wait_for 10 grep -q ready "$work/server.said" || return
	[ -z "${2:-}" ] || mount -t tmpfs tmpfs "$1/disk"
	touch "$work/gone"
}
# Ends the server, with which all hanging queries return.
hang_up() {
	[ -n "$server" ] || return 0
	kill -KILL "$server"
	wait "$server" 2>/dev/null
	server=
	rm -f "$work/gone"
	for point in net away; do umount -l -c "$work/$point" 2>/dev/null; done
}
cat >"$work/server.py" <<'P'
# A minimal FUSE server: it answers for any directory, and stops answering when the file `gone` exists.
import ctypes, os, struct, sys
point, gone = sys.argv[1:]
fd = os.open("/dev/fuse", os.O_RDWR)
if ctypes.CDLL(None).mount(b"server", point.encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % fd):
    sys.exit(1)
INIT, LOOKUP, FORGET, GETATTR = 26, 1, 2, 3
def attributes(inode):
    return struct.pack("<6Q10I", inode, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)
while True:
    request = os.read(fd, 1 << 17)
    _, what, unique, inode = struct.unpack("<IIQQ", request[:24])
    if what == INIT:
        body = struct.pack("<4I2H2I", 7, 31, 65536, 0, 0, 0, 65536, 1).ljust(64, b"\0")
    elif what == FORGET or os.path.exists(gone):
        continue
    elif what == LOOKUP:
        body = struct.pack("<4Q2I", 2, 0, 0, 0, 0, 0) + attributes(2)
    elif what == GETATTR:
        body = struct.pack("<Q2I", 0, 0, 0) + attributes(inode)
    else:
        os.write(fd, struct.pack("<IiQ", 16, -38, unique))
        continue
    os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)
    if what == INIT:
        print("ready", flush=True)
P

conf "disk_warning = ~:" "disk_critical = ~:" "inodes_warning = ~:" "inodes_critical = ~:"
start_vigild
check "the module knows the CPU usage after the second query" wait_for 10 more_than /daemons/system/cpu/cpus 0
check "the module knows the number of CPUs" [ "$(value cpu/cpus)" = "$(grep -c ^processor /proc/cpuinfo)" ]
check "the load is that of /proc/loadavg" near "$(value load/fifteen)" "$(cut -d' ' -f3 /proc/loadavg)" 1
check "the total memory is that of /proc/meminfo" [ "$(value memory/total_bytes)" = "$(awk '/^MemTotal/ { printf "%.0f", $2 * 1024 }' /proc/meminfo)" ]
check "the uptime is that of /proc/uptime" near "$(value uptime_seconds)" "$(cut -d' ' -f1 /proc/uptime)" 60
check "the health is OK without thresholds for disks" level OK
reload_with "memory_critical = ~:0"
check "memory over a threshold is CRITICAL" wait_for 10 level CRITICAL
check "the health text names the memory" says 'memory is '
since=$(get /runs/system/since)
conf "cpu_warning = high"
refused_by_reload "a threshold that is not a range is refused" 'cpu_warning = "high": is not a range'
conf "disk_warning = 90%"
refused_by_reload "a threshold with a percent sign is refused, with a hint" 'disk_warning = "90%": .*write it without the %'
conf "disks = $work/nowhere"
refused_by_reload "a disk whose directory is not there is refused" 'nothing is mounted at'
conf "disks = srv"
refused_by_reload "a disk that is no path is refused" '"srv" is not an absolute path'
check "refused thresholds do not restart the daemon" [ "$(get /runs/system/since)" = "$since" ]
reload_with "disks = $work"
check "a disk that is not mounted at present is CRITICAL" wait_for 10 level CRITICAL
check "a disk that is not mounted at present is named" says "$work is not mounted"
if [ "${1:-}" = inside ]; then
	mkdir "$work/small" && mount -t tmpfs -o size=1m tmpfs "$work/small"
	reload_with "disks = $work/small" "disk_warning = 50"
	check "a disk by name is OK" wait_for 10 level OK
	disk="disks/$(echo "$work/small" | sed 's|/|~1|g')"
	check "a disk by name has its total size" wait_for 10 eval '[ "$(value "$disk/total_bytes")" = 1048576 ]'
	head -c 700000 /dev/zero >"$work/small/file"
	check "a disk that fills up is WARNING" wait_for 10 level WARNING
	check "the health text names a disk that fills up" says "$work/small is 6"
	used=$(df --output=pcent "$work/small" | tail -n 1 | tr -d ' %')
	check "the used space of a disk is that of df" near "$(value "$disk/used_percent")" "$used" 1.5
	umount "$work/small"
	check "an unmounted disk has no values" wait_for 10 eval '[ -z "$(value "$disk/used_percent")" ]'
	check "an unmounted disk is CRITICAL" wait_for 10 level CRITICAL
	check "the health text names the unmounted disk" says "$work/small is not mounted"

	# A network file system whose server does not answer, with each way in which the module could query it.
	mkdir -p "$work/net/disk" "$work/away" && mount -t tmpfs tmpfs "$work/net/disk"
	conf "disks = $work/net/disk"
	if command -v python3 >/dev/null && [ -w /dev/fuse ]; then
		ctl -q reload
		check "a disk is OK before something is mounted over it" wait_for 10 level OK
		check "a server that does not answer is mounted over the disk" hang "$work/net"
		check "a disk under a server that does not answer is CRITICAL" wait_for 10 level CRITICAL
		ticks=$(get /runs/system/ticks)
		check "a server that does not answer does not stop the ticks" wait_for 10 more_than /runs/system/ticks $((ticks + 3))
		hang_up
		umount "$work/net/disk" 2>/dev/null
		check "a server that does not answer has a disk mounted below it" hang "$work/away" disk
		conf "disks = $work/away/disk"
		refused_by_reload "a disk below a server that does not answer is refused" "$work/away/disk, of type tmpfs, is on a server that may not answer"
		conf "disks = $work/away"
		refused_by_reload "a mount point of a server that does not answer is refused" "$work/away, of type fuse, is on a server that may not answer"
		conf "disks = $work/away/below"
		refused_by_reload "a directory below a server that does not answer is refused" "$work/away/below, of type fuse, is on a server that may not answer"
		reload_with "cpu_warning = ~:"
		check "without disks named, a server that does not answer is left out" wait_for 10 more_than /runs/system/ticks 3
		check "vigild answers although a server does not answer" reachable
		hang_up
	else
		echo "SKIP: a server that does not answer needs python3 and /dev/fuse"
	fi
else
	echo "SKIP: a separate disk needs root and namespaces"
fi

# --- pressure, network and sensors ----------------------------------------------------------------

if [ -r /proc/pressure/cpu ]; then
	reload_with "stalls = cpu" "disk_warning = ~:" "disk_critical = ~:"
	check "the pressure of the CPU is reported" wait_for 10 eval '[ -n "$(value pressure/cpu/some/avg60)" ]'
	near_pressure() { near "$(value pressure/cpu/some/avg300)" "$(sed -n 's/^some.*avg300=\([0-9.]*\).*/\1/p' /proc/pressure/cpu)" 5; }
	check "the pressure of the CPU is that of the kernel" wait_for 10 near_pressure
	for _ in $(seq $((3 * $(nproc)))); do
		(exec sh -c 'while :; do :; done') & load="$load $!"
	done
	check "the kernel reports stalls of the CPU at once" wait_for 30 more_than /daemons/system/pressure/cpu/stalls 0
	kill $load
	wait $load 2>/dev/null
	load=
	check "the history names stalls" eval 'ctl get /runs/system/history | grep -q "had to wait for cpu for more than"'
	check "stalls that were not requested are not counted" [ -z "$(value pressure/io/stalls)" ]
	conf "stalls = disk"
	refused_by_reload "stalls of something else are refused" '"disk" is not cpu, memory or io'
	reload_with "cpu_pressure_critical = @0:100"
	check "a pressure that is inside a threshold is CRITICAL" wait_for 10 level CRITICAL
	check "the health text names the pressure" says "the time in which tasks wait for cpu is"
else
	echo "SKIP: pressure: this kernel has no /proc/pressure"
fi
if [ "${1:-}" = inside ] && command -v ip >/dev/null && mount -t sysfs sysfs /sys 2>/dev/null &&
	ip link add vigil0 type veth peer name vigil1 2>/dev/null; then
	ip link set vigil0 up
	ip link set vigil1 up
	reload_with "interfaces = vigil0" "link = critical"
	check "a network interface with a link is OK" wait_for 10 level OK
	check "the state says that the interface has a link" wait_for 10 is /daemons/system/network/vigil0/link up
	ip addr add 192.0.2.1/24 dev vigil0
	ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:01 dev vigil0
	(for _ in $(seq 200); do echo >/dev/udp/192.0.2.2/9; done) 2>/dev/null
	check "traffic is reported" wait_for 10 eval '[ -n "$(value network/vigil0/sent_bits_per_second)" ]'
	has_speed() { [ "$(value network/vigil0/speed_bits_per_second)" = "$(cat /sys/class/net/vigil0/speed)000000.0" ]; }
	check "the speed is that of the kernel" wait_for 60 has_speed
	ip link set vigil1 down
	check "a network interface without a link is CRITICAL" wait_for 10 level CRITICAL
	check "the health text names the interface" says "vigil0 has no link"
	ip link del vigil0
	check "a network interface that was removed is named" wait_for 10 says "there is no network interface vigil0"
	reload_with "disk_warning = ~:" "disk_critical = ~:"
	check "without named interfaces, one that was removed is no problem" wait_for 10 level OK
else
	echo "SKIP: network interfaces need root, namespaces and ip"
fi
conf "full_critical = 2d"
refused_by_reload "a critical time that is more than the time for a warning is refused" 'is more than full_warning'
conf "disks = /proc"
refused_by_reload "a path that is not a disk is refused, with a hint" 'run check_disk with the module exec'
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
