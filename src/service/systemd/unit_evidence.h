/*
 * unit_evidence: reads from systemd, on a worker, all that matters about one unit.
 */
#ifndef UNIT_EVIDENCE_H
#define UNIT_EVIDENCE_H

#include <stdbool.h>

#include "service/systemd/bus.h"
#include "service/systemd/unit_info.h"

#define UNIT_NAMES MANAGER_RELATED

/* The evidence, and the texts that it borrows. */
struct unit_evidence {
	struct evidence e;
	char said[UNIT_SAID], hold[MANAGER_TEXT], idle[MANAGER_TEXT];
	char parts
		[UNIT_NAMES]; /* the parts of an umbrella unit that are down, each before a blank */
};

/* Gathers it within the call's deadline, by blocking calls; sets in the reply what evidence_judge
 * does not.  Negative: -errno, with the call's error. */
int unit_evidence_gather(struct systemd_call *call, const struct manager_request *request,
	const struct unit_row *row, struct unit_evidence *gathered, struct manager_reply *reply);

/* Calls fn for each unit of a list of names with its row, in one call to systemd.  Negative:
 * -errno, or what fn returned. */
typedef int unit_row_fn(const struct unit_row *row, void *arg);
int unit_evidence_each(struct systemd_call *call, const char *names, unit_row_fn *fn, void *arg);

#endif
