#!/bin/bash
# vigild as root reads no configuration and runs no program that another user could have changed.  The message
# names the file, the reason and the command that corrects it.  An ordinary user runs vigild with files that
# they own.  Only root and the user of vigild see the values of secret options.
. "$(dirname "$0")/lib.sh" || exit 1
[ "$(id -u)" = 0 ] || skip_all "this needs root"
command -v setpriv >/dev/null || skip_all "there is no setpriv"
install_staged
set_paths
work=$(mktemp -d)
trap 'stop_vigild; rm -rf "$work"' EXIT
chmod 755 "$work"
as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"; }
plugin() { # plugin FILE: writes a plugin that prints OK and records each run
	printf '#!/bin/sh\necho run >>%s/ran\necho OK - fine\n' "$work" >"$1"
	chmod 755 "$1"
}

# --- the configuration ----------------------------------------------------------------------------
plugin "$work/plugin"
mkdir "$work/conf.d"
write_conf <<C
[daemons]
p = yes
[daemon:p]
module = exec
command = $work/plugin
interval = 100ms
C
refused() { # refused TEXT PATTERN: checks that vigild refuses the configuration, with and without -t, with a message that matches
	local text=$1 pattern=$2
	if "$vigild" -t -c "$work/vigil.conf" >"$work/out" 2>&1; then
		not_ok "$text is refused by vigild -t: it is accepted"
	else
		check "$text is refused by vigild -t" grep -qE "$pattern" "$work/out"
	fi
	timeout 120 "$vigild" -c "$work/vigil.conf" >"$work/out" 2>&1
	local status=$?
	check "$text is refused at the start" eval '[ "$status" = 1 ] && grep -qE "$pattern" "$work/out"'
}
right() { "$vigild" -t -c "$work/vigil.conf" >"$work/out" 2>&1 || { cat "$work/out"; return 1; }; }
check "a configuration that only root may write is accepted" right
chmod 666 "$work/vigil.conf"
refused "a vigil.conf that others may write" "vigil.conf may be written by others \(mode 0666\); run: chmod go-w $work/vigil.conf"
chmod 644 "$work/vigil.conf"
chown 65534 "$work/vigil.conf"
refused "a vigil.conf of another user" "vigil.conf belongs to uid 65534, .*run: chown root $work/vigil.conf"
chown 0 "$work/vigil.conf"
for mode in 777 1777; do
	chmod $mode "$work/conf.d"
	refused "a conf.d of mode $mode" "conf.d may be written by others"
done
chmod 755 "$work/conf.d"
: >"$work/conf.d/empty.conf"
chown 65534 "$work/conf.d/empty.conf"
refused "a drop-in of another user" "empty.conf belongs to uid 65534"
rm "$work/conf.d/empty.conf"
mkdir -m 1777 "$work/sticky"
as_nobody ln -s "$work/plugin" "$work/sticky/link"
as_nobody sh -c ": >$work/sticky/own.conf"
ln -s "$work/sticky/own.conf" "$work/conf.d/link.conf"
refused "a drop-in that is a link to another user's file" "own.conf belongs to uid 65534"
rm "$work/conf.d/link.conf"
cp "$work/vigil.conf" "$work/sticky/vigil.conf"
check "a vigil.conf of root in a sticky directory is accepted" eval '"$vigild" -t -c "$work/sticky/vigil.conf" >/dev/null'
acl() { # acl FILE: lets uid 65534 write it, by an ACL; fails where the file system has no ACLs
	python3 - "$1" <<'P'
import os, struct, sys
entries = [(1, 7, -1), (2, 6, 65534), (4, 5, -1), (16, 7, -1), (32, 5, -1)]
data = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *e) for e in entries)
os.setxattr(sys.argv[1], "system.posix_acl_access", data)
P
}
if acl "$work/vigil.conf" 2>/dev/null; then
	refused "a vigil.conf that an ACL lets another user write" "uid 65534, by its ACL, may write it"
	chmod 644 "$work/vigil.conf"
	acl "$work/plugin"
	refused "a plugin that an ACL lets another user write" "plugin may be written by others: uid 65534"
	chmod 755 "$work/plugin"
else
	echo "SKIP: an ACL that grants writing is refused: there are no ACLs here"
fi

# --- commands -------------------------------------------------------------------------------------
conf() { # conf MODULE OPTION...
	local module=$1; shift
	write_conf < <(printf '[daemons]\np = yes\n[daemon:p]\nmodule = %s\n' "$module"; printf '%s\n' "$@")
}
mkdir "$work/theirs"
chown 65534 "$work/theirs"
plugin "$work/theirs/check"
plugin "$work/open"
chmod 757 "$work/open"
theirs="theirs belongs to uid 65534"
conf exec "command = $work/theirs/check"
refused "a plugin in another user's directory" "command = .*$theirs"
conf exec "command = $work/open"
refused "a plugin that others may write" "$work/open may be written by others \(mode 0757\); run: chmod go-w $work/open"
conf exec "command = $work/sticky/link"
refused "a plugin behind a symbolic link of another user" "sticky/link belongs to uid 65534"
conf exec "command = bash -e $work/theirs/check"
refused "another user's script for bash" "command = .*$theirs"
conf exec "command = /usr/bin/env timeout 5 sh $work/open"
refused "a script that others may write, run by env, timeout and sh," "$work/open may be written"
conf exec "command = sh -c '$work/open; exit 0'"
refused "a program that others may write, in a command of sh -c" "$work/open may be written"
conf exec "command = $work/theirs/check" "user = nobody"
check "a program that belongs to the user of the daemon is accepted" right
conf exec "command = $work/theirs/check" "user = daemon"
refused "a program that belongs neither to root nor to the user of the daemon" "$theirs"
conf notify "command = $work/open"
refused "a command of notify that others may write" "command = .*$work/open may be written"
conf service "service = x" "manager = command" "status_command = $work/open" "restart_command = $work/plugin"
refused "a status_command that others may write" "status_command = .*$work/open may be written"
conf service "service = x" "manager = command" "status_command = $work/plugin" "restart_command = $work/open"
refused "a restart_command that others may write" "restart_command = .*$work/open may be written"
conf service "service = x" "probe = $work/open"
refused "a probe that others may write" "probe = .*$work/open may be written"

# --- the socket and the log -----------------------------------------------------------------------
mkdir -m 777 "$work/run"
write_conf <<<"[daemons]"
sed -i "s,^socket = .*,socket = $work/run/control.sock," "$work/vigil.conf"
timeout 120 "$vigild" -c "$work/vigil.conf" >"$work/out" 2>&1
check "vigild does not open its socket in a directory that others may write" grep -q "$work/run may be written by others" "$work/out"
write_conf <<<"[daemons]"
: >"$work/their.log"
chown 65534 "$work/their.log"
sed -i "s,^log = .*,log = $work/their.log," "$work/vigil.conf"
timeout 120 "$vigild" -c "$work/vigil.conf" >"$work/out" 2>&1
check "vigild does not log to another user's file" grep -q 'log = .*is not owned by root' "$work/out"

# --- while vigild runs ----------------------------------------------------------------------------
write_conf <<C
[daemons]
p = yes
q = yes
[daemon:p]
module = exec
command = $work/plugin
interval = 100ms
[daemon:q]
module = service
service = x
manager = command
status_command = $work/plugin
restart_command = $work/plugin
interval = 100ms
C
start_vigild
check "the plugin runs" wait_for 10 is /runs/p/health/level OK
chmod 757 "$work/plugin"
check "a plugin that others may write while vigild runs is UNKNOWN" wait_for 10 is /runs/p/health/level UNKNOWN
check "the health text names the plugin, the reason and the command that corrects it" \
	wait_for 10 eval 'get /runs/p/health/text | grep -q "$work/plugin may be written by others (mode 0757); run: chmod go-w"'
check "a status_command that others may write while vigild runs is UNKNOWN" wait_for 10 is /runs/q/health/level UNKNOWN
check "the health text names the status_command and the reason" \
	wait_for 10 eval 'get /runs/q/health/text | grep -q "$work/plugin may be written by others"'
runs=$(wc -l <"$work/ran")
ticks=$(get /runs/p/ticks)
wait_for 10 more_than /runs/p/ticks $((ticks + 5))
check "a plugin that others may write is not run any more" [ "$(wc -l <"$work/ran")" = "$runs" ]
chmod 755 "$work/plugin"
check "a plugin is run again when only root may write it again" wait_for 10 is /runs/p/health/level OK
chmod 666 "$work/vigil.conf"
refused_by_reload "a reload refuses a vigil.conf that others may write" 'vigil.conf may be written by others'
check "the daemons are unchanged after a reload that was refused" wait_for 10 is /runs/p/health/level OK
check "vigilctl finds the socket in a vigil.conf that others may write" "$vigilctl" -q -c "$work/vigil.conf" version
: >"$work/state/running"
ticks=$(get /runs/p/ticks)
chmod 644 "$work/vigil.conf"
check "vigild survives a truncated crash marker" wait_for 10 more_than /runs/p/ticks $((ticks + 3))
check "vigild stops with status 0 after its crash marker was truncated" stop_vigild

# --- the state ------------------------------------------------------------------------------------
write_conf <<<"[daemons]"
mkdir "$work/their-state"
chown 65534 "$work/their-state"
sed -i "s,^state_dir = .*,state_dir = $work/their-state," "$work/vigil.conf"
start_vigild
check "status reports that the state_dir belongs to another user" \
	wait_for 10 eval 'ctl status | grep -q "belongs to uid 65534"'
stop_vigild
check "vigild writes nothing to a state_dir of another user" [ -z "$(ls -A "$work/their-state")" ]

# --- secrets --------------------------------------------------------------------------------------
write_conf <<C
[daemons]
p = yes
[daemon:p]
module = exec
command = $work/plugin
environment = TOKEN=top-secret
C
sed -i "s,^socket = .*,&\ngroup = daemon," "$work/vigil.conf"
chmod 640 "$work/vigil.conf"
chgrp daemon "$work/vigil.conf"
start_vigild
member() { setpriv --reuid 65534 --regid "$(id -g daemon)" --clear-groups -- "$vigilctl" -s "$work/control.sock" "$@"; }
check "root sees the value of a secret option" eval 'ctl -o json list | grep -q top-secret'
check "a member of the group sees *** instead of a secret value" eval 'member -o json list | grep -q "\"environment\": *\"\*\*\*\""'
check "a member of the group sees no part of a secret value" eval '! { member -o json list; member get; } | grep -q top-secret'
"$vigilctl" -q -c "$work/vigil.conf" register r module=exec "command=$work/plugin" environment=TOKEN=other-secret
check "a file that register writes has the mode and the group of vigil.conf" \
	[ "$(stat -c '%a %G' "$work/conf.d/r.conf")" = "640 daemon" ]
"$vigilctl" -c "$work/vigil.conf" register s module=exec "command=$work/plugin" environment=top-secret >"$work/out" 2>&1
check "a diagnostic does not show a secret value" eval 'grep -q "environment = \"\*\*\*\"" "$work/out" && ! grep -q top-secret "$work/out"'
stop_vigild
check "the log does not show a secret value" eval '! grep -q -e top-secret -e other-secret "$work/log"'

# --- an ordinary user -----------------------------------------------------------------------------
mkdir "$work/home"
(
	work=$work/home
	plugin "$work/plugin"
	write_conf <<C
[daemons]
p = yes
[daemon:p]
module = exec
command = $work/plugin
interval = 100ms
C
)
chown -R 65534:65534 "$work/home"
chmod -R g-w "$work/home"
setpriv --reuid 65534 --regid 65534 --clear-groups -- "$vigild" -c "$work/home/vigil.conf" 2>>"$work/log" &
vigild_pid=$!
check "an ordinary user runs vigild with a configuration and a plugin that they own" \
	wait_for 10 eval '[ "$("$vigilctl" -s "$work/home/control.sock" get -r /runs/p/health/level 2>/dev/null)" = OK ]'
stop_vigild
write_conf <<<"[daemons]"
check "vigild as root refuses the configuration of an ordinary user" eval '! "$vigild" -t -c "$work/home/vigil.conf" 2>/dev/null >&2'
finish
