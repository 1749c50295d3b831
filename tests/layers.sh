#!/bin/sh
# layers.sh: proves by the #include lines of src/ that arrows go down only.
#
# Each folder is a floor; a file may include headers of its own floor and of lower ones.  Some libraries are for some
# files alone, so that events, dlopen, libedit and systemd stay where one looks for them.  A
# module sees vigil.h and what lies beside it.  A file on no floor is refused.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" && [ -f src/host/host.c ] || exit 1

floors="base data loop service daemon host command control client"

# floor_of FILE: sets floor, the number of its folder from the ground up; the programs, in no
# folder, are the roof
floor_of() {
	floor=0
	for f in $floors .; do
		case $1 in
		"$f"/*) return ;;
		*/*) floor=$((floor + 1)) ;;
		vigild.c | vigilctl.c) floor=9; return ;;
		*) break ;;
		esac
	done
	floor=
}

may() { # may LIBRARY NAME: whether the file may include it
	case $1:$2 in
	event2/*:loop | event2/*:loop_timer | event2/*:offload | event2/*:sight | event2/*:systemd_line | event2/*:child | event2/*:api_own) ;;
	event2/*:control_* | event2/*:console | event2/*:console_*) ;;
	# Modules; and libedit, which only they bear who sit at a prompt.
	dlfcn.h:module | dlfcn.h:editor | histedit.h:editor) ;;
	systemd/*:log | systemd/*:manager_systemd | systemd/*:systemd_*) ;;
	event2/* | dlfcn.h:* | histedit.h:* | systemd/*) return 1 ;;
	esac
}

# judge FILE SIGN WHAT: what is wrong with this include of a file, named from src/, or nothing
judge() {
	name=${1##*/} name=${name%.[ch]}
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

# That a bent arrow is seen: one of each kind, in a tree that is wrong on purpose.
bent=$(mktemp -d) || exit 1
trap 'rm -rf "$bent"' EXIT
mkdir -p "$bent/modules/odd" "$bent/base" "$bent/data" "$bent/host" "$bent/service" "$bent/client" "$bent/attic"
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
bend client/console.c '#include <histedit.h>' 'histedit.h is not for console'
bend service/managers/lsb.c '#include <systemd/sd-bus.h>' 'systemd/sd-bus.h is not for manager_lsb'
bend modules/odd/odd.c '#include "../../host.h"' '../../host.h is not beside it'
bend modules/odd/odd.c '#include "host/host.h"' 'host/host.h is not beside it'
exit $failed
