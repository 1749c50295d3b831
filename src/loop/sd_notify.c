/*
 * sd_notify: sends the messages of sd_notify(3) to the service manager.
 *
 * The library function is not used, because it blocks while the manager's queue is full, and a
 * manager that hangs must not block vigild.  When the socket is full, a timer of the loop sends the
 * message again.  A newer message replaces one that has not been sent yet.  Watchdog messages are
 * not repeated.
 */
#include "loop/sd_notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "loop/loop.h"

#define RETRY (100 * CLOCK_MS)

struct sd_notify {
	struct loop_timer *watchdog; /* NULL: the manager asked for none */
	struct loop_timer *retry;
	int fd; /* -1: no manager listens */
	struct sockaddr_un manager;
	socklen_t length;
	char word[256]; /* the last message, until it is sent */
};

/* --- the socket ------------------------------------------------------------------------------- */

/* Reads NOTIFY_SOCKET: a path, or a name in the abstract namespace, which begins with @. */
static bool find_manager(struct sd_notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t n = name != NULL ? strlen(name) : 0;

	if (n < 2 || n >= sizeof(notify->manager.sun_path) || strchr("/@", name[0]) == NULL)
		return false;
	notify->manager.sun_family = AF_UNIX;
	memcpy(notify->manager.sun_path, name, n);
	if (name[0] == '@')
		notify->manager.sun_path[0] = '\0';
	notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	return true;
}

/* Sends a message.  Returns false when the manager's socket is full.  Other errors are ignored. */
static bool send_word(const struct sd_notify *notify, const char *word)
{
	return notify->fd < 0 ||
	       sendto(notify->fd, word, strlen(word), MSG_NOSIGNAL | MSG_DONTWAIT,
		       (const struct sockaddr *)&notify->manager, notify->length) >= 0 ||
	       (errno != EAGAIN && errno != ENOBUFS);
}

static void on_retry(uint64_t missed, void *arg)
{
	struct sd_notify *notify = arg;

	if (!send_word(notify, notify->word))
		loop_timer_rearm(notify->retry, RETRY);
}

/* Sends notify->word now, or later when the socket is full. */
static void send_state(struct sd_notify *notify)
{
	if (send_word(notify, notify->word))
		loop_timer_stop(notify->retry);
	else
		loop_timer_rearm(notify->retry, RETRY);
}

/* --- the watchdog ----------------------------------------------------------------------------- */

static void on_watchdog(uint64_t missed, void *arg)
{
	send_word(arg, "WATCHDOG=1");
}

/* Returns the watchdog interval, in ns, that the manager wants of this process; 0: none. */
static uint64_t watchdog_interval(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char *end;
	unsigned long long n;

	if (usec == NULL || (pid != NULL && strtol(pid, NULL, 10) != getpid()))
		return 0;
	n = strtoull(usec, &end, 10);
	return *end == '\0' && n >= 2000 && n < UINT64_MAX / 1000 ? n * 1000 : 0;
}

/* --- create, free, report --------------------------------------------------------------------- */

struct sd_notify *sd_notify_new(struct loop *loop)
{
	struct sd_notify *notify = memory_zero(sizeof(*notify));
	uint64_t interval = watchdog_interval();

	notify->fd = find_manager(notify)
			     ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)
			     : -1;
	notify->retry = loop_once(loop, on_retry, notify);
	if (interval > 0)
		notify->watchdog = loop_every(loop, interval / 2, 0, on_watchdog, notify);
	return notify;
}

void sd_notify_free(struct sd_notify *notify)
{
	if (notify == NULL)
		return;
	loop_timer_free(notify->watchdog);
	loop_timer_free(notify->retry);
	if (notify->fd >= 0)
		close(notify->fd);
	free(notify);
}

bool sd_notify_is_watched(const struct sd_notify *notify)
{
	return notify->watchdog != NULL;
}

void sd_notify_ready(struct sd_notify *notify, const char *status)
{
	snprintf(notify->word, sizeof(notify->word), "READY=1\nSTATUS=%s", status);
	send_state(notify);
}

void sd_notify_stopping(struct sd_notify *notify)
{
	text_truncate(notify->word, sizeof(notify->word), "STOPPING=1");
	send_state(notify);
}
