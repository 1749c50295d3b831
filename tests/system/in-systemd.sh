#!/bin/bash
# in-systemd.sh COMMAND [ARGUMENT ...]
#
# Runs a command under a real systemd, which is PID 1 of new namespaces, and ends all of it afterwards.
# The machine's own init is not touched.  The command runs in the same working directory, with
# VIGIL_IN_SYSTEMD=1 in its environment, a new /run and /tmp, the machine's other files read-only, a system
# bus with systemd on it, and loopback as its only network, so that each port is free.  Exits with the status of the command.  If the machine does not
# allow all of this, prints "SKIP: why" and exits with 77.
#
# The machine's units that would change the machine (clean /tmp, set the clock, devices, swap, mounts
# of fstab) are not started: there are no generators, no wants, and no units of /etc unless
# VIGIL_UNITS_OF_ETC is set.
set -u

skip() { echo "SKIP: $*"; exit 77; }

[ $# -gt 0 ] || { echo "usage: $0 COMMAND [ARGUMENT ...]" >&2; exit 2; }
[ "$(id -u)" = 0 ] || skip "a systemd in namespaces needs root"
for tool in unshare nsenter dbus-daemon systemctl; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
systemd=
for file in /lib/systemd/systemd /usr/lib/systemd/systemd; do
	[ -x "$file" ] && { systemd=$file; break; }
done
[ -n "$systemd" ] || skip "systemd is not installed"
cgroups=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$cgroups" ] || skip "there are no unified control groups"

work=$(mktemp -d "${TMPDIR:-/tmp}/in-systemd.XXXXXX") || exit 1
group=$cgroups/${work##*/}
mkdir "$group" 2>/dev/null || { rmdir "$work"; skip "control groups cannot be made"; }
outer=

clean_up() {
	if [ -n "$outer" ]; then
		kill -KILL "$outer" 2>/dev/null # this also ends its PID 1 and all processes below
		wait "$outer" 2>/dev/null
	fi
	for _ in $(seq 100); do # a group can be removed when its last process has ended
		find "$group" -depth -type d -exec rmdir {} \; 2>/dev/null
		[ -d "$group" ] || break
		sleep 0.05
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# Runs as PID 1 and becomes systemd.  Its arguments after the first are the directories that stay
# visible and writable, even if they are below /tmp or /run.
cat >"$work/init" <<'EOF_INIT'
#!/bin/bash
set -e
systemd=$1; shift
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
kept=0
for dir; do
	mkdir -p "/run/kept/$kept"
	mount --bind "$dir" "/run/kept/$kept"
	kept=$((kept + 1))
done
mount -t tmpfs tmpfs /tmp
kept=0
for dir; do
	mkdir -p "$dir" 2>/dev/null || true
	mount --bind "/run/kept/$kept" "$dir"
	umount "/run/kept/$kept"
	kept=$((kept + 1))
done
rm -rf /run/kept
mount -o remount,bind,ro /
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup

units=/run/systemd/system
mkdir -p "$units" /run/no-generators
for want in /lib/systemd/system/*.wants/* /usr/lib/systemd/system/*.wants/*; do
	case ${want##*/} in
	'*' | dbus.* | systemd-journald*) ;;
	*) ln -sf /dev/null "$units/${want##*/}" ;;
	esac
done
printf '[Unit]\nWants=dbus.socket systemd-journald.socket\n' >"$units/vigil-test.target"
export SYSTEMD_UNIT_PATH=$units${VIGIL_UNITS_OF_ETC:+:/etc/systemd/system}:/lib/systemd/system:/usr/lib/systemd/system
export SYSTEMD_GENERATOR_PATH=/run/no-generators
export container=vigil-test
exec "$systemd" --system --unit=vigil-test.target --log-target=null --show-status=0
EOF_INIT
chmod +x "$work/init"

program=$(type -P "$1") || { echo "$0: $1: not found" >&2; exit 127; }
program=$(readlink -f "$program")
keep=("$PWD")
for dir in "$(cd "$(dirname "$0")/../.." && pwd)" "${program%/*}"; do
	case $dir in /tmp/* | /run/*) keep+=("$dir") ;; esac
done
bash -c 'echo $$ >"$0/cgroup.procs" && exec unshare --fork --pid --mount --uts --ipc --net --cgroup \
	--kill-child "$@"' "$group" "$work/init" "$systemd" "${keep[@]}" \
	>"$work/log" 2>&1 &
outer=$!

inside() { nsenter -t "$inner" -a "$@"; }
inner=
state=
for _ in $(seq 3000); do
	inner=$(tr -d ' ' 2>/dev/null <"/proc/$outer/task/$outer/children")
	if [ -n "$inner" ]; then
		state=$(inside systemctl is-system-running --wait 2>/dev/null)
		case $state in running | degraded) break ;; esac
	fi
	kill -0 "$outer" 2>/dev/null || break
	sleep 0.1
done
case $state in
running | degraded) ;;
*) skip "systemd does not start here: $(tail -n 1 "$work/log")" ;;
esac
inside systemctl start dbus.service || skip "the bus does not start here"

VIGIL_IN_SYSTEMD=1 inside /bin/sh -c 'cd "$0" && exec "$@"' "$PWD" "$program" "${@:2}"
