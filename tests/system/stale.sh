#!/bin/bash
# Numbers become stale.  Those of a program that fails, hangs, is silent or has exited count as unknown in
# check, average and the metrics, and are current again when the next ones arrive.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
mkdir "$work/bin"
script() { { echo '#!/bin/sh'; cat; } >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }
mode() { echo "$2" >"$work/mode.$1.new"; mv "$work/mode.$1.new" "$work/mode.$1"; }
for name in plugin json stream; do mode $name good; done
script plugin <<S
case \$(cat $work/mode.plugin) in
good) echo "OK - fine | n=5;8;9" ;;
unknown) echo "UNKNOWN - cannot ask | n=5;8;9"; exit 3 ;;
hang) sleep 1000 ;;
crash) echo "before | n=5"; kill -SEGV \$\$ ;;
mute) echo "the disk is gone" >&2; exit 3 ;;
esac
S
script json <<S
case \$(cat $work/mode.json) in
good) echo '{"n": 5, "output": "fine"}' ;;
text) echo 'Traceback: no such thing' >&2; echo 'nonsense' ;;
fail) echo '{"output": "cannot ask"}'; exit 3 ;;
traceback) echo 'Traceback: no such thing' >&2; exit 1 ;;
esac
S
# Prints in mode good, is silent in other modes, and exits in mode end.
script stream <<S
while :; do
	case \$(cat $work/mode.stream) in
	good) echo '{"n": 5}' ;;
	end) echo "first reason" >&2; echo "connection lost" >&2; exit 7 ;;
	esac
	sleep 0.1
done
S
write_conf <<C
[daemons]
plugin = yes
json = yes
stream = yes
trend = yes
http = yes
[daemon:plugin]
module = exec
command = $work/bin/plugin
interval = 200ms
timeout = 5s
[daemon:json]
module = exec
command = $work/bin/json
format = json
interval = 200ms
[daemon:stream]
module = exec
mode = stream
command = $work/bin/stream
silence = 5s
backoff = 1s
[daemon:trend]
module = average
source = plugin=/daemons/plugin/perfdata/n/value, json=/daemons/json/n, stream=/daemons/stream/n
interval = 100ms
windows = 1s
warning = ~:100
[daemon:http]
listen = unix:$work/http.sock
C
health() { is "/runs/$1/health/level" "$2"; }
says() { case $(get "/runs/$1/health/text") in *"$2"*) ;; *) false ;; esac; }
long() { case $(get "/runs/$1/health/long_text") in *"$2"*) ;; *) false ;; esac; }
stale() { is "/daemons/$1/stale" true; }
current() { ! ctl get "/daemons/$1/stale" >/dev/null 2>&1; }
pointer() { case $1 in plugin) echo /daemons/plugin/perfdata/n/value ;; *) echo "/daemons/$1/n" ;; esac; }
exits() { local status=$1; shift; ctl check "$@" >"$work/out" 2>&1; [ $? = "$status" ]; }
metric() { curl -fsS --unix-socket "$work/http.sock" http://localhost/metrics | grep -q "^vigil_value{daemon=\"$1\",pointer=\"$(pointer "$1")\"}"; }
no_metric() { ! metric "$1"; }
trend_says() { says trend "$(pointer "$1") is stale" || says trend "$(pointer "$1") has no number"; }
# all_say NAME HOW: checks that all users of the number of NAME take it for unknown
all_say() {
	check "the numbers of a program that $2 are stale" wait_for 10 stale "$1"
	check "check with a range is UNKNOWN for a program that $2" wait_for 10 exits 3 "$1" -w 8 "$(pointer "$1")"
	check "check names the number of a program that $2" grep -qE "(no value at $(pointer "$1")|the number at $(pointer "$1") is stale)\$" "$work/out"
	check "average is UNKNOWN for a program that $2" wait_for 10 health trend UNKNOWN
	check "average names the number of a program that $2" wait_for 10 trend_says "$1"
	check_with curl "the metrics lack the number of a program that $2" wait_for 10 no_metric "$1"
}
good_again() {
	mode "$1" good
	check "$1: the next numbers are current" wait_for 10 current "$1"
	check "$1: check with a range is OK again" wait_for 10 exits 0 "$1" -w 8 "$(pointer "$1")"
	check "$1: average is OK again" wait_for 10 health trend OK
	check_with curl "$1: the metrics have the number again" wait_for 10 metric "$1"
}

start_vigild
for name in plugin json stream; do good_again $name; done

mode plugin unknown
all_say plugin "says UNKNOWN"
no_data() { exits 3 plugin && [ "$(cat "$work/out")" = 'UNKNOWN - cannot ask' ]; }
check "no performance data follows the status line of a program that says UNKNOWN" wait_for 10 no_data
good_again plugin
mode plugin hang
all_say plugin "hangs"
check "the health text says that a program hung" wait_for 10 says plugin "timed out after 5 s"
good_again plugin
mode plugin crash
all_say plugin "crashes"
check "the health text says that a program crashed" wait_for 10 says plugin "killed by signal 11"
good_again plugin
mode plugin mute
check "the health text has stderr of a plugin that printed nothing" wait_for 10 \
	says plugin "exit status 3, without output: the disk is gone"
check "the state has stderr of a plugin that printed nothing" wait_for 10 is /daemons/plugin/stderr "the disk is gone"
good_again plugin
check "stderr of an earlier run is removed from the state" eval '! ctl get /daemons/plugin/stderr >/dev/null 2>&1'

mode json text
all_say json "prints no JSON"
check "the health text has stderr of a program that prints no JSON" wait_for 10 says json "Traceback: no such thing"
check "the state keeps the output that is no JSON" wait_for 10 is /daemons/json/output nonsense
good_again json
mode json fail
all_say json "says in JSON that it fails"
good_again json
mode json traceback
check "a program that prints only a traceback and exits with status 1 is WARNING" wait_for 10 health json WARNING
all_say json "prints only a traceback"
check "a program whose numbers are stale keeps the level of its exit status" health json WARNING
good_again json

mode stream mute
all_say stream "is silent"
check "the health text says that a stream is silent" wait_for 10 says stream "the program has printed no object for 5 s"
good_again stream
mode stream end
check "a stream that ended is CRITICAL" wait_for 10 health stream CRITICAL
all_say stream "has ended"
check "the health text has the last line of stderr of a stream that exited" wait_for 10 \
	says stream "exit status 7: connection lost"
check "the long text has the earlier lines of stderr of a stream that exited" wait_for 10 long stream "first reason"
good_again stream
check "vigild stops when it receives SIGTERM" stop_vigild
finish
