/*
 * memory: small allocations that the host cannot go on without.
 *
 * A watchdog that is out of memory for a few bytes is of no use where it is: it says so, saves
 * what it has and ends, and the service manager starts it afresh.  So these never return NULL,
 * and the core needs no failure path for each name it copies.  What a peer can make large is
 * never allocated here.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stddef.h>

void *memory_zero(size_t size);
/* A copy of a text; NULL of NULL. */
char *memory_text(const char *text);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Room for count elements of size bytes each, the old ones kept. */
void *memory_grow(void *old, size_t count, size_t size);

/* What is done before the process ends for want of memory, such as saving the state; NULL:
 * nothing.  It may be called on whatever thread ran out, and finds 256 KiB put by for it; when
 * that is not enough either, the process ends at once. */
void memory_on_end(void (*last_words)(void *arg), void *arg);

#endif
