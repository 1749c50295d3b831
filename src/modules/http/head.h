/*
 * head: the head of the status page: the host, the number of daemons of each severity, and what
 * needs attention.
 */
#ifndef HEAD_H
#define HEAD_H

#include <jansson.h>

#include <vigil/vigil.h>

#include "status_row.h"

struct evbuffer;

struct head {
	unsigned count[SEVERITIES]; /* daemons by their severity */
	unsigned watches;           /* daemons that watch something */
};

/* Counts one daemon.  watch: the result of status_row_is_watch. */
void head_count(struct head *head, enum severity severity, bool watch);
/* Returns the worst severity of all daemons.  It is a warning at least if vigild is degraded. */
enum severity head_severity(const struct head *head, const json_t *degraded);

/* Writes the element <header>.  vigil: the value at /vigil; live: see html_time. */
void head_put(struct evbuffer *out, const struct head *head, const json_t *vigil, bool live);
/* Writes the name of this host, with control characters escaped.  Returns name. */
#define HEAD_HOST 512
char *head_host(char name[HEAD_HOST]);

#endif
