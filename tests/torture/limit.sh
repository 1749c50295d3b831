#!/bin/bash
# limit: memory that is really short, because of a limit.  In tests/torture/memory.sh single allocations
# fail; here the kernel refuses memory.
#
# Promise: a request that needs too much memory is refused with an error, and vigild keeps running.
# If not even a few bytes are left, vigild saves its state, logs why, and exits with status 70.  If the
# kernel kills vigild because of MemoryMax of a control group, it cannot log anything.  In both cases the
# next vigild starts.
. "$(dirname "$0")/lib.sh" || exit 1
case $(make_variable SANITIZE) in ?*) skip_all "sanitizers have their own allocator" ;; esac
command -v prlimit >/dev/null || skip_all "there is no prlimit"
install_staged
set_paths
work=$(mktemp -d)
group=
clean_up() {
	stop_vigild
	[ -z "$group" ] || wait_for 10 rmdir "$group" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

# Prints small values, a megabyte of them, and more without an end when the file `go` exists.
cat >"$work/grows" <<S
#!/bin/sh
exec awk 'BEGIN { x = sprintf("%500s", ""); for (n = 0; n < 9000; n++) {
	printf "{\"%d\": \"%s\"}\n", n, x
	if (n == 2000) { print "{\"ready\": 1}"; fflush(); while (system("test -e $work/go")) wait() }
} fflush(); while (1) wait() }
function wait() { if (system("test -d $work && sleep 0.2")) exit }'
S
# Uses more memory than any other process.
cat >"$work/eats" <<S
#!/bin/sh
[ -e $work/hungry ] || { echo OK; exit 0; }
exec awk 'BEGIN { x = "xxxxxxxxxxxxxxxx"; while (1) x = x x }'
S
cat >"$work/svc" <<S
#!/bin/sh
case \$1 in status) [ -e $work/up ] || exit 3 ;; *) : >$work/up; echo >>$work/starts ;; esac
S
chmod 755 "$work/grows" "$work/eats" "$work/svc"
growing="g1 g2 g3 g4 g5 g6"
{
	printf '[daemons]\nsvc = yes\neats = yes\n'
	printf '%s = yes\n' $growing
	printf '[daemon:svc]\nmodule = service\nservice = svc\nmanager = command\n'
	printf 'status_command = %s status\nrestart_command = %s restart\n' "$work/svc" "$work/svc"
	printf 'interval = 200ms\nbackoff = 0\nhealthy_after = 0\n'
	printf '[daemon:eats]\nmodule = exec\ncommand = %s\ninterval = 300ms\n' "$work/eats"
	for i in $growing; do
		printf '[daemon:%s]\nmodule = exec\nmode = stream\nstate_max = 64MiB\ncommand = %s\n' "$i" "$work/grows"
	done
} | write_conf

ended() { ! kill -0 "$vigild_pid" 2>/dev/null || grep -q '^State:.[ZX]' "/proc/$vigild_pid/status"; }
ends=0 well=0
# ends_with STATUS: waits until vigild exits, and counts an exit with this status
ends_with() {
	wait_for 60 ended || { kill -9 "$vigild_pid"; wait "$vigild_pid" 2>/dev/null; return 1; }
	wait "$vigild_pid" 2>/dev/null
	[ $? = "$1" ] && ends=$((ends + 1))
}
said() { grep -q "$1" "$work/log"; }
# Does not read the whole state, because the memory for that would be kept for the next request.
all_there() {
	local i
	for i in $growing; do is "/daemons/$i/ready" 1 || return 1; done
}
# Starts vigild with the files that the one before has left.
starts_well() {
	local starts=$1
	: >"$work/log"
	start_vigild
	wait_for 20 is /daemons/svc/service_state/value running && [ ! -e "$work/state/state.json.bad" ] &&
		[ "$(get /daemons/svc/service_state/restarts)" -ge "$starts" ] && well=$((well + 1))
}

# --- a limit that makes allocations fail ----------------------------------------------------------

start_vigild
check "the service is started without a limit" wait_for 20 is /daemons/svc/service_state/restarts 1
check "all values are in the state without a limit" wait_for 60 all_there
data=$(awk '/^VmData/ { print $2 }' "/proc/$vigild_pid/status")
# A megabyte is enough for a thread and small requests, and much less than what `go` adds to the state.
prlimit --pid "$vigild_pid" --data=$((data * 1024 + 1048576)):
handled=0
for _ in $(seq 20); do
	ctl get /daemons >"$work/whole" 2>"$work/out" || grep -q "out of memory\|closed the connection\|connection closed" "$work/out" ||
		break
	handled=$((handled + 1))
done
check "a large reply is sent completely, or refused with an error: $(cat "$work/out")" \
	[ "$handled" = 20 ]
check "a small request gets a reply under a limit of data" ctl -q version
: >"$work/go"
check "vigild exits with 70 when no memory is left" ends_with 70
check "the log says why vigild exits" said "out of memory: the state is saved; exiting, so that vigild is started again"
check "stderr says why vigild exits" said "^vigild: out of memory: exiting, so that it is started again"
rm "$work/go"
check "the next vigild starts after an exit for lack of memory" starts_well 1
check "the next vigild does not report a crash of the previous one" eval '! said "the previous vigild"'

# --- the limit of a control group: no allocation fails, and the kernel kills the largest process --

# make_group: creates $group and sets the names of its limits, for cgroup v1 or v2
make_group() {
	local unified legacy
	unified=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
	legacy=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	if [ -n "$unified" ] && grep -qw memory "$unified/cgroup.subtree_control" 2>/dev/null; then
		group=$unified/vigil-shortage.$$ limits="memory.max" swap=memory.swap.max
	elif [ -n "$legacy" ]; then
		group=$legacy/vigil-shortage.$$ limits="memory.limit_in_bytes" swap=memory.memsw.limit_in_bytes
	else
		return 1
	fi
	mkdir "$group" 2>/dev/null || { group=; return 1; }
}
# limit_to BYTES: limits the memory, without any swap
limit_to() {
	echo "$1" >"$group/$limits" && { [ ! -e "$group/$swap" ] ||
		case $swap in *memsw*) echo "$1" ;; *) echo 0 ;; esac >"$group/$swap"; }
}
into_group() { echo "$vigild_pid" >"$group/cgroup.procs"; }
answers_as() { is /vigil/pid "$vigild_pid"; }
reports_eats() { get /runs/eats/health/text | grep -q "signal 9"; }
if [ "$(id -u)" = 0 ] && make_group; then
	check "all values are in the state before the control group is limited" wait_for 60 all_there
	check "vigild is put into a control group with a limit for all its processes" eval 'into_group && limit_to 100000000'
	: >"$work/hungry"
	check "a plugin that uses too much memory is killed, and its health says so" wait_for 60 reports_eats
	check "vigild is not killed when a plugin uses too much memory" answers_as
	rm "$work/hungry"
	check "the plugin is OK again when it uses little memory" wait_for 30 is /runs/eats/health/level OK
	stop_vigild
	start_vigild
	check "all values are in the state before vigild itself is limited" wait_for 60 all_there
	# The memory that vigild has already counts for another group.
	check "vigild is put into a control group with a limit that vigild itself reaches" eval 'into_group && limit_to 8000000'
	: >"$work/go"
	check "the kernel kills vigild when it uses too much memory" ends_with 137
	rm "$work/go"
	check "the next vigild starts after the kernel killed one" starts_well 1
	check "the next vigild logs that the previous one was killed" said "the previous vigild ended unexpectedly.*: SIGKILL"
else
	echo "SKIP: a limit of memory needs root and permission to create control groups"
fi
check "vigild stops when it receives SIGTERM" stop_vigild
figure "memory is short: a large request is refused with an error" "$handled of 20"
figure "no memory is left: vigild exits, and the next one starts" "$ends exits, $well starts"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
