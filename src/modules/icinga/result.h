/*
 * result: what a daemon has to say, as a check result for Icinga 2.
 *
 * It knows no module: the daemon's health, whether it failed or is paused, and performance data
 * in the form that vigil's interface gives it.
 */
#ifndef RESULT_H
#define RESULT_H

#include <jansson.h>

struct result_names {
	const char *host;    /* the Host object's name */
	const char *service; /* of the Service object; {daemon} stands for the daemon's */
	double ttl;
};

/* account: what /runs/NAME holds; data: what /daemons/NAME holds, or NULL; now: seconds since
 * 1970.  The body of process-check-result, a new reference; NULL where the daemon has nothing to
 * say yet.  left_out: how many values of performance data cannot be handed on. */
json_t *result_make(const struct result_names *names, const char *daemon, const json_t *account,
	const json_t *data, double now, unsigned *left_out);

#endif
