#!/bin/bash
# Runs all commands of the manual page vigil-module(7) in order.  Each line of output that the page
# shows must be in the real output.
. "$(dirname "$0")/lib.sh" || exit 1

if [ "${1:-}" != inside ]; then
	[ "$(id -u)" = 0 ] || skip_all "the guide installs files, which needs root"
	set_paths
	case $prefix in /usr | /usr/*) ;; *) skip_all "the guide is for what is installed below /usr, not $prefix" ;; esac
	unshare -m true 2>/dev/null || skip_all "this machine allows no namespaces"
	exec unshare -m bash "$0" inside
fi

# Overlays hold what is installed and what vigild writes.  Only this mount namespace has them.
work=$(mktemp -d)
chmod 755 "$work"
over() { # over DIRECTORY
	mkdir -p "$work/over$1/up" "$work/over$1/work" &&
		mount -t overlay overlay -o "lowerdir=$1,upperdir=$work/over$1/up,workdir=$work/over$1/work" "$1"
}
mount -t tmpfs tmpfs "$work" && mkdir "$work/home" && over /usr && over /var && mount -t tmpfs tmpfs /run ||
	skip_all "this machine has no overlays"
trap 'stop_vigild' EXIT
MAKEFLAGS= make -C "$top_builddir" -s install >"$work/install.log" 2>&1 ||
	{ cat "$work/install.log"; not_ok "make install works"; finish; }
export PATH=$(make_variable bindir):$(make_variable sbindir):$PATH
export PKG_CONFIG_PATH=$(make_variable pkgconfigdir)
cd "$work/home" || exit 1
umask 022
vigild 2>"$work/log" &
vigild_pid=$!
reaches() { vigilctl -q version 2>/dev/null; }
wait_for 10 reaches || { cat "$work/log"; not_ok "vigild runs as it was installed"; finish; }

# --- the page -------------------------------------------------------------------------------------

# The commands and their output are in the literal blocks of the page.
awk '/^\.Bd -literal -offset/ { on = 1; next } /^\.Ed/ { on = 0; next } on' \
	"$top_srcdir/include/vigil/vigil-module.7" | sed 's/\\e/\\/g' >"$work/page"
# judge COMMAND: runs it, and fails unless its output has the lines of $work/expected in their order
judge() {
	local status
	bash -c "$1" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	awk 'FILENAME == ARGV[1] { want[++n] = $0; next }
		{ line = $0; gsub(/ +/, " ", line); w = want[i + 1]; gsub(/ +/, " ", w); if (i < n && line == w) i++ }
		END { exit i < n }' "$work/expected" "$work/out" && [ "$status" = 0 ] && return
	echo "it exits $status and prints:"; cat "$work/out" "$work/err"; echo "not:"; cat "$work/expected"
	return 1
}
command=
count=0
run() {
	[ -n "$command" ] || return
	check "the command of vigil-module(7) works: $command" judge "$command"
	count=$((count + 1))
	: >"$work/expected"
}
: >"$work/expected"
while IFS= read -r line; do
	case $line in
	'$ '* | '# '*) run; command=${line#??} ;;
	*) echo "$line" >>"$work/expected" ;;
	esac
done <"$work/page"
run
check "vigil-module(7) has at least twelve commands" [ "$count" -ge 12 ]

# --- the purpose of the page ----------------------------------------------------------------------

# Five commands make a new module and read its value in the console, without an edit of a Makefile.
five() {
	vigilctl module new five && make -C five check && make -C five install &&
		vigilctl register five && printf 'run five\nget /daemons/five/value\n' | vigilctl console
}
five >"$work/out" 2>&1
check "five commands make a new module and print its value" grep -qE '^[0-9]+$' "$work/out"
six() {
	vigilctl module new six && make -C six check && make -C six install &&
		vigilctl register six isolate=yes && printf 'run six\nget /daemons/six/value\n' | vigilctl console
}
six >"$work/out" 2>&1
check "the same five commands make a module that runs in a process of its own" grep -qE '^[0-9]+$' "$work/out"
check "the module of the daemon with isolate = yes runs in another process" eval '[ "$(vigilctl get -r /runs/six/process/pid 2>/dev/null || echo 0)" -gt 1 ]'
check "the daemon of the new module ticks" wait_for 15 eval '[ "$(vigilctl get -r /runs/five/ticks 2>/dev/null || echo 0)" -gt 2 ]'
check "the new module is built without a warning" eval '! grep -i warning: "$work/out"'
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || { tail -20 "$work/log"; cat "$work/out"; }
finish
