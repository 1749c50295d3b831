/*
 * unit_proof: see unit_proof.h.  The queries find out more than the state of a unit.  Each of these
 * facts is known without a query, or systemd itself enforces it when it gets the request for the
 * restart, with the job mode "fail":
 *
 * - The unit is masked.  A unit that runs is loaded, and its LoadState changes only while systemd
 *   reloads.  systemd signals that (Reloading), and then pid_valid and simple are false.  It does
 *   not start a masked unit.
 * - Another unit conflicts with it.  Two such units are never active together.  While the start of
 *   the other one is pending, this one has a stop job, which is in the signal.  Units that became
 *   conflicting while both ran became so by a reload.  A unit with known conflicts is not simple.
 * - It was stopped on request.  Then it left the state "active" before its process ended.
 * - A job is pending: it is in the signal, and systemd refuses a job that conflicts with it.
 * - systemd restarts it.  Such a unit is not unaided.  Its state may be signalled as "failed" before
 *   it becomes "activating".
 * - The machine shuts down.  Every unit that can be simple conflicts with shutdown.target, whose
 *   start cannot be reverted, so systemd refuses to start it.
 * - It has conditions, parts or triggers, or is a oneshot.  Such a unit is not simple.
 */
#include "service/systemd/unit_proof.h"

#include <signal.h>
#include <string.h>

#include "service/systemd/exit_status.h"

#define FRESH 100000 /* microseconds */

bool unit_proof_is_possible(const struct cached_unit *unit)
{
	return unit->simple && unit->unaided && !unit->outside && unit->pid_valid &&
	       unit->properties.pid > 0 && unit->status == VIGIL_SERVICE_RUNNING &&
	       strcmp(unit->active, "active") == 0 && strcmp(unit->load, "loaded") == 0;
}

/* Whether the process ended by itself, and systemd agrees about how.  A start that failed, such as
 * 203/EXEC, is not a crash. */
static bool is_crash(const struct unit_exec *exec)
{
	static const struct {
		const char *result;
		int code;
	} ends[] = {{"signal", CLD_KILLED}, {"oom-kill", CLD_KILLED}, {"core-dump", CLD_DUMPED},
		{"exit-code", CLD_EXITED}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (exec->code == ends[i].code && strcmp(exec->result, ends[i].result) == 0)
			return exec->code != CLD_EXITED || exit_status_word(exec->status) == NULL;
	return false;
}

static bool has_ended(const struct cached_unit *unit, const struct unit_exec *exec)
{
	return exec->pid == (uint32_t)unit->properties.pid && exec->exited > 0 && is_crash(exec);
}

/* Whether the unit failed because its process ended: it was active when that happened. */
static bool has_failed(const struct unit_exec *exec, const struct unit_states *states, int64_t job)
{
	return job == 0 && states->active != NULL && strcmp(states->active, "failed") == 0 &&
	       states->sub != NULL && strcmp(states->sub, "failed") == 0 && states->entered > 0 &&
	       states->entered <= exec->exited && exec->exited <= states->left;
}

void unit_proof_hear(struct unit_proof *proof, const struct cached_unit *unit,
	const struct unit_exec *exec, bool stopping, const struct unit_change *change)
{
	bool ended = proof->stage != PROOF_NONE; /* systemd may signal the failure twice */

	proof->stage = PROOF_NONE;
	if (stopping)
		return;
	if (strcmp(change->interface, SYSTEMD_SERVICE) == 0) {
		proof->exited = change->exec.exited;
		if (unit_proof_is_possible(unit) && has_ended(unit, &change->exec))
			proof->stage = PROOF_ENDED;
	} else if (ended && has_failed(exec, &change->states, change->job)) {
		proof->stage = PROOF_CRASHED;
		proof->began = change->states.begun;
	}
}

bool unit_proof_holds(const struct unit_proof *proof, uint64_t now)
{
	return proof->stage == PROOF_CRASHED && now >= proof->exited && now - proof->exited < FRESH;
}
