#!/bin/bash
# vigilctl services without systemd: real services of runit, s6, OpenRC and an init script, in a separate
# mount namespace.  All are killed.  `services --unprotected` has named exactly those that stay down, and
# `--register` brings these back.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_OWN_MOUNTS:-}" ]; then
	for program in rc-service runsvdir s6-svscan python3; do
		command -v $program >/dev/null || skip_all "there is no $program"
	done
	private=(unshare --mount --propagation private)
	"${private[@]}" mount -t tmpfs tmpfs /run 2>/dev/null || skip_all "this machine allows no private mounts"
	install_staged
	VIGIL_OWN_MOUNTS=1 exec "${private[@]}" bash "$0"
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
scanners=
names_of_services=
clean_up() {
	local scanner name file
	stop_vigild
	for scanner in $scanners; do
		kill -KILL "$scanner" $(pgrep -P "$scanner") 2>/dev/null
		wait "$scanner" 2>/dev/null
	done
	for file in /run/*.pid; do # supervise-daemon
		[ ! -s "$file" ] || kill -KILL "$(cat "$file")" 2>/dev/null
	done
	for name in $names_of_services; do end_service "$name"; done
	rm -rf "$work"
}
trap clean_up EXIT

# A copy of /etc without the machine's services.
cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
rm -rf /etc/service /etc/init.d /etc/conf.d /etc/runlevels /etc/rc?.d /etc/inittab
mkdir -p /etc/service /etc/init.d /etc/conf.d /etc/runlevels/default /etc/rc2.d
mount -t tmpfs tmpfs /run
mkdir -p /run/service
mkdir -p /run/openrc/{daemons,exclusive,failed,hotplugged,inactive,options,scheduled} \
	/run/openrc/{started,starting,stopping,tmp,wasinactive}
echo default >/run/openrc/softlevel

# --- services -------------------------------------------------------------------------------------

# $work/serve NAME: a service that records its starts
cat >"$work/serve" <<-EOF_SERVE
	#!/bin/sh
	echo \$\$ >>"$work/\$1.starts"
	exec sleep 1000000
EOF_SERVE
chmod 755 "$work/serve"
pid_of() { tail -n 1 "$work/$1.starts" 2>/dev/null; }
starts_of() { cat "$work/$1.starts" 2>/dev/null | wc -l; }
starts_are() { [ "$(starts_of "$1")" = "$2" ]; }
lives() { [ "$(tr '\0' ' ' 2>/dev/null <"/proc/$(pid_of "$1")/cmdline")" = "sleep 1000000 " ]; }
end_service() { ! lives "$1" || kill -KILL "$(pid_of "$1")"; }

# supervised DIRECTORY NAME [FINISH]: a service directory of runit or s6
supervised() {
	mkdir "$work/$2.new"
	printf '#!/bin/sh\nexec %s/serve %s\n' "$work" "$2" >"$work/$2.new/run"
	[ -z "${3:-}" ] || printf '#!/bin/sh\n%s\n' "$3" >"$work/$2.new/finish"
	chmod 755 "$work/$2.new"/*
	case $2 in *-once | *-down) : >"$work/$2.new/down" ;; esac
	mv "$work/$2.new" "$1/$2"
	names_of_services+=" $2"
}
# script NAME LINE...: a script of OpenRC
script() {
	local name=$1; shift
	printf '%s\n' '#!/sbin/openrc-run' "$@" >"/etc/init.d/$name"
	chmod 755 "/etc/init.d/$name"
	names_of_services+=" $name"
}
supervised /etc/service r-up
supervised /etc/service r-once
supervised /etc/service r-down
supervised /etc/service r-decides 'test $1 = 7 && sv down .; exit 0'
supervised /run/service s-up
supervised /run/service s-once
supervised /run/service s-ends 'exit 125'
supervised /run/service s-decides '# 125 would be the end
exit 0'
supervised /run/service 's odd
name'
names_of_services=${names_of_services% s odd*}
background() { printf '%s\n' "command=$work/serve" "command_args=$1" command_background=yes "pidfile=/run/$1.pid"; }
script o-plain "$(background o-plain)"
script o-supervised "command=$work/serve" command_args=o-supervised pidfile=/run/o-supervised.pid \
	supervisor=supervise-daemon
script o-configured "command=$work/serve" command_args=o-configured pidfile=/run/o-configured.pid
printf 'supervisor="supervise-daemon"\nrespawn_delay=1\n' >/etc/conf.d/o-configured
script o-oneshot 'start() { :; }'
script o-stopped "$(background o-stopped)"
for name in o-plain o-supervised o-configured o-oneshot; do ln -s "/etc/init.d/$name" /etc/runlevels/default/; done

# Scanners read a directory again that has changed in the last second.
touch -d '1 hour ago' /etc/service /run/service
runsvdir /etc/service >>"$work/runit.log" 2>&1 &
scanners+=" $!"
s6-svscan /run/service >>"$work/s6.log" 2>&1 &
scanners+=" $!"
supervised_by_runit() { sv status "/etc/service/$1" >/dev/null 2>&1; }
supervised_by_s6() { s6-svok "/run/service/$1" 2>/dev/null; }
wait_for 30 supervised_by_runit r-once
wait_for 30 supervised_by_s6 s-once
sv once /etc/service/r-once >/dev/null
s6-svc -o /run/service/s-once
for name in o-plain o-supervised o-configured o-oneshot; do rc-service "$name" start >>"$work/openrc.log" 2>&1; done
running="r-up r-once r-decides s-up s-once s-ends s-decides o-plain o-supervised o-configured"
for name in $running; do check "$name runs" wait_for 30 lives "$name"; done

write_conf <<'C'
[daemons]
[module:service]
interval = 100ms
restart_on = failed
C
start_vigild
services() { ctl -o json services "$@"; }
names() { python3 -c '
import json, sys
print(*[row["name"] for row in json.load(sys.stdin)["services"]])'; }
row() { # NAME: its values, in one line
	services "$1" | python3 -c '
import json, sys
for row in json.load(sys.stdin)["services"]:
    print(row["manager"], row["state"], row["boot"], row["after_crash"], row["after_crash_text"], sep=", ")'
}

# --- what services says ---------------------------------------------------------------------------

expect() { # NAME ROW
	local said; said=$(row "$1")
	check "$1: $2${said:+ }$([ "$said" = "$2" ] || echo "(it is $said)")" [ "$said" = "$2" ]
}
expect r-up "runit, running, yes, restarted, restarted by runsv"
expect r-once "runit, running, no, down, stays down: it was started once"
expect r-down "runit, stopped, no, restarted, restarted by runsv"
expect r-decides "runit, running, yes, unknown, its finish script decides whether runsv restarts it"
expect s-up "s6, running, yes, restarted, restarted by s6-supervise"
expect s-once "s6, running, no, down, stays down: it was started once"
expect s-ends "s6, running, yes, down, stays down: its finish script tells s6-supervise so"
expect s-decides "s6, running, yes, restarted, restarted by s6-supervise"
expect o-plain "openrc, running, yes, down, stays down: OpenRC does not watch it"
expect o-supervised "openrc, running, yes, restarted, restarted by supervise-daemon"
expect o-configured "openrc, running, yes, restarted, restarted by supervise-daemon in 1 s"
expect o-oneshot "openrc, running, yes, none, "
expect o-stopped "openrc, stopped, no, down, stays down: OpenRC does not watch it"
recent() { # NAME: since when it runs, within ten minutes
	services "$1" | python3 -c '
import datetime, json, sys
for row in json.load(sys.stdin)["services"]:
    since = datetime.datetime.fromisoformat(row["since"].replace("Z", "+00:00"))
    age = (datetime.datetime.now(datetime.timezone.utc) - since).total_seconds()
    sys.exit(not -2 < age < 600)
sys.exit(1)'
}
for name in r-up s-up o-plain; do check "the time since when $name runs is right" recent $name; done
ctl services 's odd*' >"$work/out"
check "a name with a line end is printed as one line" \
	grep -qE '^s odd\\nname +running +[^ ]+ +yes +restarted +-$' "$work/out"

services --unprotected | names >"$work/said"
check "--unprotected names what would stay down" [ "$(cat "$work/said")" = "o-plain r-once s-ends s-once" ]

# --- what happens ---------------------------------------------------------------------------------

declare -A before
for name in $running; do before[$name]=$(starts_of "$name"); done
for name in $running; do crash "$(pid_of "$name")"; done
restarted() { [ "$(starts_of "$1")" -gt "${before[$1]}" ] && lives "$1"; }
references="r-up s-up o-supervised o-configured"
for name in $references; do check "$name is restarted by its supervisor" wait_for 60 restarted "$name"; done
# The services of the same managers are restarted twice, so the others have had the time.
for name in $references; do before[$name]=$(starts_of "$name"); crash "$(pid_of "$name")"; done
for name in $references; do wait_for 60 restarted "$name"; done
down=$(for name in $running; do lives "$name" || echo "$name"; done | sort | xargs)
check "these stay down after kill -9, and --unprotected has named them: $down" [ "$down" = "$(cat "$work/said")" ]

# --- --register -----------------------------------------------------------------------------------

for name in $down; do
	case $name in
	r-*) sv once "/etc/service/$name" >/dev/null ;;
	s-once) s6-svc -o "/run/service/$name" ;;
	s-*) s6-svc -u "/run/service/$name" ;;
	o-*) rc-service "$name" zap >/dev/null 2>&1; rc-service "$name" start >>"$work/openrc.log" 2>&1 ;;
	esac
	wait_for 30 lives "$name"
done
vctl() { "$vigilctl" -c "$work/vigil.conf" "$@"; }
vctl services --register >"$work/registered"
check "--register prints one command for each service" [ "$(head -n 4 "$work/registered")" = "\
vigilctl register o-plain module=service service=o-plain manager=openrc
vigilctl register r-once module=service service=r-once restart_on=stopped manager=runit
vigilctl register s-ends module=service service=s-ends manager=s6
vigilctl register s-once module=service service=s-once manager=s6" ]
watched() { [ "$(get "/daemons/$1/service_state/value")" = running ]; }
for name in $down; do wait_for 30 watched "$name"; done
check "no service is unprotected any more: $(services --unprotected | names)" \
	[ -z "$(services --unprotected | names)" ]
ctl services --unprotected >"$work/out"
check "the table says so" [ "$(cat "$work/out")" = "no service would stay down after a crash" ]
for name in $down; do
	before[$name]=$(starts_of "$name")
	crash "$(pid_of "$name")"
	check "$name comes back after kill -9" wait_for 60 restarted "$name"
done

# --- init scripts ---------------------------------------------------------------------------------

stop_vigild
rm -f /run/openrc/softlevel /etc/init.d/*
cat >/etc/init.d/lsb-daemon <<-EOF_SCRIPT
	#!/bin/sh
	# pidfile: /run/lsb-daemon.pid
	case \$1 in
	start) start-stop-daemon --start --background --make-pidfile --pidfile /run/lsb-daemon.pid --exec $work/serve -- lsb-daemon ;;
	stop) start-stop-daemon --stop --pidfile /run/lsb-daemon.pid ;;
	restart) \$0 stop; \$0 start ;;
	status) kill -0 "\$(cat /run/lsb-daemon.pid)" ;;
	esac
EOF_SCRIPT
printf '#!/bin/sh\n# hostname.sh: status is no action of this script\nhostname web\n' >/etc/init.d/hostname.sh
chmod 755 /etc/init.d/*
names_of_services+=" lsb-daemon"
ln -s ../init.d/lsb-daemon /etc/rc2.d/S01lsb-daemon
/etc/init.d/lsb-daemon start
wait_for 30 lives lsb-daemon
start_vigild
expect lsb-daemon "lsb, running, yes, down, stays down: init does not watch it"
check "a script that starts no daemon is not run" [ "$(row hostname.sh)" = "lsb, unknown, no, none, " ]
check "the init script is unprotected" eval '[[ " $(services --unprotected | names) " == *" lsb-daemon "* ]]'
finish
