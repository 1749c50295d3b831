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
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

/* Counts the rows in an answer to ListUnitsByNames and rewinds the message.  Negative: -errno. */
int unit_rows_count(sd_bus_message *answer, unsigned *count);

/* Times with _at are microseconds since 1970, the others by CLOCK_MONOTONIC; 0: never. */

/* The main process, as SYSTEMD_SERVICE describes it. */
struct unit_exec {
	uint32_t pid;
	int32_t code, status; /* as in siginfo_t; code 0: it has not ended */
	uint64_t started, exited, exited_at;
	char result[32]; /* of the unit */
};

/* The states, as SYSTEMD_UNIT describes them. */
struct unit_states {
	const char *active, *sub; /* NULL: not known */
	uint64_t begun;           /* when it ceased to be inactive */
	uint64_t entered, left;   /* when it became active, and ceased to be */
	uint64_t changed_at;
	int conditions, asserts; /* whether they were met */
	uint64_t conditions_checked, conditions_checked_at, asserts_checked, asserts_checked_at;
	char invocation[33]; /* "": none */
};

/* The parts of a PropertiesChanged signal of a unit that vigild uses.  systemd sends one for each
 * interface, and always all properties that have changes. */
struct unit_change {
	const char *interface;
	pid_t pid;        /* -1: not in the signal */
	int64_t respawns; /* the same */
	int64_t job;      /* the number of the pending job, 0: none; -1: not in the signal */
	struct unit_exec exec;
	struct unit_states states;
};

/* Reads a PropertiesChanged signal.  Negative: -errno. */
int unit_change_read(sd_bus_message *message, struct unit_change *change);

/* A property of struct unit_exec or struct unit_states. */
struct unit_field {
	const char *name;
	char type; /* of D-Bus; 'a': an array of bytes; 'S': a text that is copied */
	bool service;
	size_t offset; /* in the struct */
};
/* Terminated by an entry without a name.  The first two are `exited` and `conditions_checked`,
 * which are both 0 for a unit that was never started. */
extern const struct unit_field unit_fields[];
/* Reads the variant with the value of the property into the struct.  Texts are borrowed or copied.
 * Negative: -errno. */
int unit_field_read(const struct unit_field *field, sd_bus_message *message, void *to);

/* Returns the result in a JobRemoved signal, such as "done"; NULL: the signal is about another job
 * or malformed. */
const char *unit_job_result(sd_bus_message *message, const char *job);

/* Reads the list of conditions or assertions in an answer to a Get.  Adds their number to count.
 * If unmet is "", writes the first one that is not met, in the syntax of a unit file.  Negative:
 * -errno. */
int unit_conditions_read(sd_bus_message *answer, unsigned *count, char *unmet, size_t size);
/* The same, but appends all conditions to the text, as many as fit. */
int unit_conditions_read_all(sd_bus_message *answer, unsigned *count, char *all, size_t size);

#endif
