#!/bin/sh
# layers.sh: proves by the #include lines of src/ that arrows go down only.
#
# A file may include headers of its own floor and of lower ones.  Some libraries are for some
# files alone, so that events, dlopen, libedit and systemd stay where one looks for them.  A
# module sees vigil.h and what lies beside it.  A file on no floor is refused: give it one here.
set -u
cd "${top_srcdir:-$(dirname "$0")/..}" && [ -f src/host.c ] || exit 1

floor_of() { # floor_of NAME: sets floor
	case $1 in
	clock | degraded | escape | log | memory | text | complaint) floor=0 ;;
	pointer | state | option | ini | config | config_*) floor=1 ;;
	blame | editor | editor_none | loop | offload | offload_* | sight | spawn | child | store | notify | user) floor=2 ;;
	manager | manager_* | systemd_* | job | pidfile | request | policy | script | service | service_* | supervise | upgrade) floor=3 ;;
	module | daemon | daemon_* | api_*) floor=4 ;;
	held | plan | host | host_* | pause | registry | roster) floor=5 ;;
	command | command_*) floor=6 ;;
	control | control_*) floor=7 ;;
	client | console | console_* | holder | print | skeleton | skeleton_files | table | trial | verb | vigilctl | vigilctl_* | vigild) floor=8 ;;
	*) floor= ;;
	esac
}

may() { # may LIBRARY NAME: whether the file may include it
	case $1:$2 in
	event2/*:loop | event2/*:offload | event2/*:sight | event2/*:systemd_line | event2/*:child | event2/*:api_own) ;;
	event2/*:control_* | event2/*:console | event2/*:console_*) ;;
	# Modules; and libedit, which only they bear who sit at a prompt.
	dlfcn.h:module | dlfcn.h:editor | histedit.h:editor) ;;
	systemd/*:log | systemd/*:manager_systemd | systemd/*:systemd_*) ;;
	event2/* | dlfcn.h:* | histedit.h:* | systemd/*) return 1 ;;
	esac
}

# judge FILE SIGN WHAT: what is wrong with this include, or nothing
judge() {
	name=${1##*/} name=${name%.[ch]}
	case $1:$2 in
	*/modules/*:'"') [ -f "${1%/*}/$3" ] && [ "$3" = "${3##*/}" ] || echo "$3 is not beside it" ;;
	*/modules/*) ;;
	*:'"')
		floor_of "${3%.h}"; its=$floor
		floor_of "$name"
		[ -n "$floor" ] || { echo "$name is on no floor"; return; }
		[ -n "$its" ] || { echo "$3 is on no floor"; return; }
		[ "$its" -le "$floor" ] || echo "$3 is on floor $its, above $floor"
		;;
	*) may "$3" "$name" || echo "$3 is not for $name" ;;
	esac
}

# complaints DIR: judges each include below it
complaints() {
	grep -rE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' "$1" |
		sed 's/^\([^:]*\):[^"<]*\(["<]\)\([^">]*\)[">].*/\1 \2 \3/' |
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
mkdir -p "$bent/modules/odd"
bend() { # bend FILE LINE EXPECTED
	printf '#include <stdio.h>\n%s\n' "$2" >"$bent/$1"
	wrong=$(complaints "$bent")
	case $wrong in
	"$bent/$1: $3") echo "ok - seen: $2 in $1" ;;
	*) not_ok "seen: $2 in $1, got '$wrong'" ;;
	esac
	rm "$bent/$1"
}
bend clock.c '#include "loop.h"' 'loop.h is on floor 2, above 0'
bend config_vigil.h '#  include "host.h" // why' 'host.h is on floor 5, above 1'
bend nowhere.c '#include "clock.h"' 'nowhere is on no floor'
bend clock.c '#include "nowhere.h"' 'nowhere.h is on no floor'
bend state.c '#include <event2/event.h>' 'event2/event.h is not for state'
bend host.c '#include <dlfcn.h>' 'dlfcn.h is not for host'
bend console.c '#include <histedit.h>' 'histedit.h is not for console'
bend manager_lsb.c '#include <systemd/sd-bus.h>' 'systemd/sd-bus.h is not for manager_lsb'
bend modules/odd/odd.c '#include "../../host.h"' '../../host.h is not beside it'
bend modules/odd/odd.c '#include "host.h"' 'host.h is not beside it'
exit $failed
