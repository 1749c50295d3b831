#!/bin/bash
# debian.sh SUITE: the commands of README on a release of Debian, which debootstrap puts into $work/root.
. "$here/lib.sh"
suite=$1
set -u
need debootstrap debootstrap
[ "$(id -u)" = 0 ] || skip "debootstrap needs root"
root=$work/root
uri=$(mirror) && [ -n "$uri" ] || skip "apt has no source of Debian's packages on this machine"
if [ ! -e "$root/made" ]; then
	rm -rf "$root"
	debootstrap --variant=minbase "$suite" "$root" "$uri" >"$work/debootstrap.log" 2>&1 ||
		skip "Debian's $suite cannot be had: $(tail -n 1 "$work/debootstrap.log")"
	touch "$root/made"
fi
# The source alone: no file that autoconf or a compiler of this machine has made.
source=$root/vigil
rm -rf "$source" && mkdir "$source"
if git -C "$top_srcdir" rev-parse -q HEAD >/dev/null 2>&1; then
	(cd "$top_srcdir" && git ls-files -z --cached --others --exclude-standard | tar --null -T - -c)
else
	tar -C "$top_srcdir" -c .
fi | tar -C "$source" -x
# A mirror that is a snapshot has a list that is older than a week, which sid's is valid for.
echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/99matrix"
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null
# inside COMMAND...: runs a command in the release, with namespaces for its mounts and processes.  The root is a mount
# point, because tests change how its mounts propagate.
inside() {
	unshare --mount --pid --fork --kill-child bash -c '
		root=$1; shift
		mount --bind "$root" "$root" && mount -t proc proc "$root/proc" && mount -t tmpfs -o mode=1777 tmpfs "$root/tmp" &&
		mount --rbind /dev "$root/dev" && mount --rbind /sys "$root/sys" &&
		exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			CK_TIMEOUT_MULTIPLIER=60 "$@"' - "$root" "$@"
}
flags=${MATRIX_CFLAGS:--O2}
inside VIGIL_TESTS="${MATRIX_TESTS:-unit}" sh -c 'cd /vigil && ./bootstrap check -- --enable-werror "$0"' "CFLAGS=$flags" >"$work/log" 2>&1
# The demonstration kills its service after two seconds and restarts it.  It runs until it is ended.  timeout of
# coreutils 9.10 does nothing if it is process 1 of the namespace.
inside sh -c 'timeout 600 sh -c "$0" "$1"; exit' '
	cd /vigil || exit 1
	./bootstrap run 2 -- --enable-werror "$0" >run.log 2>&1 &
	until grep -q restarting run.log || ! kill -0 $!; do sleep 1; done
	kill $!
	wait
	cat run.log' "CFLAGS=$flags" >"$work/run.log" 2>&1
if grep -q 'restarting' "$work/run.log"; then
	echo "ok - ./bootstrap run shows a restart on Debian $suite"
else
	tail -n 20 "$work/run.log"
	echo "not ok - ./bootstrap run shows a restart on Debian $suite"
fi >"$work/more"
add "$work/log" "$work/more"
version() { inside dpkg-query -W -f '${Version}' "$1" 2>/dev/null | sed 's/^[0-9]*://; s/[-+~].*//'; }
event=$(inside pkg-config --modversion libevent_core 2>/dev/null)
record "$(dpkg --print-architecture), Debian $suite" "glibc $(version libc6)" \
	"gcc $(inside gcc -dumpversion), libevent ${event%-stable}, jansson $(version libjansson4), check $(version check), libsystemd $(version libsystemd0)" "$work/log"
