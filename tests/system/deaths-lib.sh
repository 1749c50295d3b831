# deaths-lib.sh: what the deaths*.sh tests share; sourced after lib.sh.
#
# A test lets a service die in each of several ways, and then prints one table: what vigil says about
# each death.
patience=${VIGIL_PATIENCE:-30}

# observe NAME [KEY=VALUE ...]: a daemon that observes the service of that name
observe() {
	local name=$1
	shift
	daemons+=("$name")
	printf '%s\n' "[daemon:$name]" module=service "service = $name" interval=2s restart_on=never \
		"$@" >>"$work/sections"
}
write_daemons() {
	{ echo '[daemons]'; printf '%s = yes\n' "${daemons[@]}"; cat "$work/sections"; } | write_conf
}
# said NAME: what vigil says about the last death of the service
said() { ctl explain "$1" 2>/dev/null | sed -nE 's/^death +([^ ]+ )+ //p' | tail -n 1; }
says() { said "$1" | grep -qE "$2"; } # NAME PATTERN

# row NAME KIND PATTERN: the death must be described like that; waits until it is
row() {
	local name=$1 kind=$2 pattern=$3
	if wait_for "$patience" says "$name" "$pattern"; then
		ok "$kind: $(said "$name")"
	else
		not_ok "$kind: $(said "$name"); must match $pattern"
	fi
	printf '%-24s | %s\n' "$kind" "$(said "$name")" >>"$work/table"
}
print_table() { echo "# $1"; sed 's/^/# /' "$work/table"; }

# Whether the kernel says how a process has ended that is no child of vigild (Linux 6.15).
kernel_tells() { printf '%s\n' 6.15 "$(uname -r)" | sort -CV; }
# Whether a process that is killed by SIGSEGV dumps a core here.
dumps_core() {
	(cd "$work" && python3 -c '
import os, resource, signal, sys
pid = os.fork()
if pid == 0:
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    os.kill(os.getpid(), signal.SIGSEGV)
sys.exit(not os.WCOREDUMP(os.waitpid(pid, 0)[1]))')
}
# memory_group NAME: makes a control group with 32 MiB of memory, and adds its directory to groups.  Fails if
# this machine allows none.
memory_group() {
	local top group
	top=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	if [ -n "$top" ]; then
		group=$top/vigil-$1.$$
		mkdir "$group" && echo 33554432 >"$group/memory.limit_in_bytes"
	else
		top=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
		group=$top/vigil-$1.$$
		grep -qsw memory "$top/cgroup.subtree_control" && mkdir "$group" &&
			echo 33554432 >"$group/memory.max" && echo 0 >"$group/memory.swap.max"
	fi 2>/dev/null || { rmdir "$group" 2>/dev/null; return 1; }
	groups+=("$group")
}
groups=() # of memory_group, the last one last
remove_groups() {
	local group
	for group in "${groups[@]}"; do
		kill -KILL $(cat "$group/cgroup.procs") 2>/dev/null
		wait_for 5 rmdir "$group" 2>/dev/null
	done
}
