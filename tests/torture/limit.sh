#!/bin/bash
# limit: memory that is really short, as it is under a limit: tests/torture/memory.sh fails one
# allocation after the other, here the kernel does.
#
# Promised: what a peer asks too much for is refused, the peer is told, and vigild stays.  When
# there is nothing left for a few bytes it saves its state, says why, and ends with 70; when the
# kernel ends it, for a control group's MemoryMax, there is no last word.  Either way the next one
# starts well.
. "$(dirname "$0")/lib.sh" || exit 1
case $(make_variable SANITIZE) in ?*) skip_all "sanitizers bring an allocator of their own" ;; esac
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

# Prints small values, a megabyte of them, and ever more once there is a file `go`.
cat >"$work/grows" <<S
#!/bin/sh
exec awk 'BEGIN { x = sprintf("%500s", ""); for (n = 0; n < 9000; n++) {
	printf "{\"%d\": \"%s\"}\n", n, x
	if (n == 2000) { print "{\"ready\": 1}"; fflush(); while (system("test -e $work/go")) wait() }
} fflush(); while (1) wait() }
function wait() { if (system("test -d $work && sleep 0.2")) exit }'
S
# Eats more than anybody.
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
		printf '[daemon:%s]\nmodule = exec\nmode = stream\ncommand = %s\n' "$i" "$work/grows"
	done
} | write_conf

ended() { ! kill -0 "$vigild_pid" 2>/dev/null || grep -q '^State:.[ZX]' "/proc/$vigild_pid/status"; }
ends=0 well=0
# ends_with STATUS: it ends by itself, and so
ends_with() {
	wait_for 60 ended || kill -9 "$vigild_pid"
	wait "$vigild_pid" 2>/dev/null
	[ $? = "$1" ] && ends=$((ends + 1))
}
said() { grep -q "$1" "$work/log"; }
# Not read whole: the memory that takes is kept for the next who asks.
all_there() {
	local i
	for i in $growing; do is "/daemons/$i/ready" 1 || return 1; done
}
# A start on what the one before has left.
starts_well() {
	local starts=$1
	: >"$work/log"
	start_vigild
	wait_for 20 is /daemons/svc/service_state/value running && [ ! -e "$work/state/state.json.bad" ] &&
		[ "$(get /daemons/svc/service_state/restarts)" -ge "$starts" ] && well=$((well + 1))
}

# --- a limit that makes allocations fail ----------------------------------------------------------

start_vigild
check "the service is started" wait_for 20 is /daemons/svc/service_state/restarts 1
check "and all is known" wait_for 60 all_there
data=$(awk '/^VmData/ { print $2 }' "/proc/$vigild_pid/status")
prlimit --pid "$vigild_pid" --data=$((data * 1024 + 65536)):
told=0
for _ in $(seq 20); do
	ctl get /daemons >"$work/whole" 2>"$work/out" || grep -q "out of memory\|closed the connection\|connection closed" "$work/out" ||
		break
	told=$((told + 1))
done
check "a large answer is sent whole, in pieces, or refused and the client is told: $(cat "$work/out")" \
	[ "$told" = 20 ]
check "a small request is answered" ctl -q version
: >"$work/go"
check "when there is nothing left it ends with 70" ends_with 70
check "and says why" said "out of memory: the state is saved; exiting, so that vigild is started again"
check "which is said on stderr, too" said "^vigild: out of memory: exiting, so that it is started again"
rm "$work/go"
check "the next one starts well" starts_well 1
check "and blames nobody" eval '! said "the previous vigild"'

# --- a control group's limit: nothing fails, and the kernel ends the largest ----------------------

# make_group: $group and the files of its limits, of whichever kind there is
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
# limit_to BYTES: of memory, and none of swap beside it
limit_to() {
	echo "$1" >"$group/$limits" && { [ ! -e "$group/$swap" ] ||
		case $swap in *memsw*) echo "$1" ;; *) echo 0 ;; esac >"$group/$swap"; }
}
into_group() { echo "$vigild_pid" >"$group/cgroup.procs"; }
answers_as() { is /vigil/pid "$vigild_pid"; }
told_of_eats() { get /runs/eats/health/text | grep -q "signal 9"; }
if [ "$(id -u)" = 0 ] && make_group; then
	check "all is known again" wait_for 60 all_there
	check "it is put under a limit" eval 'into_group && limit_to 100000000'
	: >"$work/hungry"
	check "a plugin that eats it all is ended, and that is told" wait_for 60 told_of_eats
	check "vigild is not" answers_as
	rm "$work/hungry"
	check "and the plugin is well again" wait_for 30 is /runs/eats/health/level OK
	stop_vigild
	start_vigild
	check "all is known a third time" wait_for 60 all_there
	# What it has already is another group's.
	check "it is put under a limit that is its own affair" eval 'into_group && limit_to 8000000'
	: >"$work/go"
	check "over that the kernel ends it" ends_with 137
	rm "$work/go"
	check "the next one starts well" starts_well 1
	check "and says how the one before has ended" said "the previous vigild ended unexpectedly: SIGKILL"
else
	echo "SKIP: a limit of memory needs root and control groups that can be made"
fi
check "it stops" stop_vigild
figure "memory is short: a large request is refused, and who asked is told" "$told of 20"
figure "there is none at all: an end, and the next one starts well" "$ends ends, $well well"
[ "$failed" -eq 0 ] || tail -20 "$work/log"
finish
