#!/bin/bash
# packages.sh: what takes too long for CI: the Debian packages under lintian, the RPM packages, and
# the recipes for Alpine and Void.  `make packages` calls it.
#
#   make packages                              on this machine
#   make packages PACKAGES_ROOT=DIRECTORY      the Debian packages in a root file system with the build
#                                              dependencies and lintian, such as one of Debian 13
. "$(dirname "$0")/system/lib.sh" || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
version=$(make_variable VERSION)
# log_of NAME COMMAND...: runs the command, and prints the end of its output if it fails
log_of() {
	local name=$1; shift
	"$@" >"$work/$name.log" 2>&1 && return 0
	tail -n 40 "$work/$name.log"
	return 1
}

# --- the tarball ------------------------------------------------------------------------------------

# dist DIRECTORY UMASK TIME: makes the tarball in a copy of the sources; prints its hash
dist() {
	mkdir -p "$1/source" "$1/build" || return 1
	tar -C "$top_srcdir" --exclude='./build*[!x]' --exclude=.git -cf - . | tar -C "$1/source" -xf - || return 1
	find "$1/source" -type f -exec touch -d "$3" {} +
	(umask "$2" && cd "$1/source" && autoreconf -fi && cd ../build && ../source/configure -q && make -s dist) \
		>"$1/log" 2>&1 || { tail "$1/log" >&2; return 1; }
	sha256sum <"$1/build/vigil-$version.tar.xz"
}
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(date -r "$top_srcdir/NEWS" +%s)}
first=$(dist "$work/one" 022 '2 days ago')
second=$(dist "$work/other/directory" 077 '1 day ago')
check "the tarballs of two directories, times and umasks have the same hash" [ -n "$first" -a "$first" = "$second" ]
# Everything else is made from that tarball.
[ -n "$first" ] || finish
mv "$work/one/build/vigil-$version.tar.xz" . && rm -rf one other
tar -xf "vigil-$version.tar.xz"
source=$work/vigil-$version
mkdir build
if ! (cd build && log_of configure "$source/configure" -q); then
	not_ok "the tarball configures"
	finish
fi

# --- Debian -----------------------------------------------------------------------------------------

# in_root COMMAND: runs a command of the shell in the working directory, below PACKAGES_ROOT if it is set
in_root() {
	[ -n "${PACKAGES_ROOT:-}" ] || { (cd "$work" && sh -ec "$1"); return; }
	mkdir -p "$PACKAGES_ROOT/packages" && cp -R "$source" "$PACKAGES_ROOT/packages/" &&
		chroot "$PACKAGES_ROOT" sh -ec "cd /packages; $1"
	local status=$?
	rm -rf "$PACKAGES_ROOT/packages"
	return $status
}
has() { [ -n "${PACKAGES_ROOT:-}" ] || command -v "$1" >/dev/null; }
if has dpkg-buildpackage && has lintian && has dh; then
	export DEB_BUILD_OPTIONS=nocheck
	check "the Debian packages build, and lintian finds no error" log_of deb in_root "
		mkdir -p build.deb && cd build.deb && ../vigil-$version/configure -q && make -s deb
		lintian --allow-root --fail-on error --suppress-tags bad-distribution-in-changes-file deb/*.changes"
	grep -E '^[EW]: ' deb.log | sed 's/^/  /'
else
	echo "SKIP: the Debian packages: debhelper or lintian is not installed"
fi

# --- RPM --------------------------------------------------------------------------------------------

if command -v rpmbuild >/dev/null; then
	# The machine's packages are not in the database of rpm if its packages are Debian's.
	check "rpmbuild builds the RPM packages" eval '(cd build && log_of rpm make -s rpm RPM_OPTIONS="--nodeps --nocheck")'
	listed() { rpm -qlp "$work"/build/rpm/RPMS/*/vigil-"$1"*.rpm 2>/dev/null; }
	check "the RPM package has the program and the unit" eval \
		'listed "$version" | grep -qx /usr/sbin/vigild && listed "$version" | grep -q "/vigil\.service$"'
	check "the RPM package of the module http has only that module" eval \
		'listed http | grep -q "/http\.so$" && ! listed http | grep -q "/exec\.so$"'
	check "the RPM package vigil has no module that needs OpenSSL" eval '! listed "$version" | grep -qE "/(http|icinga)\.so$"'
else
	echo "SKIP: the RPM packages: there is no rpmbuild"
fi

# --- Alpine and Void, which cannot be built here ------------------------------------------------------

alpine=$top_srcdir/conf/alpine/APKBUILD void=$top_srcdir/conf/void/vigil/template
check "the APKBUILD has the version of vigil" grep -qx "pkgver=$version" "$alpine"
check "the template for xbps has the version of vigil" grep -qx "version=$version" "$void"
# The packages of the APKBUILD that bootstrap does not know.
unknown() {
	sed -n 's/^makedepends="\(.*\)"$/\1/p' "$alpine" | tr ' ' '\n' | while read -r package; do
		grep -qw -- "$package" "$top_srcdir/bootstrap" || echo "$package"
	done
}
check "bootstrap knows each package that the APKBUILD needs" [ -z "$(unknown)" ]
check "the APKBUILD is valid shell" sh -n "$alpine"
check "the template for xbps is valid shell" bash -n "$void"
check "the run script for Void is valid shell" sh -n "$top_srcdir/conf/void/vigil/files/vigil/run"
# The variables of the recipes are used by abuild and xbps-src, and their functions are called by them.
check_with shellcheck "shellcheck has no complaint about the APKBUILD" shellcheck -s sh -e SC2034,SC2016,SC2154 "$alpine"
check_with shellcheck "shellcheck has no complaint about the template for xbps" \
	shellcheck -s bash -e SC2034,SC2016,SC2154,SC2317 "$void"
mkdir plain && cd plain || exit 1
log_of plain sh -c "'$source/configure' -q --prefix=/usr --sysconfdir=/etc --without-systemd && make -s && make -s install DESTDIR='$work/plain/to'"
check "vigil builds and installs with the options of the recipes" [ $? = 0 ]
# The paths that the recipes move or remove exist after make install.
absent() {
	sed -nE 's/^[[:space:]]*(amove|vmove) //p' "$alpine" "$void" | while read -r path; do
		[ -e "$work/plain/to/$path" ] || echo "$path"
	done
}
check "each path that the recipes move is installed" [ -z "$(absent)" ]
check "each path that the recipes remove is installed" eval \
	'cd "$work/plain/to" && [ -d usr/lib/systemd ] && [ -d usr/lib/sysusers.d ] && [ -d usr/lib/tmpfiles.d ] && [ -e etc/init.d/vigil ]'
echo "SKIP: the packages of Alpine and Void are not built, because there is no abuild and no xbps-src here"
finish
