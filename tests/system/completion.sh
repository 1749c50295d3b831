#!/bin/bash
# Completion in real bash, zsh and fish shells, with the daemons and the state of a running vigild.  Names that contain
# shell syntax are completed in quoted form, and are never executed.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
write_conf <<'C'
[daemons]
web = yes
worker = yes
unit@one = yes
unit@two = yes
[daemon:web]
module = exec
# Names as an attacker would choose them, with commands for the shell of an admin.
command = /bin/echo '{"a/b~c": 1, "deep": {"x": 1}, "odd": {"$(touch x)": 1, "`touch y`": {"z": 1}, "a b": {"c:d=e": 1}, "q\"r": 1, "v": "w\": x"}}'
format = json
interval = 200ms
[daemon:unit@one]
module = exec
command = /bin/echo '{"odd": {"$(touch x)": 1, "`touch y`": {"z": 1}, "a b": {"c:d=e": 1}, "q\"r": 1, "v": "w\": x"}}'
format = json
interval = 200ms
[daemon:unit@two]
module = exec
command = /bin/true
[daemon:worker]
module = exec
command = /bin/true
C
start_vigild
wait_for 10 get /daemons/web/deep/x >/dev/null
wait_for 10 get /daemons/worker/state >/dev/null
wait_for 10 get "/daemons/unit@one/odd/a b" >/dev/null
ln -s "$vigilctl" "$work/vigilctl"
export PATH=$work:$PATH
completion=$top_srcdir/conf/completion

# completes SHELL EXPECTED WORD...: checks the completion of a line whose last word is unfinished

# A new shell on a new terminal.  The key inserts all words that TAB would list, if the shell has such a key.
# Then a printf is inserted at the start of the line, which prints each word as the shell reads it.
mkdir "$work/empty"
types() { (cd "$work/empty" && HOME=$work python3 "$work/type.py" "$@"); }
in_bash() {
	types "bind 'set enable-bracketed-paste off'; . $completion/vigilctl.bash" '\x1b*' \
		"vigilctl -s ../control.sock $*" $# bash --norc --noprofile -i
}
in_zsh() {
	types "bindkey -e; unset zle_bracketed_paste; fpath=($completion \$fpath); autoload -Uz compinit; compinit -u -D" '\t' \
		"vigilctl -s ../control.sock $*" $# zsh -f -i
}
cat >"$work/type.py" <<'P'
import os, pty, select, sys, time
setup, key, line, count = [text.encode() for text in sys.argv[1:5]]
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(TERM="dumb", PS1="", HISTFILE="/dev/null", INPUTRC="/dev/null")
    os.execvp(sys.argv[5], sys.argv[5:])
said, end = b"", time.monotonic() + 300
def until(what):
    global said
    while what not in said and time.monotonic() < end:
        if select.select([fd], [], [], 1)[0]:
            said += os.read(fd, 65536)
os.write(fd, setup + b"; echo rea''dy\r")
until(b"ready\r\n")
os.write(fd, line + key.decode("unicode_escape").encode() + b"\x01printf '{%s}' begin \x05; echo the''end\r")
until(b"theend\r\n")
words = said[said.rindex(b"{begin}"):].split(b"theend")[0].decode().strip("{}").split("}{")
print(" ".join(words[3 + int(count):]))
os.close(fd)
os.waitpid(pid, 0)
P
in_fish() {
	local line="vigilctl -s $work/control.sock" word
	for word; do line="$line $word"; done
	[ -n "$word" ] || line="$line"
	HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$completion/vigilctl.fish" "$line" |
		cut -f1 | tr '\n' ' ' | sed 's/ $//'
}
completes() {
	local shell=$1 expected=$2 got; shift 2
	got=$("in_$shell" "$@" 2>/dev/null)
	if [ "$got" = "$expected" ]; then ok "$shell completes \"$*\" to \"$expected\""; else not_ok "$shell completes \"$*\" to \"$expected\": it is \"$got\""; fi
}

if command -v python3 >/dev/null; then
	completes bash "register reload restart resume" re
	completes bash "web worker" status w
	completes bash "web" explain we
	completes bash "unit@one unit@two" explain u
	completes bash "unit@two" explain unit@t
	completes bash "/daemons/web /daemons/worker" get /daemons/w
	completes bash "/daemons/unit@two" get /daemons/unit@t
	completes bash "/daemons/web/a~1b~0c" get /daemons/web/a
	completes bash "/vigil" watch /v
	completes bash "web worker" pause w
	completes bash "--all --for --reason" pause --
	completes bash "--dry-run" reload --
	completes bash "warning" log w
	completes bash "new test" module ""
	completes bash "/runs/web" check worker /runs/web
	completes bash '/daemons/web/odd/$(touch x)' get '/daemons/web/odd/\$'
	completes bash '/daemons/web/odd/v' get /daemons/web/odd/v
	completes bash '/daemons/web/odd/q' get /daemons/web/odd/q
	completes bash '/daemons/web/odd/`touch y`/z' get '/daemons/web/odd/\`touch\ y\`/'
	completes bash '/daemons/web/odd/a b/c:d=e' get '/daemons/web/odd/a\ b/c:'
	completes bash '/daemons/unit@one/odd/a b/c:d=e' get '/daemons/unit@one/odd/a\ b/c:d='
	check "bash executes no command in the names that it completes" [ -z "$(ls -A "$work/empty")" ]
else
	echo "SKIP: there is no python3 to type into a bash"
fi
if command -v zsh >/dev/null && command -v python3 >/dev/null; then
	completes zsh "explain" ex
	completes zsh "worker" status wo
	completes zsh "unit@two" explain unit@t
	completes zsh "/daemons/worker" get /daemons/wo
	completes zsh "/daemons/web/a~1b~0c" get /daemons/web/a
	completes zsh "--reason" pause --r
	completes zsh "--dry-run" reload --d
	completes zsh "warning" log w
	completes zsh "/runs/web" check worker /runs/web
	completes zsh '/daemons/web/odd/$(touch x)' get '/daemons/web/odd/\$'
	completes zsh '/daemons/web/odd/`touch y`/z' get '/daemons/web/odd/\`touch\ y\`/'
	check "zsh executes no command in the names that it completes" [ -z "$(ls -A "$work/empty")" ]
else
	echo "SKIP: zsh, or python3 to type into it, is not installed"
fi
if command -v fish >/dev/null; then
	completes fish "register reload restart resume" re
	completes fish "web" explain we
	completes fish "--dry-run" reload --d
	completes fish "/daemons/web /daemons/worker" get /daemons/w
	completes fish "/daemons/web/a~1b~0c" get /daemons/web/a
	completes fish "warning" log w
	completes fish '/daemons/unit@one/odd/$(touch x) /daemons/unit@one/odd/a b /daemons/unit@one/odd/v /daemons/unit@one/odd/`touch y`' \
		get /daemons/unit@one/odd/
else
	echo "SKIP: fish is not installed"
fi
check "vigild stops" stop_vigild
finish
