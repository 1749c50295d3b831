#!/bin/bash
# OpenRC's state "started" is not enough evidence: `rc-service status` says it also of a daemon that has removed
# its pidfile and exited, and of one that has handed over to a successor.  This test runs the real OpenRC, which
# is not init here.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

if [ -z "${VIGIL_OWN_MOUNTS:-}" ]; then
	command -v rc-service >/dev/null || skip_all "OpenRC is not installed"
	private=(unshare --mount --propagation private)
	"${private[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || skip_all "this machine allows no private mounts"
	install_staged
	VIGIL_OWN_MOUNTS=1 exec "${private[@]}" bash "$0"
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/init.d" "$work/run"
clean_up() {
	local name
	stop_watching
	for name in $services; do stop_process KILL "$(last_start "$name")"; done
	rm -rf "$work"
}
trap clean_up EXIT
mount -t tmpfs tmpfs /run
mount --bind "$work/init.d" /etc/init.d
# The directories that OpenRC makes at boot.
mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled} \
	/run/openrc/{started,starting,stopping,tmp,wasinactive}
: >/run/openrc/softlevel

# $work/serve NAME: records its start.  On HUP it removes its pidfile and exits with 1, on TERM it exits with 0, on
# USR1 it removes its pidfile, starts a successor and exits with 0.
cat >"$work/serve" <<-EOF_SERVE
	#!/bin/sh
	trap 'kill \$!; rm -f "$work/run/\$1.pid"; exit 1' HUP
	trap 'kill \$!; exit 0' TERM
	trap 'kill \$!; rm -f "$work/run/\$1.pid"; "\$0" "\$1" & exit 0' USR1
	sleep 1000000 &
	echo \$\$ >>"$work/\$1.starts"
	wait \$!
EOF_SERVE
chmod 755 "$work/serve"
# stop_process SIGNAL PID: signals the process if it is such a daemon
stop_process() {
	[ -n "$2" ] && grep -qF "$work/serve" "/proc/$2/cmdline" 2>/dev/null && kill "-$1" "$2"
}
# service NAME OPTION...: an OpenRC service, and a daemon for it
services=
service() {
	services+=" $1"
	printf '%s\n' '#!/sbin/openrc-run' "command=$work/serve" "command_args=$1" "pidfile=$work/run/$1.pid" \
		command_background=true >"/etc/init.d/$1"
	chmod 755 "/etc/init.d/$1"
	daemon "$1" manager=openrc "${@:2}"
}
is_started() { rc-service "$1" status >/dev/null 2>&1; }
runs_again() { starts_are "$1" "$2" && health_is "$1" OK "$1 is running" && is_started "$1"; }

service vanishing
# It dies between two checks, so vigild must notice the death without a check.
service vanishing-rare interval=1h
# It is not restarted, so that there is time to query OpenRC.
service observed restart_on=never
service handing-over
# A second daemon that differs only in its name.
service standing-by

removes_its_pidfile_and_exits() { # NAME TEXT
	local name=$1 text="a daemon $2that removes its pidfile and exits 1"
	eventually "$text is OK at first" runs_again "$name" 1
	stop_process HUP "$(last_start "$name")"
	eventually "$text has failed" had "$name" value failed
	eventually "$text is CRITICAL" was "$name" CRITICAL
	eventually "$text is restarted" runs_again "$name" 2
	checked canary
	check "$text is restarted once" eval "runs_again $name 2 && restarts_are $name 1"
}
openrc_still_says_started() {
	local text="a daemon that is only observed, and that removes its pidfile and exits 1"
	eventually "$text, is OK at first" runs_again observed 1
	stop_process HUP "$(last_start observed)"
	eventually "$text, has failed" value_is observed failed
	check "$text, is still started for rc-service" is_started observed
	check "$text, has no pidfile any more" [ ! -e "$work/run/observed.pid" ]
	check "$text, is CRITICAL" health_is observed CRITICAL
	checked observed
	check "$text, is still failed after ten checks" value_is observed failed
	rc-service observed zap >/dev/null 2>&1
	rc-service observed start >/dev/null 2>&1
	eventually "$text, is OK when an admin has started it again" runs_again observed 2
}

hands_over() {
	local name=handing-over pid text="a daemon that removes its pidfile and hands over to a successor"
	eventually "$text is OK at first" runs_again $name 1
	pid=$(last_start $name)
	stop_process USR1 "$pid"
	eventually "$text has started its successor" starts_are $name 2
	eventually "$text is OK with the successor as its process" \
		health_is $name OK "$name is running, pid $(last_start $name)"
	checked $name
	check "$text is not restarted within ten checks" eval "starts_are $name 2 && count_is $name restarts 0"
	check "$text is still OK after ten checks" health_is $name OK "pid $(last_start $name)"
	check "$text has never failed" never had $name value failed
	stop_process KILL "$(last_start $name)"
	eventually "$text is restarted when the successor has died" runs_again $name 3
}

for name in $services; do rc-service "$name" start >/dev/null 2>&1; done
start_watching
run_situations "removes_its_pidfile_and_exits vanishing ''" \
	"removes_its_pidfile_and_exits vanishing-rare 'that is checked once an hour and '" \
	openrc_still_says_started hands_over
check "vigild stops with status 0" stop_watching
finish
