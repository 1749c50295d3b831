/*
 * systemd_unit: what systemd's words about a unit mean.
 */
#ifndef SYSTEMD_UNIT_H
#define SYSTEMD_UNIT_H

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

#define SYSTEMD_NAME 256 /* a unit's name has at most 255 bytes */

/* A service's name as a unit's.  False for what is a unit of another kind, or too long. */
bool systemd_unit_name(const char *name, char unit[SYSTEMD_NAME]);

/* --- the row: one unit of ListUnitsByNames ----------------------------------------------------- */

struct systemd_row {      /* the texts are the message's */
	const char *name; /* an alias has that of the unit that it stands for */
	const char *load, *active, *sub, *path;
	const char *job; /* what is pending for it, such as "stop"; "": nothing */
};

/* To the first row.  Negative: -errno. */
int systemd_rows_enter(sd_bus_message *answer);
/* 1; 0 after the last; negative: -errno. */
int systemd_row_read(sd_bus_message *answer, struct systemd_row *row);
/* Whether it is that unit's: under another name it may be an alias, or none of its. */
bool systemd_row_is_named(const struct systemd_row *row, const char *unit);
/* Not installed; one whose file is gone but whose processes still run is there. */
bool systemd_row_is_absent(const struct systemd_row *row);
/* Of an ActiveState. */
vigil_service_status systemd_status(const char *active);

/* --- the details: what only properties tell ----------------------------------------------------- */

/* In the order in which they are to be asked for: the pid first, lest a new one be told with the
 * old count. */
enum systemd_detail {
	SYSTEMD_DETAIL_PID,
	SYSTEMD_DETAIL_RESPAWNS,
	SYSTEMD_DETAIL_RESULT,
	SYSTEMD_DETAILS
};

struct systemd_details {
	pid_t pid;
	uint32_t respawns;
	char result[32]; /* why it failed; "": it has not */
};

/* Whether a unit in that state has it. */
bool systemd_detail_applies(enum systemd_detail detail, const char *active);
/* The property of SYSTEMD_SERVICE that it is. */
const char *systemd_detail_property(enum systemd_detail detail);
/* Takes it from the answer to a Get.  Negative: -errno. */
int systemd_detail_read(
	enum systemd_detail detail, sd_bus_message *answer, struct systemd_details *details);

/* --- the verdict -------------------------------------------------------------------------------- */

/* All but the manager and the error, which stay. */
void systemd_judge(const struct systemd_row *row, const struct systemd_details *details,
	struct manager_reply *reply);
/* What sd-bus (r, a negative errno) or systemd answered, as a fault. */
void systemd_fault(struct manager_reply *reply, int r, const sd_bus_error *error);

#endif
