/*
 * result: the health of a daemon as a check result for Icinga 2.
 *
 * It knows no module: the daemon's health, and what the interface says of performance data and of the
 * output of a plugin.
 */
#ifndef RESULT_H
#define RESULT_H

#include <jansson.h>

/* The master takes a request of at most 1 MiB: 640 KiB of performance data leave room for the text. */
#define RESULT_PERFDATA_MAX (640u * 1024)

struct result_names {
	const char *host;    /* the Host object's name */
	const char *service; /* of the Service object; {daemon} stands for the daemon's */
	double ttl;
};

/* Performance values that are not in a result. */
struct result_left_out {
	unsigned unfit; /* a label with a bar or an end of line, or no number */
	unsigned over;  /* beyond RESULT_PERFDATA_MAX; the result's text says so */
};

/* 0 OK, 1 WARNING, 2 CRITICAL; anything else is 3 UNKNOWN. */
int result_level(const json_t *health);

/* The name of the Service object that stands for the daemon, HOST!SERVICE, to be freed; NULL: out of
 * memory. */
char *result_service(const struct result_names *names, const char *daemon);

/* health: /runs/NAME/health; data: what is at /daemons/NAME, or NULL; now: seconds since 1970.
 * Returns the body of process-check-result, a new reference; NULL when there is no health yet or out of
 * memory. */
json_t *result_make(const struct result_names *names, const char *daemon, const json_t *health,
	const json_t *data, double now, struct result_left_out *left_out);

#endif
