/* degraded: one entry for each kind of failure, with its reason; see degraded.h. */
#include "base/degraded.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"

static struct {
	bool set;
	struct degraded_reason reason;
} kinds[DEGRADED_KINDS] = {
	[DEGRADED_STATE] = {.reason.what = "state"},
	[DEGRADED_LOSS] = {.reason.what = "loss"},
	[DEGRADED_CONNECTIONS] = {.reason.what = "connections"},
	[DEGRADED_PROCESSES] = {.reason.what = "processes"},
	[DEGRADED_TASKS] = {.reason.what = "tasks"},
	[DEGRADED_WORKERS] = {.reason.what = "workers"},
	[DEGRADED_LOG] = {.reason.what = "log"},
};

static degraded_change_fn *on_change;
static void *on_change_arg;

void degraded_on_change(degraded_change_fn *fn, void *arg)
{
	on_change = fn;
	on_change_arg = arg;
}

void degraded_set(enum degraded what, const char *format, ...)
{
	struct degraded_reason *reason = &kinds[what].reason;
	va_list ap;

	va_start(ap, format);
	vsnprintf(reason->text, sizeof(reason->text), format, ap);
	va_end(ap);
	if (kinds[what].set)
		return;
	kinds[what].set = true;
	clock_gettime(CLOCK_REALTIME, &reason->since);
	if (on_change != NULL)
		on_change(on_change_arg);
	if (what != DEGRADED_LOG) /* log.c itself reports the lost lines */
		log_error("degraded: %s", reason->text);
}

void degraded_clear(enum degraded what)
{
	if (!kinds[what].set)
		return;
	kinds[what].set = false;
	if (on_change != NULL)
		on_change(on_change_arg);
	if (what != DEGRADED_LOG)
		log_notice("no longer degraded: %s", kinds[what].reason.text);
}

const struct degraded_reason *degraded_get(enum degraded what)
{
	return kinds[what].set ? &kinds[what].reason : NULL;
}

void degraded_started(int pid)
{
	if (pid > 0)
		degraded_clear(DEGRADED_PROCESSES);
	else if (pid == -EOPNOTSUPP)
		degraded_set(DEGRADED_PROCESSES,
			"no process can be started, and exits are seen only at the next check: the "
			"kernel has no pidfd_open, which Linux has since 5.3");
	else if (error_is_own(pid))
		degraded_set(DEGRADED_PROCESSES, "no process can be started: %s", strerror(-pid));
}

void degraded_log_lost(unsigned long lost, int err)
{
	if (lost == 0)
		degraded_clear(DEGRADED_LOG);
	else
		degraded_set(DEGRADED_LOG, "%lu line%s of the log could not be written: %s", lost,
			lost == 1 ? "" : "s", strerror(err));
}
