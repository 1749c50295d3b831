#!/bin/bash
# A service directory of runit or s6 that was replaced while its supervisor lives.  The supervisor stays in
# the deleted directory: it can neither start the service again nor write its status.  This test runs the real
# runit and s6.
#
# This happens if the scan directory holds symbolic links, as on Debian and Void: the target of a link is
# replaced, and nothing changes in the scan directory itself.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

has_runit() { command -v runsvdir >/dev/null; }
has_s6() { command -v s6-svscan >/dev/null; }
has_runit || has_s6 || skip_all "neither runit nor s6 is installed"
install_staged
set_paths
work=$(mktemp -d)
mkdir "$work/supervise" "$work/services"
write_serve
scanners=
clean_up() {
	local scanner supervisors
	stop_watching
	for scanner in $scanners; do
		supervisors=$(pgrep -P "$scanner")
		kill -KILL "$scanner" $supervisors 2>/dev/null
		wait "$scanner" 2>/dev/null
	done
	for name in $services; do end_process KILL "$(last_start "$name")"; done
	rm -rf "$work"
}
trap clean_up EXIT

# make_directory NAME: makes the service directory that a package has.  If NAME ends in -apart, its supervise is a
# link to a directory elsewhere.
make_directory() {
	local dir=$work/services/$1
	mkdir "$dir"
	printf '#!/bin/sh\nexec %s/serve %s\n' "$work" "$1" >"$dir/run"
	chmod 755 "$dir/run"
	case $1 in *-apart) ln -s "$work/supervise/$1" "$dir/supervise" ;; esac
}
services=
service() { # MANAGER NAME
	services+=" $2"
	[ "$1" = s6 ] || mkdir "$work/supervise/$2" # which s6-supervise makes itself
	make_directory "$2"
	ln -s "$work/services/$2" "$work/$1/$2"
	daemon "$2" "manager=$1" "service_dir=$work/$1"
}
scan() { # MANAGER COMMAND...
	mkdir "$work/$1"
	service "$1" "$1-within"
	service "$1" "$1-apart"
	# Scanners read a directory again that has changed in the last second.
	touch -d '1 hour ago' "$work/$1"
	"${@:2}" "$work/$1" >>"$work/$1.log" 2>&1 &
	scanners+=" $!"
}
runs_again() { starts_are "$1" "$2" && health_is "$1" OK "$1 is running, pid $(last_start "$1")"; }
parent() { awk '/^PPid:/ { print $2 }' "/proc/$1/status"; }
is_starting() { health_is "$1" WARNING starting; }

says() { [[ "$(get "/runs/$1/health/text")" == *"$2"* ]]; } # says NAME TEXT
replaced() { # SUPERVISOR NAME TEXT
	local name=$2 pid supervisor text="$3 that was replaced while its $1 lives"
	eventually "$text: the service is OK at first" runs_again "$name" 1
	pid=$(last_start "$name")
	supervisor=$(parent "$pid")
	rm -rf "$work/services/$name"
	make_directory "$name"
	check "$text: its $1 stays in the deleted directory" \
		eval '[[ $(readlink "/proc/$supervisor/cwd") == *" (deleted)" ]]'
	end_process KILL "$pid"
	eventually "$text: the text says that it was replaced, after the service has died" \
		eval 'health_is $name CRITICAL replaced || health_is $name UNKNOWN replaced'
	eventually "$text: the text says that the old $1 still runs" says "$name" "$1"
	eventually "$text: the text says which process must be ended" says "$name" "$supervisor"
	checked "$name"
	check "$text: the service is not said to be starting after ten checks" never is_starting "$name"
	check "$text: the service is not OK after ten checks" never health_is "$name" OK
	check "$text: the text still says that it was replaced after ten checks" grep -q replaced <(get "/runs/$name/health/text")
	check "$text: the service was not started again" starts_are "$name" 1
	# A new s6-supervise does not start if the target of the link supervise exists already.
	[ "$1" = runsv ] || rm -rf "$work/supervise/$name"
	[ "$(parent "$supervisor" 2>/dev/null || echo 0)" -gt 1 ] && kill -TERM "$supervisor"
	eventually "$text: the service is OK when the old $1 was ended" runs_again "$name" 2
}
# A directory in the scan directory itself, without a link: runsvdir notices that it was replaced.
replacement_is_noticed() {
	local name=runit-plain text="a service directory whose replacement runsvdir notices"
	eventually "$text: the service is OK at first" runs_again $name 1
	rm -rf "$work/runit-plain/$name"
	make_directory $name
	mv "$work/services/$name" "$work/runit-plain"
	eventually "$text: the service is OK under the new runsv" runs_again $name 2
	checked $name
	check "$text: the service is still OK after ten checks" runs_again $name 2
}

situations=()
if has_runit; then
	scan runit runsvdir
	# In a separate scan directory, because runsvdir examines all services after a change.
	mkdir "$work/runit-plain" "$work/supervise/runit-plain"
	make_directory runit-plain
	mv "$work/services/runit-plain" "$work/runit-plain"
	runsvdir "$work/runit-plain" >>"$work/runit.log" 2>&1 &
	scanners+=" $!"
	services+=" runit-plain"
	daemon runit-plain manager=runit "service_dir=$work/runit-plain"
	situations+=("replaced runsv runit-within 'a service directory'"
		"replaced runsv runit-apart 'a service directory with supervise elsewhere'"
		replacement_is_noticed)
else
	echo "SKIP: runit is not installed: no service directory of runit is replaced"
fi
if has_s6; then
	scan s6 s6-svscan -t 0
	situations+=("replaced s6-supervise s6-within 'a service directory of s6'"
		"replaced s6-supervise s6-apart 'a service directory of s6 with supervise elsewhere'")
else
	echo "SKIP: s6 is not installed: no service directory of s6 is replaced"
fi
for name in $services; do wait_for "$patience" starts_are $name 1; done
start_watching
run_situations "${situations[@]}"
check "vigild stops with status 0" stop_watching
finish
