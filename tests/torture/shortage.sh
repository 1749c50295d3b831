#!/bin/bash
# shortage: like memory.sh, for the other shipped modules and for systemd.  The Nth allocation fails while
# vigild computes an average, queries the machine, runs the command of notify, sends a result to a master,
# serves the page, or queries and restarts a unit.  The master and systemd are fakes (master.py,
# manager.c).
#
# If a library such as OpenSSL crashes without memory, that is recognised by the place of the crash, and
# reported separately.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/ground.sh" || exit 1

script=$(readlink -f "$0")
case $(make_variable SANITIZE) in
?*) skip_all "sanitizers have their own allocator, which cannot be replaced" ;;
esac
if [ -z "${1:-}" ]; then
	install_staged
	# In separate namespaces, on a machine that seems to run systemd, whose processes end with this one.
	unshare --mount --pid --fork --mount-proc --kill-child true 2>/dev/null || exec bash "$0" plain
	exec unshare --mount --pid --fork --mount-proc --kill-child bash "$0" apart
fi
set_paths
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
chmod 755 "$work"
whole=$work
judge=$top_builddir/tests/torture/memory

# --- the fake systemd and the fake master ---------------------------------------------------------

start_systemd() {
	[ "$1" = apart ] && with_systemd && command -v dbus-daemon >/dev/null || return 1
	mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system || return 1
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$whole/bus
	dbus-daemon --session --nofork --nopidfile --address="$DBUS_SYSTEM_BUS_ADDRESS" 2>/dev/null &
	wait_for 20 test -S "$whole/bus" || return 1
	mkfifo "$whole/orders"
	exec 7<>"$whole/orders"
	"$top_builddir/tests/torture/manager" {once,on,worker}.service <"$whole/orders" >"$whole/systemd" 2>&1 &
	wait_for 20 grep -q '^ready' "$whole/systemd"
}
start_master() {
	[ -e "$modules/icinga/icinga.so" ] && command -v python3 openssl >/dev/null || return 1
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=master.test -addext subjectAltName=DNS:master.test \
		-days 2 -keyout "$whole/key" -out "$whole/ca.crt" 2>/dev/null || return 1
	cat "$whole/key" "$whole/ca.crt" >"$whole/pem"
	echo secret >"$whole/password"
	chmod 600 "$whole/password"
	python3 "$(dirname "$script")/master.py" "$whole/pem" "$whole/port" &
	wait_for 20 test -e "$whole/port"
}
phases="boot average system notify"
workers=
master= manager=
[ ! -e "$modules/http/http.so" ] || phases+=" page metrics json"
if start_master; then
	master=$(<"$whole/port") phases+=" icinga"
else
	echo "SKIP: the fake master needs python3, openssl and the icinga module"
fi
if start_systemd "$1"; then
	manager=$whole/orders phases+=" unit unit-restart" workers="unit unit-restart"
else
	echo "SKIP: the fake systemd needs root, namespaces, dbus-daemon and libsystemd"
fi

# --- faults ---------------------------------------------------------------------------------------

# The longest phase is the boot, with thousands of allocations; those of the page have hundreds.
stride=$(count $((97 + seed % 31)) 2)
boot_stride=$(count $((1009 + seed % 31)) 17)
first=$((seed % 8 + 1))

phases_of() { case $1 in worker) echo "$workers" ;; *) echo "$phases" ;; esac; }
stride_of() { case $1 in worker-*) count 11 1 ;; *-boot) echo "$boot_stride" ;; *) echo "$stride" ;; esac; }
judge() {
	local phase
	ground_modules "$whole/$1"
	"$vigild" -t -c "$work/vigil.conf" || return 1
	for phase in $(phases_of "$1"); do
		"$judge" "$vigild" "$top_builddir/tests/torture/nomemory.so" "$work" "$phase" "$1" "$first" \
			"$(stride_of "$1-$phase")"
	done
}
for mode in once on worker; do judge $mode >"$whole/$mode.log" 2>&1 & judges+=" $!"; done
wait $judges

for mode in once on worker; do
	grep -E '^broken:|vigil.conf:[0-9]+:' "$whole/$mode.log" | head -40
	sed -n 's/^library: \(.*\)/# a library crashes by itself: \1/p' "$whole/$mode.log" | sort | uniq -c | head -20
	while read -r phase _ points _ rest; do
		check "$phase: $points failed allocations are handled ($mode): $rest" eval "[ $points -gt 0 ] && [ '${rest##*, }' = '0 broken' ]"
	done < <(grep ' points, ' "$whole/$mode.log")
	check "all phases were run ($mode)" \
		test "$(grep -c ' points, ' "$whole/$mode.log")" = "$(phases_of $mode | wc -w)"
done
read -r points broken < <(cat "$whole"/{once,on,worker}.log | awk '/ points, / { points += $3; broken += $(NF - 1) }
	END { print points + 0, broken + 0 }')
crashes=$(cat "$whole"/{once,on,worker}.log | grep -c '^library:')
figure "the Nth allocation fails in other modules and under systemd: a clean exit or a reply" \
	"$(printf "%'d points, %d broken, %d in libraries" "$points" "$broken" "$crashes")"
finish
