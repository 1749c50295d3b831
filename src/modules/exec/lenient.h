/*
 * lenient: JSON with numbers and bytes that JSON or the state cannot hold, made readable.
 *
 * Programs print NaN and Infinity, unsigned counters of 64 bits, a byte order mark,
 * and texts in other encodings.  One such
 * value must not lose the object that it stands in.
 */
#ifndef LENIENT_H
#define LENIENT_H

#include <stddef.h>

struct lenient {
	unsigned count; /* values that are not as they were printed */
	char text[160]; /* the first of them, clean, in words; "": there was none */
};

/* The text with a byte order mark removed, NaN, infinities and reals out of range replaced by null,
 * and integers beyond 64 bits with a sign written as reals.  In strings, control characters become
 * escapes, and bytes that are no UTF-8 and characters that do not exist their code as text.  Everything else stays as it is, also
 * what is no JSON.  To be freed; *length is its length, without its NUL.  NULL when out of
 * memory. */
char *lenient_json(const char *text, size_t *length, struct lenient *changed);

#endif
