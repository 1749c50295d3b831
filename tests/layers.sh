#!/bin/sh
# layers.sh: proves with the #include lines of src/ that includes go down only.
#
# Each folder of src/ is a layer.  A file may include headers of its own layer and of the layers below
# it.  A few libraries may be included by a few files only, so that events, dlopen, libedit and
# systemd stay where a reader looks for them.  A module may include vigil.h, the headers in its own
# folder and those in the folders that are no modules, such as modules/policy; base/ does not include
# vigil.h.  A file outside the layers is refused.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" && [ -f src/host/host.c ] || exit 1

layers="base config state loop process worker persist service daemon isolate host command control client
	console module_tools module_host"

# layer_of FILE: sets layer, the number of the file's folder from the bottom up; the programs, which
# are in no folder, are above all layers
layer_of() {
	layer=0
	for f in $layers .; do
		case $1 in
		"$f"/*) return ;;
		*/*) layer=$((layer + 1)) ;;
		vigild.c | vigilctl.c) layer=99; return ;;
		*) break ;;
		esac
	done
	layer=
}

may() { # may LIBRARY NAME FILE: whether the file, of that name, may include it
	case $1:$2 in
	event2/*:loop | event2/*:loop_clock | event2/*:loop_timer | event2/*:worker_pool | event2/*:pidfd) ;;
	event2/*:child | event2/*:child_output | event2/*:run_group | event2/*:api_fd | event2/*:api_listen) ;;
	event2/*:service/systemd/connection | event2/*:services_changes) ;;
	event2/*:control_* | event2/*:isolate_ask | event2/*:isolate_process | event2/*:isolate_stop | event2/*:parent) ;;
	# only the console is linked with libedit.
	dlfcn.h:module | histedit.h:editor) ;;
	systemd/*:log | systemd/*:service/systemd/* | systemd/*:service/managers/systemd) ;;
	event2/* | dlfcn.h:* | histedit.h:* | systemd/*) return 1 ;;
	vigil/*) case $3 in base/*) return 1 ;; esac ;;
	esac
}

# judge FILE SIGN WHAT: what is wrong with this include of a file, named from src/, or nothing
judge() {
	name=${1##*/} name=${name%.[ch]}
	case $1 in service/*/*) name=${1%.[ch]} ;; esac # elsewhere a file is known by its name alone
	case $1:$2 in
	modules/*:'"')
		case $3 in # modules compile it in
		modules/deaths/* | modules/policy/* | modules/probe/* | modules/pressure/* | modules/usage/*)
			[ -f "$root/$3" ] && return ;;
		esac
		[ -f "$root/${1%/*}/$3" ] && [ "$3" = "${3##*/}" ] || echo "$3 is not in the same folder"
		;;
	modules/*) ;;
	*:'"')
		layer_of "$3"; its=$layer
		layer_of "$1"
		[ -n "$layer" ] || { echo "it is in no layer"; return; }
		[ -n "$its" ] || { echo "$3 is in no layer"; return; }
		[ "$its" -le "$layer" ] || echo "$3 is in layer $its, above $layer"
		;;
	*) may "$3" "$name" "$1" || echo "$3 is not for $name" ;;
	esac
}

# complaints DIR: judges each include below it
complaints() {
	root=$1
	grep -rE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' "$root" |
		sed "s,^$root/,,; "'s/^\([^:]*\):[^"<]*\(["<]\)\([^">]*\)[">].*/\1 \2 \3/' |
		while read -r file sign what; do
			wrong=$(judge "$file" "$sign" "$what")
			[ -z "$wrong" ] || echo "$file: $wrong"
		done
}

failed=0
not_ok() { echo "not ok - $*"; failed=1; }

wrong=$(complaints src)
if [ -z "$wrong" ]; then
	echo "ok - no file of src/ includes a header of a higher layer, in $(find src -name '*.[ch]' | wc -l) files"
else
	echo "$wrong"
	not_ok "no file of src/ includes a header of a higher layer"
fi

# Two files that include each other's headers are one file cut wrongly.  A header NAME_internal.h is a
# part of NAME, as NAME.c and NAME.h are.

# arrows DIR: a line for each include of another file below it, from which file to which
arrows() {
	grep -rE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1" |
		sed "s,^$1/,,; "'s/^\([^:]*\)\.[ch]:[^"]*"\([^"]*\)\.h".*/\1 \2/' |
		awk '{
			folder = $1; sub("/[^/]*$", "", folder)
			if ($2 !~ "/") $2 = folder "/" $2
			for (i = 1; i <= 2; i++) sub("_internal$", "", $i)
			if ($1 != $2) print $1, $2
		}' | sort -u
}
# cycles DIR: each cycle below it
cycles() {
	arrows "$1" | tsort 2>&1 >/dev/null | sed 's/^tsort: //' | paste -sd ' ' -
}
wrong=$(cycles src)
if [ -z "$wrong" ]; then
	echo "ok - no two files of src/ include each other"
else
	echo "$wrong"
	not_ok "no two files of src/ include each other"
fi

# A function that other files may call is declared in the header of its file: NAME.c in NAME.h or
# NAME_internal.h.  A file NAME_PART.c is a part of NAME, so its functions may be in these headers, too.
# Functions of modules for all modules, vigil_*, are in vigil.h.

# strays DIR: each function below it that is declared elsewhere, or nowhere
strays() (
	cd "$1" && { find . -name '*.h'; find . -name '*.c'; } | sed 's,^\./,,' | xargs awk '
		FNR == 1 { comment = 0; head = "" }
		comment && !sub(/.*\*\//, "") { next }
		{
			comment = 0
			gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ")
			if (sub(/\/\*.*/, "")) comment = 1
		}
		FILENAME ~ /h$/ { # where: the headers that have a word
			gsub(/[^A-Za-z0-9_]+/, " ")
			for (i = split($0, word, " "); i > 0; i--) where[word[i]] = where[word[i]] " " FILENAME
			next
		}
		/^[A-Za-z_]/ { head = head " " $0 } # a definition begins in the first column, as does its {
		/^[{]/ && head !~ / static / && match(head, /[A-Za-z0-9_]+[(]/) {
			name = substr(head, RSTART, RLENGTH - 1)
			file = FILENAME; sub("[.]c$", "", file)
			wrong = name != "main" && name !~ /^vigil_/
			for (i = split(where[name], header, " "); i > 0; i--) {
				sub("(_internal)?[.]h$", "", header[i])
				if (file == header[i] || index(file, header[i] "_") == 1) wrong = 0
				# module_host/ has implementations of its own of headers of the core.
				if (file ~ /^module_host[/]/ && (header[i] ~ ("/" substr(file, 13)) || header[i] == "module_host/module_host")) wrong = 0
			}
			if (wrong) print FILENAME ": " name " is in none of its headers"
		}
		/^[^A-Za-z_ \t]/ || /^$/ || /;$/ { head = "" }'
)
wrong=$(strays src)
if [ -z "$wrong" ]; then
	echo "ok - every function is declared in the header of its file"
else
	echo "$wrong"
	not_ok "every function is declared in the header of its file"
fi

# A wrong include of each kind is found, in a tree that is wrong on purpose.
bent=$(mktemp -d) || exit 1
trap 'rm -rf "$bent"' EXIT
mkdir -p "$bent/modules/odd" "$bent/base" "$bent/config" "$bent/state" "$bent/host" "$bent/service/managers" "$bent/client" "$bent/console" "$bent/control" "$bent/attic"
bend() { # bend FILE LINE EXPECTED
	printf '#include <stdio.h>\n%s\n' "$2" >"$bent/$1"
	wrong=$(complaints "$bent")
	case $wrong in
	"$1: $3") echo "ok - the check of layers finds a wrong include: $2 in $1" ;;
	*) not_ok "the check of layers finds a wrong include: $2 in $1, got '$wrong'" ;;
	esac
	rm "$bent/$1"
}
bend base/clock.c '#include "loop/loop.h"' 'loop/loop.h is in layer 3, above 0'
bend config/config_vigil.h '#  include "host/host.h" // why' 'host/host.h is in layer 10, above 1'
bend attic/odd.c '#include "base/clock.h"' 'it is in no layer'
bend odd.c '#include "base/clock.h"' 'it is in no layer'
bend base/clock.c '#include "attic/odd.h"' 'attic/odd.h is in no layer'
bend base/clock.c '#include "text.h"' 'text.h is in no layer'
bend state/state.c '#include <event2/event.h>' 'event2/event.h is not for state'
bend host/host.c '#include <dlfcn.h>' 'dlfcn.h is not for host'
bend client/print.c '#include <histedit.h>' 'histedit.h is not for print'
bend console/prompt.c '#include <histedit.h>' 'histedit.h is not for prompt'
bend control/control_console.c '#include "console/prompt.h"' 'console/prompt.h is in layer 14, above 12'
bend service/managers/lsb.c '#include <systemd/sd-bus.h>' 'systemd/sd-bus.h is not for service/managers/lsb'
bend modules/odd/odd.c '#include "../../host.h"' '../../host.h is not in the same folder'
bend modules/odd/odd.c '#include "host/host.h"' 'host/host.h is not in the same folder'
bend modules/odd/odd.c '#include "modules/probe/nosuch.h"' 'modules/probe/nosuch.h is not in the same folder'
bend base/log.h '#include <vigil/vigil.h>' 'vigil/vigil.h is not for log'
printf '#include "service/b.h"\n' >"$bent/service/a.c"
printf '#include "service/c.h"\n' >"$bent/service/b_internal.h"
printf '#include "service/a.h"\n' >"$bent/service/c.c"
case $(cycles "$bent") in
*service/a*service/b*service/c* | *service/a*service/c*service/b* | *service/b*service/a*service/c* | *service/b*service/c*service/a* | *service/c*service/*service/*)
	echo "ok - the check of cycles finds a cycle of three files" ;;
*) not_ok "the check of cycles finds a cycle of three files, got '$(cycles "$bent")'" ;;
esac
rm "$bent"/service/*.[ch]
stray() { # stray FILE FUNCTION HEADER DECLARATION EXPECTED
	printf '%s\n{\n}\n' "$2" >"$bent/$1"
	printf '%s\n' "$4" >"$bent/$3"
	wrong=$(strays "$bent")
	if [ "$wrong" = "$5" ]; then
		echo "ok - ${5:+not }allowed: $2 of $1, with $4 in $3"
	else
		not_ok "${5:+not }allowed: $2 of $1, with $4 in $3, got '$wrong'"
	fi
	rm "$bent/$1" "$bent/$3"
}
stray host/plan.c 'int plan_a(void)' host/host.h 'int plan_a(void);' 'host/plan.c: plan_a is in none of its headers'
stray host/plan.c 'int plan_a(void)' host/plan.h '/* plan_a */' 'host/plan.c: plan_a is in none of its headers'
stray host/plan.c 'int plan_a(void)' service/plan.h 'int plan_a(void);' 'host/plan.c: plan_a is in none of its headers'
stray host/plan.c 'static int plan_a(void)' host/plan.h '' ''
stray host/plan.c 'int plan_a(void)' host/plan.h 'int plan_a(void);' ''
stray host/plan_links.c 'int plan_a(void)' host/plan_internal.h 'int plan_a(void);' ''
exit $failed
