#!/bin/bash
# vigilctl check: the output and the exit status, which are those of a Nagios plugin, for every kind of
# daemon, for numbers, and for states that are unknown.  The real icinga2 loads the shipped CheckCommand.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
# A real plugin with byte counts.  Its output is kept for the comparison below.
plugins=/usr/lib/nagios/plugins
cat >"$work/disk" <<S
#!/bin/sh
if [ -x $plugins/check_disk ]; then $plugins/check_disk -u bytes -w 1% -c 0% -p / >$work/printed
else echo 'DISK OK | /=18814599168B;270553174006;270553174011;0;270553174016' >$work/printed; fi
cat $work/printed
S
cat >"$work/labels" <<'S'
#!/bin/sh
printf '%s\n' "OK | Physical Memory=12.47%;0,0;0; 'it''s'=6410;@1:3,@10000:50000 'a=b'=80%;75%;90%" \
	"more | 'C: Bob's disk'=123456789012345c 'a|b'=1 t=0.00000012s;0.1;1e-7 bad=1,5"
S
chmod 755 "$work/disk" "$work/labels"
write_conf <<C
[daemons]
plugin = yes
bad = yes
late = yes
mute = yes
service = yes
broken = yes
disk = yes
labels = yes
[daemon:disk]
module = exec
command = $work/disk
interval = 1h
[daemon:labels]
module = exec
command = $work/labels
interval = 1h
[daemon:plugin]
module = exec
command = /bin/echo "OK - 88|used | '/ var'=88%;~:80;@90:95;0;100 t=0.5s"
interval = 200ms
[daemon:bad]
module = exec
command = /bin/sh -c 'echo "it is a|b"; exit 2'
format = text
interval = 200ms
[daemon:late]
module = exec
mode = stream
command = /bin/sleep 1000
[daemon:mute]
module = exec
command = /bin/sleep 1000
timeout = 1h
[daemon:service]
module = service
service = demo
manager = command
status_command = /bin/true
interval = 200ms
[daemon:broken]
module = nosuch
C
# gives STATUS FIRST-LINE ARGUMENT...: checks the exit status and the first line of `vigilctl check ARGUMENT...`
gives() {
	local status=$1 line=$2; shift 2
	ctl check "$@" >"$work/out" 2>"$work/err"
	local got=$?
	if [ "$got" = "$status" ] && [ "$(head -n 1 "$work/out")" = "$line" ] && [ ! -s "$work/err" ]; then
		ok "vigilctl check $* prints: $line"
	else
		not_ok "vigilctl check $* prints: $line"; echo "it exits $got:"; cat "$work/out" "$work/err"
	fi
}
start_vigild
wait_for 10 is /runs/plugin/health/level OK
wait_for 10 is /runs/bad/health/level CRITICAL
wait_for 10 is /runs/service/health/level OK

gives 0 "OK - 88/used | '/ var'=88%;~:80;@90:95;0;100 't'=0.5s" plugin
gives 2 'CRITICAL - it is a/b' bad
check "vigilctl check prints the history of the daemon after the first line" grep -qE '^20[0-9-]+T[0-9:.]+Z CRITICAL at first: it is a/b$' "$work/out"
check "vigilctl check prints no bar after the first line" [ "$(tail -n +2 "$work/out" | grep -c '|')" = 0 ]
gives 3 'UNKNOWN - the program was started and has printed nothing yet' late
gives 0 'OK - demo is running' service
gives 2 "CRITICAL - broken has failed: $(get /runs/broken/reason)" broken
gives 3 'UNKNOWN - no such daemon "nosuch"' nosuch

check "the plugin check_disk is OK" wait_for 20 is /runs/disk/health/level OK
ctl check disk >"$work/out"
said="'/'=$(sed -n '1s/.*| *\/=//p' "$work/printed")"
check "vigilctl check prints byte counts of check_disk with all digits" eval \
	'[ "$(sed -n "1s/.*| //p" "$work/out")" = "${said%% *}" ]'
check "a plugin with unusual labels and values is OK" wait_for 20 is /runs/labels/health/level OK
gives 0 "OK | 'Physical Memory'=12.47%;;0 'it''s'=6410 'a=b'=80%;75;90 'C: Bob''s disk'=123456789012345c 't'=0.00000012s;0.1;0.0000001" labels
check "vigilctl check counts a label with a bar, which it cannot print" grep -q \
	'^performance data left out: 1 ' "$work/out"
check "the state counts performance data that cannot be parsed" \
	is /daemons/labels/left_out/count 3
check "the log says once which performance data cannot be parsed" [ "$(grep -c 'labels: left out of its output: invalid performance data: 1 items, 2 thresholds; the first is "0,0"' "$work/log")" = 1 ]
check "vigilctl get prints a real number with the fewest digits" [ "$(ctl get "/daemons/labels/perfdata/t/warn")" = 0.1 ]

ctl -q pause bad --for 1h --reason 'new disks'
until=$(date -d "$(get /runs/bad/paused_until)" "+%F %T %Z")
gives 0 "OK - bad is paused until $until by root: new disks; at present CRITICAL: it is a/b" bad
ctl -q resume bad
gives 3 'UNKNOWN - mute has not reported its health yet' mute
ctl -q pause mute
gives 0 "OK - mute is paused by root" mute

value=/daemons/plugin/perfdata/~1~0/value
gives 3 "UNKNOWN - no value at $value" plugin "$value"
value='/daemons/plugin/perfdata/~1 var/value'
gives 0 "OK - $value is 88 | 'value'=88" plugin "$value"
gives 0 "OK - $value is 88 | 'value'=88;90;95" plugin -w 90 -c 95 "$value"
gives 1 "WARNING - $value is 88 | 'value'=88;80;95" plugin -w 80 -c 95 "$value"
gives 2 "CRITICAL - $value is 88 | 'value'=88;80;@0:88" plugin --warning=80 --critical @0:88 "$value"
gives 2 "CRITICAL - $value is 88 | 'value'=88;;~:10" plugin "$value" -c '~:10'
gives 3 'UNKNOWN - --warning: invalid range "9:1"; see the Monitoring Plugins guidelines' plugin -w 9:1 "$value"
gives 3 'UNKNOWN - not a number at /runs/plugin/status' plugin /runs/plugin/status
gives 3 'UNKNOWN - daemons/x is not a JSON Pointer: it does not begin with a slash' plugin daemons/x
gives 3 'UNKNOWN - /a~ is not a JSON Pointer: it has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is /)' plugin /a~ -w6
gives 3 'UNKNOWN - --warning and --critical need the pointer of a number, such as /daemons/service/...' service -w 5
gives 3 'UNKNOWN - --warning and --critical need the pointer of a number, such as /daemons/service/...' service -c 5
ctl check >"$work/out" 2>/dev/null
check "vigilctl check without a name exits with 3" [ $? = 3 ]
check "vigilctl check without a name prints UNKNOWN on stdout" grep -q '^UNKNOWN - check requires NAME' "$work/out"
"$vigilctl" -s "$work/nosuch" check plugin >"$work/out" 2>/dev/null
check "vigilctl check without a running vigild exits with 3" [ $? = 3 ]
check "vigilctl check says that vigild cannot be reached" grep -q "^UNKNOWN - vigild cannot be reached at $work/nosuch: " "$work/out"
printf '[vigil]\nsocket = relative\n' >"$work/wrong.conf"
"$vigilctl" -c "$work/wrong.conf" check plugin >"$work/out" 2>/dev/null
check "vigilctl check with an invalid vigil.conf exits with 3" [ $? = 3 ]
check "vigilctl check names the invalid line of vigil.conf" grep -q "^UNKNOWN - $work/wrong.conf:2: " "$work/out"
for wrong in "-o yaml" "-X" "--nosuch"; do
	# shellcheck disable=SC2086
	ctl $wrong check plugin >"$work/out" 2>/dev/null
	check "vigilctl $wrong check exits with 3" [ $? = 3 ]
	check "vigilctl $wrong check says that the options before it are wrong" grep -q '^UNKNOWN - invalid options before check' "$work/out"
done
ctl -o json check plugin >"$work/out"
check_with python3 "vigilctl -o json check prints the status, the output and the performance data" python3 -c '
import json, sys
said = json.load(open(sys.argv[1]))
assert said["status"] == 0 and said["output"] == "OK - 88/used" and said["perfdata"].startswith("\x27/ var\x27=88%")' "$work/out"

# --- icinga2 --------------------------------------------------------------------------------------

icinga() {
	[ "$(id -u)" = 0 ] || { echo "SKIP: icinga2 can run only as root"; return; }
	[ -x /usr/sbin/icinga2 ] || { echo "SKIP: icinga2 is not installed"; return; }
	local shipped
	shipped=$stage$(make_variable docdir)/icinga2-vigil.conf
	check "the sample for icinga2 has the installed path of vigilctl" grep -qF "\"$(make_variable bindir)/vigilctl\"" "$shipped"
	{
		printf 'include <itl>\n'
		sed "s|$(make_variable bindir)/vigilctl|$vigilctl|" "$shipped"
		# The example of a service in its comment is loaded, too.
		sed -n 's/^ \*   //p' "$shipped"
		printf 'object Endpoint "master" {}\nobject Zone "master" { endpoints = [ "master" ] }\n'
		printf 'object Endpoint "h" {}\nobject Zone "h" { endpoints = [ "h" ]; parent = "master" }\n'
		printf 'object Host "h" { zone = "master"; check_command = "dummy"; vars.vigil = true }\n'
		printf 'object Service "s" { host_name = "h"; check_command = "vigil"; vars.vigil_daemon = "bad"\n'
		printf 'vars.vigil_socket = "%s"; vars.vigil_warning = "1:2"; vars.vigil_pointer = "/x" }\n' "$work/control.sock"
	} >"$work/icinga2.conf"
	mkdir -p "$work/data" && chmod -R a+rX "$work" && chown -R nagios "$work/data"
	check "icinga2 accepts the shipped CheckCommand" icinga2 daemon -C -c "$work/icinga2.conf" \
		-DNodeName=master -DDataDir="$work/data" -DCacheDir="$work/data" -DLogDir="$work/data" -DInitRunDir="$work/data" -DSpoolDir="$work/data"
	check "icinga2 accepts the shipped example of a service" grep -q 'Instantiated 2 Services' "$work/icinga.out"
}
icinga >"$work/icinga.out" 2>&1
grep -E '^(ok|not ok|SKIP)' "$work/icinga.out"
[ "$failed" -eq 0 ] || cat "$work/icinga.out"
check "vigild stops" stop_vigild
[ "$failed" -eq 0 ] || tail -30 "$work/log"
finish
