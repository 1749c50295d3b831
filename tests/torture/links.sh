#!/bin/bash
# links: files that other users create at paths to which vigild writes.
#
# Promise: if a symbolic link, a hard link, a pipe or a directory is planted at the path of the socket, the
# pipe, the log, the state or its files, no file elsewhere is written, created, given to another owner or
# made more accessible.  That holds if a stranger plants it in a directory like /tmp, or a user in a
# directory of that user.  vigild either starts, or names the path in its error.  Modules of a stranger are
# not loaded.
. "$(dirname "$0")/lib.sh" || exit 1

[ "$(id -u)" = 0 ] || skip_all "only root can create files as other users"
install_staged
set_paths
work=$(mktemp -d)
trap 'stop_vigild; rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$vigild" "$vigilctl" "$work"
cp -R "$modules" "$work/modules"
vigild=$work/vigild vigilctl=$work/vigilctl modules=$work/modules

own=4711 stranger=4713 # uids that no user has
readers=1
group=$(getent group $readers | cut -d: -f1)
setpriv --reuid=$own --regid=$own --clear-groups test -x "$vigild" ||
	skip_all "an ordinary user cannot read $work"

# For each place: the user that runs vigild, and the user that plants.
declare -A runner=([sticky]=root [owned]=root [user]=user)
declare -A planter=([sticky]=$stranger [owned]=$own [user]=$stranger)
begin() { # GROUND
	place=$work/place victim=$work/victim state=$work/place/state
	rm -rf "$place" "$victim"
	mkdir "$place" "$victim" "$victim/dir" "$state"
	echo "not vigil's" >"$victim/file"
	mkfifo "$victim/pipe"
	chmod 600 "$victim/file" "$victim/pipe"
	case $1 in
	sticky) chmod 1777 "$place" "$state" ;;
	owned) chown $own:$own "$place" "$state" ;;
	user) chmod 1777 "$place" "$state"; chown -R $own:$own "$victim" ;;
	esac
	cat >"$work/vigil.conf" <<-CONF
		[vigil]
		modules = $modules
		socket = $place/control.sock
		pipe = $place/control.pipe
		state_dir = $state
		log = $place/vigil.log
		group = $group
		[daemons]
		one = yes
		[daemon:one]
		module = average
		source = /vigil/generation
		windows = 1d
		interval = 1h
	CONF
}
# plant KIND PATH OWNER
plant() {
	case $1 in
	symbolic) ln -s "$victim/file" "$2" ;;
	dangling) ln -s "$victim/new" "$2" ;;
	to-a-pipe) ln -s "$victim/pipe" "$2" ;;
	to-a-directory) rm -rf "$2"; ln -s "$victim/dir" "$2" ;;
	hard) ln "$victim/file" "$2" ;;
	pipe) mkfifo -m 666 "$2" ;;
	directory) mkdir "$2" ;;
	esac || return
	[ "$1" = hard ] || chown -h "$3:$3" "$2"
}
# Prints all files elsewhere that an error could change.
elsewhere() { find "$victim" -printf '%p %y %m %U:%G %s %T@\n' | sort; cat "$victim/file"; }

ctl() { "$vigilctl" -s "$place/control.sock" "$@"; }
ended() { ! kill -0 "$vigild_pid" 2>/dev/null; }
up_or_ended() { reachable || ended; }
# Starts vigild, changes the stored state, stops vigild; its messages are in $work/said.
live() { # RUNNER
	local as=()
	[ "$1" = root ] || as=(setpriv --reuid=$own --regid=$own --groups=$readers)
	"${as[@]}" "$vigild" -c "$work/vigil.conf" >"$work/said" 2>&1 &
	vigild_pid=$!
	wait_for 20 up_or_ended || return
	came_up=
	if reachable; then
		came_up=yes
		ctl -q pause one 2>/dev/null
		ctl -q reload 2>/dev/null
	fi
	stop_vigild
	[ ! -f "$place/vigil.log" ] || cat "$place/vigil.log" >>"$work/said"
	return 0
}
planted=0 changed=0 silent=0
try() { # GROUND KIND NAME
	local before path=$work/place/$3
	begin "$1"
	plant "$2" "$path" "${planter[$1]}" || { not_ok "$1, $2 at $3 can be planted"; return; }
	before=$(elsewhere)
	if ! live "${runner[$1]}"; then
		not_ok "$1, $2 at $3: vigild starts or exits"
		kill -9 "$vigild_pid"
		stop_vigild
		return
	fi
	planted=$((planted + 1))
	if [ "$before" != "$(elsewhere)" ]; then
		changed=$((changed + 1))
		not_ok "$1, $2 at $3: no file elsewhere is changed"
		diff <(echo "$before") <(elsewhere)
	fi
	if [ -z "$came_up" ] && ! grep -qF -e "$path" -e "$place belongs to uid" "$work/said"; then
		silent=$((silent + 1))
		not_ok "$1, $2 at $3: the error of vigild names the path: $(cat "$work/said")"
	fi
}

# Without a planted file vigild starts and writes its files; otherwise the checks below mean nothing.
begin owned
live ${runner[owned]}
check "owned: vigild refuses to start in a directory of another user, and names the directory" \
	eval '[ -z "$came_up" ] && grep -q "$place belongs to uid" "$work/said"'
for ground in sticky user; do
	begin $ground
	live ${runner[$ground]}
	check "$ground: vigild starts if nothing is planted" [ -n "$came_up" ]
	check "$ground: vigild writes its state and its log if nothing is planted" eval \
		'grep -q one "$state/state.json" && grep -q "is up" "$place/vigil.log"'
done

for ground in sticky owned user; do
	for name in control.sock control.pipe vigil.log state/state.json state/state.json.new \
		state/state.json.old; do
		for kind in symbolic dangling to-a-pipe hard pipe directory; do
			try $ground $kind $name
		done
	done
	try $ground to-a-directory state
done
check "$planted planted files: no file elsewhere was changed" [ "$changed" = 0 ]
check "each planted file that stopped vigild from starting was named" [ "$silent" = 0 ]

# --- modules --------------------------------------------------------------------------------------

# A module of a stranger must not even be opened by the loader, however it got there, because its
# constructors would run.
begin sticky
refused() { # TEXT: checks that the module in $place/modules is not loaded
	sed -i "s|^modules = .*|modules = $place/modules|" "$work/vigil.conf"
	live root
	check "modules: $1 is not loaded" eval '[ -n "$came_up" ] && ! grep -q "0 of them failed" "$work/said" &&
		grep -q "one: failed" "$work/said"'
	rm -rf "$place/modules" "$place/vigil.log"
}
mkdir -p "$place/modules/average"
cp "$modules/average/average.so" "$place/modules/average"
chown -R $stranger "$place/modules"
refused "a module in a stranger's folder"
mkdir -p "$place/modules/average"
chown $stranger "$place/modules/average"
ln "$modules/average/average.so" "$place/modules/average/average.so"
refused "a hard link to root's module in a stranger's folder"
mkdir -p "$place/modules/average" "$place/theirs"
cp "$modules/average/average.so" "$place/theirs"
chown -R $stranger "$place/theirs"
ln -s "$place/theirs/average.so" "$place/modules/average/average.so"
refused "a symbolic link in root's folder to a stranger's module"

figure "vigild writes through no link or pipe that is planted at its paths" \
	"$planted planted, $changed followed, $silent errors without the path"
finish
