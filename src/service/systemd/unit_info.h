/*
 * unit_info: interprets what systemd reports about a unit.
 *
 * Nothing here communicates with systemd.  The worker that waits for each answer (unit_evidence.c)
 * and the loop that never waits (unit_monitor.c) both use these functions, so that both reach the
 * same verdict.
 */
#ifndef UNIT_INFO_H
#define UNIT_INFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

#include "service/manager.h"

#define SYSTEMD         "org.freedesktop.systemd1"
#define SYSTEMD_MANAGER SYSTEMD ".Manager"
#define SYSTEMD_UNIT    SYSTEMD ".Unit"
#define SYSTEMD_SERVICE SYSTEMD ".Service"
#define SYSTEMD_OBJECT  "/org/freedesktop/systemd1"

/* Ignored as a conflict, because every service conflicts with it and a shutdown is detected
 * elsewhere. */
#define UNIT_SHUTDOWN "shutdown.target"

/* Writes the name of the unit of a service.  Returns false if the name is that of another type of
 * unit, or too long. */
bool unit_name(const char *name, char unit[MANAGER_UNIT]);
/* Copies the name of a service unit without its suffix, if that leads to the unit again; else the
 * whole name.  Returns name. */
const char *unit_short_name(const char *unit, char name[MANAGER_UNIT]);

/* --- the row: one unit in the answer to ListUnitsByNames -------------------------------------- */

struct unit_row {         /* the texts are borrowed from the message */
	const char *name; /* for an alias: the name of the unit that it stands for */
	const char *load, *active, *sub, *path;
	const char *job; /* the type of the pending job, such as "stop"; "": none */
};

/* Enters the array of rows.  Negative: -errno. */
int unit_rows_enter(sd_bus_message *answer);
/* Reads the next row.  Returns 1, 0 after the last row, or -errno. */
int unit_row_read(sd_bus_message *answer, struct unit_row *row);
/* Whether the row has that unit's name.  A row with another name is that of an alias or another
 * unit. */
bool unit_row_is_named(const struct unit_row *row, const char *unit);
/* Whether the unit is not installed.  A unit whose file is missing but which is not down is not
 * absent. */
bool unit_row_is_absent(const struct unit_row *row);
/* Whether the state is "active (exited)", in which systemd knows no process of the unit. */
bool unit_row_is_exited(const struct unit_row *row);
/* The status that an ActiveState means. */
vigil_service_status unit_status(const char *active);

/* --- the properties that a row does not contain ----------------------------------------------- */

/* In the order in which they must be read.  The pid is first, so that a new pid is never combined
 * with the old count of respawns. */
enum unit_property {
	UNIT_PROPERTY_PID,
	UNIT_PROPERTY_RESPAWNS,
	UNIT_PROPERTY_ENTERED,
	UNIT_PROPERTY_RESULT,
	UNIT_PROPERTY_EXIT,
	UNIT_PROPERTY_CHANGED,
	UNIT_PROPERTY_START_LIMIT,
	UNIT_PROPERTY_STOP_LIMIT,
	UNIT_PROPERTY_RESTART_DELAY,
	UNIT_PROPERTY_CONFLICTED_BY,
	UNIT_PROPERTY_TRIGGERED_BY,
	UNIT_PROPERTIES
};

struct unit_properties {
	pid_t pid;
	uint32_t respawns;
	char result[32];  /* why it failed; "": not read, because it has not failed */
	uint64_t entered; /* the start of this run; clock and unit as `changed`; 0: not read */
	int32_t exit;     /* for exit-code the exit status, for signal the signal; 0: unknown */
	uint64_t changed; /* the last change of its state: CLOCK_MONOTONIC, microseconds */
	bool others;      /* other units conflict with it or start it */
	uint64_t limit;   /* for the present start or stop, microseconds; UINT64_MAX: none */
	/* Only a worker reads these, for a unit that has failed.  Clock and unit as `changed`. */
	uint64_t started;   /* its last start */
	uint64_t left;      /* when it left the state "active"; 0: never */
	uint64_t ended;     /* when its main process ended; 0: never */
	uint64_t run_limit; /* microseconds that it may run; UINT64_MAX: unlimited */
};

/* Whether the property must be read for a unit in that state. */
bool unit_property_applies(enum unit_property property, const char *active, const char *sub);
const char *unit_property_interface(enum unit_property property);
const char *unit_property_name(enum unit_property property);
/* Reads the property from the answer to a Get.  Negative: -errno. */
int unit_property_read(
	enum unit_property property, sd_bus_message *answer, struct unit_properties *properties);

/* --- the verdict ------------------------------------------------------------------------------ */

#define UNIT_SAID 256

/* Formats how a unit failed, from its Result and ExecMainStatus.  Without a status another
 * process of it, such as that of ExecStartPre=, has failed, and systemd does not say how. */
void unit_format_result(const char *result, int32_t status, char *text, size_t size);

/* Fills the evidence and the reply from the row and the properties.  The evidence borrows said. */
void unit_take(const struct unit_row *row, const struct unit_properties *properties,
	struct evidence *e, char said[UNIT_SAID], struct manager_reply *reply);
/* Evaluates a unit that its row and its properties describe completely, as manager_evaluate does.
 * Leaves manager, simple, outside and related of the reply unchanged. */
void unit_evaluate(const struct unit_row *row, const struct unit_properties *properties,
	struct manager_reply *reply);
/* Sets the fault of the reply from an error of sd-bus (r, a negative errno) or of systemd. */
void unit_fault(struct manager_reply *reply, int r, const sd_bus_error *error);

#endif
