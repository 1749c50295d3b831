#!/bin/bash
# The Debian packages.  dpkg-buildpackage builds them.  Under a real systemd they are installed,
# started, installed again, removed and purged, and leave no file.  Overlays protect the machine's
# files.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	[ "$(id -u)" = 0 ] || skip_all "packages are installed by root"
	[ "$(dpkg-query -W -f '${Status}' debhelper 2>/dev/null)" = "install ok installed" ] ||
		skip_all "debhelper is not installed"
	"$top_srcdir/tests/system/in-systemd.sh" /bin/true >/dev/null 2>&1 ||
		skip_all "there is no systemd in namespaces here"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	# A separate build, because the present build may be configured with flags that no package has.
	(cd "$work" && "$top_srcdir/configure" -q >/dev/null 2>&1 &&
		MAKEFLAGS= make deb DEB_OPTIONS=-b DEB_BUILD_OPTIONS="nocheck noopt") >"$work/build.log" 2>&1
	check "dpkg-buildpackage builds the packages" [ $? = 0 ]
	[ "$failed" -eq 0 ] || { tail -60 "$work/build.log"; finish; }
	tarball=$(cd "$work" && echo vigil-*.tar.xz)
	sum() { sha256sum <"$work/$tarball"; }
	first=$(sum)
	(cd "$work" && umask 077 && MAKEFLAGS= make -s dist) >"$work/dist.log" 2>&1
	check "a second make dist, with another umask, writes the same bytes" [ "$(sum)" = "$first" ]
	mkdir "$work/destination"
	# In this mount namespace, everything but the scratch directory is read-only, also the build directory.
	unshare -m sh -ec 'mount --bind "$1" "$1"; mount -o remount,bind,ro /; MAKEFLAGS= make -C "$2" -s install DESTDIR="$1/destination"' \
		sh "$work" "$top_builddir" >"$work/install.log" 2>&1
	check "make install DESTDIR=... writes nothing outside" [ $? = 0 ]
	[ "$failed" -eq 0 ] || tail -n 20 "$work/dist.log" "$work/install.log"
	cd "$work/deb" || exit 1
	# systemctl enable writes links into /etc.
	VIGIL_UNITS_OF_ETC=yes "$top_srcdir/tests/system/in-systemd.sh" bash "$here/package.sh"
	exit $((failed + $?))
fi

mkdir -p /run/over && mount -t tmpfs tmpfs /run/over || skip_all "no tmpfs"
for dir in usr etc var; do
	mkdir -p "/run/over/$dir/up" "/run/over/$dir/work"
	mount -t overlay overlay -o "lowerdir=/$dir,upperdir=/run/over/$dir/up,workdir=/run/over/$dir/work" "/$dir" ||
		skip_all "this machine has no overlays"
done
rm -f /usr/sbin/policy-rc.d # in containers it forbids that services are started
export DEBIAN_FRONTEND=noninteractive
active() { systemctl is-active -q vigil; }
pid_of() { systemctl show -P MainPID vigil; }
debs=(vigil_*.deb vigil-http_*.deb vigil-icinga_*.deb)
left() { find /etc/vigil /var/lib/vigil /run/vigil /usr/sbin/vigild /usr/bin/vigilctl /usr/libexec/vigil-console /usr/lib/*/vigil 2>/dev/null; }

dpkg -i "${debs[@]}" >dpkg.log 2>&1
check "dpkg installs the packages" [ $? = 0 ]
check "vigild runs after the installation" wait_for 10 active
check "vigild runs as the main process of its unit" [ "$(readlink "/proc/$(pid_of)/exe")" = /usr/sbin/vigild ]
check "the installation creates the group vigil" getent group vigil
check "the installation registers the init script, for machines without systemd" \
	grep -q "update-rc.d vigil defaults" /var/lib/dpkg/info/vigil.postinst
reaches() { vigilctl -q version 2>/dev/null; }
check "vigilctl reaches the installed vigild" wait_for 10 reaches
check "a daemon can be registered with the installed vigild" vigilctl -q register truth module=exec command=/bin/true interval=200ms
check "the registered daemon is OK" wait_for 10 eval '[ "$(vigilctl get -r /runs/truth/health/level 2>/dev/null)" = OK ]'
check "the installed console finds its program" eval 'echo version | vigilctl console | grep -q "^vigild "'
check "the installed module icinga is found" eval 'vigilctl modules | grep -q icinga'
echo '# mine' >>/etc/vigil/vigil.conf

before=$(pid_of)
dpkg -i "${debs[@]}" >>dpkg.log 2>&1
check "dpkg installs the packages again over themselves" [ $? = 0 ]
check "vigild is restarted when the packages are installed again" wait_for 10 eval 'active && [ "$(pid_of)" != "$before" ]'
check "the admin's configuration is kept when the packages are installed again" grep -qx '# mine' /etc/vigil/vigil.conf
check "a registered daemon is kept when the packages are installed again" wait_for 10 eval 'vigilctl -q status truth 2>/dev/null'

dpkg -r vigil-http vigil-icinga vigil >>dpkg.log 2>&1
check "dpkg removes the packages" [ $? = 0 ]
check "vigild is stopped when the packages are removed" eval '! active && [ ! -e /run/vigil ]'
check "no program is left when the packages are removed" [ ! -e /usr/sbin/vigild ]
check "the configuration is left when the packages are removed" grep -qx '# mine' /etc/vigil/vigil.conf
dpkg -P vigil >>dpkg.log 2>&1
check "dpkg purges the packages" [ $? = 0 ]
check "no file is left when the packages are purged" [ -z "$(left)" ]
[ "$failed" -eq 0 ] || { cat dpkg.log; left; journalctl -u vigil --no-pager 2>/dev/null | tail -30; }
finish
