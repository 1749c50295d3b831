#!/bin/bash
# On a machine with a German locale, real plugins run with the numbers and messages of the C locale,
# unless their configuration says otherwise.  The plugins query a page that the same vigild serves.
. "$(dirname "$0")/lib.sh" || exit 1
plugins=/usr/lib/nagios/plugins
german=de_DE.UTF-8
[ -x $plugins/check_tcp ] && [ -x $plugins/check_http ] || skip_all "no check_tcp and check_http in $plugins"
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
if ! locale -a 2>/dev/null | grep -qix 'de_DE.utf-\{0,1\}8'; then
	mkdir "$work/locale"
	localedef -i de_DE -f UTF-8 "$work/locale/$german" >/dev/null 2>&1
	[ -d "$work/locale/$german" ] || skip_all "there is no locale $german and localedef cannot make it"
	export LOCPATH=$work/locale
fi
install_staged
set_paths

# plugin NAME COMMAND [OPTION]: a section of a daemon
plugin() {
	printf '[daemon:%s]\nmodule = exec\ncommand = %s\ninterval = 300ms\n' "$1" "$2"
	[ $# = 2 ] || printf '%s\n' "$3"
}
# sections [PORT]: without a port only the page
sections() {
	printf '[daemons]\nhttp = yes\n'
	[ $# = 0 ] || printf '%s = yes\n' tcp web german refused
	printf '[daemon:http]\nlisten = 127.0.0.1:0\n'
	[ $# = 1 ] || return 0
	plugin tcp "$plugins/check_tcp -H 127.0.0.1 -p $1 -w 8.5 -c 9.5 -t 10"
	plugin web "$plugins/check_http -H 127.0.0.1 -p $1 -u /metrics -w 8.5 -c 9.5 -t 10"
	plugin german "$plugins/check_tcp -H 127.0.0.1 -p $1 -w 0,5 -c 9,5 -t 10" 'environment = LC_ALL=de_DE.UTF-8'
	plugin refused "$plugins/check_tcp -H 127.0.0.1 -p 1"
}
port() { ctl get /daemons/http/listen 2>/dev/null | grep -o '127.0.0.1:[0-9]*' | cut -d: -f2; }
level() { is "/runs/$1/health/level" "$2"; }
text_has() { case $(get "/runs/$1/health/text") in *"$2"*) ;; *) false ;; esac; }
warn_is() { awk -v warn="$(get "/daemons/$1/perfdata/time/warn")" -v want="$2" 'BEGIN { exit warn + 0 != want + 0 }'; }

# under HOW ASSIGNMENT...: checks a vigild that has these assignments in its environment
under() {
	local how=$1 daemon; shift
	sections | write_conf
	export "$@"
	start_vigild
	for assignment; do unset "${assignment%%=*}"; done
	wait_for 10 eval '[ -n "$(port)" ]'
	sections "$(port)" | write_conf
	check "$how: the configuration is loaded" ctl -q reload
	for daemon in tcp web; do
		check "$how: the plugin of $daemon is within its thresholds" wait_for 30 level $daemon OK
		check "$how: the plugin of $daemon reads its threshold 8.5 as 8.5" wait_for 10 warn_is $daemon 8.5
		check "$how: the time of $daemon arrives as a number" \
			awk "BEGIN { exit !(\"$(get /daemons/$daemon/perfdata/time/value)\" ~ /^[0-9.e-]+\$/) }"
	done
	check "$how: the message of a plugin that fails is English" \
		wait_for 30 text_has refused "Connection refused"
	check "$how: a plugin prints German numbers if its configuration sets LC_ALL" \
		wait_for 30 text_has german " - 0,0"
	check "$how: vigild stops" stop_vigild
}

unset LC_ALL LANG LANGUAGE LC_NUMERIC LC_MESSAGES
check "check_tcp itself prints German messages if LANG is German, so this test can fail" \
	bash -c "LANG=$german $plugins/check_tcp -H 127.0.0.1 -p 1 2>&1 | grep -q abgelehnt"
under "with LANG" LANG=$german
under "with LC_ALL" LC_ALL=$german LANG=C
under "with LANGUAGE and categories" LANG=$german LANGUAGE=de LC_NUMERIC=$german LC_MESSAGES=$german
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
