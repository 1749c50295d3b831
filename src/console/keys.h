/*
 * keys: characters from the bytes that a terminal sends.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing has been read. */
struct keys {
	char bytes[4]; /* read, and no character yet */
	size_t count;
};

/* Reads the next character, as UTF-8; bytes that are no UTF-8, and NUL, are dropped.  next returns one
 * byte, or a negative number at the end.  False: the end. */
bool keys_next(struct keys *keys, int (*next)(void *arg), void *arg, uint32_t *character);

#endif
