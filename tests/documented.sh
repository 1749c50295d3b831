#!/bin/bash
# documented.sh: compares the manual pages, the sample configuration and the recipes of packages with the code.
#
# Every option is in the manual page of its module, or in vigil.conf(5) for [vigil] and every daemon.  Every
# configuration in a manual page is accepted by vigild -t, and so is the sample.  Every message that
# vigil(7) quotes is in the code, and every page that a page refers to exists.
. "$(dirname "$0")/system/lib.sh" || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top_srcdir" || exit 1
vigild=$top_builddir/src/vigild

options() { sed -n 's/.*VIGIL_OPTION("\([a-z_]*\)".*/\1/p' "$@"; }
# shared_options MODULE: the headers with options that the module shares with others
shared_options() { sed -n 's|^#include "\(modules/.*_options\.h\)".*|src/\1|p' "$1"*.c | sort -u; }
# missing FILE FORMAT OPTION...: prints the options that no line of FILE has in that format
missing() {
	local file=$1 format=$2 option; shift 2
	for option; do
		# shellcheck disable=SC2059
		grep -qE -- "$(printf "$format" "$option")" "$file" || echo "$file lacks $option"
	done
}
nothing() { [ -z "$1" ] || { echo "$1"; return 1; }; }

# --- options --------------------------------------------------------------------------------------

mapfile -t sampled < <(options src/config/config_vigil.c src/config/config_daemon.c src/modules/policy/*.[ch] src/modules/service/*.c)
check "the code has options" [ "${#sampled[@]}" -gt 20 ]
manual='^\.It Cm ([a-z_]+ , )*%s( ,|$)'
check "vigil.conf(5) has each option of [vigil]" \
	nothing "$(missing conf/vigil.conf.5 "$manual" $(options src/config/config_vigil.c))"
check "vigil.conf(5) has each option of every daemon" \
	nothing "$(missing conf/vigil.conf.5 "$manual" $(options src/config/config_daemon.c))"
for module in src/modules/*/; do
	name=$(basename "$module")
	check "vigil-$name(8) has each option of the module $name" \
		nothing "$(missing "${module}vigil-$name.8" "$manual" $(options "$module"*.c $(shared_options "$module")))"
done
check "the sample has each of the ${#sampled[@]} options of [vigil], of every daemon and of the module service" \
	nothing "$(missing conf/vigil.conf.in '^#%s = ' "${sampled[@]}")"
check "the sample enables no daemon, and sets only restart_on = failed for all services" \
	nothing "$(diff - <(grep -vE '^(#.*|)$' conf/vigil.conf.in) <<-'C'
		[vigil]
		[daemons]
		[module:service]
		restart_on = failed
	C
	)"

# --- pages ----------------------------------------------------------------------------------------

mapfile -t pages < <(printf '%s\n' conf/*.5 src/*.[78] src/modules/*/*.8 include/vigil/*.7 "$top_builddir/include/vigil/vigil-examples.7")
# page_missing PAGE: prints what refers to the page of that name, such as vigil.conf.5, but lacks it
page_missing() {
	local name=$1
	[ "$name" = vigil.h.3 ] || grep -qE "[ /]$name( |\$)" Makefile.am || echo "Makefile.am does not install $name"
	grep -qE "^usr/share/man/man${name##*.}(/$name)?\$" conf/debian/*.install ||
		echo "no package has $name"
}
check "every manual page is installed and is in a package" nothing "$(
	page_missing vigil.h.3
	for page in "${pages[@]}"; do page_missing "$(basename "$page")"; done)"
# dangling FILE...: prints the references to pages of vigil that do not exist
dangling() {
	local name section
	grep -hE '^\.Xr vigil|^\.It Xr vigil' "$@" | sed -E 's/^(\.It )?\.?Xr ([^ ]+) ([0-9]).*/\2 \3/' | sort -u |
		while read -r name section; do
			case " vigil.h.3 ${pages[*]##*/} " in
			*" $name.$section "*) ;;
			*) echo "there is no page $name($section)" ;;
			esac
		done
}
check "every page of vigil that a page refers to exists" nothing "$(dangling "${pages[@]}")"
printf '.Xr vigil-nonesuch 8 ,\n' >"$work/page.8"
check "a reference to a page that does not exist is found" \
	[ "$(dangling "$work/page.8")" = "there is no page vigil-nonesuch(8)" ]

# lint FILE...: prints the warnings of mandoc, except about the order of references
lint() { mandoc -Tlint -W warning "$@" | grep -v 'unusual Xr order'; }
check_with mandoc "mandoc has no warning about a manual page" nothing "$(lint "${pages[@]}" 2>&1)"
printf '.Dd November 30, 2026\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n.Sh SEE\n.Bl -tag\n' >"$work/page.8"
check_with mandoc "a list that is not closed is found" [ -n "$(lint "$work/page.8" 2>&1)" ]

mapfile -t verbs < <("$top_builddir/src/vigilctl" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p')
check "vigilctl has verbs" [ "${#verbs[@]}" -gt 15 ]
check "vigilctl(8) has each verb" nothing "$(missing src/vigilctl.8 '^\.It Cm %s( |$)' "${verbs[@]}")"
for program in vigild vigilctl; do
	check "$program(8) has each option of $program --help" nothing "$(missing src/$program.8 '^\.It Fl .*Fl -%s( |$)' \
		$("$top_builddir/src/$program" --help | sed -n 's/^  -., --\([a-z-]*\).*/\1/p'))"
done
# unknown_verbs FILE...: prints the verbs in commands of the pages that vigilctl does not have
unknown_verbs() {
	local verb
	sed -nE 's/^(\.Ql |\.Dl |[#$] )(.*(&&|\|) )?vigilctl (-[qr] |-[sco] [^ ]+ )*([a-z]+).*/\5/p' "$@" | sort -u |
		while read -r verb; do
			case " ${verbs[*]} " in *" $verb "*) ;; *) echo "vigilctl has no verb $verb" ;; esac
		done
}
check "every verb in a command of a page exists" nothing "$(unknown_verbs "${pages[@]}")"
printf '.Dl vigild -t && vigilctl -o json relaod\n' >"$work/page.8"
check "a verb that does not exist is found" [ "$(unknown_verbs "$work/page.8")" = "vigilctl has no verb relaod" ]

# Messages are compared without the line breaks of the source between their parts.
find src -name '*.c' -exec cat {} + | tr '\n' ' ' | sed 's/"[ 	]*"//g' >"$work/source"
quoted() { sed -n '/^\.Sh TROUBLESHOOTING/,/^\.Sh FILES/s/^\.It Qq //p' "$@"; }
# not_printed: prints the messages on stdin that are not in the source
not_printed() {
	local text
	while read -r text; do grep -qF -- "$text" "$work/source" || echo "vigil never prints: $text"; done
}
check "vigil(7) quotes messages" [ "$(quoted src/vigil.7 | wc -l)" -gt 30 ]
check "vigil prints every message that vigil(7) quotes" nothing "$(quoted src/vigil.7 | not_printed)"
check "a quoted message that vigil does not print is found" \
	[ -n "$(echo 'the unit is mashed' | not_printed)" ]

# page_code: prints the code of hello in vigil-module(7)
page_code() {
	awk '/^\.Ss The source of hello/ { on = 1 } on && /^\.Ed/ { exit } code; on && /^\.Bd/ { code = 1 }' \
		include/vigil/vigil-module.7
}
check "vigil-module(7) has the code of hello" [ "$(page_code | wc -l)" -gt 30 ]
check "each line of that code is in the source that vigilctl module new writes" nothing "$(page_code |
	grep -vxFf <(sed 's/@NAME@/hello/; s| /\*.*\*/$||' conf/skeleton/NAME.c))"

# --- configurations in the pages ------------------------------------------------------------------

mkdir "$work/modules"
for module in "$top_builddir"/src/modules/*/*.so; do
	mkdir "$work/modules/$(basename "$module" .so)"
	cp "$module" "$work/modules/$(basename "$module" .so)"
done

# configurations PAGE: writes each literal block of the page that is a configuration into a file
configurations() {
	awk -v to="$work/$(basename "$1")" '
		/^\.Bd -literal/ { n++; text = ""; wanted = 0; on = 1; next }
		/^\.Ed/ { if (wanted) printf "%s", text >(to "-" n ".conf"); on = 0; next }
		on { gsub(/\\e/, "\\"); sub(/^\\&/, ""); text = text $0 "\n" }
		on && /^\[(vigil|daemons|daemon:[^]]*)\]$/ { wanted = 1 }' "$1"
}
# with_files: in the configuration on stdin, replaces programs, certificates and secrets that this
# machine does not have
with_files() {
	local line option path
	while IFS= read -r line; do
		[[ $line =~ ^([a-z_]+)\ *=\ *(/[^\ ]+)(.*)$ ]] || { printf '%s\n' "$line"; continue; }
		option=${BASH_REMATCH[1]} path=${BASH_REMATCH[2]}
		case $option in
		command | probe | status_command | restart_command | start_command | stop_command) [ -x "$path" ] || path=/bin/true ;;
		ca | probe_tls_ca | certificate | key | tls_certificate | tls_key) [ -r "$path" ] || path=$work/tls.pem ;;
		token_file | password_file) [ -r "$path" ] || path=$work/secret ;;
		esac
		printf '%s = %s%s\n' "$option" "$path" "${BASH_REMATCH[3]}"
	done
}
(
	umask 077
	echo 0123456789abcdef >"$work/secret"
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$work/key" -out "$work/tls.pem" &&
		cat "$work/key" >>"$work/tls.pem"
) 2>"$work/openssl.log"
# accepted FILE: whether vigild -t accepts the configuration with all its daemons enabled.  The module
# icinga checks its default for ca, too, so vigil.conf sets it.
accepted() {
	local dir=$work/accepted
	rm -rf "$dir" && mkdir -p "$dir/conf.d"
	{
		printf '[vigil]\nmodules = %s\n[daemons]\n' "$work/modules"
		sed -n 's/^\[daemon:\(.*\)\]$/\1 = yes/p' "$1"
		awk -v ca="$work/tls.pem" '/^\[/ { section = $0 }
			/^module *= *icinga$/ { print section; print "ca = " ca }' "$1"
	} >"$dir/vigil.conf"
	with_files <"$1" >"$dir/conf.d/example.conf"
	"$vigild" -t -c "$dir/vigil.conf" >"$dir/out" 2>&1 || { cat "$dir/out"; return 1; }
}
# lacks FILE: prints what this machine lacks for the configuration, or nothing
lacks() {
	local module
	for module in $(sed -n 's/^module *= *//p; s/^\(http\|icinga\) *= *yes$/\1/p' "$1"); do
		[ -d "$work/modules/$module" ] || { echo "the module $module is not built"; return; }
	done
	! grep -qE '(tls|https)://' "$1" || [ -d "$work/modules/icinga" ] || echo "vigil is built without OpenSSL"
	! grep -qE '^(module *= *icinga|(tls_)?certificate *=)' "$1" || [ -s "$work/tls.pem" ] ||
		echo "there is no openssl"
}

for page in "${pages[@]}"; do configurations "$page"; done
examples=("$work"/*.conf)
check "the manual pages have configurations" [ "${#examples[@]}" -ge 12 ]
for page in conf/vigil.conf.5 src/vigil.7 src/vigild.8 src/modules/service/vigil-service.8; do
	check "$(basename "$page") has a configuration as an example" \
		compgen -G "$work/$(basename "$page")-*.conf" >/dev/null
done
for example in "${examples[@]}"; do
	name=$(basename "$example" .conf)
	text="vigild -t accepts the configuration in block ${name##*-} of ${name%-*}"
	lacking=$(lacks "$example")
	if [ -n "$lacking" ]; then echo "SKIP: $text: $lacking"; else check "$text" accepted "$example"; fi
done
# A test that accepts everything would not be noticed.
for example in "$work"/vigil-service.8-*.conf; do
	sed 's/^service *=/servise =/' "$example" >"$work/wrong"
	name=$(basename "$example" .conf)
	check "vigild -t refuses block ${name##*-} of ${name%-*} with a misspelled option" \
		eval '! accepted "$work/wrong" >"$work/out" && grep -q servise "$work/out"'
done

# --- the sample -----------------------------------------------------------------------------------

# In the sample, an example begins right after the #, and a sentence after a blank.  The module http
# is built only where libevent_extra is.
left_out=
[ -e "$work/modules/http/http.so" ] || left_out='/^http = yes/d; /^\[daemon:http\]/,$d'
sed -e 's/^#\([^ ]\)/\1/' "$top_builddir/conf/vigil.conf" |
	sed -e "$left_out" -e "s|^modules = .*|modules = $work/modules|" >"$work/sample"
check "vigild -t accepts the sample" "$vigild" -t -c "$top_builddir/conf/vigil.conf"
check "vigild -t accepts the sample with all its examples switched on" "$vigild" -t -c "$work/sample"
sed -i 's/^interval = /intervall = /' "$work/sample"
check "vigild -t refuses the sample with a misspelled word" eval '! "$vigild" -t -c "$work/sample"'

# --- the threat table -----------------------------------------------------------------------------

# It names tests as check_X, system/X.sh and tests/torture/X.sh.
named=$(sed -n '/^Threats/,/^How to report/p' src/README | grep -oE 'check_[a-z0-9_]+|(system|torture)/[a-z0-9-]+\.sh' | sort -u)
check "src/README names tests in the threat table" [ "$(wc -l <<<"$named")" -gt 20 ]
check "each test that the threat table names exists" nothing "$(for test in $named; do
	[ -f "tests/$test" ] || [ -f "tests/$test.c" ] || echo "src/README: there is no test $test"
done)"

# --- the recipes of packages ----------------------------------------------------------------------

# The libraries with the versions that the recipes ask for, as `NAME >= VERSION`, where libNAME-dev is a package
# of the library NAME or libNAME_core.
wanted() {
	sed -nE 's/^BuildRequires:.*pkgconfig\((.*)\)( >= .*)/\1\2/p' conf/rpm/vigil.spec.in
	sed -nE 's/^ lib(.*)-dev \((>= .*)\),?$/\1 \2/p' conf/debian/control
}
check "the recipes of packages ask for versions of libraries" [ "$(wanted | wc -l)" -gt 8 ]
check "the recipes of packages ask for the same versions of libraries as configure" nothing "$(wanted |
	while read -r library version; do
		grep -qE "[[ ](lib)?$library(_core)? $version[] ]" configure.ac || echo "configure does not ask for $library $version"
	done)"
finish
