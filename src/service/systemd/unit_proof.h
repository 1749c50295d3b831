/*
 * unit_proof: whether the signals of systemd alone prove that a running unit has crashed.
 *
 * Nothing here communicates with systemd.  If the crash is proven, the unit's status is "failed"
 * and nothing forbids its restart, exactly as the queries would find.  In every other case the
 * queries must be made.
 */
#ifndef UNIT_PROOF_H
#define UNIT_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "service/systemd/unit_cache.h"
#include "service/systemd/unit_message.h"

enum unit_proof_stage {
	PROOF_NONE,
	PROOF_ENDED,  /* the main process has ended; the signal about the unit's state follows */
	PROOF_CRASHED /* the unit has failed, and nothing else is at work on it */
};

/* Zeroed: nothing is proven. */
struct unit_proof {
	enum unit_proof_stage stage;
	/* When the main process ended, and when its start began: CLOCK_MONOTONIC, microseconds. */
	uint64_t exited, began;
};

/* Whether a crash of the unit could be proven by its signals: it runs, its status depends on
 * nothing but its state, and systemd would have signalled any change. */
bool unit_proof_is_possible(const struct cached_unit *unit);
/* Takes a signal of the unit, before the unit is changed by it.  exec: from the last signal about
 * its process.  stopping: systemd has signalled that it is being stopped. */
void unit_proof_hear(struct unit_proof *proof, const struct cached_unit *unit,
	const struct unit_exec *exec, bool stopping, const struct unit_change *change);
/* Whether the crash is proven and the process ended so recently that the unit cannot have been
 * started again in the meantime without a signal that is still to be read.  now: CLOCK_MONOTONIC,
 * microseconds. */
bool unit_proof_holds(const struct unit_proof *proof, uint64_t now);

#endif
