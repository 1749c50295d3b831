/*
 * limits: tests whether a running service stays within its limits: memory_max, cpu_max, tasks_max,
 * files_max and pressure_max.
 *
 * The functions accept the NULL that limits_new may return.
 */
#ifndef LIMITS_H
#define LIMITS_H

#include "usage.h"

struct limits;

/* Creates the limits from the daemon's options, and has their numbers measured. on_news is called
 * when the health may have changed outside of a check. Returns NULL if no limit is set. */
struct limits *limits_new(vigil_daemon *d, struct usage *usage, vigil_tick_fn *on_news, void *arg);
/* Frees what the daemon does not own. */
void limits_close(struct limits *limits);

/* Takes the result of a check that found the service running, before usage_check. */
void limits_check(struct limits *limits, const vigil_service_reply *r);
/* The service is being restarted. Everything that was counted is dropped. */
void limits_reset(struct limits *limits);

/* Each text is valid until the next call of one of these functions. */
/* Returns which limit was exceeded in several checks in a row; NULL: none. */
const char *limits_exceeded(struct limits *limits);
/* Returns which limit cannot be checked, and why; NULL: none. */
const char *limits_unknown(struct limits *limits);
/* Returns true if no limit was exceeded at the last check. */
bool limits_kept(const struct limits *limits);

/* The value of memory_max: bytes, or a percentage. Both are 0 if there is no limit. */
struct limits_memory {
	int64_t bytes;
	double percent;
};
/* Parses "2GiB" or "80%". Returns 0 or -EINVAL. */
int limits_read_memory(const char *text, struct limits_memory *memory);
/* Parses "20%" or "20", which is more than 0 and at most 100. Returns 0 or -EINVAL. */
int limits_read_percent(const char *text, double *percent);

#endif
