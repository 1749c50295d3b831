#!/bin/bash
# load: clients by the hundred, slow ones, deaf ones, ones that never end a line, and reloads
# without end, of good files and bad ones by turns.
#
# Promised: nobody is left waiting, an admin is answered all the while, root finds a seat whoever
# sits there, and descriptors and memory are what they were.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill $(jobs -p) 2>/dev/null; stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/conf.d"
group=$(id -gn nobody 2>/dev/null) || group=$(id -gn)
heap=
[ ! -e "$top_builddir/tests/torture/heap/heap.so" ] || sanitized || heap=yes
{
	printf '[daemons]\n'
	[ -z "$heap" ] || echo "heap = yes"
	for i in $(seq 50); do echo "d$i = yes"; done
	for i in $(seq 50); do
		printf '[daemon:d%d]\nmodule = average\nsource = /vigil/generation\nwindows = 10s\ninterval = 1s\n' "$i"
	done
	[ -z "$heap" ] || printf '[daemon:heap]\nlooks = 10\n'
} | write_conf
sed -i -e "/^log = /a group = $group" -e "s|^modules = .*|&, $work/modules|" "$work/vigil.conf"
if [ -n "$heap" ]; then
	mkdir -p "$work/modules/heap"
	install -m 755 "$top_builddir/tests/torture/heap/heap.so" "$work/modules/heap/"
fi
printf '[daemons]\nmore = yes\n[daemon:more]\nmodule = exec\ncommand = /bin/true\n' >"$work/good"
printf '[daemons]\nmore = yes\n[daemon:more]\nmodule = exec\ncommnd = /bin/true\n' >"$work/bad"
cp "$work/good" "$work/conf.d/more.conf"
start_vigild

program=$top_builddir/tests/torture/load
stranger=()
if [ "$(id -u)" = 0 ]; then
	install -m 755 "$program" "$work/load" && program=$work/load
	stranger=(setpriv --reuid=nobody --regid="$group" --clear-groups)
fi
# as_stranger, as_root TEXT KIND...: plays its part; what it says is kept
play() { local text=$1; shift; check "$text: $("$@" 2>&1; echo $? >"$work/status")" [ "$(cat "$work/status")" = 0 ]; }
as_stranger() { local text=$1; shift; play "$text" "${stranger[@]}" "$program" "$work/control.sock" "$@"; }

descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
private() { awk '/^Private_/ { n += $2 } END { print n }' "/proc/$vigild_pid/smaps_rollup"; }

# Of those looks that begin now.
in_use() {
	[ -n "$heap" ] || { echo 0; return; }
	sleep 2.5
	echo $(($(get /daemons/heap/in_use) / 1024))
}

# Those who are gone are known to be gone.
alone() { [ "$(descriptors)" -le "$seats_free" ]; }
crowd=$(count 150 500) churn=$(count 500 10000) hups=$(count 300 10000)
round() {
	as_stranger "$1: $crowd at once" crowd "$crowd"
	as_stranger "$1: $churn come and go" churn "$churn"
	as_stranger "$1: those who say that no more will come are answered" half 50
	local deaf=()
	for i in 1 2 3; do
		"${stranger[@]}" "$program" "$work/control.sock" deaf 500 >"$work/deaf$i" & deaf+=($!)
	done
	as_stranger "$1: a byte now and then" slow
	as_stranger "$1: a line without end" endless
	play "$1: reloads" "$program" "$work/control.sock" hups "$hups" "$vigild_pid" \
		"$work/conf.d/more.conf" "$work/good" "$work/bad"
	for i in 1 2 3; do
		wait "${deaf[i - 1]}"; echo $? >"$work/status"
		check "$1: who asks and does not listen: $(cat "$work/deaf$i")" [ "$(cat "$work/status")" = 0 ]
	done
	wait_for 20 alone
	check "$1: vigild runs" kill -0 "$vigild_pid"
}

seats_free=$(($(descriptors) + 1)) # the admin may be there
"$program" "$work/control.sock" admin 1000000 >"$work/admin" & admin=$!
round "at first"
wait_for 20 ctl -q version
before=$(descriptors) memory=$(private) used=$(in_use)
round "once more"
wait_for 20 ctl -q version
after=$(descriptors) grown=$(($(private) - memory)) more=$(($(in_use) - used))
handled=$(($(get /vigil/reloads) + $(get /vigil/reload_errors)))
kill -TERM "$admin"
wait "$admin"; echo $? >"$work/status"
check "an admin was always answered: $(cat "$work/admin")" [ "$(cat "$work/status")" = 0 ]
check "descriptors are what they were: $before, $after" [ "$after" -le $((before + 2)) ]
check "what is in use of the heap is, too: $used KiB and $more more" [ "$more" -le 256 ]
# What the allocator keeps of the buffers of the deaf comes and goes.
sanitized || check "memory is bounded: $memory KiB and $grown more" [ "$grown" -le 8192 ]
check "reloads were made: $handled of $((2 * hups))" [ "$(get /vigil/reloads)" -gt 0 ]
check "and refused" [ "$(get /vigil/reload_errors)" -gt 0 ]
# Signals that come while one is waiting are one.
check "as many as there could be" [ "$handled" -ge $((2 * hups / 10)) -a "$handled" -le $((2 * hups)) ]
p99=$(sed -n 's/.*p99 \([0-9.]*\) ms.*/\1/p' "$work/admin")
[ "$(count short full)" = short ] ||
	check "the admin is answered within 100 ms (p99): $p99 ms" awk "BEGIN { exit !($p99 < 100) }"

# --- root's seat ----------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
	watchers=()
	full() { "${stranger[@]}" "$vigilctl" -s "$work/control.sock" version 2>&1 | grep -q "too many connections"; }
	# Who has sat down and not asked yet may be put out by the next: others take that seat.
	crowded() {
		for _ in $(seq 16); do
			"${stranger[@]}" "$vigilctl" -s "$work/control.sock" watch >/dev/null 2>&1 & watchers+=($!)
		done
		full
	}
	check "strangers take all their seats" wait_for 30 crowded
	check "root has one" ctl -q status
	kill "${watchers[@]}" 2>/dev/null
else
	echo "SKIP: strangers need root to be run"
fi
check "vigild stops" stop_vigild
figure "$crowd clients at once, $churn come and go: none is left waiting" \
	"an admin's status: $(sed 's/admin: //' "$work/admin")"
figure "$((2 * hups)) SIGHUPs, good and bad by turns: descriptors and memory are flat" \
	"$handled handled, $before -> $after descriptors, $used KiB + $more KiB of heap"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
