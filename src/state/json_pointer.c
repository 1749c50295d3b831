/*
 * json_pointer: see json_pointer.h.  The functions work on borrowed text and allocate nothing,
 * because a pointer is followed for every value that a daemon writes.
 */
#include "state/json_pointer.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* Invalid UTF-8 is rejected here, before it is used.  jansson rejects a name with invalid UTF-8
 * only when it writes the name, with the same result as for lack of memory. */
const char *json_pointer_error(const char *pointer)
{
	size_t left, took;
	uint32_t c;

	if (pointer == NULL || (pointer[0] != '\0' && pointer[0] != '/'))
		return "does not begin with a slash";
	left = strnlen(pointer, POINTER_MAX);
	if (left == POINTER_MAX)
		return "is longer than 1023 bytes";
	for (; left > 0; pointer += took, left -= took) {
		took = 1;
		if ((unsigned char)*pointer < 0x80 && *pointer != '~')
			continue; /* most characters of a name */
		took = text_decode(pointer, left, &c);
		if (took == 0)
			return "is not UTF-8";
		if (c == '~' && pointer[1] != '0' && pointer[1] != '1')
			return "has a ~ that is not followed by 0 or 1 (~0 is ~, ~1 is /)";
	}
	return NULL;
}

int json_pointer_check(const char *pointer)
{
	return json_pointer_error(pointer) == NULL ? 0 : -EINVAL;
}

int json_pointer_append(char *buf, size_t size, const char *name)
{
	size_t begin = strlen(buf), at = begin;

	if (at + 1 >= size)
		return -ENAMETOOLONG;
	buf[at++] = '/';
	for (; *name != '\0'; name++) {
		bool escape = *name == '~' || *name == '/';

		if (at + 1 + escape >= size) {
			buf[begin] = '\0';
			return -ENAMETOOLONG;
		}
		if (escape)
			buf[at++] = '~';
		buf[at++] = *name == '~' ? '0' : *name == '/' ? '1' : *name;
	}
	buf[at] = '\0';
	return 0;
}

const char *json_pointer_step(const char *pointer, char *step, size_t size)
{
	size_t n = 0;

	if (*pointer != '/' || size == 0)
		return NULL;
	for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~') {
			c = *++pointer == '1' ? '/' : '~';
			if (*pointer != '0' && *pointer != '1')
				return NULL;
		}
		if (n + 1 >= size)
			return NULL;
		step[n++] = c;
	}
	step[n] = '\0';
	return pointer;
}

/* Copies one escape or non-ASCII character.  Returns the number of bytes of the pointer that it has
 * used; 0: malformed. */
static size_t split_rare(const char *from, char **to)
{
	size_t took;
	uint32_t c;

	if (*from == '~') {
		*(*to)++ = from[1] == '1' ? '/' : '~';
		return from[1] == '0' || from[1] == '1' ? 2 : 0;
	}
	took = text_decode(from, strnlen(from, 4), &c);
	memcpy(*to, from, took);
	*to += took;
	return took;
}

/* Not strcspn, because names are short. */
size_t json_pointer_plain(const char *name)
{
	const char *end = name;

	while ((signed char)*end > 0 && *end != '/' && *end != '~')
		end++;
	return (size_t)(end - name);
}

int json_pointer_split(struct json_pointer_path *path, const char *pointer, int limit)
{
	char *to = path->text; /* a step with its NUL is not longer than "/step" */
	size_t took;

	path->count = 0;
	if (pointer == NULL || strnlen(pointer, POINTER_MAX) == POINTER_MAX)
		return -EINVAL;
	while (*pointer == '/') {
		if (path->count == limit)
			return -E2BIG;
		path->step[path->count++] = to;
		for (pointer++; *pointer != '\0' && *pointer != '/'; pointer += took) {
			took = json_pointer_plain(pointer);
			memcpy(to, pointer, took);
			to += took;
			if (took == 0 && (took = split_rare(pointer, &to)) == 0)
				return -EINVAL;
		}
		*to++ = '\0';
	}
	return *pointer == '\0' ? 0 : -EINVAL;
}

size_t json_pointer_index(const char *step)
{
	char *end;
	unsigned long index;

	if (step[0] < '0' || step[0] > '9' || (step[0] == '0' && step[1] != '\0'))
		return SIZE_MAX;
	errno = 0;
	index = strtoul(step, &end, 10);
	return *end == '\0' && errno == 0 ? index : SIZE_MAX;
}

json_t *json_pointer_follow(json_t *from, const char *pointer)
{
	char step[POINTER_MAX];

	while (from != NULL && *pointer != '\0') {
		pointer = json_pointer_step(pointer, step, sizeof(step));
		if (pointer == NULL)
			return NULL;
		from = json_is_array(from) ? json_array_get(from, json_pointer_index(step))
					   : json_object_get(from, step);
	}
	return from;
}

bool json_pointer_covers(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* Compares byte by byte, because most addresses differ in their first step. */
bool pointers_meet(const char *a, const char *b)
{
	while (*a == *b && *a != '\0') {
		a++;
		b++;
	}
	return (*a == '\0' && (*b == '\0' || *b == '/')) || (*b == '\0' && *a == '/');
}
