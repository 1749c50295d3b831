#!/bin/bash
# Completion in the real bash, zsh and fish, of what a real vigild has.
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
[daemon:web]
module = exec
command = /bin/echo '{"a/b~c": 1, "deep": {"x": 1}}'
format = json
interval = 200ms
[daemon:worker]
module = exec
command = /bin/true
C
start_vigild
wait_for 10 get /daemons/web/deep/x >/dev/null
wait_for 10 get /daemons/worker/state >/dev/null
ln -s "$vigilctl" "$work/vigilctl"
export PATH=$work:$PATH
completion=$top_srcdir/conf/completion

# completes TEXT EXPECTED WORD...: `SHELL WORD...` with the last word unfinished
in_bash() {
	bash --norc -c 'compopt() { :; }; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vigilctl; echo "${COMPREPLY[@]}"' \
		bash "$completion/vigilctl.bash" vigilctl -s "$work/control.sock" "$@"
}
in_fish() {
	local line="vigilctl -s $work/control.sock" word
	for word; do line="$line $word"; done
	[ -n "$word" ] || line="$line"
	HOME=$work fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$completion/vigilctl.fish" "$line" |
		cut -f1 | tr '\n' ' ' | sed 's/ $//'
}
# What the functions of zsh's completion offer; its own machinery then takes those that fit.
in_zsh() { zsh -f -c 'compdef() { : }; typeset -A opt_args; opt_args[-s]=$2; . "$1"; print -r -- ${(f)"$('"$1"')"}' zsh "$completion/_vigilctl" "$work/control.sock"; }
completes() {
	local shell=$1 expected=$2 got; shift 2
	got=$("in_$shell" "$@" 2>/dev/null)
	if [ "$got" = "$expected" ]; then ok "$shell: $*"; else not_ok "$shell: $*: \"$got\" is not \"$expected\""; fi
}

completes bash "reload restart resume register" re
completes bash "web worker" status w
completes bash "web" explain we
completes bash "/daemons/web /daemons/worker" get /daemons/w
completes bash "/daemons/web/a~1b~0c" get /daemons/web/a
completes bash "/vigil" watch /v
completes bash "web worker" pause w
completes bash "--all --for --reason" pause --
completes bash "warning" log w
completes bash "new test" module ""
completes bash "/runs/web" check worker /runs/web
if command -v zsh >/dev/null; then
	check "zsh reads it" zsh -n "$completion/_vigilctl"
	check "zsh: verbs" eval '[[ " $(in_zsh _vigilctl_verbs) " == *" explain "*" status "* || " $(in_zsh _vigilctl_verbs) " == *" status "*" explain "* ]]'
	check "zsh: names" [ "$(in_zsh _vigilctl_names)" = "web worker" ]
	check "zsh: addresses" [ "$(in_zsh '_vigilctl_pointers /daemons/w')" = "/daemons/web /daemons/worker" ]
else
	echo "SKIP: zsh is not installed"
fi
if command -v fish >/dev/null; then
	completes fish "register reload restart resume" re
	completes fish "web" explain we
	completes fish "/daemons/web /daemons/worker" get /daemons/w
	completes fish "/daemons/web/a~1b~0c" get /daemons/web/a
	completes fish "warning" log w
else
	echo "SKIP: fish is not installed"
fi
if command -v logrotate >/dev/null; then
	check "logrotate takes the sample" logrotate -d "$top_srcdir/conf/vigil.logrotate"
else
	echo "SKIP: logrotate is not installed"
fi
check "vigild stops" stop_vigild
finish
