/*
 * unit_death: see unit_death.h.  A start checks the conditions of the unit first.  So the time
 * of that check is when the last start began, and a main process that ended earlier belongs to
 * an earlier start.
 */
#include "service/systemd/unit_death.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "service/systemd/exit_status.h"
#include "service/systemd/unit_program.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECOND       1e6 /* microseconds */

/* --- the decision ----------------------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Whether the unit is down, or waits for its restart. */
static bool is_at_rest(const struct unit_states *states)
{
	const char *sub = states->sub != NULL ? states->sub : "";

	return states->active != NULL && (vigil_service_is_down(unit_status(states->active)) ||
						 strncmp(sub, "auto-restart", 12) == 0);
}

static bool was_skipped(const struct unit_states *states)
{
	return (states->conditions_checked > 0 && !states->conditions) ||
	       (states->asserts_checked > 0 &&
		       states->asserts_checked >= states->conditions_checked && !states->asserts);
}

/* When the last start began; 0: unknown, because a start that exceeds the limit of starts
 * checks the conditions, too. */
static uint64_t start_of(const struct unit_states *states)
{
	return states->begun >= states->conditions_checked ? states->conditions_checked : 0;
}

/* Whether systemd had begun to stop the unit before its main process ended.  It does that without a
 * request, too, and then the result says why. */
static bool was_requested(const struct unit_exec *exec, const struct unit_states *states)
{
	static const char *const ends[] = {"success", "exit-code", "signal", "core-dump"};

	return is_one_of(exec->result, ends, COUNT(ends)) && states->left > start_of(states) &&
	       exec->exited > states->left;
}

/* Whether the result is about a start that did not become active. */
static bool was_starting(const struct unit_exec *exec, const struct unit_states *states)
{
	static const char *const ends[] = {"timeout", "protocol", "resources", "exec-condition"};

	return is_one_of(exec->result, ends, COUNT(ends)) && states->entered <= start_of(states);
}

static void set_end(
	const struct unit_exec *exec, const struct unit_states *states, struct death *death)
{
	const char *word = exit_status_word(exec->status);

	*death = death_of(was_requested(exec, states)  ? DEATH_REQUESTED
			  : was_starting(exec, states) ? DEATH_START
						       : DEATH_END);
	death->ended = (double)exec->exited_at / SECOND;
	if (exec->started > 0 && exec->exited >= exec->started)
		death->ran = (double)(exec->exited - exec->started) / SECOND;
	death->pid = exec->pid <= INT32_MAX ? (pid_t)exec->pid : 0;
	if (exec->code == CLD_EXITED)
		death->exit_status = exec->status & 0xff;
	else
		death->signal = exec->status;
	death->core = exec->code == CLD_DUMPED;
	if (exec->code == CLD_EXITED && strcmp(exec->result, "exit-code") == 0 && word != NULL) {
		snprintf(death->word, sizeof(death->word), "%s", word);
		death->kind = DEATH_START;
	}
}

void unit_death_evaluate(
	const struct unit_exec *exec, const struct unit_states *states, struct death *death)
{
	static const char *const calm[] = {"", "success", "start-limit-hit"};
	bool ended = exec->code != 0 && exec->exited > 0;
	bool lately = ended && exec->exited >= states->conditions_checked;

	death->kind = DEATH_NONE;
	if (!is_at_rest(states))
		return;
	if (was_skipped(states) && !lately) {
		*death = death_of(DEATH_SKIPPED);
		death->ended = (double)(states->conditions ? states->asserts_checked_at
							   : states->conditions_checked_at) /
			       SECOND;
		snprintf(death->result, sizeof(death->result), "%s",
			states->conditions ? DEATH_ASSERT : DEATH_CONDITION);
		return;
	}
	if (!lately && start_of(states) > 0 && !is_one_of(exec->result, calm, COUNT(calm))) {
		*death = death_of(DEATH_START);
		death->ended = (double)states->changed_at / SECOND;
	} else if (ended) {
		set_end(exec, states, death);
	} else {
		return;
	}
	death->oom = strcmp(exec->result, "oom-kill") == 0;
	snprintf(death->result, sizeof(death->result), "%s",
		start_of(states) == 0 && !is_one_of(exec->result, calm, COUNT(calm))
			? "start-limit-hit"
			: exec->result);
	snprintf(death->journal, sizeof(death->journal), "%s", states->invocation);
}

/* --- signals ---------------------------------------------------------------------------------- */

void unit_death_clear(struct unit_death *death)
{
	free(death->last);
	*death = (struct unit_death){.heard = false};
}

static void set_last(struct unit_death *death, const struct death *last)
{
	if (last->kind == DEATH_NONE)
		return;
	if (death->last == NULL)
		death->last = memory_zero(sizeof(*death->last));
	*death->last = *last;
}

/* systemd sends the properties of the service first, and those of the unit right after them. */
bool unit_death_hear(struct unit_death *death, const struct unit_change *change)
{
	struct death last = {.kind = DEATH_NONE};
	const struct death *before = unit_death_last(death);
	double ended = before->ended;

	if (strcmp(change->interface, SYSTEMD_SERVICE) == 0) {
		death->exec = change->exec;
		death->heard = true;
		return false;
	}
	if (!death->heard || strcmp(change->interface, SYSTEMD_UNIT) != 0)
		return false;
	unit_death_evaluate(&death->exec, &change->states, &last);
	/* A start that was skipped for a dependency changes nothing in the unit. */
	if (!death_is_dependency(before) || last.ended > ended)
		set_last(death, &last);
	return last.kind == DEATH_SKIPPED && last.ended > ended;
}

bool unit_death_hear_job(struct unit_death *death, const char *result)
{
	struct death last = death_of(DEATH_SKIPPED);

	if (strcmp(result, DEATH_DEPENDENCY) != 0)
		return false;
	last.ended = clock_seconds(CLOCK_REALTIME);
	snprintf(last.result, sizeof(last.result), DEATH_DEPENDENCY);
	set_last(death, &last);
	return true;
}

const struct death *unit_death_last(const struct unit_death *death)
{
	static const struct death none;

	return death != NULL && death->last != NULL ? death->last : &none;
}

bool unit_death_has_more(const struct unit_death *death, const struct unit_row *row)
{
	const struct unit_states states = {.active = row->active, .sub = row->sub};
	const struct death *last = unit_death_last(death);

	return is_at_rest(&states) && (death_is_unexecuted(last) || death_is_dependency(last) ||
					      (last->kind == DEATH_START && last->pid == 0));
}

/* --- reading, on a worker --------------------------------------------------------------------- */

static int gather_field(struct unit_gather *g, const struct unit_field *field, void *to)
{
	sd_bus_message *answer = NULL;
	int r = systemd_get(g->call, &answer, g->row->path,
		field->service ? SYSTEMD_SERVICE : SYSTEMD_UNIT, field->name);

	if (r > 0 && field->type != 's') /* the row has the states */
		r = unit_field_read(field, answer, to);
	sd_bus_message_unref(answer);
	return r;
}

static int gather_fields(struct unit_gather *g, struct unit_exec *exec, struct unit_states *states)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && unit_fields[i].name != NULL; i++) {
		const struct unit_field *field = &unit_fields[i];

		if (i == 2 && exec->exited == 0 && states->conditions_checked == 0)
			return 0; /* it was never started */
		if (field->type != 's')
			r = gather_field(g, field, field->service ? (void *)exec : (void *)states);
	}
	return r;
}

/* The status does not depend on the death, so an answer that cannot be read is no reason to
 * report the status as unknown. */
static int forgive(int r)
{
	return systemd_bus_is_dead(r) || r == -ETIMEDOUT ? r : 0;
}

int unit_death_gather(struct unit_gather *g)
{
	struct unit_exec exec = {.code = 0};
	struct unit_states states = {.active = g->row->active, .sub = g->row->sub};
	int r = 0;

	if (!is_at_rest(&states))
		return 0;
	if (g->request->heard == DEATH_NONE) {
		r = gather_fields(g, &exec, &states);
		if (r < 0)
			return forgive(r);
		unit_death_evaluate(&exec, &states, &g->reply->death);
	}
	return forgive(unit_program_explain(g));
}
