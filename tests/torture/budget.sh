#!/bin/bash
# budget: one client requests more than its share: a member of the reading group, a client of the page,
# a stranger, and also vigild's own user and root.
#
# Promise: whatever they request, over the socket, the pipe or HTTP, a daemon with an interval of 1 s
# ticks, systemd gets its watchdog messages, root gets replies over the socket, and /healthz answers.
# At most 1.2 s are between two ticks and 2 s between two watchdog messages.  On a busy machine both are
# late anyway.  So the time for which vigild waited for a processor does not count (the whole gap is
# printed, too), and a second vigild runs at the same time without the attack: a gap counts as too large
# only if it is also larger than that vigild's by a wide margin.
#
# Each verb of the table (verbs.sh) is requested by users who may use it and by users who may not.  The
# short form requests all verbs of a kind of user together, the full form also each verb alone.
. "$(dirname "$0")/lib.sh" || exit 1
. "$(dirname "$0")/verbs.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
install_staged
set_paths
[ -e "$modules/http/http.so" ] || skip_all "the http module is not built"
metronome=$top_builddir/tests/torture/metronome/metronome.so
[ -e "$metronome" ] || skip_all "the metronome module is not built"
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$work"' EXIT
attack=$work/budget.py
cp "$here/../torture/budget.py" "$attack"
cp "$vigild" "$vigilctl" "$work"
cp -R "$modules" "$work/modules"
vigild=$work/vigild vigilctl=$work/vigilctl modules=$work/modules
mkdir "$modules/metronome"
install -m 755 "$metronome" "$modules/metronome/"
group=$(id -gn)
# Users by uid and gid.  Without root, all are the one user that runs the test.
me=("$(id -u)" "$(id -g)")
own=("${me[@]}") member=("${me[@]}") stranger=("${me[@]}") as_own=()
if [ "$(id -u)" = 0 ]; then
	group=$(getent group 1 | cut -d: -f1)
	own=(4711 4711) member=(4712 1) stranger=(4713 4713)
	as_own=(setpriv --reuid=4711 --regid=4711 --groups=1)
	command -v setpriv >/dev/null || skip_all "there is no setpriv"
	"${as_own[@]}" test -x "$vigild" || skip_all "an ordinary user cannot read $work"
fi
seconds=$(count 3 20)
each=$(count 2 4) # seconds for one verb alone
tick_limit=1.2 watchdog_limit=2 margin=0.5

# State of programs that print as much as is allowed: 50 daemons with about 50 KB each, and one with as
# much performance data.
python3 -c 'import json; print(json.dumps({"k%d" % i: {"text": "x" * 30, "n": [i, i]} for i in range(700)}))' \
	>"$work/big.json"
python3 -c 'import json; print(json.dumps({"perfdata": {"k%d" % i: {"value": i / 7, "unit": "ms", "warn": "10:20",
	"crit": "5:30", "min": 0, "max": 1e9} for i in range(600)}}))' >"$work/perfdata.json"
# begin NAME: starts a vigild and a receiver of its watchdog messages
begin() {
	local work=$work/$1 home=$work i
	mkdir "$work" "$work/conf.d"
	{
		printf '[daemons]\nticker = yes\nhttp = yes\none = yes\nkept = yes\nperfdata = yes\n'
		for i in $(seq 50); do echo "big$i = yes"; done
		for i in $(seq 40); do echo "small$i = yes"; done
		printf '[daemon:ticker]\nmodule = metronome\nfile = %s/ticks\n' "$work"
		printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
		printf '[daemon:one]\nmodule = average\nsource = /vigil/generation\ninterval = 1h\nwindows = 1d\n'
		printf '[daemon:kept]\nmodule = service\nmanager = command\nservice = kept\ninterval = 1h\n'
		printf 'status_command = /bin/true\nrestart_command = /bin/true\n'
		for i in $(seq 40); do
			printf '[daemon:small%d]\nmodule = average\nsource = /vigil/pid\ninterval = 1h\nwindows = 1d\n' "$i"
		done
		for i in perfdata $(seq -f big%g 50); do
			printf '[daemon:%s]\nmodule = exec\ncommand = /bin/cat %s\nformat = json\ninterval = 1h\n' "$i" \
				"$home/${i%%[0-9]*}.json"
		done
	} | write_conf
	sed -i "/^log = /a group = $group" "$work/vigil.conf"
	chown "${own[0]}:${own[1]}" "$work" "$work/conf.d"
	python3 "$attack" record "$work/notify" "$work/watchdog" &
	wait_for 10 test -S "$work/notify"
	NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=2000000 "${as_own[@]}" "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	wait_for 20 "$vigilctl" -q -s "$work/control.sock" version 2>>"$work/log" ||
		{ cat "$work/log"; not_ok "vigild starts"; exit 1; }
}
at() { "$vigilctl" -s "$work/$1/control.sock" get -r "$2"; }
full() { [ "$(at "$1" /daemons | wc -c)" -gt 1500000 ]; }
# gap FILE FROM TO: prints the largest time between two lines, the same without the waiting for a
# processor, and the number of lines
gap() {
	wait_for 30 has_line_after "$1" "$3"
	awk -v from="$2" -v to="$3" '
		last && $1 >= from && last < to {
			n++
			if ($1 - last > gap) gap = $1 - last
			if ($1 - last - ($2 - waited) > own) own = $1 - last - ($2 - waited)
		}
		{ last = $1; waited = $2 }
		END { if (last < to) own = gap = to - last
			printf "%.2f %.2f %d\n", gap, own, n }' "$1"
}
has_line_after() { [ -n "$(tail -n 1 "$1" | awk -v to="$2" '$1 >= to')" ]; }
# not_less COUNT REFERENCE: whether COUNT is at least a third of REFERENCE
not_less() { [ $((3 * $1)) -ge "$2" ]; }
# is_short GAP LIMIT REFERENCE: within the limit, or not much larger than the gap of the reference
is_short() { awk -v gap="$1" -v limit="$2" -v other="$3" -v margin="$margin" \
	'BEGIN { exit !(gap <= limit || gap <= 2 * other + margin) }'; }

begin attacked
begin reference
check "both vigilds have a state of more than 1.5 MB" eval 'wait_for 30 full attacked && wait_for 30 full reference'
port=$(at attacked /daemons/http/listen | grep -oE '127[0-9.:]+')

worst_tick=0 worst_dog=0 worst_tick0=0 worst_dog0=0 worst=
# keep_worst TEXT: remembers the largest gaps of all rows
keep_worst() {
	if awk -v a="${ticks[1]}" -v b="$worst_tick" 'BEGIN { exit !(a > b) }'; then
		worst_tick=${ticks[1]} worst_tick0=${ticks0[0]} worst=$1
	fi
	if awk -v a="${dogs[1]}" -v b="$worst_dog" 'BEGIN { exit !(a > b) }'; then
		worst_dog=${dogs[1]} worst_dog0=${dogs0[0]}
	fi
}
# row KIND ADDRESS TEXT [UID GID [FILE]]: runs an attack, as a member by default.  With by_asker the
# attacker is the same user as the client that requests status, which then has to wait.
row() {
	local from to ticks dogs ticks0 dogs0 ask health kind=$1 address=$2 text=$3 duration=${duration:-$seconds}
	shift 3
	[ $# -gt 0 ] || set -- "${member[@]}"
	from=$(date +%s.%N)
	python3 "$attack" attack "$kind" "$address" "$duration" "$@" >"$work/attack" &
	local attacker=$!
	python3 "$attack" ask "$work/attacked/control.sock" "$duration" >"$work/ask" &
	local asker=$!
	python3 "$attack" healthz "$port" "$duration" >"$work/health"
	wait "$asker" "$attacker"
	to=$(date +%s.%N)
	read -ra ticks < <(gap "$work/attacked/ticks" "$from" "$to")
	read -ra dogs < <(gap "$work/attacked/watchdog" "$from" "$to")
	read -ra ticks0 < <(gap "$work/reference/ticks" "$from" "$to")
	read -ra dogs0 < <(gap "$work/reference/watchdog" "$from" "$to")
	read -ra ask <"$work/ask"
	read -ra health <"$work/health"
	check "$text: the attack sends data ($(cat "$work/attack") bytes or connections)" \
		[ "$(cat "$work/attack")" -gt 60 ]
	check "$text: at most 1.2 s are between two ticks of a daemon of 1 s (${ticks[1]} s; without: ${ticks0[0]} s)" \
		is_short "${ticks[1]}" "$tick_limit" "${ticks0[0]}"
	check "$text: at most 2 s are between two watchdog messages (${dogs[1]} s; without: ${dogs0[0]} s)" \
		is_short "${dogs[1]}" "$watchdog_limit" "${dogs0[0]}"
	check "$text: a daemon of 1 s ticks at least a third as often as without" not_less "${ticks[2]}" "${ticks0[2]}"
	[ -n "${by_asker:-}" ] || check "$text: root gets each reply over the socket (${ask[1]} times)" \
		eval '[ "${ask[1]}" -gt 0 ] && [ "${ask[2]}" = 0 ]'
	check "$text: /healthz gives each answer (${health[1]} times)" \
		eval '[ "${health[1]}" -gt 0 ] && [ "${health[2]}" = 0 ]'
	keep_worst "$text"
	figure "$text: largest gap between ticks, between watchdog messages" \
		"${ticks[1]} s, ${dogs[1]} s (with waiting for a processor ${ticks[0]} s, ${dogs[0]} s; without the attack ${ticks0[0]} s, ${dogs0[0]} s); longest answer ${ask[0]} s, /healthz ${health[0]} s"
}
sock=$work/attacked/control.sock pipe=$work/attacked/control.pipe
row notifications "$sock" "a member sends get as notifications over 60 connections"
row gets "$sock" "a member reads the whole state over 60 connections"
row unread "$sock" "a member requests the whole state over 60 connections and does not read"
row status "$sock" "a member requests status over 60 connections"
row modules "$sock" "a member requests modules over 60 connections"
row watches "$sock" "a member watches everything over 60 connections"
row silent "$sock" "a member opens connections all the time"
row http "$port" "a client of the page reads the whole state over 60 connections"
row http-slow "$port" "a client of the page requests the whole state and does not read"
row silent "$port" "a client of the page opens connections all the time"

# --- each verb, by each kind of user --------------------------------------------------------------

# The requests of the table, and some that cost more.  The unknown name is similar to no daemon's name.
nobody=$(printf 'x%.0s' $(seq 60))
{
	requests
	echo 'check {"name":"perfdata"}'
	echo 'explain {"name":"big1"}'
	echo "explain {\"name\":\"$nobody\"}"
	echo 'status {"name":"big1"}'
	echo 'get {"pointer":"/daemons"}'
	echo 'get {"pointer":"/runs"}'
	echo 'watch {"pointer":""}'
} >"$work/all"
allowed() { rows | awk -F '\t' -v c="$1" '{ split($4, cell, " "); if (cell[c] == "yes") print $1 }'; }
# of_verbs VERB...: prints those requests on stdin that have one of the verbs
of_verbs() { awk 'NR == FNR { is[$1]; next } $1 in is' <(printf '%s\n' "$@") /dev/stdin; }

# ask_as WHO COLUMN UID GID: sends all requests that this user may make, and all that are denied
ask_as() {
	local who=$1 column=$2 verb
	shift 2
	of_verbs $(allowed "$column") <"$work/all" >"$work/may.$column"
	row requests "$sock" "$who sends all allowed requests over 60 connections" "$@" "$work/may.$column"
	row request-notifications "$sock" "$who sends all requests, allowed or not, as notifications" "$@" "$work/all"
	[ "$column" = 1 ] || row requests "$sock" "$who sends denied requests" "$@" "$work/all"
	[ "${TORTURE_FORM:-}" = full ] || return 0
	for verb in $(allowed "$column"); do
		of_verbs "$verb" <"$work/all" >"$work/verb"
		duration=$each row requests "$sock" "$who requests $verb over 60 connections" "$@" "$work/verb"
		duration=$each row requests-unread "$sock" "$who requests $verb and does not read" "$@" "$work/verb"
		duration=$each row request-notifications "$sock" "$who sends $verb as notifications" "$@" "$work/verb"
	done
}
if [ "$(id -u)" = 0 ]; then
	ask_as "vigild's own user" 2 "${own[@]}"
	ask_as "a member" 3 "${member[@]}"
	row refused "$sock" "a stranger connects to the socket" "${stranger[@]}"
	chmod 666 "$sock"
	row requests "$sock" "a stranger sends all requests to a socket of mode 666" "${stranger[@]}" "$work/all"
	row request-notifications "$sock" "a stranger sends all requests as notifications to a socket of mode 666" \
		"${stranger[@]}" "$work/all"
	chmod 660 "$sock"
else
	echo "SKIP: only root can send requests as other users; the test uses vigild's own user"
fi

# The pipe belongs to vigild's own user.
rows | awk -F '\t' '{ print $1, $3 == "-" ? "" : $3 }' >"$work/lines"
row pipe "$pipe" "vigild's own user writes all verbs into the pipe" "${own[@]}" "$work/lines"
if [ "${TORTURE_FORM:-}" = full ]; then
	for verb in $(allowed 5); do
		grep "^$verb " "$work/lines" >"$work/verb"
		duration=$each row pipe "$pipe" "vigild's own user writes $verb into the pipe" \
			"${own[@]}" "$work/verb"
	done
fi

# HTTP, which any client may use.
for path in / '/?daemon=big1' '/?daemon=perfdata' /metrics /v1/rows /v1/page /v1/changes /v1/state/daemons/big1 \
	/no/such; do
	echo "$path"
done >"$work/paths"
row http-paths "$port" "a client requests all pages over 60 connections" "${stranger[@]}" "$work/paths"
if [ "${TORTURE_FORM:-}" = full ]; then
	while read -r path; do
		echo "$path" >"$work/path"
		duration=$each row http-paths "$port" "a client requests $path" "${stranger[@]}" "$work/path"
	done <"$work/paths"
fi
# The last attacks come from the user that also requests status here.  A user who sends too many requests
# has to wait, also afterwards, because notifications are processed although their sender is gone.
if [ "$(id -u)" = 0 ]; then
	by_asker=yes ask_as "root" 1 0 0
else
	by_asker=yes ask_as "vigild's own user" 2 "${own[@]}"
fi
figure "the largest gaps: at most 1.2 s between ticks, at most 2 s between watchdog messages" \
	"$worst_tick s (without: $worst_tick0 s; $worst), $worst_dog s (without: $worst_dog0 s)"
finish
