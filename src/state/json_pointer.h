/*
 * json_pointer: parses JSON Pointers (RFC 6901), the addresses of the state.
 *
 * Any name can be a step, because ~ and / are escaped as ~0 and ~1.
 */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define POINTER_MAX 1024 /* bytes, with the NUL */

/* Checks a pointer.  It must be "" or "/..." in UTF-8, with 0 or 1 after every ~, and shorter than
 * POINTER_MAX.  Returns 0, or -EINVAL, also for NULL. */
int json_pointer_check(const char *pointer);
/* Returns the error of a pointer that json_pointer_check rejects, such as "does not begin with a
 * slash"; NULL if the pointer is valid. */
const char *json_pointer_error(const char *pointer);
/* Appends "/name", escaped, to the pointer in buf.  Returns 0, or -ENAMETOOLONG, in which case buf
 * is unchanged. */
int json_pointer_append(char *buf, size_t size, const char *name);
/* Copies the first step, unescaped, to step and returns the rest of the pointer.  Returns NULL at
 * the end, and for a step that is malformed or does not fit, because a truncated step would be the
 * name of another value. */
const char *json_pointer_step(const char *pointer, char *step, size_t size);
/* Returns the number of bytes before the end of a step, an escape or a character that is not
 * ASCII. */
size_t json_pointer_plain(const char *name);
/* The steps of a pointer, unescaped. */
#define POINTER_STEPS 64
struct json_pointer_path {
	int count;
	const char *step[POINTER_STEPS];
	char text[POINTER_MAX]; /* the steps, each with its NUL */
};
/* Checks a pointer and splits it into steps.  Returns 0; -EINVAL as json_pointer_check; or -E2BIG
 * if there are more steps than limit (at most POINTER_STEPS). */
int json_pointer_split(struct json_pointer_path *path, const char *pointer, int limit);
/* Parses a step as the index of an array: digits without a leading zero.  Returns SIZE_MAX if it is
 * not an index. */
size_t json_pointer_index(const char *step);
/* Follows a pointer from a value through objects and arrays.  Returns a borrowed value, or NULL if
 * there is none. */
json_t *json_pointer_follow(json_t *from, const char *pointer);
/* Returns true if inner is the same address as outer or lies below it. */
bool json_pointer_covers(const char *outer, const char *inner);
/* Returns true if one of the two addresses is the other or lies below it. */
bool pointers_meet(const char *a, const char *b);

#endif
