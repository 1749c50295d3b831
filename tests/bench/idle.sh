#!/bin/bash
# What vigild costs when nothing happens: with one service and with 1,000 pidfiles at 5 s, at the same time as
# monit on the same pidfiles.  The reference is the value of monit; memory in KB, CPU in ms a minute.
# Prints `name metric value reference ratio`.  BENCH_FORM=short takes twenty.
. "$(dirname "$0")/many.sh" || exit 1
finish_here() {
	stop_vigild
	stop_monit
	[ ! -s "$work/pids" ] || xargs kill <"$work/pids"
	rm -rf "$work"
}
trap finish_here EXIT
count=1000 seconds=10 settle=6
! short || { count=20 seconds=2 settle=1; }
with_monit=yes
command -v monit >/dev/null || { with_monit=; echo "SKIP: idle: monit, the reference, is not installed"; }

mkdir "$work/pid"
for n in $(seq $count); do
	sleep 1000000 &
	echo $! >"$work/pid/$n"
	echo $! >>"$work/pids"
	disown $!
done
vigil_conf() {
	printf '[daemons]\n'
	seq -f 's%g = yes' "$1"
	for n in $(seq "$1"); do
		printf '[daemon:s%d]\nmodule = service\nservice = s%d\nmanager = command\ninterval = 5s\n' "$n" "$n"
		printf 'pidfile = %s/pid/%d\nstatus_command = test -s %s/pid/%d\nrestart_command = true\n' \
			"$work" "$n" "$work" "$n"
	done
}
start_monit() {
	[ -n "$with_monit" ] || return 0
	{
		printf 'set daemon 5\nset idfile %s/m.id\nset statefile %s/m.state\nset pidfile %s/m.pid\n' \
			"$work" "$work" "$work"
		for n in $(seq "$1"); do echo "check process s$n with pidfile $work/pid/$n"; done
	} >"$work/monitrc"
	chmod 600 "$work/monitrc"
	monit -I -c "$work/monitrc" >"$work/monit.log" 2>&1 &
	monit_pid=$!
}
stop_monit() {
	[ -n "${monit_pid:-}" ] || return 0
	kill "$monit_pid" 2>/dev/null
	wait "$monit_pid"
	monit_pid=
}
all_run() { [ "$(ctl get /daemons 2>/dev/null | grep -c '"value": *"running"')" = "$1" ]; }
measure() { # COUNT
	local m_cpu=0 m_slept=0 m_private=0 m_rss=0 cpu slept
	vigil_conf "$1" | write_conf
	begin_vigild
	start_monit "$1"
	wait_for 60 all_run "$1" || { tail "$work/log"; not_ok "$1 services are running"; exit 1; }
	sleep $settle
	cpu=$(spent "$vigild_pid") slept=$(sleeps "$vigild_pid")
	[ -z "$with_monit" ] || { m_cpu=$(spent "$monit_pid") m_slept=$(sleeps "$monit_pid"); }
	sleep $seconds
	cpu=$(($(spent "$vigild_pid") - cpu)) slept=$(($(sleeps "$vigild_pid") - slept))
	if [ -n "$with_monit" ]; then
		m_cpu=$(($(spent "$monit_pid") - m_cpu)) m_slept=$(($(sleeps "$monit_pid") - m_slept))
		m_private=$(private "$monit_pid") m_rss=$(resident "$monit_pid")
	fi
	row "cpu_ms_a_minute_$1" "$(div $((cpu * 60)) $((seconds * 1000000)))" "$(div $((m_cpu * 60)) $((seconds * 1000000)))"
	row "wakeups_a_minute_$1" "$(div $((slept * 60)) $seconds)" "$(div $((m_slept * 60)) $seconds)"
	row "private_kb_$1" "$(private "$vigild_pid")" $m_private
	row "rss_kb_$1" "$(resident "$vigild_pid")" $m_rss
	stop_vigild
	stop_monit
}
measure 1
measure $count
finish
