/*
 * lenient: rewrites JSON text with numbers and bytes that JSON or the state cannot represent.
 *
 * Programs print NaN and Infinity, unsigned 64-bit counters, a byte order mark, and texts in other
 * encodings. One such value must not cause the loss of the whole object that contains it.
 */
#ifndef LENIENT_H
#define LENIENT_H

#include <stddef.h>

struct lenient {
	unsigned count; /* number of values that were changed */
	char text[160]; /* describes the first of them, sanitized; "": there was none */
};

/* Returns a copy of the text with these changes: A leading byte order mark is removed. NaN,
 * infinities and reals out of range become null. Integers that do not fit into 64 bits with a sign
 * become reals. In strings, control characters become escapes; bytes that are not UTF-8 and
 * characters that do not exist are replaced by their code as text. Everything else is unchanged,
 * including text that is not JSON. The caller frees the result. *length is the length of the text
 * and then of the result, without its NUL. Returns NULL if there is no memory. */
char *lenient_json(const char *text, size_t *length, struct lenient *changed);

#endif
