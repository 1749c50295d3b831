#!/bin/sh
# exports.sh: checks that the programs export exactly the functions that vigil.h declares, and that a
# module exports its descriptor and nothing else.
set -u
top_srcdir=$(cd "$(dirname "$0")/.." && pwd)
cd "${top_builddir:-$top_srcdir/build}" || exit 1
command -v nm >/dev/null || { echo "SKIP: there is no nm"; exit 77; }
failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Declarations begin in the first column with VIGIL_API; the name is before the parenthesis.
grep -hoE '^VIGIL_API [^(]*\(' "$top_srcdir/include/vigil/vigil.h" | grep -oE 'vigil_[a-z0-9_]+\($' | tr -d '(' |
	sort -u >"$work/declared"
# The private functions and variables are read from the archive that vigild is linked from, so that a
# renamed source file needs no change here.
nm --defined-only src/libvigil.a | awk 'NF == 3 && $2 ~ /[TDBRVW]/ { print $3 }' |
	grep -vE '^(_|vigil_)' | sort -u >"$work/private"
grep -qx worker_pool_submit "$work/private" ||
	{ echo "not ok - src/libvigil.a has the private functions of vigild"; exit 1; }
for program in src/vigild src/vigilctl src/vigil-module-host; do
	nm -D --defined-only "$program" | awk '$2 ~ /[TDBRVW]/ { print $3 }' |
		grep -vE '^(_|__asan|__ubsan|__tsan|__sanitizer|__interceptor|.*interceptor)' | grep '^vigil_' | sort -u >"$work/exported"
	if diff "$work/declared" "$work/exported" >"$work/diff"; then
		echo "ok - $program exports the $(wc -l <"$work/declared") functions of vigil.h and no others"
	else
		cat "$work/diff"
		echo "not ok - $program exports the functions of vigil.h and no others (<: declared only, >: exported only)"
		failed=1
	fi
	# Other exported names come from the start files of the C library or from a sanitizer.
	other=$(nm -D --defined-only "$program" | awk '$2 ~ /[TDBRVW]/ { print $3 }' | sort -u |
		comm -12 - "$work/private" | head -3 | xargs)
	if [ -z "$other" ]; then echo "ok - $program exports no function of vigild"
	else echo "not ok - $program exports no function of vigild: $other"; failed=1; fi
done
for module in src/modules/*/*.so; do
	names=$(nm -D --defined-only "$module" | awk '$2 ~ /[TDBRVW]/ { print $3 }' | grep -v '^_' |
		grep -vE '^(__|asan|ubsan|tsan)')
	if [ "$names" = vigil_module_descriptor ]; then echo "ok - $module exports only its descriptor"
	else echo "not ok - $module exports only its descriptor: $names"; failed=1; fi
done
exit $failed
