#!/bin/sh
# style.sh: checks that the source has the format of .clang-format and that all of it is distributed.
#
# Versions of clang-format differ in details.  Only the version that the tree was formatted with can check
# it; with other versions this is a SKIP.
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
sources() { find include src tests conf/examples \( -name stage -prune \) -o -name '*.[ch]' -print; }
scripts() { find bootstrap .ci conf tests -name '*.sh' -o -name bootstrap -o -path .ci/run -o -path conf/demo/run; }

verdict "no line of a source or a script ends with white space" \
	"$( (sources; scripts; echo Makefile.am; echo configure.ac) | xargs grep -nE '[[:space:]]+$')"
# makefiles: prints Makefile.am and the files that it includes, with file names from the top directory
makefiles() {
	cat Makefile.am
	find src tests conf \( -name stage -prune \) -o -name Makefile.inc -print |
		while read -r part; do sed "s|%D%|${part%/*}|g" "$part"; done
}
# Where clang-format does not break lines: in comments.  A string may be longer.
verdict "no line of a C file without a string has more than 100 columns" \
	"$(sources | while read -r file; do expand "$file" | awk -v file="$file" \
		'length($0) > 100 && !/"/ { print file ":" NR ": " length($0) " columns" }'; done)"
verdict "every test script is executable" \
	"$(awk '/^dist_check_SCRIPTS/ { on = 1; next } on { print $1 } on && !/\\$/ { exit }' tests/Makefile.inc |
		while read -r test; do [ -x "$test" ] || echo "$test"; done)"
# Words for which there is a plainer one.
refused='whom|whoever|lest|anew|beside|be it|such a one|by hand|all the same|parted by|told of|is told|are told|goes by'
verdict "no refused word in the sources, the tests, the manual pages and the configuration" \
	"$(grep -rnwiIE --exclude=changelog.in --exclude=style.sh --exclude-dir=stage "$refused" \
		src include conf tests README NEWS bootstrap)"
# vigild writes the option and its value before what a module says about them.
verdict "no message of a module about an option begins with its value again" \
	"$(find src -name '*.c' -exec grep -Pzl 'vigil_diagnose\([^;"]*("[^"]*",)?\s*"\\"%' {} +)"
# The file of a unit test is listed by the name of its program.
listed=$(mktemp) || exit 1
trap 'rm -f "$listed"' EXIT
makefiles | grep -oE '[A-Za-z0-9_./-]+' | sort -u >"$listed"
verdict "every source is listed in Makefile.am or in the Makefile.inc of its folder" \
	"$(sources | sed 's|^\(tests/check_.*\)\.c$|\1|' | sort -u | comm -23 - "$listed")"
verdict "Makefile.am includes every Makefile.inc" "$(find src tests conf \( -name stage -prune \) -o -name Makefile.inc -print |
	while read -r part; do grep -qxF "include $part" Makefile.am || echo "$part"; done)"

case $(clang-format --version 2>/dev/null) in
'') echo "SKIP: clang-format is not installed" ;;
*"version 14."*)
	verdict "every C file has the format of clang-format" \
		"$(sources | xargs clang-format --dry-run -Werror 2>&1)" ;;
*) echo "SKIP: $(clang-format --version) is not the version 14 that the tree is formatted with" ;;
esac
exit $failed
