/*
 * probe_answer: evaluates the answer to a probe.
 *
 * This file uses no sockets and no processes. An answer is a success only if it is complete and
 * says so.
 */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stddef.h>

#include <vigil/vigil.h>

#include "probe_expect.h"
#include "probe_http.h"
#include "probe_plan.h"

#define PROBE_WHY 512

enum probe_outcome {
	PROBE_SUCCEEDED,
	PROBE_FAILED, /* the service did not give a valid answer */
	/* the service answers, but its certificate is not accepted; a restart does not help */
	PROBE_DISTRUSTED,
	/* the host name could not be looked up; this says nothing about a service of this
	 * machine */
	PROBE_UNRESOLVED,
	/* vigild could not make the attempt; this says nothing about the service */
	PROBE_IMPOSSIBLE
};

/* These functions write the reason to `why`: one line without control characters, or "" for a
 * success. */

/* Evaluates a complete HTTP answer.  expect: NULL if every body is a success. */
enum probe_outcome probe_answer_http(const struct probe_plan *plan, const struct probe_http *http,
	const struct probe_expect *expect, char why[PROBE_WHY]);
/* Describes an answer that does not contain what was expected. */
void probe_answer_unexpected(const char *answer, size_t length, char why[PROBE_WHY]);
/* Evaluates the exit of the command. Exit status 0 is a success. */
enum probe_outcome probe_answer_exit(const vigil_child_exit *e, char why[PROBE_WHY]);

#endif
