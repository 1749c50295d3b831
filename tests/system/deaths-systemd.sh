#!/bin/bash
# Fourteen kinds of death under a real systemd: what vigil says about each, from systemd's signals while it
# watches, and again from systemd's properties after its own restart without state.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/deaths-lib.sh" || exit 1
command -v python3 >/dev/null || skip_all "there is no python3"
under_systemd

daemons=()
unit() { printf '%b\n' "$2" >"$units/$1.service"; observe "$1"; } # NAME TEXT
printf '\001\002 no program' >"$work/garbage"
chmod 755 "$work/garbage"
mkdir "$work/cores"

unit exits "[Service]\nExecStart=/bin/sh -c 'sleep 0.3; exit 1'"
unit garbage "[Service]\nExecStart=$work/garbage"
unit missing "[Service]\nExecStart=$work/missing"
unit segfault "[Service]\nLimitCORE=infinity\nWorkingDirectory=$work/cores\nExecStart=/bin/sh -c 'sleep 0.3; kill -SEGV \$\$\$\$'"
unit killed "[Service]\nExecStart=/bin/sleep 1000"
unit slow "[Service]\nType=notify\nTimeoutStartSec=1\nExecStart=/bin/sleep 1000"
unit silent "[Service]\nType=notify\nNotifyAccess=all\nWatchdogSec=500ms\nExecStart=/bin/sh -c 'systemd-notify --ready; exec sleep 1000'"
unit unmet "[Unit]\nConditionPathExists=$work/none\n[Service]\nExecStart=/bin/sleep 1000"
unit broken "[Service]\nType=oneshot\nExecStart=/bin/false"
unit dependent "[Unit]\nRequires=broken.service\nAfter=broken.service\n[Service]\nExecStart=/bin/sleep 1000"
unit restarted "[Unit]\nStartLimitIntervalSec=0\n[Service]\nRestart=always\nRestartSec=0\nExecStart=/bin/sleep 1000"
unit limited "[Unit]\nStartLimitBurst=2\nStartLimitIntervalSec=1min\n[Service]\nRestart=on-failure\nRestartSec=10ms\nExecStart=/bin/sh -c 'exit 4'"
unit prepares "[Service]\nExecStartPre=/bin/false\nExecStart=/bin/sleep 1000"
unit stopped "[Service]\nExecStart=/bin/sleep 1000"

# Without the memory controller in systemd's own hierarchy, the service moves itself to a group of
# version 1, which systemd does not know.
oom=
if grep -qw memory /sys/fs/cgroup/cgroup.controllers; then
	oom=unified
	unit greedy "[Service]\nMemoryMax=32M\nMemorySwapMax=0\nExecStart=/usr/bin/tail /dev/zero"
elif mkdir "$work/memory" && mount -t cgroup -o memory cgroup "$work/memory" 2>/dev/null && memory_group deaths; then
	oom=separate
	mkfifo "$work/greedy"
	unit greedy "[Service]\nType=notify\nNotifyAccess=all\nExecStart=/bin/sh -c 'echo \$\$\$\$ >${groups[0]}/cgroup.procs; systemd-notify --ready; read go <$work/greedy; exec tail /dev/zero'"
	trap 'kill -KILL "${vigild_pid:-}" 2>/dev/null; remove_groups' EXIT
fi

systemctl daemon-reload
write_daemons
start_vigild
known() { local name; for name in "${daemons[@]}"; do [ -n "$(get "/daemons/$name/service_state/value")" ] || return 1; done; }
check "vigild knows all services" wait_for "$patience" known

for name in exits garbage missing segfault killed slow silent unmet dependent restarted limited prepares stopped; do
	systemctl --no-block start "$name"
done
[ -z "$oom" ] || systemctl --no-block start greedy
main_pid() { systemctl show -P MainPID "$1"; }
runs() { is "/daemons/$1/service_state/value" running; }
[ "$oom" != separate ] || running=greedy
for name in killed restarted stopped ${running:-}; do wait_for "$patience" runs "$name" || not_ok "$name runs"; done
crash "$(main_pid killed)" "$(main_pid restarted)"
systemctl stop stopped
[ "$oom" != separate ] || : >"$work/greedy"

core=
if dumps_core; then core=", core dumped"; else echo "SKIP: core: no core is dumped on this machine"; fi
rows() { # what is known of a unit that was not started: all, or nothing after systemd has unloaded it
	row exits "exit 1" '^exited with status 1 after [0-9.]+ m?s$'
	row garbage "exec format" "^could not be started: 203/EXEC \\($work/garbage is not a program"
	row missing "missing binary" "^could not be started: 203/EXEC \\($work/missing does not exist\\)"
	row segfault "SIGSEGV with core" "^killed by SIGSEGV after [0-9.]+ m?s$core\$"
	row killed "SIGKILL" '^killed by SIGKILL after [0-9.]+ m?s$'
	if [ -n "$oom" ] && [ "$1-$oom" != properties-separate ]; then
		row greedy "OOM at 32 MiB" '^killed by the OOM killer after [0-9.]+ m?s$'
	fi
	row slow "start timeout" '^could not be started: its start timed out: killed by SIGTERM after [0-9.]+ m?s$'
	row silent "watchdog timeout" '^it sent no watchdog signal in time: killed by SIGABRT after [0-9.]+ m?s(, core dumped)?$'
	row limited "start limit" '^exited with status 4.*start-limit-hit'
	row prepares "ExecStartPre fails" '^could not be started: '
	[ "$1" = signals ] || return 0
	row unmet "condition unmet" "^not started: its condition ConditionPathExists=$work/none is not met\$"
	row dependent "dependency failed" '^not started: broken.service, which it needs, is failed$'
	row restarted "SIGKILL, restarted" '^killed by SIGKILL after [0-9.]+ m?s$'
	row stopped "stopped" '^stopped on request: killed by SIGTERM after [0-9.]+ m?s$'
}
rows signals
[ -n "$oom" ] || echo "SKIP: OOM: there is no memory control group"
print_table "death                    | what systemd lets vigil know (signals)"

stop_vigild
rm -rf "$work/state" "$work/table"
start_vigild
rows properties
print_table "death                    | what is known to a vigild that starts later (properties)"
stop_vigild
finish
