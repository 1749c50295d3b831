#!/bin/bash
# musl.sh: builds with musl-gcc.  Debian has no libraries for musl, so libevent, jansson and check are built from
# Debian's source packages into $work/prefix.  There is no libsystemd, OpenSSL or libedit for musl here.
. "$here/lib.sh"
set -u
need musl-gcc musl-tools dpkg-source dpkg-dev cmake cmake
reachable
release=$(release)
[ -n "$release" ] || skip "this machine is no release of Debian"
own_apt "$(dpkg --print-architecture)" "$release"
prefix=$work/prefix
compiler="musl-gcc -idirafter $work/headers"
! have ccache || compiler="ccache $compiler"
export CC=$compiler

# musl-gcc does not search the kernel's headers, and musl leaves <sys/queue.h> to a package of its users.
mkdir -p "$work/headers/sys" "$work/sources"
multiarch=$(gcc -print-multiarch)
ln -sfn /usr/include/linux "$work/headers/linux"
ln -sfn /usr/include/asm-generic "$work/headers/asm-generic"
ln -sfn "/usr/include/$multiarch/asm" "$work/headers/asm"
cp "/usr/include/$multiarch/sys/queue.h" "$work/headers/sys/"

# build PACKAGE [OPTION...]: builds a source package and installs it into the prefix
build() {
	local package=$1 tree; shift
	[ ! -e "$work/sources/$package.done" ] || return 0
	(
		set -e
		cd "$work/sources"
		rm -rf "$package"
		apt-get -qq source --download-only "$package"
		dpkg-source --no-check -x "$package"_*.dsc "$package"
		cd "$package"
		case $package in
		check) mkdir -p cmake-build && cd cmake-build
			cmake -DCMAKE_INSTALL_PREFIX="$prefix" -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_TESTING=OFF \
				-DCHECK_ENABLE_SUBUNIT=OFF -DCHECK_ENABLE_TESTS=OFF -DBUILD_SHARED_LIBS=OFF "$@" .. ;;
		*) [ -x configure ] || autoreconf -fi
			# A patch of Debian to Makefile.am must not make automake run, which may be another version.
			for generated in aclocal.m4 configure "*.h.in" Makefile.in; do
				find . -name "$generated" -exec touch {} +
			done
			./configure -q --prefix="$prefix" --disable-dependency-tracking "$@" ;;
		esac
		make -s -j2 && make -s install
	) >"$work/$package.log" 2>&1 || die "$package cannot be built with musl-gcc; see $work/$package.log"
	touch "$work/sources/$package.done"
}
build libevent --disable-openssl --disable-samples --disable-libevent-regress
build jansson
build check
# Debian's check.pc names the library of its own package.
ln -sfn libcheck.so "$prefix/lib/libcheck_pic.so"

export PKG_CONFIG_LIBDIR=$prefix/lib/pkgconfig
tests=${MATRIX_TESTS:-unit}
# bootstrap would install the libraries of glibc that are missing here.
BOOTSTRAP_INSTALL=no BUILD_DIR=$work/build VIGIL_TESTS=$tests CK_TIMEOUT_MULTIPLIER=60 "$top_srcdir/bootstrap" check -- \
	CC="$compiler" CFLAGS="${MATRIX_CFLAGS:--O2}" LDFLAGS="-Wl,-rpath,$prefix/lib" \
	--without-systemd --without-openssl --without-libedit >"$work/log" 2>&1
version() { pkg-config --modversion "$1" | sed 's/-stable//'; }
record "$(uname -m)" "musl $(/lib/ld-musl-*.so.1 2>&1 | sed -n 's/^Version //p')" \
	"libevent $(version libevent_core), jansson $(version jansson), check $(version check)" "$work/log"
