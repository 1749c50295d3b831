/*
 * store_limit: measures what is written to state.json, so that the next start can read it.
 */
#ifndef STORE_LIMIT_H
#define STORE_LIMIT_H

#include <stddef.h>

/* bytes; a longer state.json is neither read nor written */
#define STORE_SIZE_MAX ((size_t)64 * 1024 * 1024)

#define STORE_NAME    64
#define STORE_LARGEST 3

/* The size of a file, and the daemons that use most of it. */
struct store_sizes {
	size_t total; /* bytes */
	struct {
		char name[STORE_NAME]; /* "": none */
		size_t size;
	} largest[STORE_LARGEST]; /* in descending order */
};

/* Adds to the size.  name: the daemon to which the bytes belong; NULL: none. */
void store_sizes_add(struct store_sizes *sizes, const char *name, size_t bytes);
/* Writes a text such as "127.0 MiB; the largest: a 100.0 MiB, b 20.0 MiB". */
void store_sizes_describe(const struct store_sizes *sizes, char *text, size_t size);

#endif
