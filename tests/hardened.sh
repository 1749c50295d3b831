#!/bin/bash
# hardened.sh: checks that a default build has the protections of Debian's packages.
. "$(dirname "$0")/system/lib.sh" || exit 1
command -v readelf >/dev/null || skip_all "there is no readelf"
[ -n "$(make_variable HARDENING)" ] || skip_all "vigil was configured without hardening"
sanitized && skip_all "sanitizers replace the hardening"
cd "$top_builddir" || exit 1
header() { readelf -h "$1" | grep -q "$2"; }
dynamic() { readelf -d "$1" | grep -q "$2"; }
segment() { readelf -lW "$1" | grep -q "$2"; }
symbol() { readelf --dyn-syms -W "$1" | grep -q "$2"; }
# The flags of the stack must not contain E.
stack_is_data() { readelf -lW "$1" | awk '$1 == "GNU_STACK" { exit $7 ~ /E/ }'; }
for program in src/vigild src/vigilctl src/vigil-console; do
	check "$program is position-independent" header "$program" 'Type:.*DYN'
done
for object in src/vigild src/vigilctl src/vigil-console src/modules/*/*.so; do
	check "$object makes its relocation tables read-only" segment "$object" GNU_RELRO
	check "$object binds all functions when it starts" dynamic "$object" 'BIND_NOW\|Flags:.*NOW'
	check "$object has a stack that is not executable" stack_is_data "$object"
done
check "src/vigild has stack protectors" symbol src/vigild __stack_chk_fail
case " $(make_variable HARDENING) " in
*FORTIFY_SOURCE*) check "src/vigild checks the sizes of buffers (_FORTIFY_SOURCE)" symbol src/vigild '_chk@' ;;
*) echo "SKIP: vigil was built without _FORTIFY_SOURCE, which needs an optimizer" ;;
esac
finish
