/*
 * probe_answer: what the answer to a probe says of the service.
 *
 * It knows no sockets and no processes.  An answer is a success only where it says so in full.
 */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include <stddef.h>

#include <vigil/vigil.h>

#define PROBE_WHY 512

enum probe_outcome {
	PROBE_SUCCEEDED,
	PROBE_FAILED,    /* the service did not answer as it should */
	PROBE_IMPOSSIBLE /* vigild could not ask it: this says nothing about the service */
};

/* Both write why in words, one line without control characters; "" for a success. */

/* The beginning of an answer over HTTP, up to the end of its first line or as much as there is: a status from
 * 200 to 399 is a success. */
enum probe_outcome probe_answer_http(const char *bytes, size_t length, char why[PROBE_WHY]);
/* The end of the command: exit status 0 is a success. */
enum probe_outcome probe_answer_exit(const vigil_child_exit *e, char why[PROBE_WHY]);

#endif
