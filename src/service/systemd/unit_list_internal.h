/*
 * unit_list_internal: shared by the parts of unit_list.
 */
#ifndef UNIT_LIST_INTERNAL_H
#define UNIT_LIST_INTERNAL_H

#include "service/systemd/bus.h"
#include "service/systemd/unit_crash.h"

/* A service in the listing. */
struct unit_list_item {
	struct unit_list *list;
	vigil_service_entry *entry;
	const char *path; /* its D-Bus object, in the memory of the listing; NULL: not loaded */
	char file_state[24];
	char result[32];            /* why it failed; "": it has not */
	bool wanted;                /* another unit wants or requires it */
	bool exited;                /* active (exited) */
	bool matters;               /* its properties are read */
	unsigned property;          /* index of the property that is being read */
	struct unit_traits *traits; /* NULL: not being read */
	sd_bus_slot *slot;          /* the Get in flight; NULL: none */
};

/* Any unit that systemd has loaded. */
struct unit_list_name {
	const char *name; /* in the memory of the listing */
	bool at_work;     /* it is active, and no timer that has elapsed */
	size_t item;      /* index of the item of a service */
};

struct unit_list {
	struct listing *listing;
	struct systemd_call call;
	struct unit_list_item *items;
	size_t count, room;
	struct unit_list_name *names; /* sorted by name after all were added */
	size_t names_count, names_room;
	unsigned in_flight;
	int error; /* 0, or a negative errno: the connection is lost */
};

/* NULL: systemd has not loaded a unit of that name. */
const struct unit_list_name *unit_list_find(const struct unit_list *list, const char *name);
/* Reads the properties of the items that matter and completes their entries.  Returns 0 or a
 * negative errno. */
int unit_list_read_properties(struct unit_list *list);

#endif
