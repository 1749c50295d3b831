/*
 * probe: asks a running service itself whether it serves: over TCP, by HTTP, or by a command.
 */
#ifndef PROBE_H
#define PROBE_H

#include <vigil/vigil.h>

struct probe;

/* Made with the daemon and ended with it.  NULL, having refused with the reason, where the
 * target is none: tcp://HOST:PORT, http://HOST:PORT/PATH or a command.  HOST is an address or
 * localhost, since looking up a name would hold the loop up. */
struct probe *probe_new(vigil_daemon *d, const char *target, const char *const *command,
	double interval, double timeout);

/* Probes every interval from now on; a fresh start is given one interval of grace. */
void probe_begin(struct probe *probe);
/* No more, and what is under way does not count. */
void probe_end(struct probe *probe);

/* Failures in a row, and what the last one was. */
unsigned probe_failures(const struct probe *probe);
const char *probe_text(const struct probe *probe);

#endif
