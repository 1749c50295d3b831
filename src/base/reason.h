/*
 * reason: a buffer of the caller for the reason of an error.
 */
#ifndef REASON_H
#define REASON_H

#include <stddef.h>

struct reason {
	char *text;
	size_t size;
};

/* Writes the reason, truncated to the buffer, and returns err, as in `return reason_set(why,
 * -EPERM, ...);`. */
int reason_set(const struct reason *reason, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
