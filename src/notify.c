/*
 * notify: tells the service manager that started us how we are: readiness and the watchdog.
 */
#include "notify.h"

#include <stdlib.h>

#include "loop.h"
#include "memory.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

struct notify {
	struct loop_timer *timer;
};

static void on_watchdog(uint64_t missed, void *arg)
{
	sd_notify(0, "WATCHDOG=1");
}

struct notify *notify_new(struct loop *loop)
{
	struct notify *notify;
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0 || usec < 2000)
		return NULL;
	notify = memory_zero(sizeof(*notify));
	notify->timer = loop_every(loop, usec * 1000 / 2, 0, on_watchdog, notify);
	return notify;
}

void notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	loop_timer_free(notify->timer);
	free(notify);
}

void notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_stopping(void)
{
	sd_notify(0, "STOPPING=1");
}

#else

struct notify *notify_new(struct loop *loop)
{
	return NULL;
}

void notify_free(struct notify *notify)
{
}

void notify_ready(const char *status)
{
}

void notify_stopping(void)
{
}

#endif
