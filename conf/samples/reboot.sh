#!/bin/sh
# reboot.sh: a Nagios plugin in shell.  It is WARNING if a package has requested a reboot, or if the
# running kernel is not the newest one that is installed.
#
# The first line is the text, performance data follows the bar, and the exit status is the level:
# 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
set -u

if ! read -r up _ </proc/uptime; then
	echo "REBOOT UNKNOWN - /proc/uptime cannot be read"
	exit 3
fi
running=$(uname -r)
newest=$(ls /lib/modules 2>/dev/null | sort -V | tail -n 1)
data="uptime=${up}s;;;0"

if [ -e /run/reboot-required ]; then
	echo "REBOOT WARNING - a package has requested a reboot | $data"
	sort -u /run/reboot-required.pkgs 2>/dev/null
	exit 1
fi
if [ -n "$newest" ] && [ -d "/lib/modules/$running" ] && [ "$newest" != "$running" ]; then
	echo "REBOOT WARNING - kernel $running is running, but $newest is installed | $data"
	exit 1
fi
echo "REBOOT OK - kernel $running, up for $((${up%.*} / 86400)) days | $data"
