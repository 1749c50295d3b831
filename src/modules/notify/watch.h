/*
 * watch: observes changes at the addresses of the option `watch`.
 *
 * An address is a JSON pointer in the state. In a pattern, a step `*` matches any step.
 */
#ifndef WATCH_H
#define WATCH_H

#include <stdbool.h>

#include <vigil/vigil.h>

#define WATCH_POINTER_MAX 2048
#define WATCH_DEGRADED    "/vigil/degraded"

struct watch;
struct send;

/* Checks whether `watch`, `from` and `to` can ever match. Returns 0, or -EINVAL after
 * vigil_diagnose. */
int watch_check(vigil_daemon *d);
/* Subscribes to the addresses of the option `watch`. Returns NULL on failure. */
struct watch *watch_start(vigil_daemon *d, struct send *send);
void watch_stop(struct watch *watch);
/* Reports that the pause of the daemon has ended. */
void watch_resumed(struct watch *watch);

/* Returns whether the address matches the pattern or is below an address that matches it. */
bool watch_matches(const char *pattern, const char *pointer);

#endif
