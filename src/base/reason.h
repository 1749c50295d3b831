/*
 * reason: why something was refused, in words, for a caller that has given room for them.
 */
#ifndef REASON_H
#define REASON_H

#include <stddef.h>

struct reason {
	char *text;
	size_t size;
};

/* Writes the words, cut to the room, and returns err, as in `return reason_set(why, -EPERM, ...);`. */
int reason_set(const struct reason *reason, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
