/*
 * listing: the services of the machine, as the managers report them.
 *
 * A worker fills a listing, and the loop thread reads it afterwards.  The listing owns the entries
 * and their texts.  It is bounded: it takes VIGIL_SERVICES_MAX entries and remembers whether there
 * were more.
 */
#ifndef LISTING_H
#define LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct listing;

struct listing *listing_new(void);
void listing_free(struct listing *listing);

/* Adds an entry with this name, which is copied.  manager: static text.  All other texts are "",
 * hold is NULL, and all values are 0 or unknown.  Returns NULL if the listing is full.  The entry
 * stays where it is. */
vigil_service_entry *listing_add(struct listing *listing, const char *manager, const char *name);
/* Copies a text into the memory of the listing. */
const char *listing_text(struct listing *listing, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Records that the listing is not complete.  The first error is kept. */
void listing_fault(struct listing *listing, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the listing has a service with this name of this manager. */
bool listing_has(const struct listing *listing, const char *manager, const char *name);
/* Sorts the entries by name, and entries with the same name by manager. */
void listing_sort(struct listing *listing);
size_t listing_count(const struct listing *listing);
const vigil_service_entry *listing_at(const struct listing *listing, size_t index);
/* Returns 0 if the listing is complete, else a negative errno.  *text says why it is not. */
int listing_error(const struct listing *listing, const char **text);

#endif
