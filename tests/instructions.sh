#!/bin/bash
# instructions.sh: counts with callgrind the instructions of a tick, a query, a write and a request.  None
# may take over a tenth more than tests/bench/instructions says.  Unlike time, instructions do not depend
# on how busy the machine is.
#
#	instructions.sh write	writes the file again, as `make instructions` does
#
# The numbers are only comparable with the compiler, flags and libraries that the file names.
top_srcdir=${top_srcdir:-$(cd "$(dirname "$0")/.." && pwd)}
top_builddir=${top_builddir:-$top_srcdir/build}
file=$top_srcdir/tests/bench/instructions
times=1000

skip_all() { echo "SKIP: $*"; exit 77; }
make_variable() { MAKEFLAGS= make -C "$top_builddir" -s --no-print-directory print-"$1"; }

command -v valgrind >/dev/null || skip_all "valgrind is not installed: instructions are not counted"

made_with() {
	local cc
	cc=$(make_variable CC)
	echo "$($cc --version | head -n 1)" "$(make_variable CFLAGS)" \
		"$(make_variable HARDENING)" "$(make_variable SANITIZE)" \
		"$(grep -c VIGIL_ASSERT_OWNER <<<"$(make_variable DEFS)")"
	uname -m
	getconf GNU_LIBC_VERSION
	pkg-config --modversion libevent_core jansson
}

# count NAME: prints the number of instructions of one NAME
count() {
	timeout 60 valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=measured \
		"$top_builddir/tests/bench/count" "$1" $times 2>&1 |
		awk -v times=$times '/Collected *:/ { n = int($NF / times + 0.5); print n }
			{ said = said $0 "\n" } END { if (!n) { printf "%s", said > "/dev/stderr"; exit 1 } }'
}

here=$(made_with | tr '\n' ' ' | sed 's/  */ /g; s/ $//')
if [ "${1:-}" = write ]; then
	{
		echo "# The number of instructions of one of each.  \`make instructions\` writes them, tests/instructions.sh"
		echo "# compares them.  They were counted with:"
		echo "# $here"
		for name in tick look write request; do
			n=$(count $name) && echo "$name $n" || exit
		done
	} >"$file.new" || { rm -f "$file.new"; exit 1; }
	mv "$file.new" "$file" && cat "$file"
	exit
fi

there=$(sed -n '3s/^# //p' "$file")
[ "$here" = "$there" ] ||
	skip_all "instructions are not counted: the file was written with $there, and this build has $here"
failed=0
while read -r name before; do
	case $name in '#'* | '') continue ;; esac
	n=$(count "$name") || { echo "not ok - the instructions of a $name can be counted"; failed=1; continue; }
	text="a $name takes $n instructions, at most a tenth over $before"
	if [ $((n * 10)) -le $((before * 11)) ]; then
		echo "ok - $text"
		[ $((n * 10)) -ge $((before * 9)) ] || echo "# it became cheaper: make instructions"
	else
		echo "not ok - $text"
		failed=1
	fi
done <"$file"
exit $failed
