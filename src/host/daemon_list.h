/*
 * daemon_list: the running daemons, sorted by name.
 */
#ifndef DAEMON_LIST_H
#define DAEMON_LIST_H

#include <stddef.h>

struct vigil_daemon;

/* A zeroed list is empty.  The list borrows the daemons. */
struct daemon_list {
	struct vigil_daemon **daemons;
	size_t count;
};

/* NULL: no daemon has this name. */
struct vigil_daemon *daemon_list_find(const struct daemon_list *daemon_list, const char *name);
/* The first daemon after this name in the order of names, whether or not a daemon has the name
 * itself.  NULL: no more daemons. */
struct vigil_daemon *daemon_list_after(const struct daemon_list *daemon_list, const char *name);
/* NULL: the index is past the end. */
struct vigil_daemon *daemon_list_at(const struct daemon_list *daemon_list, size_t index);
/* Inserts a daemon.  The list must not yet have a daemon of this name. */
void daemon_list_add(struct daemon_list *daemon_list, struct vigil_daemon *d);
void daemon_list_remove(struct daemon_list *daemon_list, struct vigil_daemon *d);
/* Frees the list, not the daemons. */
void daemon_list_clear(struct daemon_list *daemon_list);

#endif
