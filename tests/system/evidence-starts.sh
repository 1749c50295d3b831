#!/bin/bash
# vigild waits for a start, stop or reload that takes longer than settle and restart_timeout, but not longer than
# systemd itself allows, and does not kill it.  This test runs under a real systemd.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

under_systemd
state_is() { [ "$(systemctl show -P ActiveState "$1")" = "$2" ]; }

# $work/serve NAME [NOTIFICATION]: records its start.  If the fifo NAME.start exists, it sends the notification, and
# is ready only after a write to the fifo.
cat >"$work/serve" <<-EOF_SERVE
	#!/bin/sh
	echo \$\$ >>"$work/\$1.starts"
	if [ -p "$work/\$1.start" ]; then
		[ -z "\$2" ] || systemd-notify "\$2"
		cat "$work/\$1.start"
	fi
	systemd-notify --ready
	exec sleep 1000000
EOF_SERVE
chmod 755 "$work/serve"

# unit NAME NOTIFICATION [LINES]: a unit that notifies systemd when it is ready.  The limits of its daemon are
# short: thirty checks take several times as long.
unit() {
	printf '[Service]\nType=notify\nNotifyAccess=all\nExecStart=%s/serve %s %s\n%b\n' \
		"$work" "$1" "$2" "${3:-}" >"$units/$1.service"
	daemon "$1" settle=1s restart_timeout=2s
}
hold() { mkfifo "$work/$1"; }                                    # NAME.start, NAME.stop, NAME.reload
release() { exec 7<>"$work/$1"; rm "$work/$1"; exec 7>&-; } # ends the open() that waits
waits() { # prints a command that waits for the fifo, if it exists
	printf '%s' "/bin/sh -c '[ ! -p $work/$1 ] || cat $work/$1'"
}

# --- starts ---------------------------------------------------------------------------------------

unit minutes "" TimeoutStartSec=10min
unit infinite "" TimeoutStartSec=infinity
unit extended EXTEND_TIMEOUT_USEC=600000000 TimeoutStartSec=8

restarted_with_a_long_start() { # NAME TEXT
	local name=$1 text="a unit whose restart takes long, with $2,"
	eventually "$text is OK at first" health_is "$name" OK "$name is running"
	hold "$name.start"
	crash "$(last_start "$name")"
	eventually "$text is started again after it was killed" starts_are "$name" 2
	checked "$name" 30
	check "$text is not killed in its start" kill -0 "$(last_start "$name")"
	check "$text is not started a second time" starts_are "$name" 2
	check "$text is WARNING during its start, and the text says that it is starting" \
		health_is "$name" WARNING "$name is starting"
	check "$text is still activating for systemd" state_is "$name" activating
	release "$name.start"
	eventually "$text is OK when it has started" health_is "$name" OK "$name is running"
	check "$text was started exactly once" starts_are "$name" 2
	eventually "$text counts one restart" restarts_are "$name" 1
	check "$text counts no failed restart" count_is "$name" restart_errors 0
	checked "$name"
	check "$text is left alone after its start" starts_are "$name" 2
}

# A start at boot or by an admin is not a restart by vigild.
unit boot "" TimeoutStartSec=10min
starting_before_vigild() {
	eventually "a unit that is starting when vigild starts is WARNING" \
		health_is boot WARNING "boot is starting"
	checked boot 30
	check "a unit that is starting when vigild starts is not killed in its start" \
		eval 'starts_are boot 1 && kill -0 "$(last_start boot)"'
	check "a unit that is starting when vigild starts is still WARNING" health_is boot WARNING
	check "a unit that is starting when vigild starts was never CRITICAL" never was boot CRITICAL
	release boot.start
	eventually "a unit that is starting when vigild starts is OK when it has started" health_is boot OK
	check "a unit that is starting when vigild starts counts no restart" restarts_are boot 0
}

# Nothing extends the timeout of this start, so systemd ends it, and that is a failure.
unit hung "" TimeoutStartSec=6
start_over_the_limit() {
	eventually "a unit whose start never ends is OK at first" health_is hung OK
	hold hung.start
	crash "$(last_start hung)"
	eventually "a unit whose start never ends counts a failure when systemd has ended the start" \
		more_than /daemons/hung/service_state/restart_errors 0
	check "a unit whose start never ends: the error is a failure that systemd reports" \
		had hung last_error '*"kind":"failed"*'
	check "a unit whose start never ends: last_error is never a timeout" \
		never had hung last_error '*"kind":"timeout"*'
	release hung.start
	eventually "a unit whose start never ended is OK when its start ends again" health_is hung OK
}

# --- stops and reloads ----------------------------------------------------------------------------

unit stopping "" "TimeoutStopSec=10min\nExecStop=$(waits stopping.stop)"
long_stop() {
	local text="a unit whose restart by an admin stops it for long"
	eventually "$text is OK at first" health_is stopping OK
	hold stopping.stop
	systemctl restart --no-block stopping
	eventually "$text is WARNING, and the text says that it is stopping" \
		health_is stopping WARNING "stopping is stopping"
	checked stopping 30
	check "$text is left alone" eval 'starts_are stopping 1 && state_is stopping deactivating'
	check "$text was never CRITICAL" never was stopping CRITICAL
	release stopping.stop
	eventually "$text is started by the admin's restart" starts_are stopping 2
	eventually "$text is OK again" health_is stopping OK
	checked stopping
	check "$text was not restarted by vigild" eval \
		'starts_are stopping 2 && restarts_are stopping 0 && count_is stopping restart_errors 0'
}

unit reloading "" "TimeoutStartSec=10min\nExecReload=$(waits reloading.reload)"
long_reload() {
	local text="a unit whose reload takes long"
	eventually "$text is OK at first" health_is reloading OK
	hold reloading.reload
	systemctl reload --no-block reloading
	eventually "$text is WARNING, and the text says that it is reloading" \
		health_is reloading WARNING "reloading is reloading"
	checked reloading 30
	check "$text is left alone" eval 'starts_are reloading 1 && state_is reloading reloading'
	release reloading.reload
	eventually "$text is OK again" health_is reloading OK
	check "$text was not restarted" eval 'starts_are reloading 1 && restarts_are reloading 0'
}

# --- all situations -------------------------------------------------------------------------------

systemctl daemon-reload
systemctl start minutes infinite extended hung stopping reloading
hold boot.start
systemctl start --no-block boot
wait_for "$patience" starts_are boot 1
start_watching
run_situations "restarted_with_a_long_start minutes TimeoutStartSec=10min" \
	"restarted_with_a_long_start infinite TimeoutStartSec=infinity" \
	"restarted_with_a_long_start extended 'EXTEND_TIMEOUT_USEC beyond its TimeoutStartSec'" \
	starting_before_vigild start_over_the_limit long_stop long_reload
check "vigild stops with status 0" stop_watching
finish
