/*
 * keys: decodes characters from the bytes that a terminal sends.
 */
#ifndef KEYS_H
#define KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed: nothing has been read. */
struct keys {
	char bytes[4]; /* bytes of an incomplete character */
	size_t count;
};

/* Reads the next UTF-8 character.  Invalid bytes and NUL are dropped. next returns one byte, or a
 * negative number at the end of input.  False: the end. */
bool keys_next(struct keys *keys, int (*next)(void *arg), void *arg, uint32_t *character);

#endif
