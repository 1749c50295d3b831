/*
 * json_pointer: JSON Pointers (RFC 6901), the addresses of the state.
 *
 * Unit names hold dots and slashes may be escaped (~1, and ~0 for ~), so any name can be a step.
 */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define POINTER_MAX 1024 /* bytes, its NUL included */

/* 0 when it is one: "" or "/..." in UTF-8, every ~ followed by 0 or 1, shorter than POINTER_MAX;
 * else, and for NULL, -EINVAL. */
int json_pointer_check(const char *pointer);
/* What is wrong with a pointer that json_pointer_check refuses, such as "does not begin with a slash"; NULL
 * when it is one. */
const char *json_pointer_error(const char *pointer);
/* Appends "/name", escaped, to the pointer in buf.  0 or -ENAMETOOLONG, buf then as before. */
int json_pointer_append(char *buf, size_t size, const char *name);
/* Takes the first step off: copies it unescaped to step and returns the rest; NULL at the end, and
 * where the step is malformed or does not fit: cut short it would be another's name. */
const char *json_pointer_step(const char *pointer, char *step, size_t size);
/* A pointer taken apart: its steps, unescaped. */
#define POINTER_STEPS 64
struct json_pointer_path {
	int count;
	const char *step[POINTER_STEPS];
	char text[POINTER_MAX]; /* of the steps, each with its NUL */
};
/* Checks and takes apart in one go.  0; -EINVAL as json_pointer_check; -E2BIG for more steps than limit
 * (at most POINTER_STEPS). */
int json_pointer_split(struct json_pointer_path *path, const char *pointer, int limit);
/* Follows a pointer from a value, through objects and arrays: borrowed; NULL where nothing
 * stands. */
json_t *json_pointer_follow(json_t *from, const char *pointer);
/* Whether the place inner is outer or lies below it. */
bool json_pointer_covers(const char *outer, const char *inner);
/* Whether one of two places is the other or lies below it. */
bool pointers_meet(const char *a, const char *b);

/* How deep a value nests: scalars 0, {} 1.  Stops looking once it is deeper than limit (at most
 * 64), and says limit + 1 then.  Does not recurse. */
int json_depth(const json_t *value, int limit);

#endif
