#!/bin/bash
# The option every of exec: programs run at points in local time, once each.  list and explain show the next
# point. A restart of vigild keeps the last result until the next run, and points that passed before are not
# run later.
. "$(dirname "$0")/lib.sh" || exit 1
set_paths
install_staged
work=$(mktemp -d) || exit 1
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
export TZ=UTC0

clock() { date -d "@$1" +%H:%M:%S; }
in_future() { clock $(($(date +%s) + $(slack "$1"))); } # SECONDS
exec_section() { printf '[daemons]\nx = yes\n[daemon:x]\nmodule = exec\ncommand = /bin/true\n%s' "$1"; }
refused() { refused_by_test "vigild -t refuses $1" "$2" <<<"$(exec_section "$3")"; }
refused "every together with interval" 'vigil.conf:[0-9]+: every = "hourly": cannot be set together with interval' $'interval = 5s\nevery = hourly'
refused "an unknown word and lists the words" 'every = "fortnightly": .*minutely, hourly, daily, weekly, monthly and yearly' 'every = fortnightly'
refused "a window and shows how points are written" 'every = "08:00-18:00": .* is a window; write points in time' 'every = 08:00-18:00'
refused "points for a stream" 'every = "daily": mode = stream has no runs' $'mode = stream\nevery = daily'

mkdir -p "$work/bin"
cat >"$work/bin/count" <<S
#!/bin/sh
date +%s >>"$work/\$1.runs"
echo "\$1 is wrong"
exit "\$2"
S
chmod 755 "$work/bin/count"
program() { # NAME STATUS LINE...
	printf '[daemon:%s]\nmodule = exec\nformat = text\ncommand = %s %s %s\n' "$1" "$work/bin/count" "$1" "$2"
	shift 2
	printf '%s\n' "$@"
}
configure() {
	{
		printf '[module:exec]\ninterval = 200ms\n[daemons]\n'
		printf '%s = yes\n' soon often left_out later
		program soon 2 "every = $soon"
		program often 0 "every = *:*:0/2"
		program left_out 0 "every = *:*:*" "not_during = 00:00-24:00"
		program later 1 "every = $later"
	} | write_conf
}
runs() { if [ -e "$work/$1.runs" ]; then wc -l <"$work/$1.runs"; else echo 0; fi; }
says() { [[ "$(get "/runs/$1/health/text")" == $2 ]]; }
level() { is "/runs/$1/health/level" "$2"; }
ran() { [ "$(runs "$1")" -ge "$2" ]; }

# --- points ---------------------------------------------------------------------------------------

soon_at=$(($(date +%s) + $(slack 3)))
# An odd second, because a time of a whole minute is shown without its seconds.
soon=$(clock $soon_at) later=$(clock $((($(date +%s) + 7190) | 1)))
configure
began=$EPOCHSECONDS
start_vigild
check "a program that waits for its first point is OK" level later OK
check "its health has the time of the next run" says later "not run yet; the next run is at 20??-??-?? $later UTC"
check "its numbers are stale" is /daemons/later/stale true
check "list has the time until the next run" grep -q '^later .* 1h5[0-9]m' <(ctl list)
check "explain has the next run" grep -q "^next run   20..-..-.. $later UTC (in 1h5" <(ctl explain later)
check "a program runs at its point in time" wait_for 20 says soon 'soon is wrong'
check "it does not run before its point" [ "$(head -1 "$work/soon.runs")" -ge $soon_at ]
check "its numbers are current" [ -z "$(get /daemons/soon/stale)" ]
check "several points cause several runs" wait_for 30 ran often 4
# There is a point every two seconds.  The recorded times may be late.
check "no point causes two runs" [ "$(runs often)" -le $(((EPOCHSECONDS - began) / 2 + 1)) ]
check "the points without a run are counted" [ "$(($(get /runs/often/ticks) + $(get /runs/often/missed)))" -ge 4 ]
check "one point causes one run" [ "$(runs soon)" = 1 ]
check "a point inside not_during is left out" wait_for 10 says left_out 'not run inside not_during, for the next 365 days at least'
check "vigilctl run makes a run at once" eval 'ctl -q run later && wait_for 20 says later "later is wrong"'
check "the next point stays" grep -q "^next run   20..-..-.. $later UTC" <(ctl explain later)

# --- a restart ------------------------------------------------------------------------------------

stop_vigild
missed_at=$(($(date +%s) + 1))
soon=$(clock $missed_at)
configure
passed() { [ "$(date +%s)" -gt $missed_at ]; }
wait_for 10 passed
start_vigild
check "the level of the last run is kept over a restart" level later WARNING
check "the text says that the program has not run since then" \
	says later "not run since the daemon was started; the next run is at * UTC; before that WARNING: later is wrong"
check "a kept result is stale" is /daemons/later/stale true
check "programs go on at their points" wait_for 20 ran often "$(($(runs often) + 2))"
check "a point that passed while vigild was down is not run later" [ "$(runs soon)" = 1 ]
check "a program that was left out has not run" [ "$(runs left_out)" = 0 ]
later=$(in_future 3)
configure
check "the reload reports the new times" grep -q "^later: every .* -> $later\$" <(ctl reload)
check "the new times count at once" wait_for 20 ran later 2
check "the program with the new times is run" wait_for 10 says later 'later is wrong'
stop_vigild

# --- many programs with the same point ------------------------------------------------------------

at=$(in_future 3) many=$(seq 16) # together they need more than the timeout of one
{
	printf 'exec_max = 1\n[module:exec]\nevery = %s\ntimeout = 5s\nformat = text\n[daemons]\n' "$at"
	printf 'p%d = exec\n' $many
	printf '[daemon:p%d]\ncommand = /bin/sh -c "sleep 0.4; echo done"\n' $many
} | write_conf
start_vigild
done_all() { local i; for i in $many; do says p$i done || return 1; done; }
check "programs with the same point run one after the other" wait_for 30 done_all
check "a program that waits longer than its timeout for the others is not UNKNOWN" \
	[ "$(for i in $many; do ctl explain p$i; done | grep -c UNKNOWN)" = 0 ]
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
