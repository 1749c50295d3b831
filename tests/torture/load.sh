#!/bin/bash
# load: hundreds of clients, slow clients, clients that do not read or never end a line, and reloads
# all the time, of valid and invalid files in turns.
#
# Promise: each client gets a reply, an admin gets replies all the time, root can connect although other
# users take all their connections, and descriptors and memory do not grow.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill $(jobs -p) 2>/dev/null; stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/conf.d"
group=$(id -gn nobody 2>/dev/null) || group=$(id -gn)
heap= more_modules=$work/modules
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
sed -i "/^log = /a group = $group" "$work/vigil.conf"
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
# play TEXT COMMAND..., as_stranger TEXT KIND...: runs a client program and prints its result
play() { local text=$1; shift; check "$text: $("$@" 2>&1; echo $? >"$work/status")" [ "$(cat "$work/status")" = 0 ]; }
as_stranger() { local text=$1; shift; play "$text" "${stranger[@]}" "$program" "$work/control.sock" "$@"; }

descriptors() { ls "/proc/$vigild_pid/fd" | wc -l; }
private() { awk '/^Private_/ { n += $2 } END { print n }' "/proc/$vigild_pid/smaps_rollup"; }

# Only queries that begin now count, of which the module takes the least of ten.
in_use() {
	[ -n "$heap" ] || { echo 0; return; }
	wait_for 30 more_than /runs/heap/ticks $(($(get /runs/heap/ticks) + 10))
	echo $(($(get /daemons/heap/in_use) / 1024))
}

# Whether all clients have disconnected.
alone() { [ "$(descriptors)" -le "$seats_free" ]; }
crowd=$(count 150 500) churn=$(count 500 10000) hups=$(count 300 10000)
round() {
	as_stranger "$1: $crowd clients at once get replies" crowd "$crowd"
	as_stranger "$1: $churn clients that come and go get replies" churn "$churn"
	as_stranger "$1: clients that close their sending side get replies" half 50
	local deaf=()
	for i in 1 2 3; do
		"${stranger[@]}" "$program" "$work/control.sock" deaf 500 >"$work/deaf$i" & deaf+=($!)
	done
	as_stranger "$1: a client that sends single bytes slowly is disconnected" slow
	as_stranger "$1: a client that never ends its line is disconnected" endless
	play "$1: SIGHUPs are sent with valid and invalid files" "$program" "$work/control.sock" hups "$hups" "$vigild_pid" \
		"$work/conf.d/more.conf" "$work/good" "$work/bad"
	for i in 1 2 3; do
		wait "${deaf[i - 1]}"; echo $? >"$work/status"
		check "$1: a client that does not read its replies is disconnected: $(cat "$work/deaf$i")" [ "$(cat "$work/status")" = 0 ]
	done
	wait_for 20 alone
	check "$1: vigild runs after the load" kill -0 "$vigild_pid"
}

seats_free=$(($(descriptors) + 1)) # one for the admin client
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
check "an admin got each reply: $(cat "$work/admin")" [ "$(cat "$work/status")" = 0 ]
check "the number of descriptors did not grow: $before, $after" [ "$after" -le $((before + 2)) ]
check "the heap in use did not grow: $used KiB and $more more" [ "$more" -le 256 ]
# The allocator keeps some memory of the output buffers of clients that do not read.
sanitized || check "the memory of vigild is bounded: $memory KiB and $grown more" [ "$grown" -le 8192 ]
check "SIGHUPs with a valid file reload: $handled of $((2 * hups))" [ "$(get /vigil/reloads)" -gt 0 ]
check "SIGHUPs with an invalid file are refused" [ "$(get /vigil/reload_errors)" -gt 0 ]
# Several signals that arrive while one is pending count as one.
check "many of the SIGHUPs were handled, and no more than were sent" [ "$handled" -ge $((2 * hups / $(count 100 10))) -a "$handled" -le $((2 * hups)) ]
p99=$(sed -n 's/.*p99 \([0-9.]*\) ms.*/\1/p' "$work/admin")
[ "$(count short full)" = short ] ||
	check "the admin gets replies within 100 ms (p99): $p99 ms" awk "BEGIN { exit !($p99 < 100) }"

# --- the connections reserved for root ------------------------------------------------------------
if [ "$(id -u)" = 0 ]; then
	watchers=()
	full() { "${stranger[@]}" "$vigilctl" -s "$work/control.sock" version 2>&1 | grep -q "too many connections"; }
	# A client that has sent no request yet may be disconnected for the next one, which other clients use.
	crowded() {
		for _ in $(seq 16); do
			"${stranger[@]}" "$vigilctl" -s "$work/control.sock" watch >/dev/null 2>&1 & watchers+=($!)
		done
		full
	}
	check "strangers take all connections that are not reserved" wait_for 30 crowded
	check "root can connect when strangers take all other connections" ctl -q status
	kill "${watchers[@]}" 2>/dev/null
else
	echo "SKIP: running clients as strangers needs root"
fi
check "vigild stops when it receives SIGTERM" stop_vigild
figure "$crowd clients at once, $churn come and go: each gets a reply" \
	"an admin's status: $(sed 's/admin: //' "$work/admin")"
figure "$((2 * hups)) SIGHUPs, with valid and invalid files in turns: descriptors and memory do not grow" \
	"$handled handled, $before -> $after descriptors, $used KiB + $more KiB of heap"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
