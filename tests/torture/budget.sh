#!/bin/bash
# budget: a member of the reading group, or a client of the page, asks for more than its share.
#
# Promised: whatever they ask, a daemon that ticks each second ticks, systemd gets its watchdog
# messages, root is answered over the socket, and /healthz answers.  How long the largest gap was is
# printed; a vigild that runs in the same moment without the attack says how long it is anyway.
. "$(dirname "$0")/lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the http module is not built"
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
attack=$work/budget.py
cp "$here/../torture/budget.py" "$attack"
group=$(id -gn)
member=()
if [ "$(id -u)" = 0 ]; then
	group=$(getent group 1 | cut -d: -f1)
	member=(4712 1)
fi
seconds=$(count 5 20)

# What a program that prints as much as it may keeps: 50 daemons, some 50 KB each.
python3 -c 'import json; print(json.dumps({"k%d" % i: {"text": "x" * 30, "n": [i, i]} for i in range(700)}))' \
	>"$work/big.json"
# begin NAME: a vigild, and who hears its watchdog messages
begin() {
	local work=$work/$1 home=$work i
	mkdir "$work"
	{
		printf '[daemons]\nticker = yes\nhttp = yes\n'
		for i in $(seq 50); do echo "big$i = yes"; done
		printf '[daemon:ticker]\nmodule = exec\ninterval = 1s\ncommand = /bin/sh -c "date +%%s.%%N >>%s/ticks"\n' "$work"
		printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
		for i in $(seq 50); do
			printf '[daemon:big%d]\nmodule = exec\ncommand = /bin/cat %s\nformat = json\ninterval = 1h\n' "$i" \
				"$home/big.json"
		done
	} | write_conf
	sed -i "/^log = /a group = $group" "$work/vigil.conf"
	python3 "$attack" record "$work/notify" "$work/watchdog" &
	wait_for 10 test -S "$work/notify"
	NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=2000000 "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	wait_for 20 "$vigilctl" -q -s "$work/control.sock" version 2>>"$work/log" ||
		{ cat "$work/log"; not_ok "vigild starts"; exit 1; }
}
at() { "$vigilctl" -s "$work/$1/control.sock" get -r "$2"; }
full() { [ "$(at "$1" /daemons | wc -c)" -gt 1500000 ]; }
# gap FILE FROM TO: the largest time without a line in it; and how many there were
gap() {
	awk -v from="$2" -v to="$3" '
		$1 >= from && $1 <= to { n++; if (last && $1 - last > gap) gap = $1 - last; last = $1 }
		END { if (!last) { gap = to - from } else if (to - last > gap) gap = to - last
			printf "%.2f %d\n", gap, n }' "$1"
}
# not_less COUNT REFERENCE: at least half as many
not_less() { [ $((2 * $1)) -ge "$2" ]; }

begin attacked
begin reference
check "both vigilds have a state of more than 1.5 MB" eval 'wait_for 30 full attacked && wait_for 30 full reference'
port=$(at attacked /daemons/http/listen | grep -oE '127[0-9.:]+')

# row KIND ADDRESS TEXT
row() {
	local from to ticks dogs ask health
	from=$(date +%s.%N)
	python3 "$attack" attack "$1" "$2" "$seconds" "${member[@]}" >"$work/attack" &
	local attacker=$!
	python3 "$attack" ask "$work/attacked/control.sock" "$seconds" >"$work/ask" &
	local asker=$!
	python3 "$attack" healthz "$port" "$seconds" >"$work/health"
	wait "$asker" "$attacker"
	to=$(date +%s.%N)
	read -ra ticks < <(gap "$work/attacked/ticks" "$from" "$to")
	read -ra dogs < <(gap "$work/attacked/watchdog" "$from" "$to")
	read -ra ticks0 < <(gap "$work/reference/ticks" "$from" "$to")
	read -ra dogs0 < <(gap "$work/reference/watchdog" "$from" "$to")
	read -ra ask <"$work/ask"
	read -ra health <"$work/health"
	check "$3: the attack takes place ($(cat "$work/attack") bytes or connections)" \
		[ "$(cat "$work/attack")" -gt 60 ]
	check "$3: a daemon of 1 s ticks at least half as often as without" not_less "${ticks[1]}" "${ticks0[1]}"
	check "$3: watchdog messages come at least half as often as without" not_less "${dogs[1]}" "${dogs0[1]}"
	check "$3: root is answered over the socket each time (${ask[1]} times)" \
		eval '[ "${ask[1]}" -gt 0 ] && [ "${ask[2]}" = 0 ]'
	check "$3: /healthz answers each time (${health[1]} times)" \
		eval '[ "${health[1]}" -gt 0 ] && [ "${health[2]}" = 0 ]'
	figure "$3: largest gap between ticks, between watchdog messages" \
		"${ticks[0]} s, ${dogs[0]} s (without: ${ticks0[0]} s, ${dogs0[0]} s); longest answer ${ask[0]} s, /healthz ${health[0]} s"
}
sock=$work/attacked/control.sock
row notifications "$sock" "a member sends get without id over 60 connections"
row gets "$sock" "a member reads the whole state over 60 connections"
row unread "$sock" "a member asks for the whole state over 60 connections and does not read"
row status "$sock" "a member asks for status over 60 connections"
row modules "$sock" "a member asks for modules over 60 connections"
row watches "$sock" "a member watches everything over 60 connections"
row silent "$sock" "a member opens connections without end"
row http "$port" "a client of the page reads the whole state over 60 connections"
row http-slow "$port" "a client of the page asks for the whole state and does not read"
row silent "$port" "a client of the page opens connections without end"
finish
