/*
 * unit_gather: what the files share that gather the evidence about one unit, on a worker.
 */
#ifndef UNIT_GATHER_H
#define UNIT_GATHER_H

#include <stdbool.h>

#include "service/systemd/bus.h"
#include "service/systemd/unit_info.h"

/* Room for a list of names, each followed by a blank.  An umbrella unit may have hundreds of parts. */
#define UNIT_NAMES 16384

/* The evidence, and the texts that it borrows. */
struct unit_evidence {
	struct evidence e;
	char said[UNIT_SAID], hold[MANAGER_TEXT], idle[MANAGER_TEXT];
	/* The parts of an umbrella unit that are down, each followed by a blank. */
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

/* Appends the names that a property of the unit lists.  Negative: -errno. */
int unit_gather_names(struct unit_gather *g, const char *property, char *names);
/* Reads the properties that apply to a unit in its state. */
int unit_gather_properties(struct unit_gather *g);
/* Calls fn for each unit of a list of names with its row, in one call to systemd.  Negative:
 * -errno, or what fn returned. */
typedef int unit_row_fn(const struct unit_row *row, void *arg);
int unit_gather_each(struct systemd_call *call, const char *names, unit_row_fn *fn, void *arg);
/* A change of this other unit matters to the unit, too. */
void unit_gather_relate(struct unit_gather *g, const struct unit_row *row);
/* Whether the unit is active, or is being started, stopped or reloaded. */
bool unit_row_is_at_work(const struct unit_row *row);

#endif
