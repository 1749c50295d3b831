/*
 * unit_gather: functions shared by the files that gather the evidence about one unit, on a worker.
 */
#ifndef UNIT_GATHER_H
#define UNIT_GATHER_H

#include <stdbool.h>

#include "service/systemd/bus.h"
#include "service/systemd/unit_info.h"

/* Bytes of a list of names, each followed by a blank.  An umbrella unit may have hundreds of
 * parts. */
#define UNIT_NAMES 16384

/* The evidence, and the texts to which it points. */
struct unit_evidence {
	struct evidence e;
	char said[UNIT_SAID], hold[MANAGER_TEXT], idle[MANAGER_TEXT];
	/* The parts of an umbrella unit that are down; each name is followed by a blank. */
	char parts[UNIT_NAMES];
};

/* One unit while its evidence is gathered. */
struct unit_gather {
	struct systemd_call *call;
	const struct manager_request *request;
	const struct unit_row *row;
	struct unit_evidence *out;
	struct manager_reply *reply;
	struct unit_properties properties;
};

/* Appends the names in a property of the unit to names, which has UNIT_NAMES bytes.  Negative:
 * -errno. */
int unit_gather_names(struct unit_gather *g, const char *property, char *names);
/* Appends the names of the units that want or require the unit, in the same way. */
int unit_gather_wanters(struct unit_gather *g, char *names);
/* Reads the properties that apply to a unit in the state of g->row.  Negative: -errno. */
int unit_gather_properties(struct unit_gather *g);
/* Gets the rows of all units in a list of names with one call to systemd, and calls fn for each
 * row.  Negative: -errno, or what fn returned. */
typedef int unit_row_fn(const struct unit_row *row, void *arg);
int unit_gather_each(struct systemd_call *call, const char *names, unit_row_fn *fn, void *arg);
/* Records another unit whose changes matter to this unit, too. */
void unit_gather_relate(struct unit_gather *g, const struct unit_row *row);
/* Whether the unit is active, or is being started, stopped or reloaded. */
bool unit_row_is_at_work(const struct unit_row *row);

#endif
