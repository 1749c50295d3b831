#!/bin/bash
# Init scripts and pidfiles as evidence, without systemd: scripts without a `status` verb, scripts that contradict
# the pidfile, a stop by an admin that leaves the pidfile behind, a stop by dpkg while it holds its lock, and
# pidfiles with more than one line.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

install_staged
# A private directory for dpkg, in which no other process of the machine holds a lock.
if [ -z "${VIGIL_OWN_DPKG:-}" ]; then
	if unshare --mount --propagation private mount -t tmpfs tmpfs /var/lib/dpkg 2>/dev/null; then
		VIGIL_OWN_DPKG=yes exec unshare --mount --propagation private bash "$0"
	fi
	VIGIL_OWN_DPKG=no
fi
if [ "$VIGIL_OWN_DPKG" = yes ]; then
	mount -t tmpfs tmpfs /var/lib/dpkg
	mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates /var/lib/dpkg/triggers
	touch /var/lib/dpkg/status /var/lib/dpkg/available
	settings=("restart_rate = 0" "upgrade_wait = 1h")
fi

set_paths
work=$(mktemp -d)
chmod 755 "$work"
mkdir "$work/init.d" "$work/run"
write_serve
clean_up() {
	local file
	stop_watching
	for file in "$work"/*.starts; do end_process KILL "$(tail -n 1 "$file")"; done
	rm -rf "$work"
}
trap clean_up EXIT

# script NAME STATUS [HEADER [WRITE]]: an init script.  STATUS is its command for `status`, in which `runs`
# succeeds while the daemon lives.  WRITE is the command that writes the pidfile.
script() {
	cat >"$work/init.d/$1" <<-EOF_SCRIPT
		#!/bin/sh
		${3:-#}
		pidfile=$work/run/$1.pid
		pid() { tail -n 1 "$work/$1.starts" 2>/dev/null; }
		runs() { [ "\$(cat "/proc/\$(pid)/comm" 2>/dev/null)" = sleep ] && kill -0 "\$(pid)"; }
		start() {
			setsid "$work/serve" $1 </dev/null >/dev/null 2>&1 &
			pid=\$!
			${4:-echo \$pid >\$pidfile}
			# Waits until the daemon has recorded its start.
			while [ "\$(pid)" != \$pid ] && kill -0 \$pid; do sleep 0.02; done
		}
		stop() {
			runs && kill "\$(pid)" || return 0
			for i in \$(seq 1000); do runs || break; sleep 0.05; done
			${remains:-rm -f \$pidfile}
		}
		usage() { echo "Usage: \$0 {start|stop|restart}" >&2; }
		case \$1 in
		start) start ;;
		stop) stop ;;
		restart) stop; start ;;
		status) $2 ;;
		*) usage; exit 2 ;;
		esac
	EOF_SCRIPT
	chmod 755 "$work/init.d/$1"
}
# watched NAME STATUS HEADER WRITE OPTION...: such an init script, and a daemon for it
watched() {
	script "${@:1:4}"
	daemon "$1" manager=lsb "init_dir=$work/init.d" "${@:5}"
}
named() { echo "# pidfile: $work/run/$1.pid"; } # in the header
run_script() { "$work/init.d/$1" "$2" >/dev/null 2>&1; }
runs_again() { starts_are "$1" "$2" && health_is "$1" OK "$1 is running, pid $(last_start "$1")"; }

# --- scripts without a status verb ----------------------------------------------------------------

for code in 0 1 2 3; do watched usage-$code "usage; exit $code" "$(named usage-$code)" ""; done
watched usage-option "usage; exit 0" "" "" "pidfile=$work/run/usage-option.pid"

no_status_verb() { # NAME TEXT
	local name=$1 text="a script without a status verb that $2" pid
	eventually "$text: a service without a pidfile is down, and started" runs_again "$name" 1
	checked "$name"
	check "$text: a service whose pidfile names a living process is left alone" runs_again "$name" 1
	end_process KILL "$(last_start "$name")"
	eventually "$text: a service whose pidfile names a dead process is restarted" runs_again "$name" 2
	check "$text: a service whose pidfile names a dead process was CRITICAL" was "$name" CRITICAL
	# Like a daemon that removes its pidfile and exits.
	pid=$(last_start "$name")
	rm -f "$work/run/$name.pid"
	end_process TERM "$pid"
	eventually "$text: a service that removed its pidfile and exited is restarted" runs_again "$name" 3
	checked "$name"
	check "$text: a service that was restarted is left alone" runs_again "$name" 3
}

watched blind-0 "usage; exit 0" "" ""
watched blind-3 "usage; exit 3" "" ""
no_status_and_no_pidfile() { # NAME TEXT
	local text="a script without a status verb that $2, and without a known pidfile,"
	eventually "$text is UNKNOWN" health_is "$1" UNKNOWN
	checked "$1"
	check "$text is not restarted in ten checks" starts_are "$1" 0
	check "$text was never OK" never was "$1" OK
}

# --- scripts that contradict the pidfile ----------------------------------------------------------

for code in 1 2 3; do
	watched silent-$code "exit $code" "" "" "pidfile=$work/run/silent-$code.pid"
	watched header-$code "exit $code" "$(named header-$code)" ""
done
contradicts_the_pidfile() { # NAME CODE TEXT
	local name=$1 pid text="a script whose status exits $2 while the pidfile $3 names a living process"
	pid=$(last_start "$name")
	eventually "$text: the service is UNKNOWN, and the text names the process" \
		health_is "$name" UNKNOWN "$pid"
	check "$text: the service is UNKNOWN, and the text names the script" health_is "$name" UNKNOWN script
	check "$text: the service is UNKNOWN, and the text names the pidfile" health_is "$name" UNKNOWN pidfile
	check "$text: the value is unknown" value_is "$name" unknown
	checked "$name" 20
	check "$text: the service is not restarted in twenty checks" \
		eval "starts_are $name 1 && restarts_are $name 0"
	check "$text: the service was never CRITICAL" never was "$name" CRITICAL
	end_process KILL "$pid"
	eventually "$text: the service is restarted when that process has been killed" starts_are "$name" 2
}

# --- an admin's stop that leaves the pidfile ------------------------------------------------------

# The stop takes a while after the daemon's death, and leaves the pidfile.
remains="sleep 0.3"
for code in 1 3; do
	watched stopped-$code "runs || exit $code" "$(named stopped-$code)" "" restart_on=failed
done
stopped_by_an_admin() { # NAME CODE
	local name=$1 text="an admin's stop leaves the pidfile, and status exits $2 after it"
	eventually "$text: the service is running at first" runs_again "$name" 1
	run_script "$name" stop
	check "$text: the pidfile is there after the stop" [ -s "$work/run/$name.pid" ]
	eventually "$text: the service is stopped" value_is "$name" stopped
	checked "$name"
	check "$text: the service is still stopped after ten checks" value_is "$name" stopped
	check "$text: the service never had the value failed" never had "$name" value failed
	check "$text: the stop is not undone" starts_are "$name" 1
	check "$text: the decision says that it was stopped cleanly" decision_says "$name" "stopped cleanly"
	run_script "$name" start
	eventually "$text: the service is running when the admin has started it" runs_again "$name" 2
	check "$text: the admin's start is not counted as a restart" restarts_are "$name" 0
	end_process KILL "$(last_start "$name")"
	eventually "$text: the service is restarted when it crashes later" runs_again "$name" 3
	check "$text: the value was failed after the later crash" had "$name" value failed
}

# dpkg runs the stop of the script.  A service that was stopped cleanly is not restarted while dpkg holds its
# lock, although restart_on = stopped.
watched packaged "runs || exit 3" "$(named packaged)" ""
watched packaged-rare "runs || exit 3" "$(named packaged-rare)" "" interval=1h
remains=

# package VERSION: builds a package whose upgrade stops the services, waits for the fifo, and starts nothing
package() {
	local dir=$work/package-$1
	mkdir -p "$dir/DEBIAN"
	printf 'Package: packaged\nVersion: %s\nArchitecture: all\nMaintainer: nobody\nDescription: test\n' \
		"$1" >"$dir/DEBIAN/control"
	printf '#!/bin/sh\n[ "$1" != upgrade ] || { %s stop; %s stop; }\n' "$work/init.d/packaged" \
		"$work/init.d/packaged-rare" >"$dir/DEBIAN/prerm"
	printf '#!/bin/sh\n[ "$1" != upgrade ] || read line <%s\n' "$work/go" >"$dir/DEBIAN/preinst"
	chmod 755 "$dir"/DEBIAN/p*
	dpkg-deb --build "$dir" "$work/$1.deb" >/dev/null
}
install_package() {
	dpkg --force-not-root --force-bad-path --log="$work/dpkg.log" -i "$work/$1.deb" >>"$work/dpkg" 2>&1
}
stopped_below_dpkg() {
	local text="a service that a package's script stopped" rare="a service that is checked once an hour" dpkg ticks
	mkfifo "$work/go"
	package 1
	package 2
	install_package 1 || { cat "$work/dpkg"; not_ok "a package can be installed"; }
	ticks=$(get /runs/packaged-rare/ticks)
	install_package 2 & dpkg=$!
	eventually "$text is stopped" value_is packaged stopped
	eventually "$text is left alone, and the decision names dpkg" decision_says packaged dpkg
	eventually "$rare and that a package's script stopped is stopped" value_is packaged-rare stopped
	checked packaged
	check "$text is not started while dpkg holds its lock" starts_are packaged 1
	check "$rare and that a package's script stopped is not started while dpkg holds its lock" \
		starts_are packaged-rare 1
	check "$text never had the value failed" never had packaged value failed
	check "$rare and that a package's script stopped never had the value failed" \
		never had packaged-rare value failed
	check "dpkg still holds its lock" kill -0 $dpkg
	echo >"$work/go"
	wait $dpkg
	eventually "$text is started when dpkg has released its lock" runs_again packaged 2
	eventually "$rare and that a package's script stopped is started when dpkg has released its lock" \
		runs_again packaged-rare 2
	check "$rare is started before its next check is due" is /runs/packaged-rare/ticks "$ticks"
}

# --- forms of pidfiles ----------------------------------------------------------------------------

postmaster='printf "%s\n" $pid /var/lib/postgresql/15/main 1700000000 5432 /var/run/postgresql "" \
	"  5432001         0" "ready   " >$pidfile'
sendmail='printf "%s\n" $pid "/usr/sbin/sendmail-mta -L sm-mta -bd -q10m -O DaemonPortOptions=Port=2525" >$pidfile'
blanks='printf "  \t%s" $pid >$pidfile'
watched postmaster "usage; exit 3" "$(named postmaster)" "$postmaster"
watched sendmail "usage; exit 3" "$(named sendmail)" "$sendmail"
watched blanks "usage; exit 3" "$(named blanks)" "$blanks"
watched several-lines "runs || exit 1" "" "$postmaster" "pidfile=$work/run/several-lines.pid"
pidfile_of_a_form() { # NAME TEXT
	eventually "$2 is used: the service is OK with that pid" runs_again "$1" 1
	checked "$1"
	check "$2 is used: the service is not restarted" starts_are "$1" 1
	end_process KILL "$(last_start "$1")"
	eventually "$2 is used: the service is restarted when that process was killed" runs_again "$1" 2
}

# --- all situations -------------------------------------------------------------------------------

for name in silent-{1,2,3} header-{1,2,3} stopped-{1,3} packaged packaged-rare postmaster sendmail blanks \
	several-lines; do
	run_script $name start
done
start_watching
situations=()
for code in 0 1 2 3; do
	situations+=("no_status_verb usage-$code 'prints its usage and exits $code'")
done
for code in 1 2 3; do
	situations+=("contradicts_the_pidfile silent-$code $code 'in the configuration'"
		"contradicts_the_pidfile header-$code $code 'in its header'")
done
run_situations "${situations[@]}" \
	"no_status_verb usage-option 'prints its usage and exits 0, with pidfile = in the configuration'" \
	"no_status_and_no_pidfile blind-0 'exits 0'" "no_status_and_no_pidfile blind-3 'exits 3'" \
	"stopped_by_an_admin stopped-1 1" "stopped_by_an_admin stopped-3 3" \
	"pidfile_of_a_form postmaster 'a pidfile of several lines, like postmaster.pid,'" \
	"pidfile_of_a_form sendmail 'a pidfile with a command in its second line, like that of sendmail,'" \
	"pidfile_of_a_form blanks 'a pidfile with leading blanks and without a newline'" \
	"pidfile_of_a_form several-lines 'a pidfile of several lines, together with a script that has a status verb,'"
if [ "$VIGIL_OWN_DPKG" = no ]; then
	echo "SKIP: this machine allows no private mounts: a stop by dpkg is not tested"
elif ! command -v dpkg-deb >/dev/null; then
	echo "SKIP: dpkg is not installed: a stop by dpkg is not tested"
else
	run_situations stopped_below_dpkg
fi
check "vigild stops with status 0" stop_watching
finish
