/*
 * memory: what vigild does when there is no memory.
 *
 * If vigild cannot allocate a few bytes, it cannot work.  So it writes a message, saves its state
 * with memory that is reserved for that, and exits with status 70, and the service manager restarts
 * it.  Therefore the small allocations of vigild never return NULL, and code that copies a name
 * needs no error path.  The allocations of jansson and libevent follow the same rule, because a
 * tree, a reply or a timer that silently lacks a part is worse than an exit.
 *
 * A peer can make some allocations large: a request and its reply, the output of a program, a
 * configuration file.  These must never cause an exit.  vigild rejects them and reports that to the
 * peer.  For this purpose, a library gets NULL when a block cannot be allocated that has
 * MEMORY_LARGE bytes or more, or that it requests between memory_untrusted_begin and
 * memory_untrusted_end.  Plain malloc returns NULL as usual, and its caller handles that.
 *
 * Peers may still use up the last byte before vigild needs a few.  So 64 KiB are reserved for
 * vigild.  When a small allocation fails, the reserve is returned to the allocator and the
 * allocation is tried again.  Allocations for peers fail until the reserve could be allocated
 * again.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdbool.h>
#include <stddef.h>

void *memory_zero(size_t size);
/* Returns a copy of a text; NULL for NULL. */
char *memory_text(const char *text);
char *memory_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Returns room for count elements of size bytes each, with the old elements kept. */
void *memory_grow(void *old, size_t count, size_t size);

/* The allocation functions of the libraries that vigild uses. */
#define MEMORY_LARGE (16 * 1024)
void *memory_library_alloc(size_t size);
void *memory_library_grow(void *old, size_t size);

/* Between these two calls, allocations of libraries on this thread belong to an untrusted peer.
 * memory_untrusted_end returns true if an allocation failed.  Objects that were created in between
 * may then lack a part and must not be used.  The calls nest; a failure inside also counts for the
 * outer pair. */
void memory_untrusted_begin(void);
bool memory_untrusted_end(void);

/* Returns true if a block of this size can be allocated at present.  It is for libraries that crash
 * or misbehave when an allocation fails: vigild calls them only after this check. */
bool memory_ahead(size_t size);

/* Sets the function that runs before vigild exits because there is no memory, for example to save
 * the state.  NULL: none.  It runs on the thread whose allocation failed, with 256 KiB that were
 * reserved for it.  If it runs out of memory as well, the process exits at once. */
void memory_on_end(void (*last_words)(void *arg, const char *why), void *arg);
/* Exits in this way, for a library that cannot continue either. */
__attribute__((noreturn)) void memory_end(const char *why);

#endif
