/*
 * roster: the daemons there are, in the order of their names.
 */
#ifndef ROSTER_H
#define ROSTER_H

#include <stddef.h>

struct vigil_daemon;

/* Zeroed is empty.  The daemons are whoever's put them in. */
struct roster {
	struct vigil_daemon **daemons;
	size_t count;
};

/* NULL: there is none of that name. */
struct vigil_daemon *roster_find(const struct roster *roster, const char *name);
/* The first after that name, be there one of it or not; NULL at the end. */
struct vigil_daemon *roster_after(const struct roster *roster, const char *name);
/* NULL at the end. */
struct vigil_daemon *roster_at(const struct roster *roster, size_t index);
/* Its name must not be there yet. */
void roster_add(struct roster *roster, struct vigil_daemon *d);
void roster_remove(struct roster *roster, struct vigil_daemon *d);
/* Frees the list, not the daemons. */
void roster_clear(struct roster *roster);

#endif
