/*
 * notify: tells the service manager that started us how we are: readiness and the watchdog.
 *
 * Without systemd, built or running, all of it is quietly nothing.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

struct loop;
struct notify;

/* Feeds the watchdog at half its interval where the manager asked for one.  It is fed from a
 * timer of the loop: a loop that makes no progress starves it.  NULL where none is asked for. */
struct notify *notify_new(struct loop *loop);
void notify_free(struct notify *notify);

void notify_ready(const char *status);
void notify_stopping(void);

#endif
