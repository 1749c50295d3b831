/*
 * unit_message: reads systemd's messages about units: signals, lists of rows, jobs, conditions.
 *
 * Pure, as unit_info.h.  A message of another form than systemd's is refused as a whole: after a negative
 * return the result says nothing.  Texts are the message's.
 */
#ifndef UNIT_MESSAGE_H
#define UNIT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

/* How many rows there are in an answer to ListUnitsByNames, which is then at its beginning again.
 * Negative: -errno. */
int unit_rows_count(sd_bus_message *answer, unsigned *count);

/* What a PropertiesChanged says of a unit. */
struct unit_change {
	const char *active, *sub; /* NULL: it does not say */
	pid_t pid;                /* -1 */
};

/* Negative: -errno. */
int unit_change_read(sd_bus_message *message, struct unit_change *change);

/* The result in JobRemoved, such as "done"; NULL: the signal is about another job, or is none. */
const char *unit_job_result(sd_bus_message *message, const char *job);

/* The list of conditions or assertions in an answer to a Get: how many there are is added to count, and the
 * first that is not met is written as in the unit file, unless unmet holds one already.  Negative: -errno. */
int unit_conditions_read(sd_bus_message *answer, unsigned *count, char *unmet, size_t size);

#endif
