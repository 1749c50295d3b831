/*
 * unit_evidence: reads from systemd, on a worker, everything that matters about one unit.
 */
#ifndef UNIT_EVIDENCE_H
#define UNIT_EVIDENCE_H

#include "service/systemd/unit_gather.h"

/* Gathers the evidence with blocking calls, within the call's deadline.  Sets those members of the
 * reply that evidence_evaluate does not set.  Negative: -errno, with the call's error. */
int unit_evidence_gather(struct systemd_call *call, const struct manager_request *request,
	const struct unit_row *row, struct unit_evidence *gathered, struct manager_reply *reply);

#endif
