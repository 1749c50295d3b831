#!/bin/bash
# The shipped unit with each of its hardening profiles, and with every module enabled: vigil-user.conf for an
# ordinary user, vigil-bus.conf for root, and vigil-root.conf for root where vigild runs init scripts.  Each
# profile must reach its score of systemd-analyze security, and must not block anything that vigil needs:
# restarts over the bus and by a script, plugins that use the network or run as another user, the page, the
# system module, messages, and the queue of results for a master.
. "$(dirname "$0")/lib.sh" || exit 1

if [ -z "${VIGIL_IN_SYSTEMD:-}" ]; then
	with_systemd || skip_all "built without systemd"
	for file in /usr/lib/polkit-1/polkitd /usr/libexec/polkitd; do [ ! -x $file ] || polkitd=$file; done
	[ -n "${polkitd:-}" ] || skip_all "polkitd is not installed"
	command -v systemd-sysusers >/dev/null || skip_all "systemd-sysusers is not installed"
	rerun_in_systemd
fi

set_paths
no_leak_check_inside
sbindir=$(make_variable sbindir) bindir=$(make_variable bindir) sysconfdir=$(make_variable sysconfdir)
docdir=$stage$(make_variable docdir)
sysusers=$stage$(make_variable sysusersdir)/vigil.conf
work=/run/vigil-test
mkdir -p $work/conf/conf.d $work/rules.d $work/root/etc
trap 'systemctl stop vigil watched 2>/dev/null; [ ! -e $work/init.d/scripted ] || $work/init.d/scripted stop' EXIT
units=/run/systemd/system
with() { [ -e "$work/modules/$1/$1.so" ]; }

# --- a user, a rule and units for this test -------------------------------------------------------
cp -p /etc/passwd /etc/group $work/root/etc
sed -i '/^vigil:/d' $work/root/etc/passwd $work/root/etc/group
systemd-sysusers --root=$work/root "$sysusers" || not_ok "systemd-sysusers makes the user"
mount --bind $work/root/etc/passwd /etc/passwd
mount --bind $work/root/etc/group /etc/group
sed 's|// "icinga2.service",|"watched.service",|' "$docdir/50-vigil.rules" >$work/rules.d/50-vigil.rules
mount --bind $work/rules.d /etc/polkit-1/rules.d
mount -t tmpfs tmpfs /var/lib
chmod 755 $work $work/rules.d
cp -r "$vigild" "$vigilctl" "$modules" "$stage$(make_variable pkglibdir)"/vigil-{files,sensors} \
	$work
vigilctl=$work/vigilctl
shipped() {
	sed -e "s|$sbindir/vigild|$work/vigild|; s|$bindir/vigilctl|$vigilctl|" \
		-e "s|$sysconfdir/vigil|$work/conf|" "$1"
}
shipped "$stage$(make_variable unitdir)/vigil.service" >$units/vigil.service
printf '[Service]\nExecStart=/bin/sleep 1000000\n' >$units/watched.service

# --- every module ---------------------------------------------------------------------------------
port=8080 # in a network of its own (in-systemd.sh)

cat >$work/fetch <<-'END'
	#!/bin/bash
	# a plugin that uses the network
	exec 3<>"/dev/tcp/127.0.0.1/$1" || { echo "no connection"; exit 2; }
	printf 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$1" >&3
	read -r line <&3
	echo "${line%$'\r'}"
END
chmod 755 $work/fetch
echo secret >$work/password
logged=$work/logged
: >$logged
cat >$work/conf/vigil.conf <<CONF
[vigil]
modules = $work/modules
socket = /run/vigil/control.sock
pipe = /run/vigil/control.pipe
state_dir = /var/lib/vigil

[daemons]
watched = yes
fetch = yes
lines = yes
logs = yes
machine = yes
mean = yes
tell = yes

[daemon:watched]
module = service
service = watched
interval = 1s
backoff = 0
memory_max = 1GiB

[daemon:fetch]
module = exec
command = $work/fetch $port
interval = 1s

[daemon:lines]
module = exec
mode = stream
command = /bin/sh -c "echo '{\"n\": 1}'; exec sleep 1000000"

[daemon:logs]
module = files
path = $work/logged
match = error

[daemon:machine]
module = system
interval = 1s

[daemon:mean]
module = average
source = /vigil/revision
interval = 1s

[daemon:tell]
module = notify
group = 0
command = /bin/sh -c "cat >>/var/lib/vigil/told"
CONF
more=$work/conf/conf.d
! with http || printf '[daemons]\nweb = yes\n[daemon:web]\nmodule = http\nlisten = 127.0.0.1:%s, unix:/run/vigil/http.sock\n' \
	$port >$more/web.conf
# There is no master at this address, so the results for it wait in the queue.
with icinga && openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=nobody -days 2 -keyout /dev/null \
	-out $work/ca.crt 2>/dev/null && cat >$more/master.conf <<CONF
[daemons]
master = yes
[daemon:master]
module = icinga
url = https://127.0.0.1:$((port + 1))
user = vigil
password_file = $work/password
ca = $work/ca.crt
interval = 1s
CONF
daemons() { sed -n 's/^\(.*\) = yes$/\1/p' $work/conf/vigil.conf $more/*.conf; }

ctl() { "$vigilctl" -s /run/vigil/control.sock "$@"; }
main_pid() { systemctl show -P MainPID "$1"; }
back() { local pid; pid=$(main_pid watched); [ "$pid" != 0 ] && [ "$pid" != "$1" ]; }
runs() { is "/runs/$1/status" running; }
has() { get "$1" | grep -q "$2"; }
# The unit and its drop-ins as one file, for an analysis without the running systemd.
security() {
	mkdir -p $work/offline
	cat $units/vigil.service $units/vigil.service.d/*.conf >$work/offline/vigil.service
	systemd-analyze security --no-pager --offline=true --threshold="$1" $work/offline/vigil.service 2>&1
}
at_most() { security "$1" >/dev/null; }
score() { security 100 | sed -n 's/.*exposure level[^:]*: \([0-9.]*\).*/\1/p'; }

# A service with an init script that makes its directories, and that runs as another user.
put_script() {
	mkdir -p $work/init.d
	cat >$work/init.d/scripted <<-'END'
		#!/bin/sh
		# pidfile: /run/scripted/pid
		pid=$(cat /run/scripted/pid 2>/dev/null)
		case $1 in
		start)
			mkdir -p /run/scripted /var/lib/scripted || exit 1
			chown daemon:daemon /run/scripted /var/lib/scripted || exit 1
			setpriv --reuid=daemon --regid=daemon --init-groups sh -c \
				'echo $$ >/run/scripted/pid; echo begun >>/var/lib/scripted/log; exec sleep 1000000' &
			n=0
			until [ "$(cat /run/scripted/pid 2>/dev/null)" = $! ]; do
				n=$((n + 1)); [ $n -lt 500 ] || exit 1; sleep 0.02
			done
			;;
		stop) [ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -f /run/scripted/pid ;;
		restart) "$0" stop; exec "$0" start ;;
		status) [ -n "$pid" ] || exit 3; kill -0 "$pid" 2>/dev/null || exit 1 ;;
		esac
	END
	chmod 755 $work/init.d/scripted
	printf '[daemons]\nscripted = yes\n[daemon:scripted]\nmodule = service\nmanager = lsb\n' >$more/scripted.conf
	printf 'service = scripted\ninit_dir = %s/init.d\ninterval = 1s\nbackoff = 0\n' $work >>$more/scripted.conf
	$work/init.d/scripted start >/dev/null 2>&1 </dev/null
}
scripted_pid() { cat /run/scripted/pid 2>/dev/null; }
scripted_back() { local pid; pid=$(scripted_pid); [ -n "$pid" ] && [ "$pid" != "$1" ] && kill -0 "$pid"; }
script_works() {
	local old
	check "$1: the state of a service with an init script is running" wait_for 15 is /daemons/scripted/service_state/value running
	old=$(scripted_pid)
	crash "$old"
	check "$1: a service that crashed is restarted by its init script" wait_for 30 scripted_back "$old"
	check "$1: a service that its init script restarted runs as its own user" [ "$(stat -c %U "/proc/$(scripted_pid)")" = daemon ]
	check "$1: a service that its init script restarted has the capability bounding set of vigild" [ "$(grep CapBnd "/proc/$(scripted_pid)/status")" = "$(
		grep CapBnd "/proc/$(main_pid vigil)/status")" ]
	check "$1: the state of a service that its init script restarted is running" wait_for 15 is /daemons/scripted/service_state/value running
}

# all_work PROFILE TENTHS USER: checks all modules under this profile, whose exposure level is at most TENTHS / 10
all_work() {
	local profile=$1 old daemon
	mkdir -p $units/vigil.service.d
	shipped "$docdir/$profile" >$units/vigil.service.d/shut.conf
	rm -f /var/lib/vigil/told
	chown "$3" $work/password
	chmod 600 $work/password
	systemctl daemon-reload
	systemctl start watched
	if at_most 100; then
		check "$profile: the exposure level $(score) is at most $2 tenths" at_most "$2"
	else
		echo "SKIP: this systemd-analyze knows neither threshold nor offline"
	fi
	systemctl start vigil || { not_ok "$profile: vigil starts"; return; }
	ok "$profile: vigil starts"
	check "$profile: vigild runs as $3" [ "$(stat -c %U "/proc/$(main_pid vigil)")" = "$3" ]
	for daemon in $(daemons); do
		check "$profile: the daemon $daemon runs" wait_for 15 runs "$daemon"
	done
	check "$profile: the state of a unit is running" wait_for 15 is /daemons/watched/service_state/value running
	old=$(main_pid watched)
	crash "$old"
	check "$profile: a unit that crashed is restarted" wait_for 30 back "$old"
	check "$profile: the command of the notify module is run" wait_for 30 test -s /var/lib/vigil/told
	check "$profile: the object of a stream is stored" wait_for 15 is /daemons/lines/n 1
	check "$profile: the system module has its values" wait_for 15 eval \
		'has /daemons/machine/load . && has /daemons/machine/memory . && has /daemons/machine/disks .'
	echo error >>$work/logged
	check "$profile: the files module finds a new line" wait_for 15 more_than \
		"/daemons/logs/paths/$(echo $logged | sed 's,/,~1,g')/matches" 0
	check "$profile: the average module has its values" wait_for 15 has /daemons/mean .
	if with http; then
		check "$profile: the page is served on loopback" wait_for 15 eval \
			'[[ "$("$work/fetch" $port)" == "HTTP/1.1 200"* ]]'
		check "$profile: the Unix socket of the http module exists" test -S /run/vigil/http.sock
		check "$profile: a plugin uses the network" wait_for 15 has /daemons/fetch/output '^HTTP/1.1 200'
	fi
	[ ! -e $more/master.conf ] ||
		check "$profile: results for a master wait in the queue" wait_for 15 more_than /daemons/master/waiting 0
	[ ! -e $more/other.conf ] ||
		check "$profile: a plugin runs as another user" wait_for 15 is /daemons/other/output daemon
	[ ! -e $more/scripted.conf ] || script_works "$profile"
	check "$profile: vigil reloads" systemctl reload vigil
	check "$profile: vigil stops" systemctl stop vigil
	[ ! -e $more/scripted.conf ] ||
		check "$profile: a service that its init script started runs after vigil has stopped" kill -0 "$(scripted_pid)"
	check "$profile: vigil has never failed" [ "$(systemctl show -P Result vigil):$(
		systemctl show -P NRestarts vigil)" = success:0 ]
	check "$profile: the state is saved" grep -q watched /var/lib/vigil/state.json
	check "$profile: the profile has blocked nothing that vigil needs" eval \
		'! journalctl -u vigil --no-pager | grep -iE "not permitted|read-only file system|bad system call|denied"'
}
check "polkitd starts" systemctl start polkit
all_work vigil-user.conf 16 vigil
# Only root can run a plugin as another user.
printf '[daemons]\nother = yes\n[daemon:other]\nmodule = exec\ncommand = id -un\nformat = text\nuser = daemon\n' >$more/other.conf
all_work vigil-bus.conf 28 root
put_script
all_work vigil-root.conf 40 root
[ "$failed" -eq 0 ] || journalctl -u vigil -u polkit --no-pager | tail -60
finish
