#!/bin/sh
# layers.sh: proves by the #include lines of src/ that arrows go down only.
#
# Each folder is a floor; a file may include headers of its own floor and of lower ones.  Some libraries are for some
# files alone, so that events, dlopen, libedit and systemd stay where one looks for them.  A
# module sees vigil.h and what lies beside it.  A file on no floor is refused.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" && [ -f src/host/host.c ] || exit 1

floors="base data loop service daemon host command control client console"

# floor_of FILE: sets floor, the number of its folder from the ground up; the programs, in no
# folder, are the roof
floor_of() {
	floor=0
	for f in $floors .; do
		case $1 in
		"$f"/*) return ;;
		*/*) floor=$((floor + 1)) ;;
		vigild.c | vigilctl.c) floor=10; return ;;
		*) break ;;
		esac
	done
	floor=
}

may() { # may LIBRARY NAME: whether the file may include it
	case $1:$2 in
	event2/*:loop | event2/*:loop_timer | event2/*:offload | event2/*:sight | event2/*:service/systemd/connection | event2/*:child_output | event2/*:child | event2/*:api_own) ;;
	event2/*:control_*) ;;
	# libedit is linked with the console alone.
	dlfcn.h:module | histedit.h:editor) ;;
	systemd/*:log | systemd/*:service/systemd/* | systemd/*:service/managers/systemd) ;;
	event2/* | dlfcn.h:* | histedit.h:* | systemd/*) return 1 ;;
	esac
}

# judge FILE SIGN WHAT: what is wrong with this include of a file, named from src/, or nothing
judge() {
	name=${1##*/} name=${name%.[ch]}
	case $1 in service/*/*) name=${1%.[ch]} ;; esac # elsewhere a file is known by its name alone
	case $1:$2 in
	modules/*:'"') [ -f "$root/${1%/*}/$3" ] && [ "$3" = "${3##*/}" ] || echo "$3 is not beside it" ;;
	modules/*) ;;
	*:'"')
		floor_of "$3"; its=$floor
		floor_of "$1"
		[ -n "$floor" ] || { echo "it is on no floor"; return; }
		[ -n "$its" ] || { echo "$3 is on no floor"; return; }
		[ "$its" -le "$floor" ] || echo "$3 is on floor $its, above $floor"
		;;
	*) may "$3" "$name" || echo "$3 is not for $name" ;;
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
	echo "ok - arrows go down only, in $(find src -name '*.[ch]' | wc -l) files"
else
	echo "$wrong"
	not_ok "arrows go down only"
fi

# Two files that include each other's headers are one file cut wrongly.  A header NAME_inside.h or
# NAME_internal.h is a part of NAME.  These pairs are known, and are to go:
known="base/log base/degraded
command/command command/command_handlers
command/command command/series
control/control_conn control/control
daemon/daemon daemon/daemon_attach
data/config data/config_vigil
modules/http/door modules/http/guest"

# arrows DIR: a line for each include of another file below it, from whom to whom
arrows() {
	grep -rE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$1" |
		sed "s,^$1/,,; "'s/^\([^:]*\)\.[ch]:[^"]*"\([^"]*\)\.h".*/\1 \2/' |
		awk '{
			folder = $1; sub("/[^/]*$", "", folder)
			if ($2 !~ "/") $2 = folder "/" $2
			for (i = 1; i <= 2; i++) sub("_(inside|internal)$", "", $i)
			if ($1 != $2) print $1, $2
		}' | sort -u
}
# cycles DIR: each cycle below it, but for the known pairs
cycles() {
	arrows "$1" | awk -v known="$known" '
		BEGIN { n = split(known, pair, "\n"); for (i = 1; i <= n; i++) {
			split(pair[i], end, " "); skip[end[1], end[2]]; skip[end[2], end[1]] } }
		!(($1, $2) in skip)' | tsort 2>&1 >/dev/null | sed 's/^tsort: //' | paste -sd ' ' -
}
wrong=$(cycles src)
if [ -z "$wrong" ]; then
	echo "ok - no two files need each other, in any folder"
else
	echo "$wrong"
	not_ok "no two files need each other, in any folder"
fi

# That a bent arrow is seen: one of each kind, in a tree that is wrong on purpose.
bent=$(mktemp -d) || exit 1
trap 'rm -rf "$bent"' EXIT
mkdir -p "$bent/modules/odd" "$bent/base" "$bent/data" "$bent/host" "$bent/service/managers" "$bent/client" "$bent/console" "$bent/control" "$bent/attic"
bend() { # bend FILE LINE EXPECTED
	printf '#include <stdio.h>\n%s\n' "$2" >"$bent/$1"
	wrong=$(complaints "$bent")
	case $wrong in
	"$1: $3") echo "ok - seen: $2 in $1" ;;
	*) not_ok "seen: $2 in $1, got '$wrong'" ;;
	esac
	rm "$bent/$1"
}
bend base/clock.c '#include "loop/loop.h"' 'loop/loop.h is on floor 2, above 0'
bend data/config_vigil.h '#  include "host/host.h" // why' 'host/host.h is on floor 5, above 1'
bend attic/odd.c '#include "base/clock.h"' 'it is on no floor'
bend odd.c '#include "base/clock.h"' 'it is on no floor'
bend base/clock.c '#include "attic/odd.h"' 'attic/odd.h is on no floor'
bend base/clock.c '#include "text.h"' 'text.h is on no floor'
bend data/state.c '#include <event2/event.h>' 'event2/event.h is not for state'
bend host/host.c '#include <dlfcn.h>' 'dlfcn.h is not for host'
bend client/print.c '#include <histedit.h>' 'histedit.h is not for print'
bend console/prompt.c '#include <histedit.h>' 'histedit.h is not for prompt'
bend control/control_console.c '#include "console/prompt.h"' 'console/prompt.h is on floor 9, above 7'
bend service/managers/lsb.c '#include <systemd/sd-bus.h>' 'systemd/sd-bus.h is not for service/managers/lsb'
bend modules/odd/odd.c '#include "../../host.h"' '../../host.h is not beside it'
bend modules/odd/odd.c '#include "host/host.h"' 'host/host.h is not beside it'
printf '#include "service/b.h"\n' >"$bent/service/a.c"
printf '#include "service/c.h"\n' >"$bent/service/b_internal.h"
printf '#include "service/a.h"\n' >"$bent/service/c.c"
case $(cycles "$bent") in
*service/a*service/b*service/c* | *service/a*service/c*service/b* | *service/b*service/a*service/c* | *service/b*service/c*service/a* | *service/c*service/*service/*)
	echo "ok - seen: three files in a circle" ;;
*) not_ok "seen: three files in a circle, got '$(cycles "$bent")'" ;;
esac
exit $failed
