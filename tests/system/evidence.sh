# evidence.sh: what the evidence-*.sh tests share; sourced after lib.sh.
#
# An evidence test runs one vigild with all of its daemons, and writes every change of vigild's state
# to $work/changes.  Each situation is a function.  run_situations runs the situations at the same
# time, each in a subshell, so that a test takes as long as its slowest situation.
#
# A situation waits for a state with a deadline.  To show that something does not happen it counts
# checks of the service, never seconds.
patience=${VIGIL_PATIENCE:-30} # seconds until a state that must come counts as missing

# The [vigil] settings of these tests.  No restart waits for restart_rate or for a package manager.
settings=("restart_rate = 0" "upgrade_wait = 0")
daemons=()

# daemon NAME [KEY=VALUE ...]: a daemon of the service module, for the service of that name
daemon() {
	local name=$1 word
	local -A option=([module]=service [service]=$name [interval]=300ms [backoff]=300ms [healthy_after]=0)
	shift
	for word; do option[${word%%=*}]=${word#*=}; done
	daemons+=("$name")
	{
		echo "[daemon:$name]"
		for word in "${!option[@]}"; do echo "$word = ${option[$word]}"; done
	} >>"$work/sections"
}

# Writes the configuration with the daemons above.
write_daemons() {
	local setting
	{
		echo '[daemons]'
		printf '%s = yes\n' "${daemons[@]}"
		cat "$work/sections"
	} | write_conf
	add_settings
}
add_settings() {
	for setting in "${settings[@]}"; do sed -i "s|^log = .*|&\n$setting|" "$work/vigil.conf"; done
}
# Starts vigild with the daemons above and with the daemon canary, whose checks are counted if those of
# other daemons are rare.  The other daemons are enabled after the client that records all changes
# listens, so that no change is missed.
start_watching() {
	daemon canary manager=command status_command=true restart_command=true
	printf '%s\n' '[daemons]' 'canary = yes' '[daemon:canary]' 'module = service' 'service = canary' 'manager = command' \
		'status_command = true' 'restart_command = true' 'interval = 300ms' | write_conf
	add_settings
	start_vigild
	ctl watch >"$work/changes" &
	watch_pid=$!
	# Until the first change arrives, nothing shows that the client listens.
	wait_for "$patience" follows || { not_ok "vigilctl watch prints changes"; exit 1; }
	write_daemons
	ctl -q reload || { not_ok "vigild loads the configuration with the services"; exit 1; }
}
follows() { ctl -q pause canary && ctl -q resume canary && [ -s "$work/changes" ]; }
stop_watching() {
	[ -z "${watch_pid:-}" ] || { kill "$watch_pid" && wait "$watch_pid"; } 2>/dev/null
	watch_pid=
	stop_vigild
}

# run_situations "FUNCTION [ARGUMENT ...]" ...
run_situations() {
	local situation number pids=()
	for situation; do
		(
			failed=0
			eval "$situation"
			exit $((failed > 0))
		) >"$work/situation.${#pids[@]}" 2>&1 &
		pids+=($!)
	done
	for number in "${!pids[@]}"; do
		wait "${pids[$number]}" || failed=$((failed + 1))
		cat "$work/situation.$number"
	done
	[ "$failed" -eq 0 ] || explain_all
}
explain_all() {
	local name
	for name in "${daemons[@]}"; do ctl explain "$name"; done
	[ ! -f "$work/log" ] || tail -60 "$work/log"
}

# eventually TEXT COMMAND...: the command succeeds before the deadline
eventually() { local text=$1; shift; check "$text" wait_for "$patience" "$@"; }

# --- the state of vigild --------------------------------------------------------------------------

of() { get "/daemons/$1/service_state/$2"; } # NAME KEY
value_is() { [ "$(of "$1" value)" = "$2" ]; }
# The key does not exist before the first restart, which counts as 0.  No answer of vigild is an error.
count_is() { # NAME KEY NUMBER
	local count
	count=$(of "$1" "$2")
	[ $? -le 1 ] && [ "${count:-0}" = "$3" ]
}
restarts_are() { count_is "$1" restarts "$2"; }
decision_says() { [[ $(of "$1" decision) == *$2* ]]; } # NAME GLOB
# health_is NAME LEVEL [GLOB]: the level, and what the text contains
health_is() {
	local health
	health=$(ctl get "/runs/$1/health" 2>/dev/null | tr '\n' ' ')
	[[ $health == *"\"level\": \"$2\""* ]] && [[ ${health#*\"text\": } == *${3:-}* ]]
}
# was NAME LEVEL [GLOB]: its health had that level and text at some time since the start
was() {
	local line
	while IFS= read -r line; do
		[[ $line == *"\"level\":\"$2\""*'"text":'*${3:-}* ]] && return
	done < <(grep -F "\"pointer\":\"/runs/$1/health\"" "$work/changes")
	return 1
}
# had NAME KEY GLOB: it had that value in service_state at some time since the start
had() {
	local line
	while IFS= read -r line; do
		[[ $line == *'"value":'$3'}' || $line == *'"value":"'$3'"}' ]] && return
	done < <(grep -F "\"pointer\":\"/daemons/$1/service_state/$2\"" "$work/changes")
	return 1
}
never() { ! "$@"; }

# checked NAME [COUNT]: waits for ten (COUNT) more checks of the service
checked() {
	local before count=${2:-10}
	before=$(get "/runs/$1/ticks") &&
		wait_for $((patience + count)) more_than "/runs/$1/ticks" $((before + count)) ||
		not_ok "vigild still checks $1"
}

# --- services that count their starts -------------------------------------------------------------

# $work/serve NAME: records a start of NAME, and becomes its process
write_serve() {
	cat >"$work/serve" <<-EOF_SERVE
		#!/bin/sh
		echo \$\$ >>"$work/\$1.starts"
		exec sleep 1000000
	EOF_SERVE
	chmod 755 "$work/serve"
}
starts() { [ ! -e "$work/$1.starts" ] && echo 0 || wc -l <"$work/$1.starts"; }
# starts_are NAME COUNT: whether it was started so often.  A start is recorded by the process that was started, so
# this waits for the last of them.
starts_are() {
	local until=$((SECONDS + patience))
	while [ "$(starts "$1")" -lt "$2" ] && [ "$SECONDS" -lt "$until" ]; do sleep 0.05; done
	[ "$(starts "$1")" = "$2" ]
}
last_start() { tail -n 1 "$work/$1.starts" 2>/dev/null; } # its pid
# end_process SIGNAL PID: signals the process if serve has started it, because the pid may be reused
end_process() {
	[ -n "$2" ] && [ "$(tr '\0' ' ' 2>/dev/null <"/proc/$2/cmdline")" = "sleep 1000000 " ] && kill "-$1" "$2"
}
