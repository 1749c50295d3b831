#!/bin/bash
# The demo of `./bootstrap run`, as root and as an ordinary user: vigild restarts a killed service, the
# vigilctl command that the demo prints works, and nothing is left after SIGTERM.
. "$(dirname "$0")/lib.sh" || exit 1

work=$(mktemp -d)
demo=
trap '[ -z "$demo" ] || kill -TERM "$demo"; wait; rm -rf "$work"' EXIT

scratch() { set -- "$tmp"/vigil-demo.*; [ -d "$1" ] && echo "$1"; }
pid_of() { cat "$(scratch)/demo.pid" 2>/dev/null; }
started() { grep -q 'is up with 1 daemon, 0 of them failed' "$tmp/log"; }
repaired_twice() { [ "$(grep -c 'the service is running again' "$tmp/log")" -ge 2 ]; }
usual_umask() { grep -q '^Umask:[[:space:]]*0022$' "/proc/$(pid_of)/status" 2>/dev/null; }
# Each process of the demo has this variable in its environment.
left_over() { grep -qsz -- "^DEMO_OF=$tmp\$" /proc/[0-9]*/environ; }
nothing_left() { ! left_over; }

# demo SECONDS COMMAND...: starts the demo through COMMAND; it kills its service each SECONDS
demo() {
	local every=$1; shift
	: >"$tmp/log" # because the child may be slow, and then the log of the previous demo would be read
	DEMO_OF=$tmp TMPDIR=$tmp "$@" "$top_srcdir/conf/demo/run" "$top_builddir" "$every" \
		>"$tmp/log" 2>&1 &
	demo=$!
}
end_demo() { kill -TERM "$demo"; wait "$demo"; local status=$?; demo=; return $status; }

try() { # try WHO COMMAND...
	local who=$1 line; shift
	tmp=$work/$who
	demo 1 "$@"
	check "demo as $who: vigild restarts the service after two kills" wait_for 60 repaired_twice
	line=$(sed -n "s/^ *\(.*vigilctl -s .* status\)$/\1/p" "$tmp/log")
	# shellcheck disable=SC2086
	check "demo as $who: the vigilctl command that it prints works" grep -q '^demo  *[a-z]' <("$@" $line)
	check "demo as $who: the demo shows the status and the explanation" \
		eval 'grep -q "^demo  *[a-z]* .* OK " "$tmp/log" && grep -q "restart 1 worked" "$tmp/log"'
	check "demo as $who: a restarted service has the usual umask" wait_for 20 usual_umask
	check "demo as $who: SIGTERM ends it with status 0" end_demo

	demo 600 "$@" # it kills its service later than this test ends
	check "demo as $who: it starts a second time" wait_for 20 started
	check "demo as $who: its processes can be found" left_over
	check "demo as $who: SIGTERM ends it with status 0 the second time" end_demo
	check "demo as $who: no process is left" wait_for 20 nothing_left
	check "demo as $who: no file is left" [ -z "$(scratch)" ]
	[ "$failed" -eq 0 ] || cat "$tmp/log"
}

chmod 755 "$work"
mkdir "$work/me"
try me env
ordinary=(setpriv --reuid=65534 --regid=65534 --clear-groups)
if [ "$(id -u)" != 0 ]; then
	:
elif "${ordinary[@]}" test -x "$top_builddir/src/vigild" -a -x "$top_srcdir/conf/demo/run"; then
	mkdir "$work/user"
	chown 65534:65534 "$work/user"
	try user "${ordinary[@]}"
else
	echo "SKIP: an ordinary user cannot read the build"
fi
finish
