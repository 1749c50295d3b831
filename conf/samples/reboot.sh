#!/bin/sh
# reboot.sh: a Nagios plugin in shell.  WARNING while the machine runs an older kernel than the
# newest that is installed, or a package has asked for a reboot.
#
# The first line says it in words, what follows the bar is performance data, and the exit status
# is the verdict: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
set -u

if ! read -r up _ </proc/uptime; then
	echo "REBOOT UNKNOWN - /proc/uptime cannot be read"
	exit 3
fi
running=$(uname -r)
newest=$(ls /lib/modules 2>/dev/null | sort -V | tail -n 1)
data="uptime=${up}s;;;0"

if [ -e /run/reboot-required ]; then
	echo "REBOOT WARNING - a package requires a reboot | $data"
	sort -u /run/reboot-required.pkgs 2>/dev/null
	exit 1
fi
if [ -n "$newest" ] && [ -d "/lib/modules/$running" ] && [ "$newest" != "$running" ]; then
	echo "REBOOT WARNING - kernel $running is running, $newest is installed | $data"
	exit 1
fi
echo "REBOOT OK - $running, up for $((${up%.*} / 86400)) days | $data"
