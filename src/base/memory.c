/*
 * memory: small allocations that the host cannot go on without.
 *
 * The policy stands in memory.h; here is its one end.
 */
#include "base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the last words can count on. */
#define RESERVE (256 * 1024)

static void (*on_end)(void *arg, const char *why);
static void *on_end_arg;
static void *reserve;

static _Thread_local struct {
	bool on, refused;
} peer;

void memory_on_end(void (*last_words)(void *arg, const char *why), void *arg)
{
	on_end = last_words;
	on_end_arg = arg;
	free(reserve);
	reserve = last_words != NULL ? malloc(RESERVE) : NULL;
}

/* Without memory there is no message to be put together. */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(70);
}

void memory_end(const char *why)
{
	static int ending;

	/* The last words may want memory as well: they get what was put by, and one try. */
	if (ending++ == 0 && on_end != NULL) {
		free(reserve);
		on_end(on_end_arg, why);
	}
	say("vigild: ");
	say(why);
	say(", ending to be started afresh\n");
	_exit(70);
}

static void *or_end(void *memory)
{
	if (memory == NULL)
		memory_end("out of memory");
	return memory;
}

void *memory_zero(size_t size)
{
	return or_end(calloc(1, size > 0 ? size : 1));
}

char *memory_text(const char *text)
{
	return text == NULL ? NULL : or_end(strdup(text));
}

char *memory_format(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	return or_end(text);
}

void *memory_grow(void *old, size_t count, size_t size)
{
	return or_end(reallocarray(old, count > 0 ? count : 1, size));
}

/* --- for libraries ------------------------------------------------------------------------------ */

static void *or_refuse(void *memory, size_t size)
{
	if (memory != NULL || (!peer.on && size < MEMORY_LARGE))
		return or_end(memory);
	peer.refused = true;
	errno = ENOMEM;
	return NULL;
}

void *memory_library_alloc(size_t size)
{
	return or_refuse(malloc(size > 0 ? size : 1), size);
}

void *memory_library_grow(void *old, size_t size)
{
	return or_refuse(realloc(old, size > 0 ? size : 1), size);
}

bool memory_ahead(size_t size)
{
	/* volatile: a block that nobody uses is one that compilers leave out. */
	void *volatile block = malloc(size);
	bool there = block != NULL;

	free(block);
	return there;
}

void memory_peer_begin(void)
{
	peer.on = true;
	peer.refused = false;
}

bool memory_peer_end(void)
{
	peer.on = false;
	return peer.refused;
}
