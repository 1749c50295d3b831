#!/bin/bash
# A real plugin that cannot be killed: check_disk on a file system that does not answer, in
# uninterruptible sleep.  Its daemon is UNKNOWN from the deadline on, says why, and starts no second one.
. "$(dirname "$0")/lib.sh" || exit 1
plugin=/usr/lib/nagios/plugins/check_disk
[ -x "$plugin" ] || skip_all "check_disk is not installed (monitoring-plugins-basic)"
command -v python3 >/dev/null || skip_all "there is no python3"
if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] && [ -c /dev/fuse ] && unshare -m true 2>/dev/null ||
		skip_all "this needs root, /dev/fuse and mount namespaces"
	install_staged
	exec unshare -m bash "$0" inside
fi
set_paths
work=$(mktemp -d)
server=
end_server() { [ -z "$server" ] || kill "$server" 2>/dev/null; server=; }
clean_up() {
	end_server
	stop_vigild
	umount -l "$work/mount" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/mount"
python3 "$here/hanging_mount.py" "$work/mount" >"$work/server" 2>&1 &
server=$!
wait_for 10 grep -q ready "$work/server" || skip_all "no file system can be mounted: $(cat "$work/server")"

conf() {
	write_conf <<C
[daemons]
disk = yes
other = yes
[daemon:disk]
module = exec
command = $plugin -w 10% -c 5% -p $work/mount
interval = 500ms
timeout = $1
[daemon:other]
module = exec
command = $plugin -w 1 -c 1 -p /
interval = 500ms
C
}
health() { is "/runs/$1/health/level" "$2"; }
says() { case $(get "/runs/$1/health/text") in *"$2"*) ;; *) false ;; esac; }
skipped() { more_than /daemons/disk/skipped "$1"; }
# Prints the pids of plugins that query the mount.
plugins() { for p in /proc/[0-9]*; do [ "$(cat "$p/comm" 2>/dev/null)" = check_disk ] && grep -qsz "$work/mount" "$p/cmdline" && echo "${p#/proc/}"; done; }

conf 1s
start_vigild
check "a plugin that hangs makes its daemon UNKNOWN at its deadline" wait_for 10 health disk UNKNOWN
check "the text says that the plugin did not end in time" says disk "timed out after 1 s"
check "the state says that it timed out" is /daemons/disk/timed_out true
check "after SIGKILL the text says that the plugin cannot be killed, and why" wait_for 20 \
	says disk "cannot be killed (process $(plugins) is in uninterruptible sleep)"
check "the state counts the skipped runs" wait_for 20 skipped 3
check "the text counts the skipped runs" wait_for 20 says disk "runs were skipped"
check "the numbers of a daemon whose plugin hangs are stale" is /daemons/disk/stale true
check "only one process of the plugin hangs" [ "$(plugins | wc -l)" = 1 ]
ctl check disk >"$work/out"
check "check exits with 3 while the plugin hangs" [ $? = 3 ]
check "another daemon with the same plugin is OK" wait_for 20 health other OK
conf 2s
check "a reload with another timeout is accepted" ctl -q reload
check "the daemon is UNKNOWN after the reload because of the earlier process" wait_for 20 \
	says disk "the program of the last run cannot be killed (process $(plugins) is in uninterruptible sleep)"
check "a reload starts no second process of a plugin that hangs" [ "$(plugins | wc -l)" = 1 ]
end_server
check "the process exits when the server of its file system is killed" wait_for 20 eval '[ -z "$(plugins)" ]'
check "the daemon runs its plugin again when the process has exited" wait_for 20 eval '! says disk "cannot be killed"'
check "vigild stops when it receives SIGTERM" stop_vigild
finish
