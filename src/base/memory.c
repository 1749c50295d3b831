/* memory: see memory.h.  Everything that runs out of memory exits through memory_end. */
#include "base/memory.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The memory that is reserved for the function that runs before the exit. */
#define RESERVE (256 * 1024)
/* The memory that is reserved for small allocations of vigild itself after untrusted peers have
 * used up the rest. */
#define SPARE (64 * 1024)
#define SMALL 512

static void (*on_end)(void *arg, const char *why);
static void *on_end_arg;
static void *reserve;
static void *_Atomic spare;

static _Thread_local struct {
	unsigned depth; /* nesting of memory_untrusted_begin; 0: allocations are vigild's own */
	bool refused;
} peer;

void memory_on_end(void (*last_words)(void *arg, const char *why), void *arg)
{
	on_end = last_words;
	on_end_arg = arg;
	free(reserve);
	reserve = last_words != NULL ? malloc(RESERVE) : NULL;
	free(atomic_exchange(&spare, last_words != NULL ? malloc(SPARE) : NULL));
}

/* Returns the spare block to the allocator.  Returns false if it had been returned before. */
static bool release_spare(void)
{
	void *block = atomic_exchange(&spare, NULL);

	free(block);
	return block != NULL;
}

/* Returns false if there is too little memory for the spare block, and therefore for the request of
 * a peer. */
static bool keep_spare(void)
{
	if (on_end == NULL || atomic_load(&spare) != NULL)
		return true;
	free(atomic_exchange(&spare, malloc(SPARE)));
	return atomic_load(&spare) != NULL;
}

/* Writes the text directly, because formatting a message may need memory. */
static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(70);
}

void memory_end(const char *why)
{
	static int ending;

	/* The function on_end may need memory as well.  It gets the reserve, and runs only once. */
	if (ending++ == 0 && on_end != NULL) {
		/* The reserve is vigild's own, also when a peer's request used up the rest. */
		peer.depth = 0;
		peer.refused = false;
		free(reserve);
		on_end(on_end_arg, why);
	}
	say("vigild: ");
	say(why);
	say(": exiting, so that it is started again\n");
	_exit(70);
}

/* Called after a failed allocation.  Returns true if another try may succeed; otherwise it
 * exits. */
static bool worth_another_try(void)
{
	if (!release_spare())
		memory_end("out of memory");
	return true;
}

/* malloc is cheaper than calloc for a small block, because calloc of the GNU C library takes none
 * from the cache of those that were freed lately. */
void *memory_zero(size_t size)
{
	bool small = size > 0 && size <= SMALL;
	void *block;

	do
		block = small ? malloc(size) : calloc(1, size > 0 ? size : 1);
	while (block == NULL && worth_another_try());
	return small ? memset(block, 0, size) : block;
}

char *memory_text(const char *text)
{
	char *copy;

	if (text == NULL)
		return NULL;
	do
		copy = strdup(text);
	while (copy == NULL && worth_another_try());
	return copy;
}

char *memory_format(const char *format, ...)
{
	va_list ap;
	char *text;

	do {
		va_start(ap, format);
		if (vasprintf(&text, format, ap) < 0)
			text = NULL;
		va_end(ap);
	} while (text == NULL && worth_another_try());
	return text;
}

void *memory_grow(void *old, size_t count, size_t size)
{
	void *block;

	do
		block = reallocarray(old, count > 0 ? count : 1, size);
	while (block == NULL && worth_another_try());
	return block;
}

/* --- for libraries ---------------------------------------------------------------------------- */

void *memory_library_alloc(size_t size)
{
	return memory_library_grow(NULL, size);
}

void *memory_library_grow(void *old, size_t size)
{
	bool may_refuse = peer.depth > 0 || size >= MEMORY_LARGE;
	void *block;

	do
		block = peer.depth > 0 && peer.refused ? NULL : realloc(old, size > 0 ? size : 1);
	while (block == NULL && !may_refuse && worth_another_try());
	if (block == NULL) {
		peer.refused = true;
		errno = ENOMEM;
	}
	return block;
}

bool memory_ahead(size_t size)
{
	/* volatile, because a compiler removes an allocation that is not used. */
	void *volatile block = malloc(size);
	bool there = block != NULL;

	free(block);
	return there;
}

void memory_untrusted_begin(void)
{
	if (peer.depth++ == 0)
		peer.refused = !keep_spare();
}

bool memory_untrusted_end(void)
{
	peer.depth--;
	return peer.refused;
}
