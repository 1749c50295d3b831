#!/bin/bash
# The module machine with many services under a real systemd: what each of them costs in memory, that a quiet machine
# is not queried at all, and that the death of one is noticed among them.  VIGIL_MANY is the number of services.
. "$(dirname "$0")/lib.sh" || exit 1
. "$here/machine-lib.sh" || exit 1
under_systemd
many=${VIGIL_MANY:-200}

printf '[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n' >"$units/many@.service"
systemctl daemon-reload
seq "$many" | sed 's/.*/many@&.service/' | xargs -n 100 systemctl start
rss() { awk '/^VmRSS/ { print $2 }' "/proc/$vigild_pid/status"; } # kB
ticks() { awk '{ print $14 + $15 }' "/proc/$vigild_pid/stat"; }

write_conf <<C
[daemons]
machine = no
[daemon:machine]
only = many@*
C
start_vigild
before=$(rss)
sed -i 's/^machine = no/machine = yes/' "$work/vigil.conf"
ctl reload >/dev/null
check "machine: $many services are found running" wait_for 300 count running "$many"
check "machine: with $many services, nothing is queried in 10 s of quiet" wait_for 60 quiet 10
bytes=$((($(rss) - before) * 1024 / many))
if sanitized; then echo "SKIP: under sanitizers the memory for a service has no meaning"
else check "machine: a service takes less than 16 KiB of memory: $bytes bytes" [ "$bytes" -lt 16384 ]; fi
crash "$(systemctl show -P MainPID "many@$((many / 2))")"
check "machine: the death of one service among $many is noticed" wait_for 10 count failed 1
check "machine: the text names it" wait_for 10 eval 'get /runs/machine/health/text | grep -q "many@$((many / 2)) (killed by SIGKILL)"'
echo "CPU time of vigild for all of this: $(ticks) ticks"
check "vigild stops" stop_vigild
finish
