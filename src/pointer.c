/*
 * pointer: JSON Pointers (RFC 6901), the addresses of the state.
 *
 * All of it works on borrowed text in place and allocates nothing: a pointer is followed for
 * every value that a daemon writes.
 */
#include "pointer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int pointer_check(const char *pointer)
{
	const char *p;

	if (pointer[0] != '\0' && pointer[0] != '/')
		return -EINVAL;
	for (p = pointer; *p != '\0'; p++)
		if (*p == '~' && p[1] != '0' && p[1] != '1')
			return -EINVAL;
	return p - pointer < POINTER_MAX ? 0 : -EINVAL;
}

int pointer_append(char *buf, size_t size, const char *name)
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

const char *pointer_step(const char *pointer, char *step, size_t size)
{
	size_t n = 0;

	if (*pointer != '/')
		return NULL;
	for (pointer++; *pointer != '\0' && *pointer != '/'; pointer++) {
		char c = *pointer;

		if (c == '~')
			c = *++pointer == '1' ? '/' : '~';
		if (n + 1 >= size)
			return NULL;
		step[n++] = c;
	}
	step[n] = '\0';
	return pointer;
}

/* An index as the RFC has it: digits, no leading zero. */
static json_t *element(const json_t *array, const char *step)
{
	char *end;
	unsigned long index;

	if (step[0] < '0' || step[0] > '9' || (step[0] == '0' && step[1] != '\0'))
		return NULL;
	errno = 0;
	index = strtoul(step, &end, 10);
	return *end == '\0' && errno == 0 ? json_array_get(array, index) : NULL;
}

json_t *pointer_follow(json_t *from, const char *pointer)
{
	char step[POINTER_MAX];

	while (from != NULL && *pointer != '\0') {
		pointer = pointer_step(pointer, step, sizeof(step));
		if (pointer == NULL)
			return NULL;
		from = json_is_array(from) ? element(from, step) : json_object_get(from, step);
	}
	return from;
}

bool pointer_covers(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* The recursion is bounded by limit, whatever the value holds. */
int json_depth(const json_t *value, int limit)
{
	int deepest = 0, depth;
	const char *key;
	size_t index;
	json_t *child;

	if (!json_is_object(value) && !json_is_array(value))
		return 0;
	if (limit <= 0)
		return 1;
	json_array_foreach((json_t *)value, index, child)
	{
		depth = json_depth(child, limit - 1);
		deepest = depth > deepest ? depth : deepest;
	}
	json_object_foreach((json_t *)value, key, child)
	{
		depth = json_depth(child, limit - 1);
		deepest = depth > deepest ? depth : deepest;
	}
	return deepest + 1;
}
