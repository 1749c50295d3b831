#!/bin/bash
# Bad input gets a clear error that names the place, and nothing is lost.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

# refused TEXT PATTERN: vigild -t and vigild itself refuse the vigil.conf on stdin, saying so
refused() {
	local text=$1 pattern=$2
	write_conf
	if "$vigild" -t -c "$work/vigil.conf" >/dev/null 2>"$work/out"; then
		not_ok "$text: vigild -t takes it"
	else
		check "$text" grep -qE "$pattern" "$work/out"
	fi
}
start_refused() {
	timeout 10 "$vigild" -c "$work/vigil.conf" >/dev/null 2>"$work/out"
	check "$1: vigild does not start, exit 1" [ $? = 1 ]
}

refused "an unknown section" 'vigil.conf:8: unknown section \[deamons\]; did you mean \[daemons\]\?' <<'C'
[deamons]
C
start_refused "an unknown section"
refused "an unknown key" 'vigil.conf:12: unknown key "intervall".*did you mean "interval"' <<'C'
[daemons]
a = yes
[daemon:a]
module = service
intervall = 5s
C
check "and what is missing, in the same run" grep -q 'service is missing in \[daemon:a\]' "$work/out"
refused "a bad duration" 'interval = "5x": is not a duration' <<'C'
[daemon:a]
module = service
service = x
interval = 5x
C
refused "a module that is not there" 'there is no module "nosuch" in .*/modules' <<'C'
[daemons]
a = yes
[daemon:a]
module = nosuch
C
refused "a line without =" 'vigil.conf:9: there is no "=" in this line' <<'C'
[daemons]
a yes
C
refused "the same key twice" 'vigil.conf:10: "a" stands here again; it stands first at line 9' <<'C'
[daemons]
a = yes
a = no
C
refused "names that differ by case" 'differ only by case' <<'C'
[daemon:a]
module = service
service = x
[daemon:A]
module = service
service = y
C
for name in ../etc/passwd -Hroot@evil a/b "$(printf 'x%.0s' $(seq 300))" 'a b' 'a;b' '$(id)'; do
	refused "service name ${name:0:20}" 'cannot be the name of a service' <<C
[daemon:a]
module = service
service = $name
C
done
refused "a daemon's name" '"../x" cannot be the name of a daemon' <<'C'
[daemons]
../x = yes
C
printf '[daemons]\na\0b = yes\n' >"$work/vigil.conf"
"$vigild" -t -c "$work/vigil.conf" 2>"$work/out"
check "a NUL byte" grep -q 'vigil.conf:2: this line holds a NUL byte' "$work/out"
"$vigild" -t -c "$work/none.conf" 2>"$work/out"
check "a missing file" grep -q 'none.conf: there is no such file' "$work/out"
: >"$work/empty.conf"
check "an empty file is right" "$vigild" -t -c "$work/empty.conf"

"$vigild" --nonsense 2>/dev/null; check "an unknown option: exit 2" [ $? = 2 ]
"$vigild" -l loud 2>"$work/out"; check "an unknown level: exit 2" [ $? = 2 ]
"$vigild" argument 2>/dev/null; check "an argument: exit 2" [ $? = 2 ]

# A module that others may write is refused, and takes nothing else down.
mkdir -p "$work/modules/service" "$work/modules/bad"
cp "$modules/service/service.so" "$work/modules/service/"
cp "$modules/service/service.so" "$work/modules/bad/bad.so"
chmod -R go-w "$work/modules"
modules=$work/modules
write_conf <<'C'
[daemons]
good = yes
evil = yes
[daemon:good]
module = service
service = x
manager = command
status_command = /bin/true
[daemon:evil]
module = bad
C
start_vigild
check "a module under another name is refused" wait_for 10 is /runs/evil/status failed
check "in words" grep -q 'calls itself "service"' "$work/log"
check "and the other daemon runs" is /runs/good/status running
chmod 666 "$work/modules/bad/bad.so"
ctl reload >/dev/null
check "a module that others may write is refused" grep -q 'bad.so may be written by others' "$work/log"
if [ "$(id -u)" = 0 ]; then
	chmod 644 "$work/modules/bad/bad.so"; chown 12345 "$work/modules/bad/bad.so"
	ctl reload >/dev/null
	check "a module of a stranger is refused" grep -q 'belongs to uid 12345' "$work/log"
fi

"$vigild" -c "$work/vigil.conf" 2>"$work/out"
check "a second vigild on the same pipe is refused" [ $? = 1 ]
check "in words" grep -q 'another vigild reads it; stop that one' "$work/out"
sed "s|^pipe = .*|pipe = $work/other.pipe|" "$work/vigil.conf" >"$work/other.conf"
"$vigild" -c "$work/other.conf" 2>"$work/out"
check "and one on the same socket" [ $? = 1 ]
check "in words" grep -q 'another vigild answers on' "$work/out"
check "which leaves no pipe behind" [ ! -e "$work/other.pipe" ]
check "and the first is not disturbed" ctl -q version

ctl stauts 2>"$work/out"; check "a misspelt verb: exit 2" [ $? = 2 ]
check "with the right word" grep -q 'did you mean "status"' "$work/out"
ctl get nonsense 2>"$work/out"; check "not a pointer: exit 1" [ $? = 1 ]
ctl get /nothing/here 2>"$work/out"; check "nothing there: exit 1" [ $? = 1 ]
ctl status goood 2>"$work/out"; check "a misspelt daemon: exit 1" [ $? = 1 ]
check "with the right name" grep -q 'did you mean "good"' "$work/out"
"$vigilctl" -s "$work/nosuch.sock" status 2>"$work/out"; check "no vigild: exit 4" [ $? = 4 ]
check "vigild stops as asked" stop_vigild
check "socket and pipe are gone" [ ! -e "$work/control.sock" -a ! -e "$work/control.pipe" ]
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
