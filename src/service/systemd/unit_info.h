/*
 * unit_info: what systemd's words about a unit mean.
 *
 * Pure: nothing here talks to systemd.  The worker that waits for each answer (unit_evidence.c)
 * and the loop that never waits (unit_monitor.c) both read answers here, so that both come to the
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

/* Every service conflicts with it, and a shutdown is recognised by other means. */
#define UNIT_SHUTDOWN "shutdown.target"

/* Writes a service's name as a unit's.  False for a unit of another kind, and a name too long. */
bool unit_name(const char *name, char unit[MANAGER_UNIT]);

/* --- the row: one unit of ListUnitsByNames ---------------------------------------------------- */

struct unit_row {         /* the texts are the message's */
	const char *name; /* an alias has that of the unit that it stands for */
	const char *load, *active, *sub, *path;
	const char *job; /* what is pending for it, such as "stop"; "": nothing */
};

/* Goes to the first row.  Negative: -errno. */
int unit_rows_enter(sd_bus_message *answer);
/* 1; 0 after the last; negative: -errno. */
int unit_row_read(sd_bus_message *answer, struct unit_row *row);
/* Whether the row is that unit's: under another name it may be an alias, or another unit. */
bool unit_row_is_named(const struct unit_row *row, const char *unit);
/* Not installed; a unit whose file is gone but whose processes still run is not absent. */
bool unit_row_is_absent(const struct unit_row *row);
/* "active (exited)": systemd does not know of any process. */
bool unit_row_is_exited(const struct unit_row *row);
/* Of an ActiveState. */
vigil_service_status unit_status(const char *active);

/* --- the properties that a row leaves out ----------------------------------------------------- */

/* In the order in which they are to be read: the pid first, so that a new one never comes with the
 * old count. */
enum unit_property {
	UNIT_PROPERTY_PID,
	UNIT_PROPERTY_RESPAWNS,
	UNIT_PROPERTY_RESULT,
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
	char result[32];  /* why it failed; "": it has not */
	uint64_t changed; /* when ActiveState changed last: CLOCK_MONOTONIC, in microseconds */
	bool others;      /* other units conflict with it, or start it */
	uint64_t limit;   /* of the work in progress, in microseconds; UINT64_MAX: none */
	/* These are read by a worker only, of a unit that has failed. */
	uint64_t started;   /* when it was started last, as `changed` */
	uint64_t left;      /* when it was no longer active; 0: never */
	uint64_t ended;     /* when its main process ended; 0: never */
	uint64_t run_limit; /* how long it may run; UINT64_MAX: for ever */
};

/* Whether a unit in that state has it. */
bool unit_property_applies(enum unit_property property, const char *active, const char *sub);
const char *unit_property_interface(enum unit_property property);
const char *unit_property_name(enum unit_property property);
/* Takes it from the answer to a Get.  Negative: -errno. */
int unit_property_read(
	enum unit_property property, sd_bus_message *answer, struct unit_properties *properties);

/* --- the verdict ------------------------------------------------------------------------------ */

#define UNIT_SAID 256

/* Fills the evidence with what the row and the properties say; said must outlive it. */
void unit_take(const struct unit_row *row, const struct unit_properties *properties,
	struct evidence *e, char said[UNIT_SAID], struct manager_reply *reply);
/* Judges a unit of which row and properties tell all.  Sets all but manager, error and memory. */
void unit_judge(const struct unit_row *row, const struct unit_properties *properties,
	struct manager_reply *reply);
/* What sd-bus (r, a negative errno) or systemd answered, as a fault. */
void unit_fault(struct manager_reply *reply, int r, const sd_bus_error *error);

#endif
