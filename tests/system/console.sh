#!/bin/bash
# The prompts of vigild -C and vigilctl console: as scripts on stdin, and on a real terminal.
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

# script STATUS TEXT COMMAND...: the command, with a script on its stdin, ends so
script() {
	local status=$1 text=$2; shift 2
	timeout 60 "$@" >"$work/out" 2>"$work/err"
	local got=$?
	[ $got = "$status" ] && ok "$text" || { not_ok "$text: exit $got"; cat "$work/err"; }
}
prints() { check "$1" diff "$work/out" - ; }
said() { check "$1" grep -qF -- "$2" "$work/err"; }
# The value is there as soon as the daemon has looked.
when_up() { wait_for 20 is /daemons/web/service_state/value running; cat; }

# --- what is the same for both --------------------------------------------------------------------

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

the value at a place of the state
service'
both() { # both WHO COMMAND...
	local who=$1; shift
	script 0 "$who: a script" "$@" < <(when_up <<<"$right")
	prints "$who: its answers, in order" <<<"$right_answers"
	script 0 "$who: the last line lacks its end" "$@" < <(printf 'log info\nlog debug')
	prints "$who: and is done" < <(printf 'the log level is now %s\n' info debug)
	script 0 "$who: nothing at all" "$@" </dev/null
	printf 'version\n# no more\n' >"$work/script"
	script 0 "$who: a file" "$@" <"$work/script"
	check "$who: is done" grep -q '^vigild .*, pid [0-9]*$' "$work/out"
	script 0 "$who: quit" "$@" < <(printf 'log info\nquit\nlog debug\n')
	prints "$who: and nothing after it" <<<"the log level is now info"
	script 1 "$who: a verb that there is not" "$@" < <(printf 'log info\n\nstauts\nlog debug\n')
	prints "$who: those around it are done" < <(printf 'the log level is now %s\n' info debug)
	said "$who: its line is said, and what was meant" 'line 3: unknown verb "stauts"; did you mean "status"?'
	script 1 "$who: a place where nothing stands" "$@" < <(echo get /nothing)
	said "$who: is said" "line 1: no value at /nothing"
	script 1 "$who: an argument too few" "$@" < <(echo run)
	script 1 "$who: a quote that is not closed" "$@" < <(echo 'get "/vigil')
	said "$who: is said" 'unterminated "'
	script 1 "$who: a NUL" "$@" < <(printf 'log info\nver\0sion\nlog debug\n')
	said "$who: is said" "line 2: the line contains a NUL character"
	prints "$who: and not done" < <(printf 'the log level is now %s\n' info debug)
	script 1 "$who: an endless line" "$@" < <(head -c 200000 /dev/zero | tr '\0' x; echo; echo version)
	said "$who: is said" "line 1: the line is longer than 64 KiB"
	check "$who: and the end" [ ! -s "$work/out" ]
	script 1 "$who: a reload that is refused" "$@" \
		< <(wait_for 20 reachable; echo 'intervall = 1' >"$work/conf.d/bad.conf"; echo reload; cat)
	said "$who: each complaint with its file and line" "$work/conf.d/bad.conf:1: "
	rm "$work/conf.d/bad.conf"
	script 0 "$who: register, then unregister" "$@" <<-S
		register spare module=service service=spare manager=command status_command="$work/look -v"
		list
		unregister spare
	S
	check "$who: words in quotes were one" grep -q "status_command=$work/look -v" "$work/out"
	check "$who: each was taken up" [ "$(grep -c '^reloaded: ' "$work/out")" = 2 ]
	script 1 "$who: nobody reads" bash -c "\"\$@\" > >(:) " - "$@" < <(for ((i = 0; i < 2000; i++)); do echo get; done)
	for ((i = 0; i < 300; i++)); do echo get; echo "get -r /runs/web/module"; done >"$work/script"
	script 0 "$who: much, and a slow reader" bash -c "\"\$@\" | { sleep 0.5; cat; }; exit \${PIPESTATUS[0]}" - "$@" <"$work/script"
	check "$who: all of it came" [ "$(grep -c '^service$' "$work/out")" = 300 ]
}
mkdir "$work/conf.d"

# --- vigild -C ------------------------------------------------------------------------------------

both "vigild -C" "$vigild" -C -c "$work/vigil.conf"
check "it leaves neither socket nor pipe" [ ! -e "$work/control.sock" ] && [ ! -e "$work/control.pipe" ]
# The watch may begin after the first look, so there is another change at each try.
changes_are_printed() {
	status=$((3 - ${status:-0}))
	printf '#!/bin/sh\nexit %s\n' "$status" >"$work/look.new"
	chmod 755 "$work/look.new"
	mv "$work/look.new" "$work/look"
	sleep 0.2
	grep -q '"pointer":"/daemons/web' "$work/out"
}
others() { ctl version >"$work/other"; echo version; }
script 0 "vigild -C: others can look meanwhile" "$vigild" -C -c "$work/vigil.conf" \
	< <(wait_for 20 reachable; others)
check "and see the same" diff "$work/other" "$work/out"
{
	exec 3> >(exec "$vigild" -C -c "$work/vigil.conf" >"$work/out" 2>"$work/err"; )
	waiting=$!
	echo watch >&3
	check "vigild -C: a script's watch prints changes" wait_for 20 changes_are_printed
	echo version >&3
	exec 3>&-
	kill -INT "$waiting"
	wait "$waiting"
	check "and is interrupted with all of it: exit 0" [ $? = 0 ]
	check "what came after it was not done" [ "$(grep -c '^vigild ' "$work/out")" = 0 ]
	printf '#!/bin/sh\nexit 0\n' >"$work/look"
}

start_vigild
check "a vigild without a prompt has no libedit in it" [ "$(grep -c libedit "/proc/$vigild_pid/maps")" = 0 ]
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
	script 0 "vigild -C: a large value is asked for" "$vigild" -C -c "$work/large/vigil.conf" \
		< <(wait_for 20 large; echo 'get /daemons/big')
	check "vigild -C: a large value is printed whole, in pieces" python3 -c '
import json, sys
text = open(sys.argv[1]).read()
value, printed = json.loads(text), json.load(open(sys.argv[2]))
sys.exit(any(value.get(k) != v for k, v in printed.items()) or text.count("\n") < 300)
' "$work/out" "$work/large/printed"
fi
script 1 "vigild -C refuses where another vigild runs" "$vigild" -C -c "$work/vigil.conf" <<<version
said "and says which, and how it is stopped" "$work/control.sock is in use by the vigild with pid $vigild_pid; stop it first: kill $vigild_pid"
check "which runs on" reachable

# --- vigilctl console -----------------------------------------------------------------------------

both "vigilctl console" "$vigilctl" -c "$work/vigil.conf" console
script 0 "vigilctl -o json console" "$vigilctl" -c "$work/vigil.conf" -o json console <<<"status web"
check "prints JSON" grep -q '"name": "web"' "$work/out"
script 0 "vigilctl -q console" "$vigilctl" -q -c "$work/vigil.conf" console <<<"version"
check "prints nothing" [ ! -s "$work/out" ]
mkfifo "$work/fifo"
"$vigilctl" -c "$work/vigil.conf" console <"$work/fifo" >"$work/out" 2>"$work/err" &
console=$!
exec 3>"$work/fifo"
echo "log info" >&3
check "before a restart of vigild" wait_for 20 grep -q info "$work/out"
stop_vigild
echo "version" >&3
check "while it is down" wait_for 20 grep -q 'line 2: vigild cannot be reached' "$work/err"
start_vigild 3>&-
echo "version" >&3
check "and after it" wait_for 20 grep -qx "vigild .*, pid $vigild_pid" "$work/out"
check "which is said" grep -qx "connected to vigild again" "$work/out"
exec 3>&-
wait "$console"
check "exit 1, as a verb had failed" [ $? = 1 ]
stop_vigild
script 1 "vigilctl console without vigild" "$vigilctl" -c "$work/vigil.conf" console < <(echo version; echo help)
said "says so" "vigild cannot be reached"
check "and helps" grep -q '^  status ' "$work/out"

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
