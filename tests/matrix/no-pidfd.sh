#!/bin/bash
# no-pidfd.sh: vigild on a kernel without pidfds (Linux before 5.3).  It starts, says what it cannot do, and starts
# no program.
. "$(dirname "$0")/../system/lib.sh" || exit 1
install_staged
set_paths
work=$(mktemp -d)
chmod 755 "$work"
trap 'stop_vigild; rm -rf "$work"' EXIT
write_conf <<C
[daemons]
plugin = yes
[daemon:plugin]
module = exec
command = /bin/touch $work/made
interval = 1s
C
start_vigild
check "vigild starts without pidfds" reachable
check "vigild says that no process can be started" is /vigil/degraded/0/what processes
check "vigild says why" eval 'get /vigil/degraded/0/text | grep -q "the kernel has no pidfd_open"'
check "vigilctl status says it" eval 'ctl status | grep -q "the kernel has no pidfd_open"'
check "a plugin is not OK" wait_for 20 eval '[ "$(get /runs/plugin/health/level)" != OK ] && [ -n "$(get /runs/plugin/health/text)" ]'
check "a plugin is not started" [ ! -e "$work/made" ]
check "vigild stops" stop_vigild
finish
