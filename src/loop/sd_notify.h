/*
 * sd_notify: reports readiness and watchdog messages to the service manager that started vigild.
 *
 * When NOTIFY_SOCKET is not set, no manager listens, and these functions do nothing.
 */
#ifndef SD_NOTIFY_H
#define SD_NOTIFY_H

#include <stdbool.h>

struct loop;
struct sd_notify;

/* When the manager has set a watchdog interval, sends WATCHDOG=1 at half of that interval.  A timer
 * of the loop sends it, so the manager gets no message when the loop hangs.  Never returns NULL. */
struct sd_notify *sd_notify_new(struct loop *loop);
void sd_notify_free(struct sd_notify *notify);
/* Returns true when the manager has asked for watchdog messages. */
bool sd_notify_is_watched(const struct sd_notify *notify);

/* These functions never block.  When the manager's socket is full, the message is sent again later,
 * until the manager has taken it. */
void sd_notify_ready(struct sd_notify *notify, const char *status);
void sd_notify_stopping(struct sd_notify *notify);

#endif
