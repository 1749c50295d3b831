#!/bin/bash
# If vigild itself cannot check a service, this says nothing about the service.  If descriptors, processes or the
# program of a probe are missing, the services are UNKNOWN and are never restarted.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/evidence.sh" || exit 1

for tool in python3 prlimit setpriv; do
	command -v $tool >/dev/null || skip_all "there is no $tool"
done
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
children=
clean_up() {
	kill $children 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

# A server that accepts every connection, and writes the port that the kernel gave it to a file.
cat >"$work/listen.py" <<'P'
import os, socket, sys
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(200)
with open(sys.argv[1] + ".new", "w") as f: f.write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    s.accept()[0].close()
P
python3 "$work/listen.py" "$work/port" & children=$!
wait_for "$patience" [ -e "$work/port" ] || { not_ok "a server listens"; exit 1; }
port=$(cat "$work/port")

# A client with one connection for all requests, because vigild has no descriptor for more.  `ctl get` writes a
# pointer to the fifo ask, and reads the value from the fifo answer.
cat >"$work/client.py" <<'P'
import json, os, socket, sys, time
work = sys.argv[1]
while True:
    try:
        s = socket.socket(socket.AF_UNIX); s.connect(work + "/control.sock"); break
    except OSError:
        time.sleep(0.02)
s.settimeout(300)
f = s.makefile("rw")
while True:
    with open(work + "/ask") as ask: pointer = ask.read().strip()
    if not pointer: continue
    try:
        f.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "get", "params": {"pointer": pointer}}) + "\n")
        f.flush()
        answer = json.loads(f.readline())
        text = "absent" if "error" in answer else "value " + json.dumps(answer["result"])
    except (OSError, ValueError):
        text = "lost"
    with open(work + "/answer", "w") as out: out.write(text + "\n")
P
connect() {
	mkfifo "$work/ask" "$work/answer"
	python3 "$work/../client.py" "$work" & client_pid=$!
}
ctl() {
	local raw='' answer
	[ "$1" = get ] || { "$vigilctl" -s "$work/control.sock" "$@"; return; }
	shift
	[ "$1" != -r ] || { raw=1; shift; }
	kill -0 "$client_pid" || return 4
	echo "$1" >"$work/ask"
	read -r answer <"$work/answer"
	case $answer in
	"value "*) answer=${answer#value } ;;
	absent) return 1 ;;
	*) return 4 ;;
	esac
	[ -z "$raw" ] || { answer=${answer#\"}; answer=${answer%\"}; }
	echo "$answer"
}

# --- many services of one vigild ------------------------------------------------------------------

# begin NAME: makes the directory of a situation
begin() {
	work=$work/$1 daemons=()
	mkdir "$work"
}
# service NAME OPTION...: a daemon for a process that runs; its restarts are recorded
service() {
	sleep 1000000 &
	echo $! >"$work/$1.pid"
	daemon "$1" manager=command "pidfile=$work/$1.pid" "status_command=test -s $work/$1.pid" \
		"restart_command=/bin/sh -c 'echo $1 >>$work/restarted'" "${@:2}"
}
end() {
	local name
	[ "$failed" -eq 0 ] || explain_all
	check "$1: vigild stops with status 0" stop_vigild
	kill "$client_pid" $(cat "$work"/*.pid)
}
twenty_services() {
	local i
	for i in $(seq 20); do
		service "service-$i" "probe=tcp://127.0.0.1:$port" probe_interval=300ms probe_timeout=60s probe_failures=3
	done
}
all_ok() {
	local name
	for name in "${daemons[@]}"; do health_is "$name" OK || return; done
}
some_lack() { # GLOB: whether the health of a service is UNKNOWN, and the text says that this is missing
	local name
	for name in "${daemons[@]}"; do ! health_is "$name" UNKNOWN "$1" || return 0; done
	return 1
}
none_critical() {
	local name
	for name in "${daemons[@]}"; do ! health_is "$name" CRITICAL || return; done
}
none_restarted() {
	local name
	for name in "${daemons[@]}"; do restarts_are "$name" 0 || return; done
	[ ! -e "$work/restarted" ]
}
soft_limit() { prlimit --pid "$vigild_pid" "--nofile=$1:$(ulimit -Hn)"; }

twenty_four_descriptors() { # TEXT
	eventually "$1: a service is UNKNOWN, and the text names the descriptors" \
		eval 'some_lack "Too many open files" || some_lack descriptor'
	checked service-1 20
	check "$1: no service is restarted in twenty checks" none_restarted
	check "$1: no service is CRITICAL" none_critical
	soft_limit 4096
	eventually "$1: all services are OK when the limit was raised" all_ok
	checked service-1
	check "$1: no service was restarted before the limit was raised" none_restarted
}
started_with_few_descriptors() {
	local text="vigild was started with 24 descriptors for 20 services"
	begin few
	twenty_services
	write_daemons
	connect
	ulimit -Sn 24
	start_vigild
	ulimit -Sn "$(ulimit -Hn)"
	soft_limit 24 # because vigild may have raised the limit
	twenty_four_descriptors "$text"
	end "$text"
}
descriptors_run_out() {
	local text="vigild watches 20 services when its limit is set to 24 descriptors"
	begin less
	twenty_services
	write_daemons
	connect
	start_vigild
	eventually "$text: all services are OK before that" all_ok
	checked service-1 # by then each probe has succeeded
	soft_limit 24
	twenty_four_descriptors "$text"
	end "$text"
}

# --- a limit of processes, and a missing program --------------------------------------------------

as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
no_processes() {
	local text="vigild of an ordinary user may not start a process" plain=$vigild
	begin processes
	service commanded pidfile=
	service probed "probe=/bin/true" probe_interval=300ms probe_timeout=60s probe_failures=3
	write_daemons
	connect
	chown -R 65534:65534 "$work"
	vigild=vigild_of_nobody
	start_vigild
	vigild=$plain
	eventually "$text: all services are OK before that" all_ok
	checked probed
	as_nobody prlimit --pid "$vigild_pid" "--nproc=1:$(ulimit -Hu)"
	eventually "$text: a service with a status command is UNKNOWN, and the text says why" \
		health_is commanded UNKNOWN "Resource temporarily unavailable"
	eventually "$text: a service with a command as its probe is UNKNOWN, and the text says why" \
		health_is probed UNKNOWN "Resource temporarily unavailable"
	checked probed 20
	check "$text: no service is restarted in twenty checks" none_restarted
	as_nobody prlimit --pid "$vigild_pid" "--nproc=$(ulimit -Hu):$(ulimit -Hu)"
	eventually "$text: all services are OK when vigild may start processes again" all_ok
	end "$text"
}
vigild_of_nobody() { exec setpriv --reuid=65534 --regid=65534 --clear-groups "$plain" "$@"; }

program_of_a_probe_disappears() {
	local text="the program of a probe disappears"
	begin program
	cp /bin/true "$work/program"
	service probed "probe=$work/program now" probe_interval=300ms probe_timeout=60s probe_failures=3
	write_daemons
	connect
	start_vigild
	eventually "$text: the service is OK before that" all_ok
	checked probed
	rm "$work/program"
	eventually "$text: the service is UNKNOWN, and the text names the program" \
		health_is probed UNKNOWN "$work/program"
	checked probed 20
	check "$text: the service is not restarted in twenty checks" none_restarted
	check "$text: the service is not CRITICAL" none_critical
	cp /bin/true "$work/program"
	eventually "$text: the service is OK when the program is there again" all_ok
	check "$text: the service was not restarted" none_restarted
	end "$text"
}

situations=(started_with_few_descriptors descriptors_run_out program_of_a_probe_disappears)
if [ "$(id -u)" != 0 ]; then
	echo "SKIP: only root can start vigild as another user: the limit of processes is not tested"
elif ! as_nobody test -r "$modules/service/service.so"; then
	echo "SKIP: an ordinary user cannot read the build: the limit of processes is not tested"
else
	situations+=(no_processes)
fi
run_situations "${situations[@]}"
finish
