/*
 * memory: what happens when there is none.
 *
 * The policy, for all of vigild.  A watchdog that is out of memory for a few bytes is of no use
 * where it is: it says so, saves its state with what was put by for that, ends with 70, and the
 * service manager starts it afresh.  So the small allocations of the core never return NULL,
 * and it needs no failure path for each name it copies.  jansson's and libevent's follow the
 * same rule: a tree, a reply or a timer that silently lacks a part is worse than an end.
 *
 * What a peer can make large (a request and its reply, the output of a program, a configuration
 * file) is never reason to end.  It is refused, and the peer is told: a block of MEMORY_LARGE
 * and more gives NULL, and so does any block that a library wants between memory_untrusted_begin and
 * memory_untrusted_end.  Plain malloc gives NULL as ever, and whoever calls it says what then.
 *
 * Peers can still take the last byte before the core wants a few.  So 64 KiB are kept for the
 * core: they are given back to the allocator when a small allocation fails, the allocation is
 * tried again, and peers are refused until as much could be kept again.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *memory_zero(size_t size);
/* A copy of a text; NULL of NULL. */
char *memory_text(const char *text);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Room for count elements of size bytes each, the old ones kept. */
void *memory_grow(void *old, size_t count, size_t size);

/* For the libraries that allocate for the core. */
#define MEMORY_LARGE (16 * 1024)
void *memory_library_alloc(size_t size);
void *memory_library_grow(void *old, size_t size);

/* Between these two, what libraries allocate on this thread is a peer's.  The end says whether
 * something was refused: what was made meanwhile may lack a part, and is not to be used.  They nest, and then what was refused
 * inside counts outside, too. */
void memory_untrusted_begin(void);
bool memory_untrusted_end(void);

/* Whether there is so much, for libraries that do not mind being without: they are called only
 * where there is. */
bool memory_ahead(size_t size);

/* What is done before the process ends for want of memory, such as saving the state; NULL:
 * nothing.  It may be called on whatever thread ran out, and finds 256 KiB put by for it; when
 * that is not enough either, the process ends at once. */
void memory_on_end(void (*last_words)(void *arg, const char *why), void *arg);
/* That end, for a library that cannot go on either. */
__attribute__((noreturn)) void memory_end(const char *why);

#endif
