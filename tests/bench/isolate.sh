#!/bin/bash
# What a daemon in a process of its own costs, compared with the same daemon in vigild: the CPU time of
# vigild and the process for a tick, and the private memory of the process.  Prints `name metric value
# reference ratio`.
#
# The module busy does about as much in a tick as a check of a service does.  If a value has changed, the
# process tells vigild, which wakes up once more; that wake-up, measured as a tick that does nothing, is
# left out.
. "$(dirname "$0")/many.sh" || exit 1
trap 'stop_vigild; rm -rf "$work"' EXIT
seconds=5
! short || seconds=1
command -v pkg-config >/dev/null || skip_all "isolate: modules are built with pkg-config"
mkdir -p "$work/modules/busy"
# shellcheck disable=SC2046
$(make_variable CC) -std=gnu11 -O2 -I"$top_srcdir/include" $(pkg-config --cflags jansson) -fPIC -shared -x c - \
	-o "$work/modules/busy/busy.so" <<'END' || exit 1
#include <math.h>
#include <string.h>
#include <vigil/vigil.h>
static void tick(vigil_daemon *d, void *arg)
{
	static long n;
	volatile double sum = 0;

	if (arg == NULL)
		return;
	for (int i = 0; i < 10000; i++)
		sum += sqrt(i);
	vigil_state_set(d, "n", json_integer(*(const char *)arg == 'c' ? ++n : n));
	vigil_state_set(d, "same", json_string("a value that stays"));
	vigil_health(d, VIGIL_OK, "well");
}
static int start(vigil_daemon *d)
{
	const char *work = vigil_option_text(d, "work");

	return vigil_every(d, 0.01, tick, strcmp(work, "none") != 0 ? (void *)work : NULL);
}
static const vigil_option options[] = {
	VIGIL_OPTION("work", VIGIL_CHOICE, "none", "what a tick does", .choices = "none same changes"),
	VIGIL_OPTION_END};
VIGIL_MODULE(.name = "busy", .summary = "ticks", .options = options, .start = start);
END
# measure WORK ISOLATE: prints the CPU time of a tick in us, and the private memory of the process in KB
measure() {
	local cpu ticks pids
	(
		modules=$work/modules
		write_conf <<END
[daemons]
busy = yes
[daemon:busy]
work = $1
isolate = $2
END
	)
	begin_vigild >&2
	wait_for 20 more_than /runs/busy/ticks 1
	pids="$vigild_pid $(get /runs/busy/process/pid)"
	# shellcheck disable=SC2086
	cpu=$(spent $pids) ticks=$(get /runs/busy/ticks)
	sleep "$seconds"
	# shellcheck disable=SC2086
	cpu=$(($(spent $pids) - cpu)) ticks=$(($(get /runs/busy/ticks) - ticks))
	echo "$(div $((cpu / 1000)) $ticks) $(private "${pids#* }" 2>/dev/null)"
	stop_vigild
}
read -r wake_up _ < <(measure none no)
read -r inside _ < <(measure same no)
read -r apart _ < <(measure same yes)
row us_a_tick "$apart" "$inside"
read -r inside _ < <(measure changes no)
read -r apart memory < <(measure changes yes)
row us_a_tick_with_a_change "$(awk -v a="$apart" -v b="$wake_up" 'BEGIN { print a - b }')" "$inside"
row private_mb "$(div "$memory" 1024)" 0
finish
