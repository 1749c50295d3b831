#!/bin/bash
# The files module with real files: limits, changes, new lines of a log through rotation by the real logrotate and
# through restarts of vigild, and a file system that hangs.
. "$(dirname "$0")/lib.sh" || exit 1
PATH=$PATH:/usr/sbin:/sbin
if [ "${1:-}" != inside ] && [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
	install_staged
	exec unshare -m bash "$0" inside
fi
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
server= inside=${1:-}
clean_up() {
	rm -f "$work/gone"
	[ -z "$server" ] || kill -KILL "$server" 2>/dev/null
	stop_vigild
	[ -z "$inside" ] || umount -l -c "$work/net" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT
mkdir "$work/logs" "$work/backups" "$work/etc"
log=$work/logs/app.log

# conf OPTION...: writes a configuration whose daemon `files` has these options
conf() {
	{
		printf '[daemons]\nfiles = yes\n[daemon:files]\n'
		printf '%s\n' "$@"
	} | write_conf
}
escaped() { local path=${1//\~/\~0}; echo "${path//\//\~1}"; }
value() { get "/daemons/files/paths/$(escaped "$1")/$2"; }
has() { [ "$(value "$1" "$2")" = "$3" ]; }
level() { is /runs/files/health/level "$1"; }
says() { case $(get /runs/files/health/text)$(get /runs/files/reason) in *"$1"*) ;; *) false ;; esac; }
history_has() { ctl get /runs/files/history | grep -qF -- "$1"; }
reload_with() { conf "$@"; ctl -q reload >/dev/null; }
helper() { pgrep -P "$vigild_pid" -x vigil-files; }
# The time of an event is not asserted: the interval is so long that only inotify can have reported it.
never="interval = 1h"

# --- limits ---------------------------------------------------------------------------------------

conf "path = $work/backups/*.gz" "newest = yes" "max_age = 26h" "min_size = 1KiB" "$never"
start_vigild
check "files: a pattern without files is CRITICAL" wait_for 20 level CRITICAL
check "files: the text names the pattern without files" says "$work/backups/*.gz matches no file"
head -c 2000 /dev/urandom | gzip >"$work/backups/new.gz"
check "files: a new file is seen at once, by inotify" wait_for 20 level OK
check "files: the state says that the pattern is watched by inotify" has "$work/backups/*.gz" watched_by inotify
cp "$work/backups/new.gz" "$work/backups/old.gz"
touch -d '5 days ago' "$work/backups/old.gz"
check "files: an older file is counted" wait_for 20 has "$work/backups/*.gz" count 2
check "files: with newest = yes, an older file is no problem" level OK
touch -d '3 days ago' "$work/backups/new.gz"
check "files: a newest file that is too old is CRITICAL" wait_for 20 level CRITICAL
check "files: the text says how old the newest file is" says "new.gz was last modified 3.0 d ago, more than 26.0 h"
check "vigilctl check exits with 2" eval 'ctl check files >/dev/null; [ $? = 2 ]'
check "vigilctl check compares a number of a path with a range" eval \
	'ctl check files -w 1 "/daemons/files/paths/$(escaped "$work/backups/*.gz")/count" >/dev/null; [ $? = 1 ]'

echo secret >"$work/etc/passwords"
chmod 640 "$work/etc/passwords"
reload_with "path = $work/etc/passwords" "mode = 0640" "changed = warning" "changed_for = 1d" "$never"
check "files: a file with the wanted mode is OK" wait_for 20 level OK
chmod 644 "$work/etc/passwords"
check "files: a change of the mode is seen at once" wait_for 20 level CRITICAL
check "files: the text names both modes" says "$work/etc/passwords has the mode 0644, not 0640"
chmod 640 "$work/etc/passwords"
check "files: the former mode is OK" wait_for 20 level OK
check "files: the checksum in the state is that of sha256sum" has "$work/etc/passwords" sha256 \
	"$(sha256sum "$work/etc/passwords" | cut -d' ' -f1)"
echo other >"$work/etc/passwords"
check "files: a change of the content is WARNING" wait_for 20 level WARNING
check "files: the text names the file that has changed" says "$work/etc/passwords has changed"
stop_vigild
echo third >"$work/etc/passwords"
start_vigild
check "files: a change while vigild did not run is found" wait_for 20 has "$work/etc/passwords" changes 2
reload_with "path = $work/nologin" "exists = no" "$never"
check "files: a file that must not exist, and does not, is OK" wait_for 20 level OK
touch "$work/nologin"
check "files: a file that must not exist is CRITICAL when it appears" wait_for 20 level CRITICAL
check "vigild stops" stop_vigild

# --- lines ----------------------------------------------------------------------------------------

cat >"$work/logrotate.conf" <<C
$log {
	rotate 5
	missingok
	@kind@
}
C
rotate() { # rotate KIND
	sed "s/@kind@/$1/" "$work/logrotate.conf" >"$work/logrotate.now"
	chmod 644 "$work/logrotate.now"
	(umask 022; logrotate --force --state "$work/rotated" "$work/logrotate.now")
}
total=0
# finds TEXT N: checks that so many further lines are found, and no more
finds() {
	total=$((total + $2))
	check "$1" wait_for 20 has "$log" matches $total
}
echo 'an old error' >"$log"
log_options=("path = $log" "match = error|fatal" "match_not = harmless" "match_for = 1h" "$never")
conf "${log_options[@]}"
start_vigild
check "files: a log is OK although it has old lines that match" wait_for 20 level OK
finds "files: old lines are not counted" 0
echo 'fine' >>"$log"
echo 'a harmless error' >>"$log"
echo 'a fatal problem' >>"$log"
finds "files: a new line that matches is found at once, by inotify" 1
check "files: a line that matches is CRITICAL" wait_for 20 level CRITICAL
check "files: the text has the line" says "$log: a fatal problem"
check "files: the history has the line" history_has "a fatal problem"
printf 'error \033[2J of others\n' >>"$log"
finds "files: a line with control characters is found" 1
check "files: control characters are escaped" wait_for 20 says 'error \x1b[2J of others'

kill -KILL "$(helper)"
check "files: when the program that reads the files is killed, the daemon is UNKNOWN" wait_for 20 \
	history_has "the program vigil-files was ended by signal 9"
echo 'error while no program ran' >>"$log"
finds "files: the program is started again and reads on" 1
check "files: the numbers are not stale after that" wait_for 20 eval '[ -z "$(get /daemons/files/stale)" ]'

check "vigild stops" stop_vigild
echo 'error during a restart' >>"$log"
start_vigild
finds "files: a line that was written while vigild did not run is found" 1
check "files: the problem survives a restart of vigild" wait_for 20 level CRITICAL
check "files: the bookmark is saved" wait_for 30 grep -q bookmarks "$work/state/state.json"
kill -KILL "$vigild_pid"
wait "$vigild_pid" 2>/dev/null
echo 'error after a crash' >>"$log"
start_vigild
check "files: after a crash of vigild, a new line is found" wait_for 20 says 'error after a crash'
total=$(value "$log" matches)

if command -v logrotate >/dev/null; then
	for kind in create copytruncate; do
		for packed in nocompress compress; do
			rm -f "$log".*
			echo "error before $kind $packed" >>"$log"
			rotate "$kind\n$packed"
			echo "error after $kind $packed" >>"$log"
			finds "logrotate with $kind and $packed loses and repeats no line" 2
			check "vigild stops" stop_vigild
			echo "error before $kind $packed in a restart" >>"$log"
			rotate "$kind\n$packed"
			echo "error after $kind $packed in a restart" >>"$log"
			start_vigild
			finds "logrotate with $kind and $packed in a restart of vigild loses and repeats no line" 2
		done
	done
	check "vigild stops" stop_vigild
	for round in 1 2 3; do
		echo "error in round $round" >>"$log"
		rotate "create\ncompress"
	done
	start_vigild
	finds "three rotations in a restart of vigild lose and repeat no line" 3
	check "files: the history says that the rest of the rotated log was read" history_has "was rotated; the rest of its earlier file was read"
else
	echo "SKIP: rotation: logrotate is not installed"
fi
for i in $(seq 2000); do echo "error number $i"; done >>"$log"
finds "files: 2000 lines at once are all counted" 2000
check "files: the history is not filled by many lines" [ "$(ctl get /runs/files/history | grep -c 'error number')" -lt 50 ]
before=$(get /runs/files/ticks)
ctl -q run files
check "vigilctl run checks the files" wait_for 10 more_than /runs/files/ticks "$before"

reload_with "path = $log" "match = error" "match_min = 3" "match_level = warning" "match_for = 1h" "$never"
check "files: after a reload with other options the old lines count for them" wait_for 20 has "$log" matches $total
check "vigild stops" stop_vigild
rm -r "$work/state"
conf "path = $log" "match = error" "match_min = 3" "match_level = warning" "$never"
start_vigild
check "files: without a bookmark the log is read from its end" wait_for 20 has "$log" matches 0
echo error >>"$log"
echo error >>"$log"
check "files: two lines are found" wait_for 20 has "$log" matches 2
check "files: fewer lines than match_min are no problem" level OK
echo error >>"$log"
check "files: match_min lines are a problem of match_level" wait_for 20 level WARNING

if [ "$(id -u)" = 0 ] && getent passwd nobody >/dev/null; then
	private=$work/logs/private.log
	(umask 077; echo fine >"$private")
	reload_with "path = $private" "match = error" "user = nobody" "$never"
	check "files: a log that the user may not read makes the daemon UNKNOWN" wait_for 20 level UNKNOWN
	check "files: the text says why" says "$private cannot be read: Permission denied"
	chmod 644 "$private"
	check "files: the log is read when the user may read it" wait_for 20 level OK
	check "files: the program runs as the user" [ "$(stat -c %u "/proc/$(helper)")" = "$(id -u nobody)" ]
fi

# --- a file system that hangs ---------------------------------------------------------------------

if [ -n "$inside" ] && [ -w /dev/fuse ] && command -v python3 >/dev/null; then
	mkdir "$work/net"
	python3 "$here/fuse_server.py" "$work/net" "$work/gone" >"$work/server.said" & server=$!
	check "a file server is mounted" wait_for 10 grep -q ready "$work/server.said"
	{
		printf '[daemons]\nfiles = yes\nother = yes\n'
		printf '[daemon:other]\nmodule = files\npath = %s\ninterval = 1s\n' "$log"
		printf '[daemon:files]\npath = %s\ninterval = 1s\ntimeout = 2s\n' "$work/net/share"
	} | write_conf
	ctl -q reload
	check "files: a directory of a file server is OK" wait_for 20 level OK
	check "files: a path on a file server is not watched by inotify" wait_for 20 has "$work/net/share" watched_by interval
	check "files: the state says why" has "$work/net/share" unwatched "fuse does not report all changes"
	touch "$work/gone"
	check "files: a file server that hangs makes the daemon UNKNOWN" wait_for 20 level UNKNOWN
	check "files: the text names the path whose file system hangs" says "$work/net/share does not answer for"
	check "files: numbers of a file system that hangs are stale" is /daemons/files/stale true
	ticks=$(get /runs/other/ticks)
	check "files: another daemon ticks while a file system hangs" wait_for 20 more_than /runs/other/ticks $((ticks + 2))
	check "files: another daemon is OK while a file system hangs" wait_for 20 is /runs/other/health/level OK
	check "files: vigild answers while a file system hangs" reachable
	rm "$work/gone"
	check "files: the daemon is OK again when the file server answers" wait_for 20 level OK
	check "files: the numbers are current again" wait_for 20 eval '[ -z "$(get /daemons/files/stale)" ]'
	touch "$work/gone"
	check "files: the file server hangs again" wait_for 20 level UNKNOWN
	check "vigild stops while a file system hangs" stop_vigild
	rm "$work/gone"
	check "files: the program that hung ends with vigild" wait_for 20 eval '! pgrep -f "^$stage.*vigil-files" >/dev/null'
else
	echo "SKIP: a file system that hangs needs root, namespaces, python3 and /dev/fuse"
fi

# --- refused options ------------------------------------------------------------------------------

refused() { # refused TEXT OPTION...
	local text=$1; shift
	conf "$@"
	sed -n '/^\[daemons\]/,$p' "$work/vigil.conf" | refused_by_test "files: refused: $text" "$text"
}
refused '"log" is not an absolute path' "path = log"
refused 'ends with a slash; write the path of a directory without it, or /var/\* for the files in it' "path = /var/"
refused 'duplicate path "/a"' "path = /a, /a"
refused 'user = "nobody-there": no such user' "path = /a" "user = nobody-there"
refused 'mode = "rw": is not a mode in octal digits' "path = /a" "mode = rw"
refused 'match = "\(": is not an extended regular expression: ' "path = /a" "match = ("
refused 'newest = .*no path is a pattern such as' "path = /a" "newest = yes"
refused 'max_age_warning = .*is more than max_age' "path = /a" "max_age = 1h" "max_age_warning = 2h"
refused 'match_for = .*has no effect without match' "path = /a" "match_for = 1h"
refused 'max_age = .*has no effect with exists = no' "path = /a" "exists = no" "max_age = 1h"
refused 'match = .*; did you mean|unknown option "mach"' "path = /a" "mach = x"
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
