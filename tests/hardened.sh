#!/bin/bash
# hardened.sh: what is built by default has the protections that Debian's packages have.
. "$(dirname "$0")/system/lib.sh" || exit 1
command -v readelf >/dev/null || skip_all "there is no readelf"
[ -n "$(make_variable HARDENING)" ] || skip_all "it was configured without hardening"
sanitized && skip_all "sanitizers take the place of hardening"
cd "$top_builddir" || exit 1
header() { readelf -h "$1" | grep -q "$2"; }
dynamic() { readelf -d "$1" | grep -q "$2"; }
segment() { readelf -lW "$1" | grep -q "$2"; }
symbol() { readelf --dyn-syms -W "$1" | grep -q "$2"; }
# The second column of the stack's flags: no E.
stack_is_data() { readelf -lW "$1" | awk '$1 == "GNU_STACK" { exit $7 ~ /E/ }'; }
for program in src/vigild src/vigilctl src/vigil-console; do
	check "$program runs at any address" header "$program" 'Type:.*DYN'
done
for object in src/vigild src/vigilctl src/vigil-console src/modules/*/*.so; do
	check "$object has its tables read-only" segment "$object" GNU_RELRO
	check "$object binds all functions at the start" dynamic "$object" 'BIND_NOW\|Flags:.*NOW'
	check "$object has a stack that cannot be executed" stack_is_data "$object"
done
check "src/vigild guards its stack" symbol src/vigild __stack_chk_fail
case " $(make_variable HARDENING) " in
*FORTIFY_SOURCE*) check "src/vigild checks the sizes of buffers" symbol src/vigild '_chk@' ;;
*) echo "SKIP: it was built without _FORTIFY_SOURCE, which needs an optimizer" ;;
esac
finish
