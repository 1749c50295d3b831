#!/bin/bash
# kernel.sh: this build, on this machine, without what other kernels and containers lack.  The tests are those that
# meet the missing part.
. "$here/lib.sh"
set -u
linux="Linux $(uname -r | sed 's/-.*//')"
[ "$(id -u)" = 0 ] || skip "namespaces as these need root"
unshare --mount --pid --fork true 2>/dev/null || skip "this machine allows no namespaces"

# --- what is missing ------------------------------------------------------------------------------
# Each function runs a command under its row's conditions.
without() {
	need gcc gcc
	gcc -D_GNU_SOURCE -std=c11 "$here/without.c" -o "$work/without" || die "without.c cannot be compiled"
	"$work/without" "$@"
}
mounts() { unshare --mount --pid --fork --kill-child --mount-proc bash -ec "$@"; }
export -f mounts
run_no_pidfd() { without pidfd "$@"; }
run_no_ipv6() { without ipv6 "$@"; }
run_no_cgroup() {
	mounts 'while umount -l /sys/fs/cgroup 2>/dev/null; do :; done; mount -t tmpfs -o ro tmpfs /sys/fs/cgroup; exec "$@"' - "$@"
}
# Only hierarchies of version 1, as on machines without systemd and with systemd before version 244.
run_cgroup_v1() {
	mounts 'while umount -l /sys/fs/cgroup 2>/dev/null; do :; done
		mount -t tmpfs tmpfs /sys/fs/cgroup
		for controller in cpu,cpuacct memory pids freezer; do
			mkdir "/sys/fs/cgroup/$controller"
			mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller" 2>/dev/null || rmdir "/sys/fs/cgroup/$controller"
		done
		[ -e /sys/fs/cgroup/pids ] || { echo "SKIP: the kernel gives no hierarchy of version 1"; exit 77; }
		exec "$@"' - "$@"
}
# Root sees all processes nevertheless, unless it lacks CAP_SYS_PTRACE.
run_hidepid() {
	need setpriv util-linux
	mounts 'mount -o remount,hidepid=2 /proc; exec setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace "$@"' - "$@"
}
# /tmp and the build directory can be written, and nothing else.
run_read_only() {
	mounts 'build=$1; shift; mount --bind "$build" "$build"; mount -o remount,bind,ro /
		mount -t tmpfs -o mode=1777 tmpfs /tmp; mount -t tmpfs tmpfs /run; exec "$@"' - "$top_builddir" "$@"
}
run_no_ptrace() {
	need setpriv util-linux
	setpriv --bounding-set -sys_ptrace --inh-caps -sys_ptrace "$@"
}
# All users are mapped, as in containers.
run_userns() {
	local gate=$work/gate pid
	[ -p "$gate" ] || mkfifo "$gate"
	unshare --user bash -c 'read -r _ <"$0"; exec unshare --mount --pid --fork --kill-child --mount-proc "$@"' \
		"$gate" "$@" &
	pid=$!
	while [ "$(readlink /proc/$pid/ns/user)" = "$(readlink /proc/self/ns/user)" ]; do sleep 0.01; done
	echo '0 0 65536' >/proc/$pid/gid_map
	echo '0 0 65536' >/proc/$pid/uid_map
	echo >"$gate"
	wait $pid
}

# --- which tests ----------------------------------------------------------------------------------
processes='tests/check_child tests/check_spawn tests/check_pidfd tests/check_process tests/check_process_table
	tests/check_reaper tests/check_manager_lsb tests/check_manager_command tests/check_manager_runit
	tests/check_manager_s6 tests/check_service tests/check_service_module tests/check_service_death tests/check_run_as
	tests/system/supervised.sh tests/system/exec.sh tests/system/reload.sh'
groups='tests/check_control_group tests/check_run_group tests/check_task_limit tests/check_oom tests/check_cpu_count
	tests/check_usage tests/check_usage_group tests/check_usage_tree tests/check_pressure tests/system/exec.sh
	tests/system/limits.sh tests/system/system.sh tests/system/supervised.sh'
inet='tests/check_probe tests/check_probe_target tests/check_probe_resolver tests/check_remote tests/check_network
	tests/check_connection tests/system/probe.sh tests/system/probes.sh tests/system/http.sh'
case $row in
no-pidfd) tests='tests/matrix/no-pidfd.sh' ;;
no-ipv6) tests=$inet ;;
cgroup-v1 | no-cgroup) tests=$groups ;;
no-io) skip "only a kernel that is built without CONFIG_TASK_IO_ACCOUNTING has no /proc/PID/io; check_usage_process and check_usage test that the file is missing" ;;
hidepid | no-ptrace | userns) tests="$processes tests/check_usage_process tests/system/limits.sh tests/system/system.sh" ;;
read-only) tests="$processes tests/system/register.sh tests/system/distrust.sh" ;;
*) die "unknown row" ;;
esac
[ "$row" = no-pidfd ] || tests=${MATRIX_TESTS:-$tests}
variable() { make -C "$top_builddir" -s --no-print-directory "print-$1"; }
known=$(variable TESTS)
chosen=
for test in $tests; do
	case " $known tests/matrix/no-pidfd.sh " in *" $test "*) chosen+=" $test" ;; esac
done

programs=$(for test in $chosen; do case $test in *.sh) ;; *) echo "$test" ;; esac; done)
exec {builds}>"$scratch/builds.lock" # other rows of this script use the same build
flock $builds
# shellcheck disable=SC2046,SC2086
[ -z "$programs" ] || make -C "$top_builddir" -s -j2 $programs $(variable test_modules) >"$work/make.log" 2>&1 ||
	die "the tests cannot be built; see $work/make.log"

# Prints the results of a test's log, without its other output.
totals() {
	awk '/^[0-9]+%: Checks: / { gsub(",", ""); n += $3 - $5 - $7; f += $5 + $7 }
		/^ok - / { n++ } /^not ok - / { f++ } /^SKIP: / { s++ }
		END { printf "%d passed, %d failed, %d skipped\n", n, f, s }' "$@"
}
one() {
	case $1 in
	*.sh) bash "$top_srcdir/$1" ;;
	*) "$top_builddir/$1" ;;
	esac
}
export top_srcdir top_builddir CK_TIMEOUT_MULTIPLIER=60 srcdir=$top_srcdir
export -f one
cd "$top_builddir" || exit 1
# The programs are installed before, because a test may not be able to.
bash -c '. "$top_srcdir/tests/system/lib.sh"; install_staged' >"$work/install.log" 2>&1 || die "make install does not work; see $work/install.log"
exec {builds}>&-
: >"$work/log"
for test in $chosen; do
	"run_${row//-/_}" bash -c 'one "$1"' - "$test" >"$work/one.log" 2>&1
	status=$?
	case $status:$(totals "$work/one.log") in
	0:* | 77:* | *", "[1-9]*" failed"*) ;;
	*) echo "not ok - $test ended with status $status" >>"$work/one.log" ;;
	esac
	{ echo "== $test"; cat "$work/one.log"; } >>"$work/log"
done
totals "$work/log" >>"$work/log"
record "$(uname -m), $linux" "glibc $(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" "this build" "$work/log"
