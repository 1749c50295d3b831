/*
 * init_list: lists the init scripts of a directory, for OpenRC and lsb.
 */
#ifndef INIT_LIST_H
#define INIT_LIST_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"

#define INIT_LIST_TEXT ((size_t)64 * 1024) /* bytes of a script that are read, with the NUL */

struct init_list {
	const struct manager *manager;
	struct listing *listing;
	uint64_t deadline;
	/* Fills in boot, daemon and crash of a service.  text: the script. */
	void (*describe)(struct init_list *list, const char *name, const char *text,
		vigil_service_entry *entry);
	/* Whether the status of the service should be queried, which runs its script. */
	bool (*is_queried)(const vigil_service_entry *entry, const char *text);
};

/* Adds an entry for every script. */
void init_list_scripts(struct init_list *list, const char *directory);
/* Reads a file of at most INIT_LIST_TEXT bytes.  The text is freed with free.  NULL: it cannot be
 * read. */
char *init_list_read(const char *path);

#endif
