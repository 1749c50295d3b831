#!/bin/bash
# Reload: 200 SIGHUPs in a second lose no tick of an unchanged daemon.  A broken file changes nothing.
# Added daemons are started, changed ones changed, and removed ones stopped.  A dry run changes nothing.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; stop_reference; rm -rf "$work"' EXIT

section() { # NAME INTERVAL
	printf '[daemon:%s]\nmodule = service\nservice = %s\nmanager = command\n' "$1" "$1"
	printf 'status_command = /bin/true\nrestart_command = /bin/true\ninterval = %s\n' "$2"
}
conf() { write_conf < <(printf '[daemons]\nsteady = yes\n'; section steady 100ms; cat); }
conf </dev/null
start_reference
start_vigild

check "the daemon ticks before the reloads" wait_for 10 more_than /runs/steady/ticks 5
since=$(get /runs/steady/since)
due() { echo $(($(get /runs/steady/ticks) + $(get /runs/steady/missed))); } # the ticks, also those that were missed
first=$(due) began=$(date +%s%N)
for _ in $(seq 200); do kill -HUP "$vigild_pid"; sleep 0.005; done
check "SIGHUP reloads the configuration" wait_for 10 more_than /vigil/reloads 0
took=$(($(date +%s%N) - began))
missed_is_fair "a daemon ticks on during 200 SIGHUPs" steady
on_time() { [ $(($(due) - first)) -ge $((took / 100000000 - 2)) ]; }
check "each tick that was due in $((took / 1000000)) ms with 200 SIGHUPs is counted" wait_for 10 on_time
check "200 SIGHUPs do not restart an unchanged daemon" [ "$(get /runs/steady/since)" = "$since" ]

reloads=$(get /vigil/reloads)
echo 'intervall = 3' >>"$work/vigil.conf"
if ctl reload >"$work/out" 2>&1; then not_ok "a broken file is refused"; else ok "a broken file is refused"; fi
check "the error of the reload names the file, the line and the right key" \
	grep -q 'vigil.conf:[0-9]*: unknown option "intervall" in \[daemon:steady\]; did you mean "interval"?' "$work/out"
check "the log has the error of the reload" grep -q 'intervall' "$work/log"
check "reload_errors counts a reload that failed" is /vigil/reload_errors 1
check "a broken file is not counted as a reload" is /vigil/reloads "$reloads"
kill -HUP "$vigild_pid"
check "SIGHUP refuses a broken file, too" wait_for 10 is /vigil/reload_errors 2
check "a broken file does not restart the daemon" [ "$(get /runs/steady/since)" = "$since" ]

# A value without a meaning makes the reload fail, too, and stops no running daemon.
refused_value() { # refused_value TEXT PATTERN LINE...: more lines of the running daemon's section
	local text=$1 pattern=$2; shift 2
	conf < <(printf '%s\n' "$@")
	refused_by_reload "$text is refused" "$pattern"
	check "$text: the daemon is running" [ "$(get /runs/steady/since)" = "$since" ]
	check "$text: the log has the error" grep -qE "$pattern" "$work/log"
}
refused_value "a probe of an ftp URL" 'vigil.conf:[0-9]*: probe = "ftp://127.0.0.1/": unknown scheme' 'probe = ftp://127.0.0.1/'
refused_value "a probe whose program is missing" 'no such program: /no/such' 'probe = /no/such'
refused_value "a probe with a pipe" 'contains \|, but no shell is run' 'probe = /bin/true | cat'
refused_value "after = an unknown daemon" 'after = "nosuch": no such daemon "nosuch"' 'after = nosuch'
refused_value "a daemon that waits for itself" 'the daemon "[a-z0-9]*" names itself' 'after = steady'
refused_module() { # refused_module MODULE PATTERN LINE...: a second daemon, of that module
	local name=$1 pattern=$2; shift 2
	[ -e "$modules/$name/$name.so" ] || { echo "SKIP: $1: the module $name was not built"; return; }
	conf < <(printf '[daemon:extra]\nmodule = %s\n' "$name"; printf '%s\n' "$@")
	sed -i 's/^steady = yes/&\nextra = yes/' "$work/vigil.conf"
	refused_by_reload "$1 of the module $name is refused" "vigil.conf:[0-9]*: $pattern"
	check "$1 of the module $name: nothing was started" [ -z "$(get /runs/extra/status)" ]
}
refused_module http 'listen = ' 'listen = localhost:5669'
refused_module system 'disk_warning = ' 'disk_warning = 90%'
refused_module notify 'to = .*did you mean "CRITICAL"' 'to = critical' 'command = /bin/true'
refused_module average 'source = ' 'source = x'
refused_module exec 'user = ' 'user = no-such-user' 'command = /bin/true'
missed_is_fair "a daemon ticks on while reloads are refused" steady
check "refused reloads do not restart the daemon" [ "$(get /runs/steady/since)" = "$since" ]

conf < <(section other 1s; printf '[daemon:unused]\nmodule = service\nservice = x\n'; )
sed -i 's/^steady = yes/&\nother = yes/' "$work/vigil.conf"
# traces: what a reload would change, except the ticks
traces() {
	local at
	for at in /vigil/generation /vigil/reloads /vigil/reload_errors /runs/steady/since /runs/other/since \
		/runs/extra/since; do
		echo "$at $(get $at)"
	done
	grep -cE 'reload|intervall' "$work/log"
}
before=$(traces)
ctl reload --dry-run >"$work/out"
check "a dry run prints the daemon that would be started" \
	grep -qx 'would reload: 1 started (other), 0 stopped, 0 changed, 1 kept' "$work/out"
check "a dry run with a new daemon changes nothing" [ "$before" = "$(traces)" ]
ctl reload >"$work/out"
check "a reload starts a new daemon" grep -q '1 started (other).* 1 kept' "$work/out"
sed -i 's/interval = 1s/interval = 2s/; s/^\[vigil\]/&\nworkers = 7/' "$work/vigil.conf"
before=$(traces) ticks=$(get /runs/steady/ticks)
ctl reload --dry-run >"$work/out"
check "a dry run counts the daemon whose option has changed" \
	grep -qx 'would reload: 0 started, 0 stopped, 1 changed (other), 1 kept' "$work/out"
check "a dry run prints the old and the new value of an option" grep -qx 'other: interval 1s -> 2s' "$work/out"
check "a dry run prints the changed option of vigild" grep -qx '\[vigil\]: workers 4 -> 7' "$work/out"
ctl -o json reload --dry-run >"$work/out"
check "a dry run says in JSON that it is one" grep -q '"dry_run": true' "$work/out"
check "a dry run with a changed option changes nothing" [ "$before" = "$(traces)" ]
check "the daemons tick after a dry run" wait_for 10 more_than /runs/steady/ticks "$((ticks + 2))"
cp "$work/vigil.conf" "$work/right"
echo 'intervall = 3' >>"$work/vigil.conf"
if ctl reload --dry-run >"$work/out" 2>&1; then not_ok "a dry run refuses a broken file"; else ok "a dry run refuses a broken file"; fi
check "a dry run reports the error of the reload" grep -q 'did you mean "interval"' "$work/out"
check "a dry run of a broken file is not counted or logged" [ "$before" = "$(traces)" ]
mv "$work/right" "$work/vigil.conf"
echo 'reload --dry-run' >"$work/control.pipe"
check "the pipe refuses a dry run" wait_for 10 grep -q 'reload: --dry-run is not allowed here' "$work/log"
check "the pipe reloads nothing for a dry run" is /vigil/reloads "$(sed -n 's,^/vigil/reloads ,,p' <<<"$before")"
echo reload >"$work/control.pipe"
check "the verb reload on the pipe reloads the configuration" wait_for 10 grep -q 'reloaded: 0 started, 0 stopped, 1 changed, 1 kept' "$work/log"
sed -i 's/interval = 2s/interval = 3s/' "$work/vigil.conf"
ctl reload >"$work/out"
check "a reload prints the old and the new value of an option" grep -qx 'other: interval 2s -> 3s' "$work/out"
sed -i '/^other = yes/d' "$work/vigil.conf"
ctl reload >"$work/out"
check "a reload stops a daemon that is no longer enabled" grep -q '1 stopped (other).* 1 kept' "$work/out"
check "the state of a stopped daemon is removed" [ -z "$(get /daemons/other/service_state/value)" ]
missed_is_fair "a daemon ticks on while others are reloaded" steady
check "reloads of other daemons do not restart the daemon" [ "$(get /runs/steady/since)" = "$since" ]

mv "$work/vigil.conf" "$work/gone"
if ctl reload 2>"$work/out"; then not_ok "a missing file is refused"; else ok "a missing file is refused"; fi
check "the error of the reload names the missing file" grep -q 'vigil.conf: no such file' "$work/out"
mv "$work/gone" "$work/vigil.conf"
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
