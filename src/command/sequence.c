/*
 * sequence: see sequence.h.  The nodes of the order are visited once, from the first to the last.
 * A node waits until the steps of lower rank have ended.  A node of a daemon that is not chosen
 * has no step, and passes on that a step before it has failed.
 *
 * Steps end inside callbacks of daemons, where no other daemon may be called.  So the end of a step
 * is only stored there, and a timer continues the sequence.
 */
#include "command/sequence.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/command.h"
#include "command/pending.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/order.h"
#include "host/pause.h"
#include "loop/loop.h"

/* The queue of calls is bounded, and checks need the workers as well. */
#define AT_ONCE 16

#define STOP_REASON "stopped with vigilctl stop"

enum step_state { STEP_WAITS, STEP_RUNS, STEP_DONE, STEP_FAILED };

struct step {
	struct sequence *sequence;
	const struct order_node *node;
	enum step_state state;
	bool paused;        /* the sequence has paused its daemon */
	size_t blocker;     /* index of the node that failed, plus 1; 0: none */
	double until;       /* end, by CLOCK_BOOTTIME, of a pause that it has replaced; 0: none */
	char *reason, *by;  /* of that pause */
	int error;          /* of its action */
	char *text;         /* the reason or the result; NULL: none yet */
	uint64_t began;     /* by clock_now */
	double seconds;     /* the duration of its action */
	struct step *ended; /* next in the list of ended steps */
};

struct sequence {
	struct host *host;
	const struct sequence_verb *verb;
	struct order *order;
	struct step *steps; /* one for each node */
	size_t next;        /* index of the next node to visit */
	unsigned rank, running;
	struct step *ended; /* steps whose end has not been handled */
	struct loop_timer *timer;
	struct pending *pending;
	char by[32];
};

/* --- results ---------------------------------------------------------------------------------- */

static void sequence_free(struct sequence *s)
{
	for (size_t i = 0; i < s->order->count; i++) {
		free(s->steps[i].text);
		free(s->steps[i].reason);
		free(s->steps[i].by);
	}
	free(s->steps);
	order_free(s->order);
	loop_timer_free(s->timer);
	free(s);
}

static json_t *step_row(const struct order_node *node)
{
	return json_pack("{s:s,s:i}", "name", node->name, "step", (int)node->rank + 1);
}

json_t *sequence_plan(const struct order *order)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < order->count; i++)
		if (order->nodes[i].chosen)
			json_array_append_new(rows, step_row(&order->nodes[i]));
	return rows;
}

static json_t *result_row(const struct step *step)
{
	json_t *row = step_row(step->node);

	json_object_set_new(row, "ok", json_boolean(step->state == STEP_DONE));
	json_object_set_new(row, "text", json_string(step->text));
	json_object_set_new(row, "seconds", json_real(step->seconds));
	return row;
}

/* All steps have ended: sends the reply and frees the sequence.  A failed step makes the reply an
 * error. */
static void complete(struct sequence *s)
{
	struct command_reply reply = {0};
	json_t *rows = json_array(), *steps = json_pack("{s:o}", "steps", rows);
	size_t failed = 0;

	for (size_t i = 0; i < s->order->count; i++) {
		if (!s->steps[i].node->chosen)
			continue;
		json_array_append_new(rows, result_row(&s->steps[i]));
		failed += s->steps[i].state == STEP_FAILED;
	}
	if (failed > 0) {
		command_fail(&reply, COMMAND_REFUSED, "%zu of %zu services could not be %s", failed,
			json_array_size(rows), s->verb->done);
		reply.data = steps;
	} else {
		reply.result = steps;
	}
	pending_complete(s->pending, &reply);
	command_reply_clear(&reply);
	sequence_free(s);
}

/* --- one step --------------------------------------------------------------------------------- */

/* The action may go on although its step has failed, so the service may still stop. */
static bool may_go_on(int error)
{
	return error == -ETIMEDOUT || error == -ECANCELED;
}

static void end(struct step *step, int error, const char *text)
{
	struct sequence *s = step->sequence;
	bool stays_paused = step->paused && may_go_on(error);
	char clean[256];

	text_escape(clean, sizeof(clean), text, strlen(text));
	free(step->text);
	step->error = error;
	step->text = memory_format("%s%s", clean[0] != '\0' ? clean : s->verb->done,
		stays_paused ? "; the daemon stays paused" : "");
	step->state = error == 0 ? STEP_DONE : STEP_FAILED;
	step->seconds = clock_to_seconds(clock_now() - step->began);
}

/* Stores the end of a step, and has the timer handle it. */
static void on_done(int error, const json_t *answer, void *arg)
{
	struct step *step = arg;
	struct sequence *s = step->sequence;

	end(step, error, json_string_value(answer));
	s->running--;
	step->ended = s->ended;
	s->ended = step;
	loop_timer_rearm(s->timer, 0);
}

static void fail(struct step *step, struct vigil_daemon *d, int err)
{
	char text[192];

	if (err == -ENOSYS)
		snprintf(text, sizeof(text), "the daemon is %s and has no service to %s",
			daemon_status_name(daemon_status(d)), step->sequence->verb->verb);
	else if (err == -EALREADY)
		snprintf(text, sizeof(text), "a start, stop or restart of it is under way");
	else if (err == -EAGAIN)
		snprintf(text, sizeof(text), "too many calls wait or hang; try again later");
	else
		snprintf(text, sizeof(text), "%s", strerror(-err));
	end(step, err, text);
}

/* False: an admin has resumed the daemon or paused it otherwise since the step began. */
static bool has_its_pause(struct pauses *pauses, const struct vigil_daemon *d)
{
	return isinf(pause_left(pauses, d)) && strcmp(pause_reason(pauses, d), STOP_REASON) == 0;
}

/* Restores what a failed step has changed. */
static void settle(struct step *step)
{
	struct sequence *s = step->sequence;
	struct pauses *pauses = host_pauses(s->host);
	struct vigil_daemon *d = host_find(s->host, step->node->name);
	double left = step->until - clock_seconds(CLOCK_BOOTTIME);

	if (step->state != STEP_FAILED || !step->paused || may_go_on(step->error) || d == NULL ||
		!has_its_pause(pauses, d))
		return;
	if (left > 0)
		pause_start(pauses, d, left, step->reason, step->by);
	else
		pause_withdraw(pauses, d);
}

/* Pauses the daemon without an end.  A pause that ends by itself would not keep the service down,
 * so it is replaced. */
static void pause_for(struct step *step, struct vigil_daemon *d)
{
	struct sequence *s = step->sequence;
	struct pauses *pauses = host_pauses(s->host);
	double left = pause_left(pauses, d);

	if (isinf(left))
		return;
	if (left > 0) {
		step->until = clock_seconds(CLOCK_BOOTTIME) + left;
		step->reason = memory_text(pause_reason(pauses, d));
		step->by = memory_text(pause_by(pauses, d));
	}
	pause_start(pauses, d, 0, STOP_REASON, s->by);
	step->paused = true;
}

static void begin(struct step *step)
{
	struct sequence *s = step->sequence;
	struct vigil_daemon *d = host_find(s->host, step->node->name);
	int err;

	step->began = clock_now();
	if (d == NULL) {
		end(step, -ENOENT, "the daemon was removed by a reload");
		return;
	}
	if (s->verb->pauses)
		pause_for(step, d);
	step->state = STEP_RUNS;
	err = daemon_verb(d, s->verb->verb, on_done, step);
	if (s->verb->resumes && err >= 0)
		pause_withdraw(host_pauses(s->host), d);
	if (err == VIGIL_VERB_STARTED) {
		s->running++;
		return;
	}
	if (err == 0)
		end(step, 0, "");
	else
		fail(step, d, err);
	settle(step);
}

/* --- all steps -------------------------------------------------------------------------------- */

/* Returns the index plus 1 of the node that failed and that this node depends on, directly or
 * through other nodes.  0: none. */
static size_t blocker_of(const struct sequence *s, const struct order_node *node)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct step *earlier = &s->steps[node->earlier[i]];

		if (earlier->blocker > 0)
			return earlier->blocker;
		if (earlier->node->chosen && earlier->state == STEP_FAILED)
			return node->earlier[i] + 1;
	}
	return 0;
}

static void skip(struct step *step)
{
	const struct sequence *s = step->sequence;
	char text[256];

	snprintf(text, sizeof(text), "not %s, because %s could not be %s", s->verb->done,
		s->order->nodes[step->blocker - 1].name, s->verb->done);
	step->began = clock_now();
	end(step, -ECANCELED, text);
}

static void visit(struct step *step)
{
	step->blocker = blocker_of(step->sequence, step->node);
	if (!step->node->chosen)
		return;
	if (step->blocker > 0)
		skip(step);
	else
		begin(step);
}

static void go_on(struct sequence *s)
{
	for (; s->next < s->order->count; s->next++) {
		struct step *step = &s->steps[s->next];

		if (s->running >= AT_ONCE || (s->running > 0 && step->node->rank > s->rank))
			return;
		s->rank = step->node->rank;
		visit(step);
	}
	if (s->running == 0)
		complete(s);
}

static void on_timer(uint64_t missed, void *arg)
{
	struct sequence *s = arg;
	struct step *step;

	while ((step = s->ended) != NULL) {
		s->ended = step->ended;
		settle(step);
	}
	go_on(s);
}

/* The connection is closing, because vigild stops. */
static void on_cancel(void *arg)
{
	struct sequence *s = arg;

	for (size_t i = 0; i < s->next; i++) {
		struct vigil_daemon *d = host_find(s->host, s->order->nodes[i].name);

		if (s->steps[i].state == STEP_RUNS && d != NULL)
			daemon_verb_forget(d, s->verb->verb);
	}
	sequence_free(s);
}

void sequence_start(struct host *host, const struct sequence_verb *verb, struct order *order,
	const char *by, struct command_reply *reply)
{
	struct sequence *s = memory_zero(sizeof(*s));

	s->host = host;
	s->verb = verb;
	s->order = order;
	s->steps = memory_zero((order->count + 1) * sizeof(*s->steps));
	for (size_t i = 0; i < order->count; i++)
		s->steps[i] = (struct step){.sequence = s, .node = &order->nodes[i]};
	text_truncate(s->by, sizeof(s->by), by);
	s->timer = loop_after(host_loop(host), 0, on_timer, s);
	s->pending = reply->pending = pending_new(on_cancel, s);
}
