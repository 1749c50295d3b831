#!/bin/bash
# The time from kill -9 until a service runs again under vigild, and under programs with the same purpose: the
# same service, killed and timed by the same program, all at the same time, because most of them sleep.
# Prints `name metric value reference ratio` in microseconds; vigild is the reference: with manager = command,
# and under systemd with manager = systemd.  A program that is not installed is a SKIP.
#
# BENCH_FORM=short kills less often.
. "$(dirname "$0")/../system/lib.sh" || exit 1
here=$top_srcdir/tests/system
kills=5 rest=1300 # supervisors delay the restart of a service that ran for less than a second
[ "${BENCH_FORM:-}" != short ] || kills=1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
finish_here() {
	for name in $begun; do "${name}_end"; done
	wait
	rm -rf "$work"
}
begun=
trap finish_here EXIT

# The service writes its pid when it starts, first into the pidfile if it has one.
service() { # NAME
	local dir=$work/$1
	mkdir -p "$dir"
	mkfifo "$dir/fifo"
	printf '#!/bin/sh\necho $$ >%s/pid\necho $$ >%s/fifo\nexec sleep 1000000\n' "$dir" "$dir" >"$dir/run"
	printf '#!/bin/sh\nsetsid %s/run </dev/null >/dev/null 2>&1 &\n' "$dir" >"$dir/start"
	chmod 755 "$dir/run" "$dir/start"
	begun="$begun $1"
}
end_service() { ! [ -s "$work/$1/pid" ] || kill -9 "$(cat "$work/$1/pid")" 2>/dev/null; }
time_it() { # NAME
	local kills=$kills
	[ "$1" != monit_at_5s ] || kills=$(((kills + 1) / 2)) # because it is slow
	"$top_builddir/tests/bench/restart_latency" "$work/$1/fifo" $kills $rest >"$work/$1.times" ||
		{ not_ok "$1: the service runs again after each kill"; return 1; }
}
row() { # NAME REFERENCE
	sort -n "$work/$1.times" >"$work/sorted"
	sort -n "$work/$2.times" | awk -v name="$1" 'FILENAME == "-" { r[++n] = $1; next } { v[++m] = $1 }
		END { if (m && n) printf "peers %s_running_median %d %d %.2f\n", name,
			v[int((m + 1) / 2)], r[int((n + 1) / 2)], v[int((m + 1) / 2)] / r[int((n + 1) / 2)] }' \
		- "$work/sorted"
}
need() { command -v "$1" >/dev/null || { echo "SKIP: peers $1: it is not installed"; return 1; }; }

# --- each program ---------------------------------------------------------------------------------
vigil_conf() {
	printf '[daemons]\nbench = yes\n[daemon:bench]\nmodule = service\nservice = bench\n'
	printf 'interval = 60s\nbackoff = 0\nhealthy_after = 0\nmanager = %s\n' "$1"
}
vigild_begin() {
	{
		vigil_conf command
		printf 'pidfile = %s/vigild/pid\nstatus_command = test -s %s/vigild/pid\nrestart_command = %s/vigild/start\n' \
			"$work" "$work" "$work"
	} | write_conf
	sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
	"$work/vigild/start"
	start_vigild
}
vigild_end() { stop_vigild; end_service vigild; }

runit_begin() { runsv "$work/runit" & runit=$!; }
runit_end() { kill "$runit"; end_service runit; } # on SIGTERM it also ends its service

s6_begin() { s6-supervise "$work/s6" & s6=$!; }
s6_end() { s6-svc -xd "$work/s6"; end_service s6; }

supervisord_begin() {
	cat >"$work/supervisord.conf" <<-CONF
		[supervisord]
		nodaemon=true
		logfile=/dev/null
		logfile_maxbytes=0
		pidfile=$work/supervisord.pid
		[program:bench]
		command=$work/supervisord/run
		autorestart=true
	CONF
	supervisord -c "$work/supervisord.conf" >/dev/null 2>&1 & supervisord=$!
}
supervisord_end() { kill "$supervisord"; wait "$supervisord"; end_service supervisord; }

monit_begin() { # NAME SECONDS
	mkdir "$work/$1.state"
	cat >"$work/$1.conf" <<-CONF
		set daemon $2
		set pidfile $work/$1.state/pid
		set statefile $work/$1.state/state
		set idfile $work/$1.state/id
		check process bench with pidfile $work/$1/pid
			start program = "$work/$1/start"
			stop program = "/bin/true"
	CONF
	chmod 600 "$work/$1.conf"
	"$work/$1/start"
	monit -I -c "$work/$1.conf" >/dev/null 2>&1 &
}
monit_at_1s_begin() { monit_begin monit_at_1s 1; monit1=$!; }
monit_at_5s_begin() { monit_begin monit_at_5s 5; monit5=$!; }
monit_at_1s_end() { kill "$monit1"; wait "$monit1"; end_service monit_at_1s; }
monit_at_5s_end() { kill "$monit5"; wait "$monit5"; end_service monit_at_5s; }

# systemd alone, and vigild with it.  The first start of a unit may come before its FIFO is read.
unit() { # NAME LINE...
	{
		printf '[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=%s/%s/run\n' "$work" "$1"
		shift
		printf '%s\n' "$@"
	} >"/run/systemd/system/$name.service"
	systemctl daemon-reload
	systemctl start --no-block "$name"
}
systemd_always_at_once_begin() { name=systemd_always_at_once unit systemd_always_at_once Restart=always RestartSec=0; }
systemd_always_begin() { name=systemd_always unit systemd_always Restart=always; }
vigild_with_systemd_begin() {
	name=bench unit vigild_with_systemd
	vigil_conf systemd | write_conf
	sed -i '/^log = /a restart_rate = 0' "$work/vigil.conf"
	start_vigild
}
systemd_always_at_once_end() { systemctl stop systemd_always_at_once; }
systemd_always_end() { systemctl stop systemd_always; }
vigild_with_systemd_end() { stop_vigild; systemctl stop bench; }

compare() { # REFERENCE NAME...
	local name jobs=
	for name; do
		service "$name"
		"${name}_begin"
		time_it "$name" & jobs="$jobs $!"
	done
	wait $jobs
	for name in "${@:2}"; do row "$name" "$1"; done
}

if [ -n "${VIGIL_IN_SYSTEMD:-}" ]; then
	compare vigild_with_systemd systemd_always_at_once systemd_always
	finish
fi
present=
! need runsv || present="$present runit"
! need s6-supervise || present="$present s6"
! need supervisord || present="$present supervisord"
! need monit || present="$present monit_at_1s monit_at_5s"
self=$(cd "$(dirname "$0")" && pwd)/peers.sh
cd "$top_builddir" || exit
if with_systemd; then "$here/in-systemd.sh" bash "$self" & compared=$!; fi
compare vigild $present
[ -z "${compared:-}" ] || wait "$compared"
case $? in 0 | 77) ;; *) not_ok "the comparison with systemd runs" ;; esac
finish
