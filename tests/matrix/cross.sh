#!/bin/bash
# cross.sh MACHINE EMULATOR: builds with Debian's cross compiler for MACHINE, and runs the tests with the emulator
# of a user's programs.  The libraries of the other architecture are unpacked into $work/sysroot.
. "$here/lib.sh"
machine=$1 emulator=$2
set -u

case $row in arm64 | armhf | i386 | ppc64el | s390x) ;; *) die "unknown architecture" ;; esac
package=gcc-${machine//_/-}
if [ "$emulator" = - ]; then need "$machine-gcc" "$package"; else need "$machine-gcc" "$package" "$emulator" qemu-user; fi
reachable
release=$(release)
[ -n "$release" ] || skip "this machine is no release of Debian, so its cross compilers fit no libraries of Debian"
own_apt "$row" "$release"
root=$work/sysroot

# --- libraries ------------------------------------------------------------------------------------
libraries='libc6-dev libc-bin libevent-dev libjansson-dev check libsystemd-dev libedit-dev libssl-dev'
unpack() {
	local deb link
	# shellcheck disable=SC2086
	apt-get -qq -y -d install $libraries >"$work/libraries.log" 2>&1 || return 1
	rm -rf "$root.new"
	for deb in "$work"/apt/archives/*.deb; do
		dpkg -x "$deb" "$root.new" || return 1
	done
	rm -rf "$root" && mv "$root.new" "$root"
	find "$root" -type l -lname '/*' | while read -r link; do
		ln -sfn "$root$(readlink "$link")" "$link"
	done
}
[ -e "$root" ] || unpack || skip "the libraries for $row cannot be had; see $work/libraries.log"

# --- compiler -------------------------------------------------------------------------------------
multiarch=$("$machine-gcc" -print-multiarch)
compiler="$machine-gcc --sysroot=$root"
! have ccache || compiler="ccache $compiler"
export PKG_CONFIG_LIBDIR=$root/usr/lib/$multiarch/pkgconfig:$root/usr/share/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
path=$root/lib/$multiarch:$root/usr/lib/$multiarch
# A small program shows which dynamic linker the programs name, and what the kernel takes for this machine.
echo 'int main(void) { return 0; }' >"$work/small.c"
$compiler "$work/small.c" -o "$work/small" 2>"$work/small.log" || { cat "$work/small.log"; die "$machine-gcc does not work"; }
linker=$(LC_ALL=C readelf -lW "$work/small" | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
flags="-Wl,-dynamic-linker,$root$linker -Wl,--disable-new-dtags,-rpath,$path"
$compiler "$work/small.c" -o "$work/small" $flags || die "$machine-gcc does not link"
# A static program must not name a dynamic linker.
cat >"$work/cc" <<C
#!/bin/sh
case " \$* " in
*" -static"*) exec $compiler "\$@" ;;
esac
exec $compiler "\$@" $flags
C
chmod 755 "$work/cc"
around=()
if [ "$emulator" = - ]; then
	"$work/small" || skip "the kernel of this machine does not run programs of $row"
else
	around=("$here/foreign" "$work/small" "$emulator")
	"${around[@]}" "$work/small" 2>"$work/small.log" ||
		skip "the kernel cannot run programs by an emulator in a user namespace: $(tail -n 1 "$work/small.log")"
fi

# --- tests ----------------------------------------------------------------------------------------
# MATRIX_TESTS names some tests only.  What the emulator cannot run is in the file `emulated`, with the reason.
# The system tests are the longest, so they begin first.
tests=${MATRIX_TESTS:-$(sed 's/#.*//' "$here/system") $(MAKEFLAGS= make -C "$top_builddir" -s --no-print-directory print-unit_tests)}
: >"$work/left-out"
left_out=' ' # single tests
if [ "$emulator" != - ]; then
	while read -r name reason; do
		case $name in '' | '#'*) continue ;; esac
		case " $(echo $tests) " in *" tests/${name%:*} "*) ;; *) continue ;; esac
		case $name in
		*:*) left_out+="$name " ;;
		*) tests=$(for one in $tests; do echo "$one"; done | grep -vx "tests/$name") ;;
		esac
		echo "SKIP: $name: $reason" >>"$work/left-out"
	done <"$here/emulated"
fi
slow= # and locales of the other byte order
[ "$emulator" = - ] || slow="VIGIL_SAMPLE=17 VIGIL_TEST_LIMIT=1800 LOCPATH=$root/usr/lib/locale"
# shellcheck disable=SC2086
env $slow BUILD_DIR="$work/build" VIGIL_TESTS="$(echo $tests)" VIGIL_LEFT_OUT="$left_out" CK_TIMEOUT_MULTIPLIER=10 \
	"${around[@]}" "$top_srcdir/bootstrap" check -- \
	--host="$machine" PKG_CONFIG=pkg-config CC="$work/cc" CFLAGS="${MATRIX_CFLAGS:--O2}" >"$work/log" 2>&1
# A state that this machine has written is read by the other one, and back.
for pair in "$top_builddir $work/build" "$work/build $top_builddir"; do
	# shellcheck disable=SC2086
	"${around[@]}" "$here/exchange.sh" $pair
done >"$work/exchange.log" 2>&1
add "$work/log" "$work/left-out" "$work/exchange.log"
record "$row" "glibc $(version_of libc6)" "libevent $(version_of libevent-2.1-7), jansson $(version_of libjansson4), \
check $(version_of check), libsystemd $(version_of libsystemd0), OpenSSL $(version_of libssl3)" "$work/log"
