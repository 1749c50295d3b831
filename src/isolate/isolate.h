/*
 * isolate: daemons whose module runs in a process of its own (isolate = yes).
 *
 * For such a daemon vigild calls the functions of isolate_behaviour instead of those of the module.
 * They start the program vigil-module-host, which loads the module and runs a loop with this daemon
 * alone, and talk to it (isolate_protocol.h).  What the process reports is written by the functions
 * of vigil.h, with the rights of the daemon.  When the process ends, only the daemon fails.
 */
#ifndef ISOLATE_H
#define ISOLATE_H

#include <vigil/vigil.h>

struct isolate;
struct loop;
struct modules;
struct store;
struct event_log;

/* The functions start, stop, reconfigure and resumed of every isolated daemon. */
extern const vigil_module isolate_behaviour;

/* Called from the loop when the process of a daemon has ended without a request, or its start in it
 * has failed.  The daemon is in the status DAEMON_FAILED.  crashed: the process has ended.  lived:
 * the seconds since its start.  The function may start or free the daemon. */
typedef void isolate_ended_fn(struct vigil_daemon *d, bool crashed, double lived, void *arg);

/* Called from the loop when the process of a daemon has done what it was told to do: it has
 * started, taken its options, or ticked. */
typedef void isolate_started_fn(struct vigil_daemon *d, void *arg);

struct isolate *isolate_new(struct loop *loop, struct store *store, isolate_started_fn *started,
	isolate_ended_fn *ended, void *arg);
/* All daemons must be stopped before.  Takes what their processes have sent, and does not wait for
 * those that still stop. */
void isolate_free(struct isolate *isolate);

#endif
