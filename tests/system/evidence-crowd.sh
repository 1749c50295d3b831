#!/bin/bash
# Units that keep failing must not delay the restart of a unit that has just died, even if thirty of them
# use up restart_rate.  Units that systemd itself restarts again and again are CRITICAL.  This test runs
# under a real systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
write_serve
unit() { cat >"$units/$1.service"; }

# --- restart_rate ---------------------------------------------------------------------------------

settings=("restart_rate = 5/5s" "upgrade_wait = 0")
crowd=30
# Each start adds a line to $work/order, which is the name of the unit.
ordered() { # NAME COMMAND
	unit "$1" <<-UNIT
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		ExecStart=/bin/sh -c 'echo $1 >>$work/order; $2'
	UNIT
}
for i in $(seq $crowd); do
	ordered crashing-$i "exit 1"
	daemon crashing-$i backoff=0
done
# There are two, because a death right after the first one must be handled in the same way.
for name in victim-one victim-two; do
	ordered $name "exec $work/serve $name"
	daemon $name
done

# All units of the crowd have failed before vigild starts.
start_the_crowd() {
	systemctl start victim-one victim-two $(seq -f "crashing-%g" $crowd) 2>/dev/null
	wait_for "$patience" starts_are victim-one 1 && wait_for "$patience" starts_are victim-two 1
	wait_for "$patience" longer_than $((crowd + 1))
	wait_for "$patience" all_failed
}
all_failed() { [ "$(systemctl list-units --state=failed --no-legend 'crashing-*' | wc -l)" = $crowd ]; }
each_of_the_crowd_ran_again() { [ "$(grep '^crashing' "$work/order" | sort | uniq -d | wc -l)" = $crowd ]; }
order_length() { wc -l <"$work/order"; }
longer_than() { [ "$(order_length)" -gt "$1" ]; }
# dies NAME TEXT: kills the unit, and checks that its restart is among the first after its death.  The others are
# restarts that were in progress, of which restart_rate allows five; thirty units wait.
dies() {
	local before
	before=$(order_length)
	crash "$(last_start "$1")"
	eventually "$2 is restarted" starts_are "$1" 2
	check "$2 is restarted before units that keep failing" \
		grep -qx "$1" <(tail -n "+$((before + 1))" "$work/order" | head -n 6)
}
unexpected_death() {
	local before
	eventually "thirty units that keep failing use up restart_rate" \
		grep -q "restart_rate" "$work/changes"
	before=$(order_length)
	eventually "thirty units that keep failing are restarted as restart_rate allows" \
		longer_than $((before + 1))
	eventually "vigild has seen two units running that will die" \
		eval 'value_is victim-one running && value_is victim-two running'
	eventually "each of thirty units that keep failing is restarted, although some ask again at once" \
		each_of_the_crowd_ran_again
	dies victim-one "a unit that dies while others keep failing"
	dies victim-two "a second unit that dies while others keep failing"
	eventually "units that died while others keep failing are OK again" \
		eval 'health_is victim-one OK && health_is victim-two OK'
	eventually "units that keep failing are CRITICAL" health_is crashing-1 CRITICAL
}

# --- units that systemd restarts ------------------------------------------------------------------

respawned() { # NAME COMMAND
	unit "$1" <<-UNIT
		[Unit]
		StartLimitIntervalSec=0
		[Service]
		Restart=always
		RestartSec=0.1
		ExecStart=/bin/sh -c 'echo \$\$\$\$ >>$work/$1.starts; $2'
	UNIT
}
respawned flapping "sleep 0.2; exit 1"
respawned ending "sleep 0.2; exit 0"
respawned steady "exec sleep 1000000"
daemon flapping
daemon ending
daemon steady

keeps_crashing() { # NAME TEXT
	eventually "$2 is CRITICAL, and the text says that it keeps crashing" \
		health_is "$1" CRITICAL "$1 keeps crashing: brought back "
	check "$2: the text says how often in how long" \
		grep -Eq 'brought back [0-9]+ times in [0-9]+ ?(s|ms|min)' <(get "/runs/$1/health/text")
	checked "$1"
	check "$2 is still CRITICAL after ten checks" health_is "$1" CRITICAL "keeps crashing"
	check "$2 is not restarted by vigild in addition to systemd" restarts_are "$1" 0
	check "vigilctl check says CRITICAL about $2" eval "ctl check $1 >/dev/null; [ \$? = 2 ]"
}
comes_back_once() {
	eventually "a unit that systemd brings back is OK at first" health_is steady OK
	crash "$(last_start steady)"
	eventually "the state counts a unit that systemd has brought back once" more_than /daemons/steady/service_state/respawns 0
	eventually "a unit that systemd has brought back once is OK" health_is steady OK
	check "a unit that systemd has brought back once is not said to keep crashing" never was steady CRITICAL crashing
}

# --- all situations -------------------------------------------------------------------------------

systemctl daemon-reload
start_the_crowd || not_ok "thirty units fail and two run before vigild starts"
systemctl start flapping ending steady
start_watching
run_situations unexpected_death "keeps_crashing flapping 'a unit that exits with an error again and again'" \
	"keeps_crashing ending 'a unit that ends again and again'" comes_back_once
check "vigild stops with status 0" stop_watching
finish
