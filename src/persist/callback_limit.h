/*
 * callback_limit: ends vigild when its loop hangs.
 *
 * A callback that never returns stops all daemons, and without a watchdog of the service manager
 * nothing would notice.  A timer of the kernel raises a signal when the loop has done nothing for
 * the limit.  The handler writes which daemon's callback runs, and aborts the process, so that the
 * service manager starts it again.  All functions belong to the loop thread.
 */
#ifndef CALLBACK_LIMIT_H
#define CALLBACK_LIMIT_H

struct loop;

/* Sets the limit in seconds, also if it has been set before.  0: none.  Returns 0 or -errno. */
int callback_limit_set(struct loop *loop, double seconds);
/* Call it before the loop is freed. */
void callback_limit_clear(void);

#endif
