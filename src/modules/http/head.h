/*
 * head: the top of the status page: the host, what needs attention, and how many there are of what.
 */
#ifndef HEAD_H
#define HEAD_H

#include <jansson.h>

#include <vigil/vigil.h>

#include "status_row.h"

struct evbuffer;

struct head {
	unsigned count[SEVERITIES]; /* rows by their severity */
	unsigned watches;           /* daemons that watch something */
};

/* Counts a daemon, by its account. */
void head_count(struct head *head, enum severity severity, bool watch);
/* The worst severity that there is; that vigild is degraded counts as a warning. */
enum severity head_severity(const struct head *head, const json_t *degraded);

/* Writes <header>.  vigil: what is at /vigil; live: as html_time has it. */
void head_put(struct evbuffer *out, const struct head *head, const json_t *vigil, bool live);
/* The name of this host, fit to be shown.  Returns name. */
#define HEAD_HOST 512
char *head_host(char name[HEAD_HOST]);

#endif
