#!/bin/sh
# style.sh: the source looks as .clang-format says, and none of it is left out of the distribution.
#
# Versions of clang-format differ in small things; only the one that the tree was written with
# can judge, others make this a SKIP.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" && [ -f src/host/host.c ] || exit 1

failed=0
verdict() { # verdict TEXT COMPLAINTS
	if [ -z "$2" ]; then
		echo "ok - $1"
	else
		printf '%s\nnot ok - %s\n' "$2" "$1"
		failed=1
	fi
}
sources() { find include src tests \( -name stage -prune \) -o -name '*.[ch]' -print; }
scripts() { find bootstrap .ci conf tests -name '*.sh' -o -name bootstrap -o -path .ci/run -o -path conf/demo/run; }

verdict "no white space at the end of a line" \
	"$( (sources; scripts; echo Makefile.am; echo configure.ac) | xargs grep -nE '[[:space:]]+$')"
# makefiles: Makefile.am and what it includes, with the names of files from the top
makefiles() {
	cat Makefile.am
	find src tests \( -name stage -prune \) -o -name Makefile.inc -print |
		while read -r part; do sed "s|%D%|${part%/*}|g" "$part"; done
}
# The own file of a test is listed as the name of its program.
listed=$(mktemp) || exit 1
trap 'rm -f "$listed"' EXIT
makefiles | grep -oE '[A-Za-z0-9_./-]+' | sort -u >"$listed"
verdict "every source is listed in Makefile.am or in the Makefile.inc of its folder" \
	"$(sources | sed 's|^\(tests/check_.*\)\.c$|\1|' | sort -u | comm -23 - "$listed")"
verdict "every Makefile.inc is included" "$(find src tests \( -name stage -prune \) -o -name Makefile.inc -print |
	while read -r part; do grep -qxF "include $part" Makefile.am || echo "$part"; done)"

case $(clang-format --version 2>/dev/null) in
'') echo "SKIP: clang-format is not installed" ;;
*"version 14."*)
	verdict "every C file is as clang-format leaves it" \
		"$(sources | xargs clang-format --dry-run -Werror 2>&1)" ;;
*) echo "SKIP: $(clang-format --version) is not the version 14 that the tree is written with" ;;
esac
exit $failed
