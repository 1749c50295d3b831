#!/bin/bash
# documented.sh: checks that each option in the code is in a manual page (an option of a module in the
# module's page, if it has one), that those of [vigil] and of the module service are also in the sample
# configuration, and that the sample is valid with all its examples enabled.
. "$(dirname "$0")/system/lib.sh" || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top_srcdir" || exit 1

options() { sed -n 's/.*VIGIL_OPTION("\([a-z_]*\)".*/\1/p' "$@"; }
# lacking FILE FORMAT OPTION...: prints the options that no line of FILE names in that form
lacking() {
	local file=$1 format=$2 option; shift 2
	for option; do
		# shellcheck disable=SC2059
		grep -qE -- "$(printf "$format" "$option")" "$file" || echo "$file lacks $option"
	done
}
nothing() { [ -z "$1" ] || { echo "$1"; return 1; }; }

mapfile -t sampled < <(options src/config/config_vigil.c src/modules/service/*.c)
check "the code has more than 20 options of [vigil] and the module service" [ "${#sampled[@]}" -gt 20 ]
manual='^\.It Cm ([a-z_]+ , )*%s( ,|$)'
check "vigil.conf(5) documents each option of [vigil]" \
	nothing "$(lacking conf/vigil.conf.5 "$manual" $(options src/config/config_vigil.c))"
for module in src/modules/*/; do
	name=$(basename "$module")
	page=conf/vigil.conf.5
	[ ! -f "${module}vigil-$name.8" ] || page=${module}vigil-$name.8
	check "$page documents each option of the module $name" \
		nothing "$(lacking "$page" "$manual" $(options "$module"*.c))"
done
check "the sample configuration has each of ${#sampled[@]} options" \
	nothing "$(lacking conf/vigil.conf.in '^#%s = ' "${sampled[@]}")"
check "the sample configuration enables nothing" \
	nothing "$(grep -vE '^(#.*|\[vigil\]|\[daemons\]|)$' conf/vigil.conf.in)"

# The threat table names tests as check_X, system/X.sh and tests/torture/X.sh.
named=$(sed -n '/^Threats/,/^How to report/p' src/README | grep -oE 'check_[a-z0-9_]+|(system|torture)/[a-z0-9-]+\.sh' | sort -u)
check "src/README names more than 20 tests in the threat table" [ "$(wc -l <<<"$named")" -gt 20 ]
check "each test that the threat table of src/README names exists" nothing "$(for test in $named; do
	[ -f "tests/$test" ] || [ -f "tests/$test.c" ] || echo "src/README: there is no test $test"
done)"

# In the sample, examples begin directly after the # and prose begins after a space.
mkdir "$work/modules"
cp -r "$top_builddir/src/modules/service" "$top_builddir/src/modules/http" "$work/modules"
# The module http is only built with libevent_extra.
left_out=
[ -e "$work/modules/http/http.so" ] || left_out='/^http = yes/d; /^\[daemon:http\]/,$d'
sed -e 's/^#\([^ ]\)/\1/' "$top_builddir/conf/vigil.conf" |
	sed -e "$left_out" -e "s|^modules = .*|modules = $work/modules|" >"$work/vigil.conf"
check "the sample configuration is valid" "$top_builddir/src/vigild" -t -c "$top_builddir/conf/vigil.conf"
check "the sample configuration is valid with all its examples enabled" "$top_builddir/src/vigild" -t -c "$work/vigil.conf"
sed -i 's/^interval = /intervall = /' "$work/vigil.conf"
check "a mistake in the examples of the sample configuration is refused" eval '! "$top_builddir/src/vigild" -t -c "$work/vigil.conf"'
finish
