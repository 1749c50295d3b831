/*
 * unit_death: how the last run of a unit ended, from what systemd says about it.
 *
 * systemd signals every end of a main process with all its properties, before it starts the unit
 * again and forgets them.  So the signals are sufficient while the connection is up, and no call is
 * made.  A worker reads the same properties of a unit that is down when vigild starts.
 */
#ifndef UNIT_DEATH_H
#define UNIT_DEATH_H

#include <stdbool.h>
#include <stdint.h>

#include "service/death.h"
#include "service/systemd/unit_gather.h"
#include "service/systemd/unit_message.h"

/* What systemd has signalled about one unit.  Zeroed: nothing. */
struct unit_death {
	struct unit_exec exec;
	bool heard;         /* exec is known */
	struct death *last; /* NULL: none */
};

/* Forgets everything; also after signals were lost. */
void unit_death_clear(struct unit_death *death);
/* Takes a signal of the unit, which must have been sent by systemd.  Returns whether a start was
 * skipped, which does not change the states of the unit. */
bool unit_death_hear(struct unit_death *death, const struct unit_change *change);
/* A job of the unit has ended.  Returns whether its start was skipped because of a dependency. */
bool unit_death_hear_job(struct unit_death *death, const char *result);
/* The last death; its kind is NONE if none was signalled, or if death is NULL. */
const struct death *unit_death_last(const struct unit_death *death);
/* Whether a worker can find out more about the last death of a unit with that row: what is wrong
 * with its program, which other command failed, or which unit it needs. */
bool unit_death_has_more(const struct unit_death *death, const struct unit_row *row);

/* Derives the death from all properties; its kind is NONE if the unit is not down, or if it has not
 * run. */
void unit_death_evaluate(
	const struct unit_exec *exec, const struct unit_states *states, struct death *death);

/* Adds to the reply how the last run of the unit, which is down, has ended.  Negative: -errno. */
int unit_death_gather(struct unit_gather *g);

#endif
