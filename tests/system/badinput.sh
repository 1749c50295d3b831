#!/bin/bash
# Invalid input to vigild and vigilctl.  Each wrong file, option or argument gets an error that names its place, and a
# running vigild is not disturbed.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT

# refused TEXT PATTERN: checks that vigild -t refuses the sections on stdin with a message that matches the pattern
refused() {
	local text=$1 pattern=$2
	write_conf
	if "$vigild" -t -c "$work/vigil.conf" >/dev/null 2>"$work/out"; then
		not_ok "$text: vigild -t accepts it"
	else
		check "$text" grep -qE "$pattern" "$work/out"
	fi
}
# refused_in_vigil TEXT PATTERN LINE...: the same for lines of [vigil]
refused_in_vigil() {
	local text=$1 pattern=$2; shift 2
	write_conf </dev/null
	printf '%s\n' "$@" >>"$work/vigil.conf"
	if "$vigild" -t -c "$work/vigil.conf" >/dev/null 2>"$work/out"; then
		not_ok "$text: vigild -t accepts it"
	else
		check "$text" grep -qE "$pattern" "$work/out"
	fi
}
start_refused() {
	timeout 120 "$vigild" -c "$work/vigil.conf" >/dev/null 2>"$work/out"
	check "$1: vigild does not start and exits with 1" [ $? = 1 ]
}

refused "vigild -t refuses an unknown section and suggests the right one" 'vigil.conf:8: unknown section \[deamons\]; did you mean \[daemons\]\?' <<'C'
[deamons]
C
start_refused "an unknown section"
refused "vigild -t refuses an unknown key and suggests the right one" 'vigil.conf:12: unknown option "intervall".*did you mean "interval"' <<'C'
[daemons]
a = yes
[daemon:a]
module = exec
intervall = 5s
C
check "vigild -t reports a missing option in the same run as an unknown one" grep -q 'command is missing in \[daemon:a\]' "$work/out"
refused "vigild -t refuses a misspelled boolean in [daemons]" 'vigil.conf:9: a = "yse": invalid value; did you mean "yes"' <<'C'
[daemons]
a = yse
C
refused "vigild -t refuses a module that does not exist in [daemons]" 'vigil.conf:9: daemon "a": no such module "servise"' <<'C'
[daemons]
a = servise
C
refused "vigild -t refuses two modules for one daemon" 'vigil.conf:9: a = service, but module = exec in \[daemon:a\] \(' <<'C'
[daemons]
a = service
[daemon:a]
module = exec
command = /bin/true
C
refused "vigild -t reports an invalid default of a module once" 'vigil.conf:9: interval = "5x": is not a duration' <<'C'
[module:service]
interval = 5x
[daemons]
a = service
b = service
C
check "the default is reported for none of the daemons" [ "$(grep -c 'not a duration' "$work/out")" = 1 ]
refused "vigild -t refuses an invalid duration" 'interval = "5x": is not a duration' <<'C'
[daemon:a]
module = service
service = x
interval = 5x
C
refused "vigild -t refuses a module that does not exist" 'no such module "nosuch" in .*/modules' <<'C'
[daemons]
a = yes
[daemon:a]
module = nosuch
C
refused "vigild -t refuses a line without =" 'vigil.conf:9: missing "="' <<'C'
[daemons]
a yes
C
refused "vigild -t refuses a duplicate key" 'vigil.conf:10: duplicate key "a" \(first defined at line 9\)' <<'C'
[daemons]
a = yes
a = no
C
refused "vigild -t refuses two daemons whose names differ only by case" 'differ only in case' <<'C'
[daemon:a]
module = service
service = x
[daemon:A]
module = service
service = y
C
for name in ../etc/passwd -Hroot@evil a/b "$(printf 'x%.0s' $(seq 300))" 'a b' 'a;b' '$(id)'; do
	refused "vigild -t refuses the service name ${name:0:20}" 'is not a valid service name' <<C
[daemon:a]
module = service
service = $name
C
done
# --- values without an effect ---------------------------------------------------------------------

for deny in 'mydb # never' '"mydb"' "'mydb', dbus" 'mydb dbus' 'mydb;dbus' 'mydb ; dbus' 'mydb,,dbus' 'mydb,' \
	'-mydb' 'my/db' '[m]ydb' 'mydb|dbus'; do
	refused_in_vigil "deny = $deny, which would protect no service, is refused" \
		'vigil.conf:[0-9]*: deny = .*(its element|an empty element)' "deny = $deny"
done
refused_in_vigil "a comment after a list is refused with a hint" 'a comment after a value is not supported' 'deny = mydb # never'
refused_in_vigil "quotes around an element of a list are refused with a hint" 'quotes around a value are not supported' 'deny = "mydb"'
refused_in_vigil "quotes around a group are refused with a hint" 'group = ""adm"": .*quotes around a value are not supported' 'group = "adm"'
refused_in_vigil "a comment after a number is refused with a hint" 'workers = .*a comment after a value is not supported' 'workers = 4 # four'
refused_in_vigil "a comment after a word is refused with a hint" 'log_level = .*a comment after a value is not supported' 'log_level = info ; loud'

# service TEXT PATTERN LINE...: a daemon of the module service with these lines is refused
service() {
	local text=$1 pattern=$2; shift 2
	refused "$text" "vigil.conf:[0-9]*: $pattern" \
		< <(printf '[daemons]\na = yes\n[daemon:a]\nmodule = service\n'; printf '%s\n' "$@")
}
service "a probe of a Unix socket with a relative path is refused" 'probe = "unix:.*is absolute' 'service = x' 'probe = unix:x.sock'
service "a probe that expects an invalid regular expression is refused" 'probe_expect = .*is not a regular expression' \
	'service = x' 'probe = tcp://127.0.0.1:80' 'probe_expect = ~ ('
service "a probe that sends an unknown escape is refused" 'probe_send = .*is no escape' \
	'service = x' 'probe = tcp://127.0.0.1:80' 'probe_send = \q'
[ ! -e "$modules/icinga/icinga.so" ] || # built without OpenSSL
	service "a probe with a CA that does not exist is refused" 'probe_tls_ca = .*No such file' \
		'service = x' 'probe = tls://127.0.0.1:80' 'probe_tls_ca = /no/such'
service "a probe without a port is refused" 'probe = .*missing port' 'service = x' 'probe = tcp://127.0.0.1'
service "a probe of something that is no host is refused" 'probe = .*is not an address and not a host name' \
	'service = x' 'probe = tcp://1.2.3:5432'
service "a probe without tcp:// is refused, and the right form is suggested" 'probe = .*did you mean tcp://127.0.0.1:80' \
	'service = x' 'probe = 127.0.0.1:80'
service "a probe whose program is missing is refused" 'probe = .*no such program: /no/such' \
	'service = x' 'probe = /no/such/program -x'
service "a probe whose program is not in the PATH is refused" 'probe = .*no such program in PATH: "nosuchprogram"' \
	'service = x' 'probe = nosuchprogram'
service "a probe that cannot be executed is refused" 'probe = .*chmod \+x' 'service = x' 'probe = /etc/passwd'
for command in '/bin/ps ax | grep x' '/bin/true; /bin/true' '/bin/true && /bin/true' '/bin/echo x > /tmp/x' \
	'/bin/kill -0 $(cat /run/x.pid)' '/bin/kill -0 `cat /run/x.pid`' '/bin/kill -0 "$(cat /run/x.pid)"' \
	'/bin/echo $HOME' '/bin/true 2>&1' '/bin/true &'; do
	service "the probe $command, which needs a shell, is refused" 'probe = .*no shell is run' \
		'service = x' "probe = $command"
	service "the status_command $command, which needs a shell, is refused" 'status_command = .*no shell is run' \
		'service = x' 'manager = command' "status_command = $command"
done
service "a comment after a command is refused" 'probe = .*a comment after a value is not supported' 'service = x' 'probe = /bin/true # ok'
service "the name of a timer is refused as a service" 'service = "foo.timer": .*foo.service' 'service = foo.timer'
service "the name of a socket unit is refused as a service under systemd" 'service = "foo.socket"' 'service = foo.socket' 'manager = systemd'
service "the name of a template is refused as a service" 'service = "foo@": .*foo@INSTANCE' 'service = foo@'
service "quotes around the name of a service are refused with a hint" 'service = .*quotes around a value are not supported' 'service = "nginx"'
service "manager = command without a status_command is refused" 'manager = "command": needs a status_command' \
	'service = x' 'manager = command' 'restart_command = /bin/true'
service "a status_command that is missing is refused" 'status_command = .*no such program:' \
	'service = x' 'manager = command' 'status_command = /no/such'
service "a command of another manager is refused" 'status_command = .*never run with manager = systemd' \
	'service = x' 'manager = systemd' 'status_command = /bin/true'
service "after = nosuch is refused" 'after = "nosuch": no such daemon "nosuch"' 'service = x' 'after = nosuch'
service "a daemon that waits for itself is refused" 'after = "a": the daemon "a" names itself' 'service = x' 'after = a'
service "two names in after without a comma are refused" 'after = .*its element "b c"' 'service = x' 'after = b c'

# chain AFTER...: daemons a, b and c, each with its own after
chain() {
	printf '[daemons]\na = yes\nb = yes\nc = yes\noff = no\n[daemon:off]\nmodule = service\nservice = off\n'
	for name in a b c; do
		printf '[daemon:%s]\nmodule = service\nservice = s%s\n' $name $name
		[ -z "$1" ] || printf 'after = %s\n' "$1"
		shift
	done
}
refused "daemons that wait for each other are refused, and the message names them" 'vigil.conf:19: .*dependency cycle: a -> b -> c -> a' \
	< <(chain b c a)
refused "a misspelt daemon in after is refused, and the right name is suggested" 'vigil.conf:13: .*no such daemon "bd"; did you mean "db"' <<'C'
[daemons]
web = yes
db = yes
[daemon:web]
module = service
after = bd
service = web
[daemon:db]
module = service
service = db
C
refused "a daemon in after that is not enabled is refused" 'the daemon "off" is not enabled' < <(chain off '' '')
write_conf < <(chain 'b, c' c '')
check "two paths of after to the same daemon are accepted" "$vigild" -t -c "$work/vigil.conf"
write_conf <<'C'
[daemons]
a = yes
b = yes
[daemon:a]
module = service
service = nginx
[daemon:b]
module = service
service = nginx.service
C
check "two daemons for one service are accepted" eval '"$vigild" -t -c "$work/vigil.conf" >/dev/null 2>"$work/out"'
check "vigild -t prints a note about two daemons for one service" \
	grep -q 'vigil.conf:16: note: the daemons "a" and "b" watch the same service' "$work/out"

# module NAME TEXT PATTERN LINE...: a daemon of that module with these lines is refused
module() {
	local name=$1 text=$2 pattern=$3; shift 3
	[ -e "$modules/$name/$name.so" ] || { echo "SKIP: $text: the module $name was not built"; return; }
	refused "$text" "vigil.conf:[0-9]*: $pattern" \
		< <(printf '[daemons]\na = yes\n[daemon:a]\nmodule = %s\n' "$name"; printf '%s\n' "$@")
}
module http "a host name in listen of the http module is refused" 'listen = "localhost:5669"' 'listen = localhost:5669'
module http "a comment after an address is refused with a hint" 'listen = .*a comment after a value is not supported' 'listen = 127.0.0.1:5669 # here'
module system "a percent sign in a range is refused" 'disk_warning = "90%"' 'disk_warning = 90%'
module system "quotes around a range are refused with a hint" 'disk_warning = .*quotes around a value are not supported' 'disk_warning = "90"'
for to in '"CRITICAL"' critical 'CRITICAL WARNING' 'CRITICAL;WARNING' CRTICAL; do
	module notify "to = $to, which never matches, is refused" 'to = .*its element' 'command = /bin/true' "to = $to"
done
module notify "a level in lower case is refused, and the right one is suggested" 'to = .*did you mean "CRITICAL"' 'command = /bin/true' 'to = critical'
module exec "an environment variable without a value is refused" 'environment = .*is not NAME=VALUE' 'command = /bin/true' \
	'environment = PATH'
module average "a source of the average module that is not a pointer is refused" 'source = ' 'source = load'
module icinga "a url of the icinga module without https is refused" 'url = .*is not https://' 'url = http://master:5665'

write_conf <<'C'
[daemons]
a = yes
[daemon:a]
module = service
service = foo.timer
C
start_refused "an option that a module refuses"
check "vigild prints on stderr why a module refuses an option" grep -q 'vigil.conf:12: service = "foo.timer"' "$work/out"

# The quotes inside a command are for that command, so they are no mistake.
write_conf < <(printf '[daemons]\na = yes\n[daemon:a]\nmodule = service\nservice = x\nprobe = "/bin/true" %s\n' "'# ;'")
check "quotes inside a command are accepted" eval '"$vigild" -t -c "$work/vigil.conf" 2>"$work/out" >&2'
check "vigild -t prints no note about quotes inside a command" eval '! grep -q note "$work/out"'

refused "vigild -t refuses the daemon name ../x" 'invalid daemon name "../x"' <<'C'
[daemons]
../x = yes
C
printf '[daemons]\na\0b = yes\n' >"$work/vigil.conf"
"$vigild" -t -c "$work/vigil.conf" 2>"$work/out"
check "vigild -t names the line of a NUL byte" grep -q 'vigil.conf:2: this line contains a NUL byte' "$work/out"
"$vigild" -t -c "$work/none.conf" 2>"$work/out"
check "vigild -t says that vigil.conf does not exist" grep -q 'none.conf: no such file' "$work/out"
: >"$work/empty.conf"
check "vigild -t accepts an empty vigil.conf" "$vigild" -t -c "$work/empty.conf"

"$vigild" --nonsense 2>/dev/null; check "vigild exits with 2 for an unknown option" [ $? = 2 ]
"$vigild" -l loud 2>"$work/out"; check "vigild exits with 2 for an unknown log level" [ $? = 2 ]
"$vigild" argument 2>/dev/null; check "vigild exits with 2 for an unexpected argument" [ $? = 2 ]

# A module that other users may write is refused, and the other daemons still run.
mkdir -p "$work/modules/service" "$work/modules/bad"
cp "$modules/service/service.so" "$work/modules/service/"
cp "$modules/service/service.so" "$work/modules/bad/bad.so"
chmod -R go-w "$work/modules"
modules=$work/modules
write_conf <<'C'
[daemons]
good = yes
evil = yes
[daemon:good]
module = service
service = x
manager = command
status_command = /bin/true
[daemon:evil]
module = bad
C
start_vigild
check "a module in a file with another name is refused" wait_for 10 is /runs/evil/status failed
check "the log says that the module has another name" grep -q 'calls itself "service"' "$work/log"
check "a daemon runs although the module of another one was refused" wait_for 10 is /runs/good/status running
chmod 666 "$work/modules/bad/bad.so"
ctl reload >/dev/null
check "a module that others may write is refused" grep -q 'bad.so may be written by others' "$work/log"
if [ "$(id -u)" = 0 ]; then
	chmod 644 "$work/modules/bad/bad.so"; chown 12345 "$work/modules/bad/bad.so"
	ctl reload >/dev/null
	check "a module that belongs to another user is refused" grep -q 'belongs to uid 12345' "$work/log"
fi

"$vigild" -c "$work/vigil.conf" 2>"$work/out"
check "a second vigild on the same pipe is refused" [ $? = 1 ]
check "a second vigild says that another one reads the pipe" grep -q 'another vigild reads it; stop that vigild' "$work/out"
sed "s|^pipe = .*|pipe = $work/other.pipe|" "$work/vigil.conf" >"$work/other.conf"
"$vigild" -c "$work/other.conf" 2>"$work/out"
check "a second vigild on the same socket is refused" [ $? = 1 ]
check "a second vigild says that another one answers on the socket" grep -q 'another vigild answers on' "$work/out"
check "a second vigild that was refused leaves no pipe behind" [ ! -e "$work/other.pipe" ]
check "the first vigild still answers after others were refused" ctl -q version

ctl stauts 2>"$work/out"; check "vigilctl exits with 2 for a misspelt verb" [ $? = 2 ]
check "vigilctl suggests the right verb" grep -q 'did you mean "status"' "$work/out"
ctl get nonsense 2>"$work/out"; check "vigilctl get exits with 1 for an invalid pointer" [ $? = 1 ]
ctl get /nothing/here 2>"$work/out"; check "vigilctl get exits with 1 for a pointer without a value" [ $? = 1 ]
ctl status goood 2>"$work/out"; check "vigilctl status exits with 1 for a misspelt daemon" [ $? = 1 ]
check "vigilctl status suggests the right daemon" grep -q 'did you mean "good"' "$work/out"
"$vigilctl" -s "$work/nosuch.sock" status 2>"$work/out"; check "vigilctl exits with 4 if no vigild runs" [ $? = 4 ]
check "vigild stops with status 0" stop_vigild
check "vigild has removed its socket and its pipe" [ ! -e "$work/control.sock" -a ! -e "$work/control.pipe" ]
[ "$failed" -eq 0 ] || tail -50 "$work/log"
finish
