#!/bin/bash
# documented.sh: every option that the code knows stands in the manual (a module's perhaps in a page
# of its own), and those of [vigil] and of the module service in the sample, too; the sample with
# all its examples switched on is right.
. "$(dirname "$0")/system/lib.sh" || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top_srcdir" || exit 1

options() { sed -n 's/.*VIGIL_OPTION("\([a-z_]*\)".*/\1/p' "$@"; }
# lacking FILE FORMAT OPTION...: the options that no line of FILE names in that form
lacking() {
	local file=$1 format=$2 option; shift 2
	for option; do
		# shellcheck disable=SC2059
		grep -qE -- "$(printf "$format" "$option")" "$file" || echo "$file lacks $option"
	done
}
nothing() { [ -z "$1" ] || { echo "$1"; return 1; }; }

mapfile -t sampled < <(options src/config/config_vigil.c src/modules/service/*.c)
check "the code has options" [ "${#sampled[@]}" -gt 20 ]
manual='^\.It Cm ([a-z_]+ , )*%s( ,|$)'
check "vigil.conf(5) has each of [vigil]" \
	nothing "$(lacking conf/vigil.conf.5 "$manual" $(options src/config/config_vigil.c))"
for module in src/modules/*/; do
	name=$(basename "$module")
	page=conf/vigil.conf.5
	[ ! -f "${module}vigil-$name.8" ] || page=${module}vigil-$name.8
	check "$page has each of $name" \
		nothing "$(lacking "$page" "$manual" $(options "$module"*.c))"
done
check "the sample has each of ${#sampled[@]}" \
	nothing "$(lacking conf/vigil.conf.in '^#%s = ' "${sampled[@]}")"
check "and nothing is switched on in it" \
	nothing "$(grep -vE '^(#.*|\[vigil\]|\[daemons\]|)$' conf/vigil.conf.in)"

# The threat table names tests as check_X, system/X.sh and tests/torture/X.sh.
named=$(sed -n '/^Threats/,/^How to report/p' src/README | grep -oE 'check_[a-z0-9_]+|(system|torture)/[a-z0-9-]+\.sh' | sort -u)
check "src/README names tests in the threat table" [ "$(wc -l <<<"$named")" -gt 20 ]
check "each test that the threat table names is there" nothing "$(for test in $named; do
	[ -f "tests/$test" ] || [ -f "tests/$test.c" ] || echo "src/README: there is no test $test"
done)"

# Examples begin right after the sign, prose after a space.
mkdir "$work/modules"
cp -r "$top_builddir/src/modules/service" "$top_builddir/src/modules/http" "$work/modules"
# It is built where libevent_extra is.
left_out=
[ -e "$work/modules/http/http.so" ] || left_out='/^http = yes/d; /^\[daemon:http\]/,$d'
sed -e 's/^#\([^ ]\)/\1/' "$top_builddir/conf/vigil.conf" |
	sed -e "$left_out" -e "s|^modules = .*|modules = $work/modules|" >"$work/vigil.conf"
check "the sample is right as it is" "$top_builddir/src/vigild" -t -c "$top_builddir/conf/vigil.conf"
check "and with all its examples switched on" "$top_builddir/src/vigild" -t -c "$work/vigil.conf"
sed -i 's/^interval = /intervall = /' "$work/vigil.conf"
check "which a mistake in it would tell" eval '! "$top_builddir/src/vigild" -t -c "$work/vigil.conf"'
finish
