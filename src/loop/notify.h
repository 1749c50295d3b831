/*
 * notify: tells the service manager that started us how we are: readiness and the watchdog.
 *
 * Where no manager listens (NOTIFY_SOCKET is not set), all of it is quietly nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>

struct loop;
struct notify;

/* Feeds the watchdog at half its interval where the manager asked for one.  It is fed from a
 * timer of the loop: a loop that makes no progress starves it.  Never NULL. */
struct notify *notify_new(struct loop *loop);
void notify_free(struct notify *notify);
/* Whether a watchdog is fed. */
bool notify_is_watched(const struct notify *notify);

/* These never wait: what the manager has no room for is said again until it has. */
void notify_ready(struct notify *notify, const char *status);
void notify_stopping(struct notify *notify);

#endif
