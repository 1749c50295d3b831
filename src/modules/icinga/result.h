/*
 * result: formats the health of a daemon as a check result for Icinga 2.
 *
 * This file knows no module.  It uses only the health of the daemon, and performance data and
 * plugin output in their documented format.
 */
#ifndef RESULT_H
#define RESULT_H

#include <jansson.h>

/* The master accepts requests of at most 1 MiB.  640 KiB of performance data leave room for the
 * text. */
#define RESULT_PERFDATA_MAX (640u * 1024)

struct result_names {
	const char *host;    /* the name of the Host object */
	const char *service; /* the name of the Service object; {daemon}: the daemon's name */
	double ttl;
};

/* The number of performance values that a result does not contain. */
struct result_left_out {
	unsigned unfit; /* the label has a bar or an end of line, or the value is not a number */
	unsigned over;  /* they exceed RESULT_PERFDATA_MAX; the result's text says so */
};

/* Returns 0 for OK, 1 for WARNING, 2 for CRITICAL, and 3 (UNKNOWN) for anything else. */
int result_level(const json_t *health);

/* Returns the name of the daemon's Service object, HOST!SERVICE, which the caller frees; NULL: out
 * of memory. */
char *result_service(const struct result_names *names, const char *daemon);

/* health: the value at /runs/NAME/health; data: the value at /daemons/NAME, or NULL; now: seconds
 * since 1970.  Sets *left_out.  Returns the body of process-check-result, a new reference; NULL:
 * there is no health yet, or out of memory. */
json_t *result_make(const struct result_names *names, const char *daemon, const json_t *health,
	const json_t *data, double now, struct result_left_out *left_out);

#endif
