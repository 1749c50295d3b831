/*
 * sd_notify: tells the service manager that started us how we are: readiness and the watchdog.
 *
 * Where no manager listens (NOTIFY_SOCKET is not set), all of it is quietly nothing.
 */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

#include <stdbool.h>

struct loop;
struct sd_notify;

/* Feeds the watchdog at half its interval where the manager asked for one.  It is fed from a
 * timer of the loop: a loop that makes no progress starves it.  Never NULL. */
struct sd_notify *sd_notify_new(struct loop *loop);
void sd_notify_free(struct sd_notify *notify);
/* Whether a watchdog is fed. */
bool sd_notify_is_watched(const struct sd_notify *notify);

/* These never wait: what the manager has no room for is said again until it has. */
void sd_notify_ready(struct sd_notify *notify, const char *status);
void sd_notify_stopping(struct sd_notify *notify);

#endif
