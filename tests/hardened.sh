#!/bin/bash
# hardened.sh: checks that a default build has the protections of Debian's packages, as the headers of the
# programs and of the modules show them, and that configure can be told to omit them.
. "$(dirname "$0")/system/lib.sh" || exit 1
command -v readelf >/dev/null || skip_all "there is no readelf"
hardening=$(make_variable HARDENING)
[ -n "$hardening" ] || skip_all "vigil was configured without hardening"
has() { case $1 in *"$2"*) ;; *) false ;; esac; }
lacks() { ! has "$@"; }
# The builds of .ci/run with sanitizers and without an optimizer show what configure decides there.
if sanitized || has "$(make_variable CFLAGS)" -O0; then
	check "with a sanitizer or without an optimizer, stacks are protected: $hardening" \
		has "$hardening" -fstack-protector-strong
	check "with a sanitizer or without an optimizer, configure does not set _FORTIFY_SOURCE" lacks "$hardening" FORTIFY
	finish
fi
cd "$top_builddir" || exit 1
header() { readelf -h "$1" | grep -q "$2"; }
dynamic() { readelf -d "$1" | grep -q "$2"; }
segment() { readelf -lW "$1" | grep -q "$2"; }
symbol() { readelf --dyn-syms -W "$1" | grep -q "$2"; }
note() { readelf -n "$1" | grep -q "$2"; }
# The flags of the stack must not contain E.
stack_is_data() { readelf -lW "$1" | awk '$1 == "GNU_STACK" { exit $7 ~ /E/ }'; }
programs=$(make_variable sbin_PROGRAMS)\ $(make_variable bin_PROGRAMS)
programs+=\ $(make_variable libexec_PROGRAMS)\ $(make_variable enter_PROGRAMS)
for program in $programs; do
	check "$program is position-independent" header "$program" 'Type:.*DYN'
done
for object in $programs src/modules/*/*.so; do
	check "$object makes its relocation tables read-only" segment "$object" GNU_RELRO
	check "$object binds all functions when it starts" dynamic "$object" 'BIND_NOW\|Flags:.*NOW'
	check "$object has a stack that is not executable" stack_is_data "$object"
done
check "src/vigild has stack protectors" symbol src/vigild '__stack_chk_\(fail\|guard\)'
# The linker drops these notes where the C library's own files have none, so this looks at an object of vigil.
case " $hardening " in
*-fcf-protection*) check "the compiler marks valid targets of indirect calls" note src/vigild.o IBT ;;
*-mbranch-protection*) check "the compiler marks valid targets of indirect calls" note src/vigild.o BTI ;;
*) echo "SKIP: this compiler has no control-flow protection for this machine" ;;
esac
case " $hardening " in
*FORTIFY_SOURCE*) check "src/vigild checks the sizes of buffers (_FORTIFY_SOURCE)" symbol src/vigild '_chk' ;;
*) echo "SKIP: vigil was built without _FORTIFY_SOURCE, which needs an optimizer" ;;
esac

# --- configure without hardening ------------------------------------------------------------------
if [ "$(make_variable host_alias)" ]; then
	echo "SKIP: configure is not run again for another architecture"
else
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	source=$(cd "$top_srcdir" && pwd)
	(cd "$work" && "$source/configure" -q --without-systemd --disable-hardening CC="$(make_variable CC)") \
		>"$work/log" 2>&1 || cat "$work/log"
	check "--disable-hardening omits all of it" grep -qx 'HARDENING = *' "$work/Makefile"
fi
finish
