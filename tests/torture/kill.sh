#!/bin/bash
# kill: vigild is killed at random moments, under load, and started again with the files that it left.
#
# Promise: the state file is the old one or the new one, never incomplete; the next start succeeds; and
# no service is restarted twice for one crash.  tests/torture/kill.c kills and checks.
. "$(dirname "$0")/lib.sh" || exit 1
install_staged
set_paths
whole=$(mktemp -d)
chmod 755 "$whole"
clean_up() {
	local file
	for file in "$whole"/*/svc.pid; do [ ! -s "$file" ] || kill -9 "$(cat "$file")" 2>/dev/null; done
	rm -rf "$whole"
}
trap clean_up EXIT

# ground DIR: creates the directory in which one kill program works
ground() {
	work=$1
	mkdir -p "$work/init.d" "$work/conf.d" "$work/state"
	cat >"$work/init.d/svc" <<-END
		#!/bin/sh
		# pidfile: $work/svc.pid
		pidfile=$work/svc.pid
		alive() { [ -s \$pidfile ] && read -r pid <\$pidfile && kill -0 \$pid 2>/dev/null; }
		start() {
			alive && return
			echo start >>$work/starts
			setsid sleep 1000000 </dev/null >/dev/null 2>&1 &
			echo \$! >\$pidfile.new && mv \$pidfile.new \$pidfile
		}
		stop() { ! alive || kill \$pid; rm -f \$pidfile; }
		case \$1 in
		start) start ;;
		stop) stop ;;
		restart) stop; start ;;
		status) alive && exit 0; [ ! -e \$pidfile ] || exit 1; exit 3 ;;
		esac
	END
	chmod 755 "$work/init.d/svc"
	write_conf <<-END
		[daemons]
		svc = yes
		plug = yes
		mean = yes
		[daemon:svc]
		module = service
		service = svc
		manager = lsb
		init_dir = $work/init.d
		interval = 200ms
		backoff = 0
		healthy_after = 0
		[daemon:plug]
		module = exec
		command = /bin/echo "OK | a=1"
		interval = 50ms
		[daemon:mean]
		module = average
		source = /vigil/revision, /vigil/generation
		windows = 1m
		interval = 50ms
	END
}

judges=$(count 2 8)
rounds=$(count 12 130)
for i in $(seq "$judges"); do
	ground "$whole/$i"
	"$top_builddir/tests/torture/kill" "$vigild" "$work" "$rounds" $((seed + i)) >"$whole/$i.said" &
done
wait
cat "$whole"/*.said | grep '^broken: ' | head -40
kept() { check "$1" [ "$(cat "$whole"/*.said | grep -c "^broken: $2")" = 0 ]; }
check "each kill program finished its rounds" [ "$(cat "$whole"/*.said | grep -c "^rounds $rounds,")" = "$judges" ]
kept "the state file is never incomplete" 'the state file is incomplete'
kept "the state file is never older than before" 'the state file is older than before'
kept "the state file is never set aside" 'the state was set aside'
kept "each start succeeds, in spite of the socket and the pipe of the killed vigild" 'vigild does not \(start\|reply\)'
kept "the service runs after the last start" 'the service does not run again'
kept "vigild exits when it receives SIGTERM" 'vigild does not exit'
kept "no service is restarted twice for one crash" 'a service was restarted twice'
cat "$whole"/*.said | awk '/^rounds / { gsub(",", ""); kills += $2; deaths += $4; starts += $6; torn += $12
	if ($9 > slowest) slowest = $9 } END { print kills, deaths, starts, slowest, torn }' >"$whole/sum"
read -r kills deaths starts slowest torn <"$whole/sum"
figure "SIGKILL at any moment: the state file is the old or the new one" "$kills kills, $torn torn"
figure "the next start is ready within a second" "slowest $slowest ms of $kills, $judges at once"
figure "no service is restarted twice for one crash" "$deaths crashes, $((starts - judges)) restarts"
finish
