# roots.sh: makes the root file systems of the emulated machines, from Debian's packages.  run
# sources it.  $cache is the directory for what is made once.

suite=bookworm
libraries=libevent-core-2.1-7,libevent-extra-2.1-7,libevent-openssl-2.1-7,libjansson4,libedit2,procps,kmod
declare -A packages=(
	[busybox]='busybox-static'
	[sysvinit]='sysvinit-core initscripts sysv-rc insserv startpar'
	[openrc]='openrc libeinfo1 librc1 initscripts insserv'
	[runit]='runit runit-init runit-helper getty-run initscripts insserv sysuser-helper'
)

# The kernel as an ELF file, which the emulator boots without decompressing it, and its modules.
make_kernel() {
	[ -e "$cache/initramfs" ] && return 0
	local package image offset version
	package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: //p' | head -n 1)
	mkdir -p "$cache/kernel" "$cache/initramfs.d/lib" && cd "$cache" || return 1
	apt-get download -q "$package" && dpkg -x "${package}"_*.deb kernel || return 1
	image=(kernel/boot/vmlinuz-*)
	offset=$(LC_ALL=C grep -obUaP '\xfd7zXZ\x00' "${image[0]}" | head -n 1 | cut -d: -f1)
	tail -c "+$((offset + 1))" "${image[0]}" | xz -dc --single-stream >vmlinux 2>/dev/null
	[ "$(head -c 4 vmlinux | tail -c 3)" = ELF ] || return 1
	version=${image[0]#*vmlinuz-}
	depmod -b kernel "$version" || return 1
	modprobe -a -d "$cache/kernel" -S "$version" --show-depends virtio_pci virtio_blk ext4 i6300esb |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >modules
	mkdir -p initramfs.d/{bin,dev,proc,root,modules} && cp /bin/busybox initramfs.d/bin/ || return 1
	xargs cp -t initramfs.d/modules <modules
	{
		echo '#!/bin/busybox sh'
		echo 'busybox mount -t devtmpfs dev /dev'
		sed 's|.*/|busybox insmod /modules/|' modules
		echo 'until [ -b /dev/vda ]; do busybox sleep 1; done'
		echo 'busybox mount -t ext4 -o ro /dev/vda /root && busybox mount --move /dev /root/dev'
		echo 'exec busybox switch_root /root /sbin/init'
	} >initramfs.d/init
	chmod +x initramfs.d/init
	(cd initramfs.d && find . | cpio -o -H newc --quiet | gzip -1) >initramfs.tmp && mv initramfs.tmp initramfs
}

make_base() {
	[ -e "$cache/base.tar" ] && return 0
	debootstrap --variant=minbase --include="$libraries" "$suite" "$cache/base" &&
		tar -C "$cache/base" -cf "$cache/base.tmp" . && mv "$cache/base.tmp" "$cache/base.tar"
}

# make_root INIT: the base with the packages of that init, unpacked and configured by dpkg
make_root() {
	local root=$cache/root-$1
	[ -e "$root.tar" ] && return 0
	rm -rf "$root"
	mkdir -p "$root" "$cache/debs-$1" && tar -C "$root" -xf "$cache/base.tar" || return 1
	# shellcheck disable=SC2086 # a list of packages
	(cd "$cache/debs-$1" && apt-get download -q ${packages[$1]}) || return 1
	cp "$cache/debs-$1"/*.deb "$root/tmp/"
	chroot "$root" sh -c 'DEBIAN_FRONTEND=noninteractive dpkg --force-depends -i /tmp/*.deb; rm /tmp/*.deb' || return 1
	tar -C "$root" -cf "$root.tmp" . && mv "$root.tmp" "$root.tar"
	rm -rf "$root"
}

# --- the services of each init, below $root ---------------------------------------------------------

# A service that sleeps, with an init script as Debian has them.
add_lsb_service() {
	cat >"$root/etc/init.d/beat" <<-'END'
		#!/bin/sh
		### BEGIN INIT INFO
		# Provides:          beat
		# Required-Start:    $remote_fs
		# Required-Stop:     $remote_fs
		# Default-Start:     2 3 4 5
		# Default-Stop:      0 1 6
		# Short-Description: a service of a test
		### END INIT INFO
		# pidfile: /run/beat.pid
		. /lib/lsb/init-functions
		case $1 in
		start) start-stop-daemon --start --quiet --background --make-pidfile --pidfile /run/beat.pid \
			--exec /usr/local/sbin/beat -- 1000000 ;;
		stop) start-stop-daemon --stop --quiet --oknodo --retry 5 --pidfile /run/beat.pid && rm -f /run/beat.pid ;;
		restart) $0 stop; $0 start ;;
		status) status_of_proc -p /run/beat.pid /usr/local/sbin/beat beat ;;
		*) exit 2 ;;
		esac
	END
	chmod +x "$root/etc/init.d/beat"
	manager=lsb
}
prepare_busybox() {
	ln -sf /bin/busybox "$root/sbin/init"
	ln -sf /bin/busybox "$root/sbin/poweroff"
	cat >"$root/etc/inittab" <<-'END'
		::sysinit:/etc/rcS
		::once:/guest.sh
		::shutdown:/etc/init.d/beat stop
		::shutdown:/bin/umount -a -r
	END
	case $row in
	busybox) echo "::respawn:/usr/local/sbin/vigild -c $conf >>/var/log/vigil.log 2>&1" ;;
	*) echo "::once:/usr/local/sbin/vigild -c $conf >>/var/log/vigil.log 2>&1" ;;
	esac >>"$root/etc/inittab"
	cat >"$root/etc/rcS" <<-'END'
		#!/bin/sh
		mount -t proc proc /proc
		mount -t sysfs sysfs /sys
		mount -t tmpfs tmpfs /run
		mount -o remount,rw /
		mkdir -p /run/vigil
		/etc/init.d/beat start
	END
	chmod +x "$root/etc/rcS"
	add_lsb_service
}
prepare_sysvinit() {
	add_lsb_service
	cp "$root/usr/local/etc/init.d/vigil" "$root/etc/init.d/vigil"
	chroot "$root" sh -c 'update-rc.d beat defaults && update-rc.d vigil defaults' >&2
	printf 'vm:2345:once:/guest.sh\n' >>"$root/etc/inittab"
	sed -i '/getty/d' "$root/etc/inittab"
}
prepare_openrc() {
	local openrc
	openrc=$(find "$root/usr/local/share/doc" -name vigil.openrc)
	install -m 755 "$openrc" "$root/etc/init.d/vigil"
	cat >"$root/etc/init.d/beat" <<-'END'
		#!/sbin/openrc-run
		command=/usr/local/sbin/beat
		command_args=1000000
		command_background=yes
		pidfile=/run/beat.pid
	END
	cat >"$root/etc/init.d/guest" <<-'END'
		#!/sbin/openrc-run
		depend() { after *; }
		start() { setsid /guest.sh & }
	END
	chmod +x "$root/etc/init.d/beat" "$root/etc/init.d/guest"
	ln -sf /sbin/openrc-init "$root/sbin/init"
	rm -f "$root"/etc/runlevels/*/*agetty*
	chroot "$root" sh -c 'for s in beat vigil guest; do rc-update add $s default; done' >&2
	manager=openrc
}
prepare_runit() {
	local name
	mkdir -p "$root/etc/sv/beat" "$root/etc/sv/vigil" "$root/etc/sv/guest"
	printf '#!/bin/sh\nexec /usr/local/sbin/beat 1000000\n' >"$root/etc/sv/beat/run"
	printf '#!/bin/sh\nmkdir -p /run/vigil\nexec vigild -c %s >>/var/log/vigil.log 2>&1\n' "$conf" |
		sed 's|exec vigild|exec /usr/local/sbin/vigild|' >"$root/etc/sv/vigil/run"
	printf '#!/bin/sh\nexec /guest.sh\n' >"$root/etc/sv/guest/run"
	touch "$root/etc/runit/nosync"
	rm -f "$root"/etc/runit/runsvdir/default/getty*
	for name in beat vigil guest; do
		chmod +x "$root/etc/sv/$name/run"
		ln -sf "/etc/sv/$name" "$root/etc/runit/runsvdir/default/$name"
	done
	manager=runit
}
