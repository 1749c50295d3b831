#!/bin/bash
# tty: programs that vigild starts try to reach the terminal on which vigild was started: plugins, programs
# that print JSON, commands of services, the command of notify; as root and as another user.
#
# Promise, in the foreground and under vigild -C: no program pushes input into the terminal or becomes its
# foreground process group; no control character of a program reaches it, whether in output, errors, a key,
# a label or a reason in the log; and vigild is never stopped: not by their signals, and not because it
# writes its log from the background of a terminal.
#
# The only exception is a program of root that opens the terminal by its path, as any program of root can.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
cp "$here/../torture/terminal.py" "$work"

# --- the programs ---------------------------------------------------------------------------------

# Control characters that must not reach the terminal, each before the word HOSTILE: ESC, BEL, BS, ENQ, SO,
# CR, DEL, and in UTF-8 CSI (U+009B), a mark that reorders text (U+202E) and an invalid byte.
cat >"$work/hostile.py" <<'P'
marks = [b"\x1b", b"\x1b]0;", b"\x07", b"\x08", b"\x05", b"\x0e", b"\r", b"\x7f", b"\xc2\x9b", b"\xe2\x80\xae",
         b"\x9b"]
text = b"".join(mark + b"HOSTILE" for mark in marks)
P
program() { { echo '#!/usr/bin/env python3'; cat; } >"$work/$1"; chmod 755 "$work/$1"; }
head="import fcntl, json, os, signal, sys, termios
sys.path.insert(0, '$work')
from hostile import text
name = text.decode('utf-8', 'replace')"

# Pushes input, takes the terminal, signals its process group as if vigild were in it, and writes to each
# terminal that it can open.
program grab <<P
$head
for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_IGN)
got = []
parent = os.getppid()
places = ["/dev/tty"] + ["/proc/self/fd/%d" % n for n in range(3)]
if os.geteuid() != 0:
    places += ["/proc/%d/fd/%d" % (parent, n) for n in range(3)]
    places += ["/dev/pts/" + n for n in os.listdir("/dev/pts") if n.isdigit()]
for place in places:
    try:
        fd = os.open(place, os.O_RDWR | os.O_NONBLOCK)
        if not os.isatty(fd):
            continue
        got.append("opens " + place)
        os.write(fd, text)
        os.tcsetpgrp(fd, os.getpgrp())
        got.append("takes " + place)
    except OSError:
        pass
for place in places:
    try:
        fd = os.open(place, os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, termios.TIOCSCTTY, 0)
        got.append("makes " + place + " its own terminal")
    except OSError:
        pass
    try:
        for c in "typed by a program\n":
            fcntl.ioctl(fd, termios.TIOCSTI, c.encode())
        got.append("types into " + place)
    except OSError:
        pass
for number in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    os.kill(0, number)
if os.geteuid() != 0:
    for number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGINT):
        for target in (parent, -parent, -os.getpgid(parent)):
            try:
                os.kill(target, number)
                got.append("may signal vigild")
            except OSError:
                pass
with open("$work/out/%s.new" % sys.argv[1], "w") as out:
    out.write("".join(line + "\n" for line in got))
os.rename("$work/out/%s.new" % sys.argv[1], "$work/out/%s" % sys.argv[1])
print("OK - tried")
P
program plugin <<P
$head
sys.stderr.buffer.write(text + b"\n")
sys.stdout.buffer.write(b"CRITICAL - " + text + b" | '" + text.replace(b"\r", b"") + b"'=1\n" + text + b"\n")
sys.exit(2)
P
program keys <<P
$head
sys.stderr.buffer.write(text + b"\n")
print(json.dumps({name: {name: 1, "value": 2, "unit": name}, "output": name, "state": "CRITICAL", "long_output": name,
    "perfdata": {name: {"value": 1, "unit": name}}, "level": {"level": name, "text": name, "since": name}}))
P
program bad <<P
$head
sys.stdout.buffer.write(text + b"{\n")
sys.stderr.buffer.write(text + b"\n")
sys.exit(3)
P
program fails <<P
$head
sys.stdout.buffer.write(text + b"\n")
sys.stderr.buffer.write(text + b"\n")
sys.exit(3)
P

# --- vigild on a terminal -------------------------------------------------------------------------

other=
[ "$(id -u)" != 0 ] || other=nobody
config() { # NAME
	local work=$work/$1
	mkdir "$work"
	{
		printf '[daemons]\n'
		printf '%s = yes\n' root plugin keys bad service told ${other:+other}
		printf '[daemon:root]\nmodule = exec\ncommand = %s root\ninterval = 1h\n' "$home/grab"
		[ -z "$other" ] ||
			printf '[daemon:other]\nmodule = exec\ncommand = %s other\nuser = %s\ninterval = 1h\n' "$home/grab" "$other"
		printf '[daemon:plugin]\nmodule = exec\ncommand = %s\ninterval = 1h\n' "$home/plugin"
		printf '[daemon:keys]\nmodule = exec\nformat = json\ncommand = %s\ninterval = 1h\n' "$home/keys"
		printf '[daemon:bad]\nmodule = exec\nformat = json\ncommand = %s\ninterval = 1h\n' "$home/bad"
		printf '[daemon:service]\nmodule = service\nmanager = command\nservice = thing\ninterval = 1s\n'
		printf 'status_command = %s\nrestart_command = %s\n' "$home/fails" "$home/fails"
		printf '[daemon:told]\nmodule = notify\nwatch = /runs/*/health, /daemons/keys/level\ngroup = 0\nretries = 0\n'
		printf 'command = %s\n' "$home/fails"
	} | write_conf
	sed -i '/^log = /a log_level = debug' "$work/vigil.conf"
}
home=$work
# run MODE [COMMAND]...: runs vigild on a terminal and checks what the programs have reached
run() {
	local mode=$1 sock=$work/$1/control.sock what line
	shift
	rm -rf "$work/out"
	mkdir -m 777 "$work/out"
	config "$mode"
	what="test -e $work/out/root -a \( -z '$other' -o -e $work/out/other \) &&
		[ \$($vigilctl -s $sock get -r /daemons/service/service_state/restart_error) -gt 0 ] &&
		[ \$($vigilctl -s $sock get -r /daemons/told/failed) -gt 0 ] &&
		[ \$($vigilctl -s $sock get -r /runs/bad/ticks) -gt 0 ]"
	timeout 1200 python3 "$work/terminal.py" "$mode" "$vigild" "$work/$mode/vigil.conf" "$what" "$@" \
		>"$work/$mode/shown" 2>"$work/$mode/said"
	check "$mode: vigild runs, is not stopped, and keeps the terminal" [ ! -s "$work/$mode/said" ]
	sed 's/^/# /' "$work/$mode/said"
	check "$mode: no program gets a terminal or may signal vigild" \
		eval '[ -e "$work/out/root" ] && [ -z "$(cat "$work"/out/*)" ]'
	cat "$work"/out/* 2>/dev/null | sed "s/^/# /"
	check "$mode: no program pushes input into the terminal" eval '! grep -q "typed by a program" "$work/$mode/shown"'
	check "$mode: the text of programs is on the terminal" grep -q HOSTILE "$work/$mode/shown"
	check "$mode: no control character of programs is on the terminal" python3 - "$work" "$work/$mode/shown" <<'P'
import sys
sys.path.insert(0, sys.argv[1])
from hostile import marks
shown = open(sys.argv[2], "rb").read()
found = [mark for mark in marks if mark + b"HOSTILE" in shown]
for mark in found:
    at = shown.index(mark + b"HOSTILE")
    print("#", mark, "in", shown[max(0, at - 80):at + 40])
sys.exit(bool(found))
P
	figure "$mode: no program that vigild starts reaches its terminal" \
		"$(grep -ao HOSTILE "$work/$mode/shown" | wc -l) hostile texts in $(wc -c <"$work/$mode/shown") bytes shown"
}
run foreground
run background
run console status list modules version 'explain plugin' 'explain keys' 'explain bad' 'explain service' \
	'check plugin' 'check keys' 'check service' 'get /daemons/keys' 'get /daemons' get 'run plugin' \
	'restart service' reload 'watch /daemons/service'
[ -n "$other" ] || echo "SKIP: only root can run programs as another user"
finish
