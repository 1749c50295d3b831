#!/bin/bash
# access: which users may use which verbs, over the socket and the pipe.
#
# Promise: the table in verbs.sh says which users may use a verb, and no other user may use it: not
# over the socket, not as a notification, which gets no reply, not over the pipe, and not if the
# permissions of the socket are wider than those that vigild set.  A denied request changes nothing.
# The verbs are compared with those of the program, so that a new verb without a row fails the test.
#
# The kernel reports the user of a client, so each cell is requested by a process of that user and
# those groups.
. "$(dirname "$0")/lib.sh" || exit 1

install_staged
set_paths
work=$(mktemp -d)
trap 'stop_vigild; rm -rf "$work"' EXIT
chmod 755 "$work"
cp "$top_builddir/tests/torture/ask" "$vigild" "$vigilctl" "$work"
cp -R "$modules" "$work/modules"
ask=$work/ask vigild=$work/vigild vigilctl=$work/vigilctl modules=$work/modules

. "$(dirname "$0")/verbs.sh" || exit 1
declare -A column=([root]=1 [own]=2 [member]=3 [stranger]=4 [pipe]=5)
# expected USER WORD: prints the expected result of each verb; WORD is the result for `no`
expected() {
	rows | awk -F '\t' -v c="${column[$1]}" -v no="$2" '{
		split($4, cell, " "); v = cell[c]; print $1, v == "yes" ? "done" : v == "no" ? no : v }'
}
cells=0 right=0
# as_table TEXT EXPECTED FOUND: compares the results, counts the cells and prints wrong ones
as_table() {
	local wrong
	wrong=$(diff <(echo "$2") <(echo "$3"))
	cells=$((cells + $(wc -l <<<"$2")))
	right=$((right + $(comm -12 <(sort <<<"$2") <(sort <<<"$3") | wc -l)))
	[ -z "$wrong" ] || echo "$wrong"
	check "$1: $(wc -l <<<"$2") verbs have the result that the table says" [ -z "$wrong" ]
}
check "the table has each verb of the program and no other" [ "$(rows | cut -f 1 | sort)" = \
	"$("$ask" verbs | sort)" ]
check "vigilctl help lists the verbs of the program" [ "$(rows | cut -f 1 | sort)" = \
	"$("$vigilctl" help | awk '/^  [a-z]/ { print $1 }' | sort -u | comm -12 - <("$ask" verbs | sort))" ]

# --- users and groups -----------------------------------------------------------------------------

own=4711 member=4712 stranger=4713 # uids that no user has
readers=1                          # the group `daemon`, which exists on each machine
as_root() { "$@"; }
as_own() { setpriv --reuid=$own --regid=$own --clear-groups "$@"; }
as_member() { setpriv --reuid=$member --regid=$member --groups=$readers "$@"; }
as_member_first() { setpriv --reuid=$member --regid=$readers --clear-groups "$@"; }
as_stranger() { setpriv --reuid=$stranger --regid=$own --clear-groups "$@"; }

config() {
	mkdir -m 755 "$work/run" "$work/conf.d"
	: >"$work/run/up"
	{
		cat <<-END
			[daemons]
			one = yes
			kept = yes
			[daemon:one]
			module = average
			source = /vigil/generation
			interval = 1h
			windows = 1d
			[daemon:kept]
			module = service
			manager = command
			service = kept
			status_command = /usr/bin/test -e $work/run/up
			restart_command = /usr/bin/touch $work/run/up
			stop_command = /bin/rm -f $work/run/up
			interval = 1h
		END
	} | write_conf
	sed -i "s|$work/control|$work/run/control|; s|^log = .*|log = stderr\ngroup = $1|" "$work/vigil.conf"
}
ctl() { "$vigilctl" -s "$work/run/control.sock" "$@"; }
# State that a denied request could have changed.
traces() {
	local at
	for at in /runs/one/ticks /runs/one/paused /runs/kept/ticks /vigil/reloads /vigil/generation \
		/daemons/kept/service_state/restarts; do
		echo "$at $(get $at)"
	done
	ls -A "$work/conf.d"
	grep -c 'log level is now' "$work/log"
}
settled() { is /runs/one/ticks 1 && is /runs/kept/ticks 1 && is /daemons/kept/service_state/value running; }
restarted() { more_than /daemons/kept/service_state/restarts 0; }
question() { requests | "$@" "$ask" "$work/run/control.sock"; }
question_twice() { requests | "$@" "$ask" "$work/run/control.sock" -n; }

# --- the pipe -------------------------------------------------------------------------------------

# What the pipe does with a verb is read from the log, between two lines that it always rejects.
mark() { grep -c 'unknown verb "marker"' "$work/log"; }
over_pipe() { # RUNNER...
	local verb params words cells before
	while IFS=$'\t' read -r verb params words cells; do
		before=$(wc -l <"$work/log")
		marks=$(mark)
		[ "$words" != - ] || words=
		printf '%s %s\nmarker\n' "$verb" "$words" | "$@" tee "$work/run/control.pipe" >/dev/null 2>&1 ||
			{ echo "$verb shut"; continue; }
		wait_for 30 eval '[ "$(mark)" -gt "$marks" ]' || { echo "$verb silence"; continue; }
		if tail -n +$((before + 1)) "$work/log" | grep -q "unknown verb \"$verb\""; then
			echo "$verb refused"
		else
			echo "$verb done"
		fi
	done < <(rows)
}

# --- every cell -----------------------------------------------------------------------------------

# ask_all HOST: HOST is the user that runs vigild
ask_all() {
	local host=$1 before who
	check "vigild as $host: each daemon ticks once at the start" wait_for 20 settled
	before=$(traces)
	as_table "vigild as $host, stranger" "$(expected stranger shut | sed 's/ none$/ shut/')" \
		"$(question_twice as_stranger)"
	chmod 666 "$work/run/control.sock"
	as_table "vigild as $host, stranger, with a socket of mode 666" "$(expected stranger denied)" \
		"$(question_twice as_stranger)"
	[ "$host" != root ] || # this user has no special rights here
		as_table "vigild as root, another user" "$(expected stranger denied)" "$(question_twice as_own)"
	chmod 660 "$work/run/control.sock"
	for who in member member_first; do
		as_table "vigild as $host, ${who/_first/ by its primary group}" \
			"$(expected member denied)" "$(question_twice as_$who)"
	done
	as_table "vigild as $host, the pipe, member" "$(rows | cut -f 1 | sed 's/$/ shut/')" \
		"$(over_pipe as_member)"
	as_table "vigild as $host, the pipe, stranger" "$(rows | cut -f 1 | sed 's/$/ shut/')" \
		"$(over_pipe as_stranger)"
	check "vigild as $host: denied requests changed nothing" [ "$before" = "$(traces)" ]
	if [ "$host" != root ]; then
		as_table "vigild as $host, its own user" "$(expected own denied)" "$(question as_own)"
		check "vigild as $host: the restart that its own user requested is done" wait_for 20 restarted
	fi
	as_table "vigild as $host, root" "$(expected root denied)" "$(question as_root)"
	for who in root own; do
		[ "$host:$who" != root:own ] || continue
		as_table "vigild as $host, the pipe, $who" "$(expected pipe refused | sed 's/ none$/ refused/')" \
			"$(over_pipe as_$who)"
	done
	check "vigild as $host: requests that were allowed were done" eval \
		'more_than /runs/one/ticks 2 && more_than /vigil/reloads 1 && grep -q "log level is now" "$work/log" &&
		wait_for 20 restarted'
	stop_vigild
}
# start_as RUNNER...
start_as() {
	: >"$work/log"
	"$@" "$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
	vigild_pid=$!
	wait_for 20 reachable || { cat "$work/log"; not_ok "vigild starts"; exit 1; }
}

if [ "$(id -u)" != 0 ]; then
	echo "SKIP: only root can send requests as other users; the test uses its own user"
	config "$(id -gn)"
	start_as env
	wait_for 20 settled
	as_table "vigild as an ordinary user, its own" "$(expected own denied)" "$(question env)"
	stop_vigild
	finish
fi
as_stranger test -x "$vigild" || skip_all "an ordinary user cannot read $work"
group=$(getent group $readers | cut -d: -f1)

config "$group"
start_as env
ask_all root

rm -rf "$work/run" "$work/conf.d" "$work/state"
config "$group"
mkdir "$work/state"
chown $own:$own "$work/run" "$work/conf.d" "$work/state"
start_as setpriv --reuid=$own --regid=$own --groups=$readers
ask_all user

# Without a group, or with an unknown one, no user is a member.
rm -rf "$work/run" "$work/conf.d" "$work/state"
config no-such-group
start_as env
chmod 666 "$work/run/control.sock"
as_table "vigild as root, without a group, member" "$(expected stranger denied)" "$(question as_member)"
stop_vigild

figure "each verb has the result that the table says" "$right of $cells cells (verbs, users, socket and pipe, as root and as user)"
finish
