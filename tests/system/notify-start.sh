#!/bin/bash
# The notify module over starts, restarts and crashes of vigild, and what it sends about services
# that vigild has given up, daemons that failed or are in quarantine, and a degraded vigild.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild 2>/dev/null; rm -rf "$work"' EXIT
umask 022
crash_as_ever
mkdir "$work/bin" "$work/modules"
more_modules=$work/modules
script() { { echo '#!/bin/sh'; cat; } >"$work/bin/$1"; chmod 755 "$work/bin/$1"; }
# A message is complete when its line is there, because the JSON is written first and the line in one write.
script tell <<S
cat >"$work/json.new" && mv "$work/json.new" "$work/json"
line=\$(echo "\$VIGIL_SUMMARY|\$VIGIL_TEXT|\${VIGIL_LONG_TEXT:-}" | tr '\n' ' ')
echo "\$line" >>"$work/sent"
S
script probe <<S
read -r code <"$work/\$1"; echo "\$1 says \$code"; exit "\$code"
S
sent() { [ "$(cut -d'|' -f1 "$work/sent" 2>/dev/null)" = "$1" ]; }
forget() { : >"$work/sent"; }
forget
level() { is "/runs/$1/health/level" "$2"; }
# nothing_sent TEXT: checks after 1.5 s, which is longer than sending takes, that nothing was sent
nothing_sent() { sleep 1.5; check "$1" [ ! -s "$work/sent" ]; [ ! -s "$work/sent" ] || cat "$work/sent"; forget; }
# once TEXT SUMMARY: checks that this message is sent, and no other
once() {
	check "$1" wait_for 20 sent "$2"
	sent "$2" || cat "$work/sent"
	sleep 1.5
	check "only one message is sent ($2)" sent "$2"
	sent "$2" || cat "$work/sent"
	forget
}
conf() {
	{
		printf '[daemons]\nmail = yes\n'
		printf '%s = yes\n' "${daemons[@]}"
		printf '[daemon:mail]\nmodule = notify\nto = CRITICAL, OK\ngroup = 200ms\ncommand = %s\n' "$work/bin/tell"
		cat
	} | write_conf
}
checks() {
	local n
	for n in a b c; do
		printf '[daemon:%s]\nmodule = exec\ncommand = %s %s\ninterval = 500ms\n' $n "$work/bin/probe" $n
	done
}

# --- a start is not a change ----------------------------------------------------------------------

daemons=(a b c)
echo 0 >"$work/a"; echo 2 >"$work/b"; echo 1 >"$work/c"
checks | conf
start_vigild
once "the first check after a first start sends CRITICAL, but not OK or WARNING (to = CRITICAL, OK)" \
	"b: CRITICAL at the first check"
echo 0 >"$work/c"; wait_for 10 level c OK
nothing_sent "the end of a WARNING that was not sent is not sent"

# --- restarts of vigild ---------------------------------------------------------------------------

check "vigild stops when it receives SIGTERM" stop_vigild
start_vigild
wait_for 10 level b CRITICAL; wait_for 10 level a OK
nothing_sent "a restart of vigild sends nothing again, neither for a CRITICAL nor for an OK daemon"
kill -KILL "$vigild_pid"; wait "$vigild_pid" 2>/dev/null
start_vigild
wait_for 10 level b CRITICAL
nothing_sent "a crash of vigild sends nothing again"
sed -i 's|^interval = 500ms|interval = 400ms|' "$work/vigil.conf"
ctl -q reload >/dev/null; wait_for 10 level b CRITICAL
nothing_sent "a reload that starts the daemons again sends nothing"
sed -i 's/^group = .*/group = 250ms/' "$work/vigil.conf"
ctl -q reload >/dev/null
nothing_sent "a reload that starts the notify daemon again sends nothing"
stop_vigild
echo 0 >"$work/b"; echo 2 >"$work/a"
# The first checks of a and b may be far apart on a busy machine, and must be one message.
sed -i 's/^group = .*/group = 10s/' "$work/vigil.conf"
start_vigild
check "changes that happened while vigild was down are sent at its start, the worst first" \
	wait_for 20 sent "a: CRITICAL at the first check (and 1 more)"
check "a recovery while vigild was down is sent at its start" grep -q '"daemon":"b","from":"CRITICAL","to":"OK"' "$work/json"
forget

# --- reminders ------------------------------------------------------------------------------------

sed -i '/^module = notify/a remind = 3s
s/^group = .*/group = 250ms/' "$work/vigil.conf"
ctl -q reload >/dev/null
reminded() { grep -q "^a: still CRITICAL since 20.* (reminder)|reminder, CRITICAL since 20.*: CRITICAL.*a says 2\||reminder, CRITICAL since 20.*: a says 2" "$work/sent"; }
check "a lasting problem is sent again after remind, and the text says so and since when" wait_for 20 reminded
[ "$failed" -eq 0 ] || cat "$work/sent"
ctl -q pause a
nothing_runs() { ! pgrep -P "$vigild_pid" -f "$work/bin/tell" >/dev/null; }
wait_for 20 nothing_runs; forget; sleep 4
check "a problem of a paused daemon is not repeated" [ ! -s "$work/sent" ]
ctl -q resume a
echo 0 >"$work/a"
recovered() { tail -n 1 "$work/sent" 2>/dev/null | grep -q '^a: CRITICAL -> OK'; }
check "the recovery of a daemon that was paused is sent" wait_for 20 recovered
forget; sleep 4
check "a problem that has recovered is not sent again" [ ! -s "$work/sent" ]
stop_vigild

# --- services that vigild gives up ----------------------------------------------------------------

rm -rf "$work/state"
script status <<S
[ -e "$work/up" ] || exit 1
S
script restart <<S
exit 0
S
daemons=(svc ghost)
conf <<C
[daemon:svc]
module = service
service = svc
manager = command
status_command = $work/bin/status
restart_command = $work/bin/restart
interval = 100ms
backoff = 0
burst = 2
burst_window = 1h
[daemon:ghost]
module = nosuch
C
touch "$work/up"
start_vigild
check "a daemon that cannot be started is reported" wait_for 20 grep -q '^ghost: CRITICAL at the first check|ghost has failed: ' "$work/sent"
wait_for 10 level svc OK
forget; rm "$work/up"
gave_up() { grep -q 'svc: OK -> CRITICAL' "$work/sent" && grep -q '^svc: still CRITICAL, vigil gave up|.*gave up after 2 restarts' "$work/sent"; }
check "vigil gave up after its burst: this is sent, although the level stays CRITICAL" wait_for 20 gave_up
[ "$failed" -eq 0 ] || cat "$work/sent"
lines=$(wc -l <"$work/sent"); sleep 1.5
check "vigil gave up after its burst: this is sent once" [ "$(wc -l <"$work/sent")" = "$lines" ]
forget; touch "$work/up"
once "the recovery of a service that vigil had given up is sent" "svc: CRITICAL -> OK"
sed -i 's/^module = nosuch/module = exec\ncommand = \/bin\/true/' "$work/vigil.conf"
ctl -q reload >/dev/null
once "the recovery of a daemon that had failed is sent" "ghost: CRITICAL -> OK"

# --- a degraded vigild ----------------------------------------------------------------------------

rm -rf "$work/state/state.json.new"
mkdir "$work/state/state.json.new" # so that not even root can write the state
ctl -q pause svc; ctl -q resume svc # a change that must be written
check "a degraded vigild is reported, although to = CRITICAL, OK" \
	wait_for 30 grep -q '^vigild (state): degraded|.*state.json cannot be written' "$work/sent"
[ "$failed" -eq 0 ] || { cat "$work/sent"; get /vigil/degraded; }
forget; rmdir "$work/state/state.json.new"
once "the end of a degraded vigild is reported" "vigild (state): no longer degraded"
check "vigild stops after it was degraded" stop_vigild

# --- quarantine -----------------------------------------------------------------------------------

if command -v pkg-config >/dev/null && ! make_variable SANITIZE | grep -q thread; then
	build_module segv <<'C'
#include <vigil/vigil.h>
static void tick(vigil_daemon *d, void *a) { *(volatile int *)0 = 1; }
static int start(vigil_daemon *d) { return vigil_every(d, 0.1, tick, NULL); }
VIGIL_MODULE(.name = "segv", .summary = "crashes", .start = start);
C
	rm -rf "$work/state"; forget
	daemons=(segv)
	printf '[daemon:segv]\nmodule = segv\n' | conf
	ended() { ! kill -0 "$vigild_pid" 2>/dev/null || grep -q '^State:.[ZX]' "/proc/$vigild_pid/status"; }
	for i in 1 2 3; do
		"$vigild" -c "$work/vigil.conf" 2>>"$work/log" &
		vigild_pid=$!
		wait_for 30 ended; wait "$vigild_pid" 2>/dev/null
	done
	start_vigild
	check "a daemon in quarantine, which crashed vigild, is reported" \
		wait_for 20 grep -q '^segv: CRITICAL at the first check|segv has failed: ' "$work/sent"
	forget; stop_vigild; start_vigild
	wait_for 10 is /runs/segv/status failed
	nothing_sent "a daemon in quarantine is reported once, also over another restart"
	stop_vigild
else
	echo "SKIP: there is no pkg-config to build a module that crashes with"
fi

# --- the output of a plugin -----------------------------------------------------------------------

rm -rf "$work/state"; forget
script disks <<'S'
printf 'DISK CRITICAL - free space: / 0 MB (0%%)\n/ is full\n/srv is full too | /=0MB\n'
exit 2
S
daemons=(disks)
printf '[daemon:disks]\nmodule = exec\ncommand = %s\ninterval = 100ms\n' "$work/bin/disks" | conf
start_vigild
check "the notify command receives the long output of a plugin" wait_for 20 grep -q '/ is full /srv is full too' "$work/sent"
[ "$failed" -eq 0 ] || cat "$work/sent"
check "the JSON contains the long output of a plugin" grep -q '"long_text":"/ is full\\n/srv is full too' "$work/json"
check "vigild stops after a long output of a plugin" stop_vigild
rm -rf "$work/state"; forget
script disks <<'S'
echo "DISK CRITICAL"; head -c 60000 /dev/zero | tr '\0' x; echo
exit 2
S
start_small() { ulimit -s 256; export JUNK; JUNK=$(head -c 80000 /dev/zero | tr '\0' y); exec "$vigild" -c "$work/vigil.conf" 2>>"$work/log"; }
start_small & vigild_pid=$!
check "an output that is too long for the environment is cut in the environment of the command" \
	wait_for 20 grep -q '^disks: CRITICAL at the first check|.*xxx.*(cut; all [0-9]* bytes are in the JSON on the standard input)' "$work/sent"
longest() { [ "$(grep -o 'x*' "$work/json" | awk '{ if (length > max) max = length } END { print max + 0 }')" -ge 60000 ]; }
check "the JSON contains all of an output that was cut" wait_for 10 longest
check "vigild stops with a small stack" stop_vigild

# --- a burst --------------------------------------------------------------------------------------

rm -rf "$work/state"; forget
script stream <<S
line() { awk -v word="\$1" 'BEGIN { for (i = 0; i < 2500; i++) printf "%s\"v%d\":\"%s\"", i ? "," : "{", i, word; print "}" }'; }
line OK
while [ ! -e "$work/go" ]; do sleep 0.1; done
line CRITICAL
exec sleep 1000
S
script count <<S
echo "\$VIGIL_COUNT \$VIGIL_DROPPED" >>"$work/counts"
S
daemons=(many)
printf '[daemon:many]\nmodule = exec\nmode = stream\nformat = json\ncommand = %s\n' "$work/bin/stream" | conf
sed -i "s|^command = $work/bin/tell|command = $work/bin/count|; s|^to = .*|watch = /daemons/many|" "$work/vigil.conf"
start_vigild
wait_for 20 is /daemons/many/v2499 OK
touch "$work/go"
total() { [ "$(awk '{ n += $1; lost += $2 } END { print n + 0, lost + 0 }' "$work/counts" 2>/dev/null)" = "$1" ]; }
check "of 2,500 simultaneous changes none is lost" wait_for 30 total "2500 0"
[ "$failed" -eq 0 ] || cat "$work/counts"
check "vigild stops after a burst" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
