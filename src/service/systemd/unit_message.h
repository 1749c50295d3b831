/*
 * unit_message: parses systemd's messages about units: signals, lists of rows, jobs, conditions.
 *
 * Nothing here communicates with systemd.  A message that does not have the expected type is
 * rejected as a whole: after a negative return value the result is undefined.  Texts are borrowed
 * from the message.
 */
#ifndef UNIT_MESSAGE_H
#define UNIT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

/* Counts the rows in an answer to ListUnitsByNames and rewinds the message.  Negative: -errno. */
int unit_rows_count(sd_bus_message *answer, unsigned *count);

/* The parts of a PropertiesChanged signal of a unit that vigild uses. */
struct unit_change {
	const char *active, *sub; /* NULL: not in the signal */
	pid_t pid;                /* -1: not in the signal */
};

/* Reads a PropertiesChanged signal.  Negative: -errno. */
int unit_change_read(sd_bus_message *message, struct unit_change *change);

/* Returns the result in a JobRemoved signal, such as "done"; NULL: the signal is about another job
 * or malformed. */
const char *unit_job_result(sd_bus_message *message, const char *job);

/* Reads the list of conditions or assertions in an answer to a Get.  Adds their number to count.
 * If unmet is "", writes the first one that is not met, in the syntax of a unit file.  Negative:
 * -errno. */
int unit_conditions_read(sd_bus_message *answer, unsigned *count, char *unmet, size_t size);

#endif
