# icinga-lib.sh: a real icinga2 as the master, for tests that run in separate namespaces; sourced after lib.sh.

# Skips the test if the machine cannot run such a master.
master_or_skip() {
	local program
	[ "$(id -u)" = 0 ] || skip_all "a separate icinga2 master needs root"
	for program in /usr/sbin/icinga2 /sbin/ip /usr/bin/python3; do
		[ -x "$program" ] || skip_all "$program is not installed"
	done
	unshare -m -p -n -f true 2>/dev/null || skip_all "this machine allows no namespaces"
}

# Inside the namespaces: copies of icinga2's directories in $work are mounted over those of the machine, and
# the master gets the name master.test.
prepare_master() {
	ip link set lo up
	mount -t tmpfs tmpfs /run
	mkdir -p "$work/etc" "$work/lib"
	cp -a /etc/icinga2/. "$work/etc"
	cp -a /var/lib/icinga2/. "$work/lib"
	mount --bind "$work/etc" /etc/icinga2
	mount --bind "$work/lib" /var/lib/icinga2
	cp /etc/hosts "$work/hosts"
	mount --bind "$work/hosts" /etc/hosts
	icinga2 api setup --cn master.test >"$work/setup.log" 2>&1 ||
		{ cat "$work/setup.log"; not_ok "icinga2 api setup works"; exit 1; }
}

# configure_master: writes the master's configuration with the objects on stdin and the user of `ask`
configure_master() {
	{
		printf 'include "constants.conf"\ninclude "zones.conf"\ninclude <itl>\n'
		printf 'include "features-enabled/*.conf"\n'
		printf 'object ApiUser "reader" { password = "r"; permissions = [ "*" ] }\n'
		cat
	} >/etc/icinga2/icinga2.conf
	chown -R nagios:nagios /etc/icinga2 /var/lib/icinga2
}
api_is_up() { ask /v1/status >/dev/null 2>&1; }
start_master() { /etc/init.d/icinga2 start >"$work/start.log" 2>&1 && wait_for 60 api_is_up; }
stop_master() { /etc/init.d/icinga2 stop >/dev/null 2>&1; }
# ask PATH: prints the answer of the API for this path
ask() {
	python3 - "$1" <<'P'
import base64, ssl, sys, urllib.request
request = urllib.request.Request("https://127.0.0.1:5665" + sys.argv[1])
request.add_header("Authorization", "Basic " + base64.b64encode(b"reader:r").decode())
request.add_header("Accept", "application/json")
print(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=60).read().decode())
P
}
