/*
 * daemon_list: the daemons there are, in the order of their names.
 */
#ifndef DAEMON_LIST_H
#define DAEMON_LIST_H

#include <stddef.h>

struct vigil_daemon;

/* Zeroed is empty.  The daemons are whoever's put them in. */
struct daemon_list {
	struct vigil_daemon **daemons;
	size_t count;
};

/* NULL: there is none of that name. */
struct vigil_daemon *daemon_list_find(const struct daemon_list *daemon_list, const char *name);
/* The first after that name, be there one of it or not; NULL at the end. */
struct vigil_daemon *daemon_list_after(const struct daemon_list *daemon_list, const char *name);
/* NULL at the end. */
struct vigil_daemon *daemon_list_at(const struct daemon_list *daemon_list, size_t index);
/* Its name must not be there yet. */
void daemon_list_add(struct daemon_list *daemon_list, struct vigil_daemon *d);
void daemon_list_remove(struct daemon_list *daemon_list, struct vigil_daemon *d);
/* Frees the list, not the daemons. */
void daemon_list_clear(struct daemon_list *daemon_list);

#endif
