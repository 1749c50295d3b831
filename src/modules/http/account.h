/*
 * account: what the metrics need of the account of a daemon at /runs.
 *
 * A reply keeps this for each daemon until its client has read the reply.  The whole account, with
 * its history, is many times larger.
 */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include <stdbool.h>

#include <jansson.h>

#include "state_reader.h"

#define ACCOUNT_MODULE 65 /* the longest name of a module, and its NUL */

struct account {
	bool exists; /* the other members are valid */
	bool up, paused;
	enum reader_level level;
	char module[ACCOUNT_MODULE];
	double ticks, missed, errors, callback_seconds; /* NAN: unknown */
};

/* json: the value at /runs/NAME; NULL: the daemon does not exist any more. */
void account_read(struct account *account, const json_t *json);

#endif
