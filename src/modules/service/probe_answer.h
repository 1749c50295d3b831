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

#define PROBE_WHY 512

enum probe_outcome {
	PROBE_SUCCEEDED,
	PROBE_FAILED, /* the service did not give a valid answer */
	/* vigild could not make the attempt; this says nothing about the service */
	PROBE_IMPOSSIBLE
};

/* Both functions write the reason to `why`: one line without control characters, or "" for a
 * success. */

/* Evaluates the beginning of an HTTP answer, up to the end of its first line or as much as was
 * received. A status from 200 to 399 is a success. */
enum probe_outcome probe_answer_http(const char *bytes, size_t length, char why[PROBE_WHY]);
/* Evaluates the exit of the command. Exit status 0 is a success. */
enum probe_outcome probe_answer_exit(const vigil_child_exit *e, char why[PROBE_WHY]);

#endif
