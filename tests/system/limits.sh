#!/bin/bash
# Limits count the whole service.  Apache, whose children together use more memory than memory_max while its
# main process does not, is restarted for the sum: under systemd by its control group, and under runit by the
# tree of its processes.  What cannot be checked is reported.
. "$(dirname "$0")/lib.sh" || exit 1
here=$top_srcdir/tests/system
command -v apache2 >/dev/null || skip_all "apache2 (apache2-bin) is not installed"
command -v python3 >/dev/null || skip_all "there is no python3 for the CGI program"
command -v curl >/dev/null || skip_all "curl is not installed"
under_systemd

# A CGI program that uses 40 MiB of memory, answers, and stays.
mkdir "$work/cgi"
cat >"$work/cgi/hog" <<'P'
#!/usr/bin/python3
import os, sys, time
x = bytearray(os.urandom(1)) * (40 << 20)
os.write(1, b"Content-Type: text/plain\r\n\r\nused\n")
time.sleep(1000)
P
chmod 755 "$work" "$work/cgi" "$work/cgi/hog"
server() { # NAME: writes the configuration of a server, which listens on a Unix socket
	local modules=/usr/lib/apache2/modules
	mkdir -p "$work/$1"
	cat >"$work/$1/conf" <<C
ServerRoot $work/$1
ServerName localhost
Listen 127.0.0.1:$2
PidFile $work/$1/pid
ErrorLog $work/$1/error.log
LoadModule mpm_prefork_module $modules/mod_mpm_prefork.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
LoadModule cgi_module $modules/mod_cgi.so
User nobody
Group nogroup
StartServers 4
ScriptAlias /cgi/ $work/cgi/
GracefulShutdownTimeout 1
C
}
port=8080 # in a network of its own (in-systemd.sh)
managers=systemd
server systemd $port
printf '[Service]\nExecStart=/usr/sbin/apache2 -f %s -DFOREGROUND\n' "$work/systemd/conf" >"$units/web.service"
systemctl daemon-reload
systemctl start web
if command -v runsv >/dev/null; then
	managers="$managers runit"
	server runit $((port + 1))
	mkdir -p "$work/sv/web"
	printf '#!/bin/sh\nexec chpst -P /usr/sbin/apache2 -f %s -DFOREGROUND\n' "$work/runit/conf" >"$work/sv/web/run"
	chmod 755 "$work/sv/web/run"
	runsv "$work/sv/web" &
else echo "SKIP: runit is not installed"; fi
{
	printf '[daemons]\n'
	printf '%s = yes\n' $managers
	for m in $managers; do
		printf '[daemon:%s]\nmodule = service\nservice = web\nmanager = %s\ninterval = 300ms\n' "$m" "$m"
		[ "$m" != runit ] || printf 'service_dir = %s\n' "$work/sv"
		printf 'memory_max = 100MiB\npressure_max = 90%%\nusage_interval = 1s\nprobe_start = 0\nbackoff = 1h\n'
		printf 'backoff_max = 1h\n'
	done
} | write_conf
start_vigild
place() { echo "/daemons/$1/service_state/$2"; }
usage() { get "$(place "$1" usage/"$2")"; }
at_least() { awk -v v="$(usage "$1" "$2")" -v n="$3" 'BEGIN { exit !(v != "" && v + 0 >= n) }'; }
below() { awk -v v="$(usage "$1" "$2")" -v n="$3" 'BEGIN { exit !(v != "" && v + 0 < n) }'; }
serves() { curl -sf -o /dev/null "http://127.0.0.1:$1/cgi/" || [ $? = 22 ]; }
ask() { curl -s -N -m 1000 "http://127.0.0.1:$1/cgi/hog" >>"$work/answers.$1" & }
answers() { [ "$(grep -c used "$work/answers.$1" 2>/dev/null)" -ge "$2" ]; }
explained() { ctl explain "$1" | grep -q "$2"; }

at=$port
for m in $managers; do
	case $m in
	systemd) name="the control group" source='control group' ;;
	*) name="the tree of processes" source=processes ;;
	esac
	check "$m: the processes are measured by $name" wait_for 20 is "$(place $m usage/source)" "$source"
	check "$m: the server and its four children are counted" wait_for 20 at_least $m processes 5
	check "$m: open descriptors are counted" wait_for 20 at_least $m files 5
	check "$m: CPU time is measured" wait_for 20 at_least $m cpu_percent 0
	wait_for 20 serves $at || not_ok "$m: the server answers"
	pid=$(get "$(place $m pid)")
	ask $at # vigild may restart the service as soon as all three run
	check "$m: a child uses memory" wait_for 30 answers $at 1
	check "$m: the main process uses less than a tenth of the limit" \
		[ "$(awk '/^RssAnon/ { print $2 }' "/proc/$pid/status")" -lt 10240 ]
	ask $at
	ask $at
	check "$m: the service is restarted for the sum" wait_for 30 more_than "$(place $m restarts)" 0
	check "$m: explain says which limit was exceeded, and by how much" \
		explained $m 'it uses 1[0-9][0-9]\.[0-9] MiB of memory, over its limit of 100.0 MiB: restarting'
	check "$m: the numbers after the restart are those of the new run" wait_for 30 at_least $m processes 5
	check "$m: the memory is given back" wait_for 30 below $m memory_bytes 100000000
	at=$((at + 1))
done
check "systemd: pressure_max is watched by a trigger of the control group" wait_for 20 is /runs/systemd/health/level OK
[[ $managers != *runit* ]] || check "runit: pressure_max, which needs a control group, is reported" \
	wait_for 20 explained runit 'health .*its pressure_max cannot be checked: the service has no control group'
for row in 'memory_max = 120%' 'memory_max = 2 apples' 'pressure_max = 0' 'tasks_max = -1'; do
	printf '[daemons]\nx = service\n[daemon:x]\nmodule = service\n%s\n' "$row" |
		refused_by_test "$row" "vigil.conf:[0-9]*: .*${row%% *}"
done
check "vigild stops when it receives SIGTERM" stop_vigild
[ "$failed" -eq 0 ] || tail -40 "$work/log"
finish
