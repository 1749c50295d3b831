#!/bin/bash
# The consoles vigild -C and vigilctl console.  Both run scripts from stdin, and both run on a terminal (console.py).
. "${top_srcdir:-.}/tests/system/lib.sh"
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

printf '#!/bin/sh\nexit 0\n' >"$work/look"
chmod 755 "$work/look"
write_conf <<C
[daemons]
web = yes
[daemon:web]
module = service
service = web
manager = command
status_command = $work/look
interval = 100ms
restart_on = never
C

# script STATUS TEXT COMMAND...: checks the exit status of the command, which reads a script from stdin
script() {
	local status=$1 text=$2; shift 2
	timeout 600 "$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$status" ] && ok "$text" || { not_ok "$text: exit $got"; cat "$work/err"; }
}
prints() { check "$1" diff "$work/out" - ; }
said() { check "$1" grep -qF -- "$2" "$work/err"; }
# The value exists after the first query of the daemon.
when_up() { wait_for 20 is /daemons/web/service_state/value running; cat; }

# --- both consoles --------------------------------------------------------------------------------

right='# a comment, then an empty line

  log   "info"
get -r /daemons/web/service_state/value
 # and one that begins later
get /daemons/web/service_state/value
help get
get -r /runs/w\eb/module'
right_answers='the log level is now info
running
"running"
usage: get [POINTER]

print the value at an address in the state
service'
both() { # both WHO COMMAND...
	local who=$1; shift
	script 0 "$who runs a script" "$@" < <(when_up <<<"$right")
	prints "$who prints the answers of a script in order" <<<"$right_answers"
	script 0 "$who runs a script whose last line has no newline" "$@" < <(printf 'log info\nlog debug')
	prints "$who executes a last line without a newline" < <(printf 'the log level is now %s\n' info debug)
	script 0 "$who accepts an empty script" "$@" </dev/null
	printf 'version\n# no more\n' >"$work/script"
	script 0 "$who runs a script from a file" "$@" <"$work/script"
	check "$who prints the answer to a script from a file" grep -q '^vigild .*, pid [0-9]*$' "$work/out"
	script 0 "$who runs a script with quit" "$@" < <(printf 'log info\nquit\nlog debug\n')
	prints "$who executes nothing after quit" <<<"the log level is now info"
	script 1 "$who exits with 1 after an unknown verb" "$@" < <(printf 'log info\n\nstauts\nlog debug\n')
	prints "$who executes the verbs before and after an unknown one" < <(printf 'the log level is now %s\n' info debug)
	said "$who names the line of an unknown verb and suggests the right one" 'line 3: unknown verb "stauts"; did you mean "status"?'
	script 1 "$who exits with 1 after a pointer without a value" "$@" < <(echo get /nothing)
	said "$who reports a pointer without a value" "line 1: no value at /nothing"
	script 1 "$who exits with 1 after a verb with a missing argument" "$@" < <(echo run)
	script 1 "$who exits with 1 after a quote that is not closed" "$@" < <(echo 'get "/vigil')
	said "$who reports a quote that is not closed" 'unterminated "'
	script 1 "$who exits with 1 after a line with a NUL" "$@" < <(printf 'log info\nver\0sion\nlog debug\n')
	said "$who reports a line with a NUL" "line 2: the line contains a NUL character"
	prints "$who does not execute a line with a NUL" < <(printf 'the log level is now %s\n' info debug)
	script 1 "$who exits with 1 after a line over 64 KiB" "$@" < <(head -c 200000 /dev/zero | tr '\0' x; echo; echo version)
	said "$who reports a line over 64 KiB" "line 1: the line is longer than 64 KiB"
	check "$who executes nothing after a line over 64 KiB" [ ! -s "$work/out" ]
	script 1 "$who exits with 1 after a reload that is refused" "$@" \
		< <(wait_for 20 reachable; echo 'intervall = 1' >"$work/conf.d/bad.conf"; echo reload; cat)
	said "$who prints the file and the line of an error in the configuration" "$work/conf.d/bad.conf:1: "
	rm "$work/conf.d/bad.conf"
	script 0 "$who registers and unregisters a daemon" "$@" <<-S
		register spare module=service service=spare manager=command status_command="$work/look -v"
		list
		unregister spare
	S
	check "$who reads words in quotes as one argument" grep -q "status_command=$work/look -v" "$work/out"
	check "$who reports a reload after register and after unregister" [ "$(grep -c '^reloaded: ' "$work/out")" = 2 ]
	script 1 "$who exits with 1 if its output is closed" bash -c "\"\$@\" > >(:) " - "$@" < <(for ((i = 0; i < 2000; i++)); do echo get; done)
	for ((i = 0; i < 300; i++)); do echo get; echo "get -r /runs/web/module"; done >"$work/script"
	script 0 "$who runs 600 verbs for a slow reader of its output" bash -c "\"\$@\" | { sleep 0.5; cat; }; exit \${PIPESTATUS[0]}" - "$@" <"$work/script"
	check "$who prints every answer for a slow reader of its output" [ "$(grep -c '^service$' "$work/out")" = 300 ]
}
mkdir "$work/conf.d"

# --- vigild -C ------------------------------------------------------------------------------------

both "vigild -C" "$vigild" -C -c "$work/vigil.conf"
check "vigild -C leaves neither a socket nor a pipe behind" [ ! -e "$work/control.sock" -a ! -e "$work/control.pipe" ]
# The watch may begin after the first query, so each attempt makes another change.
changes_are_printed() {
	status=$((3 - ${status:-0}))
	printf '#!/bin/sh\nexit %s\n' "$status" >"$work/look.new"
	chmod 755 "$work/look.new"
	mv "$work/look.new" "$work/look"
	sleep 0.2
	grep -q '"pointer":"/daemons/web' "$work/out"
}
others() { ctl version >"$work/other"; echo version; }
script 0 "vigild -C answers another client while it runs a script" "$vigild" -C -c "$work/vigil.conf" \
	< <(wait_for 20 reachable; others)
check "vigild -C gives another client the same answer as its script" diff "$work/other" "$work/out"
{
	exec 3> >(exec "$vigild" -C -c "$work/vigil.conf" >"$work/out" 2>"$work/err"; )
	waiting=$!
	echo watch >&3
	check "vigild -C prints changes for a watch in a script" wait_for 20 changes_are_printed
	echo version >&3
	exec 3>&-
	kill -INT "$waiting"
	wait "$waiting"
	check "vigild -C exits with 0 if SIGINT interrupts a watch in a script" [ $? = 0 ]
	check "vigild -C executes nothing after an interrupted watch" [ "$(grep -c '^vigild ' "$work/out")" = 0 ]
	printf '#!/bin/sh\nexit 0\n' >"$work/look"
}

start_vigild
check "vigild without a console does not load libedit" [ "$(grep -c libedit "/proc/$vigild_pid/maps")" = 0 ]
if command -v python3 >/dev/null; then
	mkdir "$work/large"
	python3 -c 'import json; print(json.dumps({"k%d" % i: {"text": "\u00e4" * 20, "n": [i, 0.1]} for i in range(300)}, ensure_ascii=False))' \
		>"$work/large/printed"
	(
		work=$work/large
		printf '[daemons]\nbig = yes\n[daemon:big]\nmodule = exec\ncommand = /bin/cat %s\nformat = json\n' \
			"$work/printed" | write_conf
	)
	large() { "$vigilctl" -s "$work/large/control.sock" get -r /daemons/big/k299/n >/dev/null 2>&1; }
	script 0 "vigild -C answers a script that reads a large value" "$vigild" -C -c "$work/large/vigil.conf" \
		< <(wait_for 20 large; echo 'get /daemons/big')
	check "vigild -C prints a large value completely, on many lines" python3 -c '
import json, sys
text = open(sys.argv[1]).read()
value, printed = json.loads(text), json.load(open(sys.argv[2]))
sys.exit(any(value.get(k) != v for k, v in printed.items()) or text.count("\n") < 300)
' "$work/out" "$work/large/printed"
fi
script 1 "vigild -C exits with 1 if another vigild runs" "$vigild" -C -c "$work/vigil.conf" <<<version
said "vigild -C names the pid of the other vigild and how to stop it" "$work/control.sock is in use by the vigild with pid $vigild_pid; stop it first: kill $vigild_pid"
check "the other vigild still answers after vigild -C was refused" reachable

# --- vigilctl console -----------------------------------------------------------------------------

both "vigilctl console" "$vigilctl" -c "$work/vigil.conf" console
script 0 "vigilctl -o json console runs a script" "$vigilctl" -c "$work/vigil.conf" -o json console <<<"status web"
check "vigilctl -o json console prints JSON" grep -q '"name": "web"' "$work/out"
script 0 "vigilctl -q console runs a script" "$vigilctl" -q -c "$work/vigil.conf" console <<<"version"
check "vigilctl -q console prints nothing" [ ! -s "$work/out" ]
mkfifo "$work/fifo"
"$vigilctl" -c "$work/vigil.conf" console <"$work/fifo" >"$work/out" 2>"$work/err" &
console=$!
exec 3>"$work/fifo"
echo "log info" >&3
check "vigilctl console is answered before a restart of vigild" wait_for 20 grep -q info "$work/out"
stop_vigild
echo "version" >&3
check "vigilctl console reports that vigild cannot be reached while it is down" wait_for 20 grep -q 'line 2: vigild cannot be reached' "$work/err"
start_vigild 3>&-
echo "version" >&3
check "vigilctl console is answered after a restart of vigild" wait_for 20 grep -qx "vigild .*, pid $vigild_pid" "$work/out"
check "vigilctl console reports that it is connected to vigild again" wait_for 20 grep -qx "connected to vigild again" "$work/out"
exec 3>&-
wait "$console"
check "vigilctl console exits with 1 because one verb failed" [ $? = 1 ]
stop_vigild
script 1 "vigilctl console without a running vigild exits with 1" "$vigilctl" -c "$work/vigil.conf" console < <(echo version; echo help)
said "vigilctl console without a running vigild says that it cannot be reached" "vigild cannot be reached"
check "vigilctl console without a running vigild answers help" grep -q '^  status ' "$work/out"

# --- on a terminal --------------------------------------------------------------------------------

if command -v python3 >/dev/null; then
	with_libedit=no
	[ -z "$(make_variable LIBEDIT_LIBS)" ] || with_libedit=yes
	export vigild vigilctl work with_libedit
	python3 "$top_srcdir/tests/system/console.py" || failed=$((failed + 1))
else
	echo "SKIP: there is no python3 to make a terminal"
fi
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
