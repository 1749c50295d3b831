#!/bin/bash
# The Debian packages: dpkg-buildpackage makes them, and under a real systemd they install, start,
# are installed over, removed and purged, and leave nothing behind.  The machine's own files lie
# under overlays meanwhile.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	[ "$(id -u)" = 0 ] || skip_all "packages are installed by root"
	[ "$(dpkg-query -W -f '${Status}' debhelper 2>/dev/null)" = "install ok installed" ] ||
		skip_all "debhelper is not installed"
	"$top_srcdir/tests/system/in-systemd.sh" /bin/true >/dev/null 2>&1 ||
		skip_all "there is no systemd in namespaces here"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# A tree of its own: configured as the others are, it may have flags that no package has.
	(cd "$work" && "$top_srcdir/configure" -q >/dev/null 2>&1 &&
		MAKEFLAGS= make deb DEB_OPTIONS=-b DEB_BUILD_OPTIONS=nocheck) >"$work/build.log" 2>&1
	check "dpkg-buildpackage makes them" [ $? = 0 ]
	[ "$failed" -eq 0 ] || { tail -60 "$work/build.log"; finish; }
	cd "$work/deb" || exit 1
	# What a package enables, it links there.
	VIGIL_UNITS_OF_ETC=yes "$top_srcdir/tests/system/in-systemd.sh" bash "$here/package.sh"
	exit $((failed + $?))
fi

mkdir -p /run/over && mount -t tmpfs tmpfs /run/over || skip_all "no tmpfs"
for dir in usr etc var; do
	mkdir -p "/run/over/$dir/up" "/run/over/$dir/work"
	mount -t overlay overlay -o "lowerdir=/$dir,upperdir=/run/over/$dir/up,workdir=/run/over/$dir/work" "/$dir" ||
		skip_all "this machine has no overlays"
done
rm -f /usr/sbin/policy-rc.d # a container's, which lets no service start
export DEBIAN_FRONTEND=noninteractive
active() { systemctl is-active -q vigil; }
pid_of() { systemctl show -P MainPID vigil; }
debs=(vigil_*.deb vigil-http_*.deb vigil-icinga_*.deb)
left() { find /etc/vigil /var/lib/vigil /run/vigil /usr/sbin/vigild /usr/bin/vigilctl /usr/libexec/vigil-console /usr/lib/*/vigil 2>/dev/null; }

dpkg -i "${debs[@]}" >dpkg.log 2>&1
check "they install" [ $? = 0 ]
check "and vigild runs" wait_for 10 active
check "from the unit" [ "$(readlink "/proc/$(pid_of)/exe")" = /usr/sbin/vigild ]
check "its group is there" getent group vigil
reaches() { vigilctl -q version 2>/dev/null; }
check "vigilctl reaches it" wait_for 10 reaches
check "a daemon can be registered" vigilctl -q register truth module=exec command=/bin/true interval=200ms
check "and is well" wait_for 10 eval '[ "$(vigilctl get -r /runs/truth/health/level 2>/dev/null)" = OK ]'
check "the console finds its program" eval 'echo version | vigilctl console | grep -q "^vigild "'
check "the module with OpenSSL is found" eval 'vigilctl modules | grep -q icinga'
echo '# mine' >>/etc/vigil/vigil.conf

before=$(pid_of)
dpkg -i "${debs[@]}" >>dpkg.log 2>&1
check "they install over themselves" [ $? = 0 ]
check "vigild was restarted" wait_for 10 eval 'active && [ "$(pid_of)" != "$before" ]'
check "the admin's configuration was kept" grep -qx '# mine' /etc/vigil/vigil.conf
check "and the daemon with it" wait_for 10 eval 'vigilctl -q status truth 2>/dev/null'

dpkg -r vigil-http vigil-icinga vigil >>dpkg.log 2>&1
check "they are removed" [ $? = 0 ]
check "vigild has stopped" eval '! active && [ ! -e /run/vigil ]'
check "no program is left" [ ! -e /usr/sbin/vigild ]
check "but the configuration" grep -qx '# mine' /etc/vigil/vigil.conf
dpkg -P vigil >>dpkg.log 2>&1
check "they are purged" [ $? = 0 ]
check "nothing is left" [ -z "$(left)" ]
[ "$failed" -eq 0 ] || { cat dpkg.log; left; journalctl -u vigil --no-pager 2>/dev/null | tail -30; }
finish
