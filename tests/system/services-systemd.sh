#!/bin/bash
# vigilctl services under a real systemd.  For each service, `kill -9` of its main process shows whether
# the answer was right.  First units with all settings that matter are killed, then the daemons that
# Debian packages: `services --unprotected` names exactly those that stay down.  `--register` then brings
# these back.
. "$(dirname "$0")/lib.sh" || exit 1
export VIGIL_UNITS_OF_ETC=1 # there, `systemctl enable` makes its links
under_systemd
chmod 755 "$work"

# --- a writable machine ---------------------------------------------------------------------------

# over DIRECTORY...: hides the machine's directory with a copy in memory
over() {
	local dir
	for dir; do
		[ -d "$dir" ] || continue
		mkdir -p "$work/over$dir"
		cp -a "$dir/." "$work/over$dir" 2>/dev/null
		chown --reference="$dir" "$work/over$dir"
		chmod --reference="$dir" "$work/over$dir"
		mount --bind "$work/over$dir" "$dir"
	done
}
# hide DIRECTORY...: hides the machine's directory with an empty one
hide() {
	local dir
	for dir; do
		[ -d "$dir" ] || continue
		mkdir -p "$work/hidden$dir"
		chown --reference="$dir" "$work/hidden$dir"
		chmod --reference="$dir" "$work/hidden$dir"
		mount --bind "$work/hidden$dir" "$dir"
	done
}
hide /etc/systemd/system
systemctl daemon-reload
write_conf <<'C'
[daemons]
[module:service]
interval = 100ms
restart_on = failed
C
start_vigild

services() { ctl -o json services "$@"; }
# column KEY NAME: one value of the row of a service
column() {
	services "$2" | python3 -c '
import json, sys
for row in json.load(sys.stdin)["services"]:
    if row["name"] == sys.argv[2]:
        print(row[sys.argv[1]])' "$1" "$2"
}
names() { python3 -c '
import json, sys
print(*[row["name"] for row in json.load(sys.stdin)["services"]])'; }
command -v python3 >/dev/null || skip_all "there is no python3"

show() { systemctl show -P "$1" "$2"; }
# outcome UNIT RESTARTS: what has become of a unit whose process was killed when systemd had restarted it
# so often: restarted, down, or nothing if it is not decided yet
outcome() {
	local state sub
	state=$(show ActiveState "$1") sub=$(show SubState "$1")
	case $state-$sub in
	failed-* | inactive-* | active-exited) echo down ;;
	active-running) [ "$(show NRestarts "$1")" = "$2" ] || echo restarted ;;
	activating-auto-restart) [ "$(show RestartUSec "$1")" != infinity ] || echo down ;;
	esac
}
decided() { [ -n "$(outcome "$@")" ]; }
# kill_unit UNIT: kills its main process, or all processes if systemd knows no main process, and sets
# became to the outcome
kill_unit() {
	local pid restarts
	pid=$(show MainPID "$1") restarts=$(show NRestarts "$1")
	if [ "$pid" -gt 0 ]; then crash "$pid"; else systemctl kill -s KILL "$1"; fi
	wait_for 60 decided "$1" "$restarts"
	became=$(outcome "$1" "$restarts")
}

# --- every setting that matters -------------------------------------------------------------------

# unit NAME LINES...: a unit in /run; the lines after "[Unit]" go to that section
unit() {
	local name=$1; shift
	printf '%s\n' '[Service]' 'ExecStart=/bin/sleep 100000' "$@" >"$units/$name.service"
}
unit plain
unit always Restart=always
unit later Restart=always RestartSec=1500ms
unit at-once Restart=always RestartSec=0
unit on-failure Restart=on-failure
unit on-abnormal Restart=on-abnormal
unit on-abort Restart=on-abort
unit on-watchdog Restart=on-watchdog
unit on-success Restart=on-success
unit prevented Restart=always RestartPreventExitStatus=SIGKILL
unit prevented-other Restart=always RestartPreventExitStatus=SIGTERM 9
unit forced RestartForceExitStatus=SIGKILL
unit success Restart=on-failure SuccessExitStatus=SIGKILL
unit success-always Restart=always SuccessExitStatus=SIGKILL
unit success-remains Restart=always SuccessExitStatus=SIGKILL RemainAfterExit=yes
unit remains Restart=always RemainAfterExit=yes
unit never-again Restart=always RestartSec=infinity
unit limited Restart=always '[Unit]' StartLimitBurst=1 StartLimitIntervalSec=infinity
unit limited-hour Restart=always '[Unit]' StartLimitBurst=1 StartLimitIntervalSec=1h
unit limited-day Restart=always '[Unit]' StartLimitBurst=1 StartLimitIntervalSec=30d
unit unlimited Restart=always '[Unit]' StartLimitBurst=1 StartLimitIntervalSec=0
unit mainless Type=forking GuessMainPID=no Restart=on-failure 'ExecStart=' \
	"ExecStart=/bin/sh -c 'sleep 100000 & sleep 100000 &'"
unit mainless-always Type=forking GuessMainPID=no Restart=always 'ExecStart=' \
	"ExecStart=/bin/sh -c 'sleep 100000 & sleep 100000 &'"
unit dropped-in Restart=always
mkdir "$units/dropped-in.service.d"
printf '[Service]\nRestart=no\n' >"$units/dropped-in.service.d/no.conf"
unit upheld
printf '[Unit]\nUpholds=upheld.service\n' >"$units/upholds.target"
unit 'from@' Restart=no
unit 'odd:name_with.dots\x2dand-more' Restart=no
systemctl daemon-reload
singles='plain always later at-once on-failure on-abnormal on-abort on-watchdog on-success prevented
	prevented-other forced success success-always success-remains remains never-again limited limited-hour
	limited-day unlimited mainless mainless-always dropped-in from@instance odd:name_with.dots\x2dand-more'
systemd-run -q --unit=transient --property=Restart=no /bin/sleep 100000
for name in $singles; do systemctl start "$name"; done
singles="$singles transient"

services >"$work/all"
for name in $singles; do
	[ "$(grep -c "\"name\": \"${name//\\/\\\\\\\\}\"" "$work/all")" = 1 ] || echo "$name"
done >"$work/missing"
check "each unit is listed once, also an instance, a transient one and odd names: $(xargs <"$work/missing")" \
	[ ! -s "$work/missing" ]
check "a template is not a service" eval '! grep -q "\"name\": \"from@\"" "$work/all"'
services --unprotected >"$work/unprotected"
printf '%s\n' $(names <"$work/unprotected") | sort >"$work/said"
: >"$work/wrong"
for name in $singles; do
	said=$(column after_crash_text "$name")
	kill_unit "$name.service"
	echo "$name $became" >>"$work/outcomes"
	case $became-$said in
	restarted-restarted*) ;;
	down-stays*) ;;
	*) echo "$name: \"$said\", but it is $became" >>"$work/wrong" ;;
	esac
done
check "what happens after a crash is what services has said: $(xargs <"$work/wrong" 2>/dev/null)" \
	[ ! -s "$work/wrong" ]
check "some of these units stay down, and some come back" \
	eval 'grep -q " down" "$work/outcomes" && grep -q " restarted" "$work/outcomes"'
awk '$2 == "down" { print $1 }' "$work/outcomes" | sort >"$work/down"
check "--unprotected has named exactly the units that stay down: $(comm -3 "$work/said" "$work/down" | xargs)" \
	cmp -s "$work/said" "$work/down"
check "the delay is said" eval '[ "$(column after_crash_text later)" = "restarted by systemd in 1.5 s" ] &&
	[ "$(column after_crash_text at-once)" = "restarted by systemd at once" ]'
systemctl start upholds.target
is_up() { [ "$(show ActiveState "$1")" = active ] && [ "$(show MainPID "$1")" -gt 0 ]; }
came_back() { is_up "$1" && [ "$(show MainPID "$1")" != "$2" ]; }
wait_for 60 is_up upheld
check "the row of an upheld unit names what upholds it" \
	[ "$(column after_crash_text upheld)" = "restarted by systemd: upholds.target upholds it" ]
pid=$(show MainPID upheld)
crash "$pid"
check "an upheld unit comes back" wait_for 60 came_back upheld "$pid"
systemctl stop upholds.target upheld
for name in $singles; do systemctl stop "$name" 2>/dev/null; done
systemctl reset-failed

# --- units that are no daemons, or are meant to be down -------------------------------------------

unit once Type=oneshot RemainAfterExit=yes 'ExecStart=' ExecStart=/bin/true
unit by-socket Restart=no
printf '[Socket]\nListenStream=/run/by-socket\n' >"$units/by-socket.socket"
unit by-timer Restart=no
printf '[Timer]\nOnCalendar=yearly\n' >"$units/by-timer.timer"
ln -s /dev/null "$units/hidden.service"
unit named Restart=no '[Install]' WantedBy=multi-user.target Alias=nickname.service
systemctl daemon-reload
systemctl start once by-socket.socket by-timer.timer by-socket by-timer
cp "$units/named.service" /etc/systemd/system/
systemctl enable -q named
check "a oneshot is not unprotected, and neither is what a socket or a timer starts" \
	eval 'out=$(services --unprotected | names); [[ " $out " != *" once "* && " $out " != *" by-"* ]]'
check "the row of a oneshot says so" [ "$(column after_crash_text once)" = "a oneshot" ]
check "the row names the socket that starts the service" \
	[ "$(column after_crash_text by-socket)" = "started by by-socket.socket when needed" ]
ctl services hidden named >"$work/out"
check "the table says that a unit is masked" grep -qE '^hidden +stopped +- +masked ' "$work/out"
check "an enabled unit that does not run is unprotected" \
	eval '[[ " $(services --unprotected | names) " == *" named "* ]]'
check "an alias is no second service" eval '! services | names | grep -qw nickname'
check "a unit file that is not loaded is listed" [ "$(column state emergency)" = stopped ]
# systemd's own answer, from which vigild's is derived without asking for it
services | python3 -c '
import json, os, subprocess, sys
boots = {"enabled": "yes", "enabled-runtime": "yes", "disabled": "no", "static": "static", "indirect": "static",
         "masked": "no", "masked-runtime": "no", "linked": "no", "linked-runtime": "no"}
rows = {row["unit"]: row["boot"] for row in json.load(sys.stdin)["services"]}
files = subprocess.run(["systemctl", "list-unit-files", "--type=service", "--no-legend", "--plain"],
                       stdout=subprocess.PIPE, text=True).stdout
count = 0
for line in files.splitlines():
    name, state = line.split()[:2]
    if "@." in name or state not in boots: continue
    count += 1
    if rows.get(name) == boots[state]: continue
    # systemctl reports an alias of a masked unit as masked.
    if any(os.path.islink(d + name) and os.path.basename(os.readlink(d + name)) not in ("null", name)
           for d in ("/lib/systemd/system/", "/etc/systemd/system/")): continue
    print(name, state, rows.get(name))
if count < 50: print("only", count, "unit files")' >"$work/out"
check "the unit files and their states are those of systemctl list-unit-files: $(xargs <"$work/out")" [ ! -s "$work/out" ]
systemctl disable -q --now named
rm -f /etc/systemd/system/named.service "$units/named.service"
systemctl stop by-socket.socket by-timer.timer by-socket by-timer once
systemctl daemon-reload

# --- errors ---------------------------------------------------------------------------------------

if ctl services lpain >"$work/out" 2>&1; then not_ok "an unknown name is an error"; else
	check "an unknown name is an error with a suggestion" \
		grep -q 'no such service: "lpain"; did you mean "plain"' "$work/out"; fi
check "a glob chooses services" [ "$(services 'on-*' | names)" = "on-abnormal on-abort on-failure on-success on-watchdog" ]
setpriv --reuid 65534 --regid 65534 --clear-groups "$vigilctl" -s "$work/control.sock" services --register \
	>"$work/out" 2>&1
check "--register is refused to other users" [ $? = 1 ]
check "the refusal says who may use it" grep -q "only root" "$work/out"

# --- a thousand units -----------------------------------------------------------------------------

count_calls() { grep -c "member=$1" "$work/bus"; }
if command -v dbus-monitor >/dev/null; then
	for i in $(seq 1000); do unit "many$i" Restart=no; done
	systemctl daemon-reload
	dbus-monitor --system "type=method_call,destination=org.freedesktop.systemd1" >"$work/bus" 2>&1 &
	monitor=$!
	wait_for 20 [ -s "$work/bus" ]
	services >"$work/all"
	check "1,000 units are listed" [ "$(grep -c '"name": "many' "$work/all")" = 1000 ]
	ctl -q version
	busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.DBus.Peer Ping
	wait_for 20 grep -q member=Ping "$work/bus"
	kill "$monitor"; wait "$monitor" 2>/dev/null
	check "the list takes one call: ListUnitsByPatterns ($(count_calls ListUnits))" \
		[ "$(count_calls ListUnits)" = 1 ]
	check "the unit files take no call ($(count_calls ListUnitFiles))" [ "$(count_calls ListUnitFiles)" = 0 ]
	check "stopped units that are not enabled take no call ($(count_calls Get))" [ "$(count_calls Get)" -lt 500 ]
	rm -f "$units"/many*.service
	systemctl daemon-reload
else
	echo "SKIP: the number of calls for 1,000 units: there is no dbus-monitor"
fi

# --- Debian's daemons -----------------------------------------------------------------------------

free_port() { python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'; }
# Each function prepares a service in memory; its name is that of the service without a version.
prepare_icinga2() {
	over /etc/icinga2 /var/lib/icinga2 /var/log/icinga2 /var/cache/icinga2 /var/spool/icinga2
}
prepare_nginx() {
	over /var/log/nginx /var/lib/nginx /etc/nginx
	printf '%s\n' 'pid /run/nginx.pid;' 'events {}' \
		"http { server { listen 127.0.0.1:$(free_port); } }" >/etc/nginx/nginx.conf
}
prepare_redis-server() {
	over /etc/redis
	hide /var/lib/redis /var/log/redis
	sed -i -e 's/^port .*/port 0/; s/^bind .*/bind 127.0.0.1/' -e '$a unixsocket /run/redis/redis.sock' \
		/etc/redis/redis.conf
}
prepare_cron() {
	hide /etc/cron.d /var/spool/cron
	: >"$work/crontab"
	[ ! -e /etc/crontab ] || mount --bind "$work/crontab" /etc/crontab
}
prepare_postgresql() {
	local version=$(ls /usr/lib/postgresql | sort -n | tail -n 1)
	hide /etc/postgresql /var/lib/postgresql /var/log/postgresql
	install -d -o postgres -g postgres -m 2775 /run/postgresql
	pg_createcluster --start-conf=auto "$version" main -- --no-sync --auth=trust >"$work/created" 2>&1
	printf '%s\n' "listen_addresses = ''" "fsync = off" "shared_buffers = 16MB" \
		>>"/etc/postgresql/$version/main/postgresql.conf"
	/lib/systemd/system-generators/postgresql-generator /run/systemd/system
	units_of_debian="$units_of_debian postgresql@$version-main"
}

units_of_debian=
for name in icinga2 nginx redis-server postgresql cron; do
	if [ ! -f "/lib/systemd/system/$name.service" ]; then
		echo "SKIP: $name is not installed"
		continue
	fi
	"prepare_$name"
	# Without systemctl enable, which also changes the links of init scripts.
	mkdir -p /etc/systemd/system/multi-user.target.wants
	ln -s "/lib/systemd/system/$name.service" /etc/systemd/system/multi-user.target.wants/
	units_of_debian="$units_of_debian $name"
done
[ -n "$units_of_debian" ] || finish
ln -s /lib/systemd/system/redis-server.service /etc/systemd/system/redis.service # its alias
systemctl daemon-reload
starts() { is_up "$1" || { [ "$1" = postgresql ] && [ "$(show ActiveState "$1")" = active ]; }; }
for name in $units_of_debian; do
	systemctl start "$name"
	check "$name runs" wait_for 60 starts "$name"
done
case " $units_of_debian " in *" postgresql "*)
	check "PostgreSQL's umbrella unit is no daemon" [ "$(column daemon postgresql)" = False ] ;;
esac

services --unprotected >"$work/unprotected"
printf '%s\n' $(names <"$work/unprotected") | sort >"$work/said"
: >"$work/outcomes"
for name in $units_of_debian; do
	[ "$(show MainPID "$name")" -gt 0 ] || continue
	kill_unit "$name"
	echo "$name $became" >>"$work/outcomes"
done
awk '$2 == "down" { print $1 }' "$work/outcomes" | sort >"$work/down"
check "some of the packaged daemons stay down: $(xargs <"$work/down")" [ -s "$work/down" ]
check "--unprotected has named exactly those that stay down: $(comm -3 "$work/said" "$work/down" | xargs)" \
	cmp -s "$work/said" "$work/down"
for name in $(cat "$work/down"); do systemctl reset-failed "$name"; systemctl start "$name"; wait_for 60 is_up "$name"; done

# --- --register -----------------------------------------------------------------------------------

vctl() { "$vigilctl" -c "$work/vigil.conf" "$@"; }
vctl services --register --dry-run >"$work/plan"
planned() {
	local name
	for name in $(cat "$work/down"); do
		grep -qx "vigilctl register $name module=service service=$name" "$work/plan" || return 1
	done
}
check "--dry-run prints the plan" planned
check "--dry-run changes nothing" [ ! -e "$work/conf.d" ]
vctl services --register >"$work/registered"
check "--register prints the plan first" eval 'head -n "$(wc -l <"$work/plan")" "$work/registered" | cmp -s - "$work/plan"'
check "--register writes one file for each service" \
	[ "$(ls "$work/conf.d" | sed 's/\.conf$//' | sort | xargs)" = "$(xargs <"$work/down")" ]
watched() { [ "$(get "/daemons/$1/service_state/value")" = running ]; }
for name in $(cat "$work/down"); do wait_for 60 watched "$name"; done
check "no service is unprotected any more: $(services --unprotected | names)" \
	[ -z "$(services --unprotected | names)" ]
for name in $(cat "$work/down"); do
	pid=$(show MainPID "$name")
	crash "$pid"
	check "$name comes back after kill -9" wait_for 60 came_back "$name" "$pid"
done
ctl services $(cat "$work/down") >"$work/out"
for name in $(cat "$work/down"); do
	grep -qE "^$name +.* $name\$" "$work/out" || echo "$name"
done >"$work/missing"
check "the column WATCHED names the daemons: $(xargs <"$work/missing")" [ ! -s "$work/missing" ]
# on_terminal COLUMNS COMMAND...: runs the command on a terminal of that width
on_terminal() { python3 -c '
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
while True:
    try: data = os.read(fd, 65536)
    except OSError: break
    if not data: break
    sys.stdout.buffer.write(data)
os.waitpid(pid, 0)' "$@" | tr -d '\r'; }
on_terminal 80 env NO_COLOR=1 "$vigilctl" -s "$work/control.sock" services >"$work/out"
check "on a terminal no line has more than 80 columns" \
	eval '[ "$(wc -l <"$work/out")" -gt 20 ] && ! grep -qE "^.{81}" "$work/out"'

# What does not restart does not protect.
first=$(head -n 1 "$work/down")
unprotected() { [ "$(services --unprotected | names)" = "$1" ]; }
ctl -q pause "$first"
check "a daemon that is paused does not protect its service" unprotected "$first"
ctl services "$first" >"$work/out"
check "the column WATCHED says that the daemon is paused" grep -q "$first (paused)\$" "$work/out"
ctl -q resume "$first"
vctl -q register "$first" module=service "service=$first" restart_on=never
check "a daemon with restart_on = never does not protect its service" unprotected "$first"
vctl services --register >"$work/out"
check "--register leaves the daemon alone, and says why" \
	grep -q "not registered: $first: the daemon $first watches it, but does not restart it (never)" "$work/out"
vctl -q register "$first" module=service "service=$first"
sed -i "s/^\[daemons\]/deny = $first\n\n&/" "$work/vigil.conf"
ctl -q reload
check "a denied service is unprotected" unprotected "$first"
vctl services --register >"$work/out"
check "--register does not register a denied service" grep -q "not registered: $first: the option deny" "$work/out"
finish
