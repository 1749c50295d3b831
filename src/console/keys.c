/*
 * keys: see keys.h.  The functions of the C library would decode characters by the user's locale,
 * and fail at the first invalid byte.  A terminal with another encoding must not end the console,
 * so invalid bytes are dropped one by one.
 */
#include "console/keys.h"

#include <string.h>

#include "base/text.h"

static void drop(struct keys *keys, size_t count)
{
	keys->count -= count;
	memmove(keys->bytes, keys->bytes + count, keys->count);
}

/* The length in bytes of a character with this first byte. */
static size_t length_of(unsigned char first)
{
	return first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

bool keys_next(struct keys *keys, int (*next)(void *arg), void *arg, uint32_t *character)
{
	size_t took;
	int byte;

	for (;;) {
		while (keys->count == 0 || keys->count < length_of((unsigned char)keys->bytes[0])) {
			/* Only continuation bytes may follow the first byte.  Another byte begins a
			 * new character. */
			if (keys->count > 1 && (keys->bytes[keys->count - 1] & 0xc0) != 0x80)
				break;
			byte = next(arg);
			if (byte < 0)
				return false;
			keys->bytes[keys->count++] = (char)byte;
		}
		took = text_decode(keys->bytes, keys->count, character);
		drop(keys, took > 0 ? took : 1);
		if (took > 0 && *character != 0)
			return true;
	}
}
