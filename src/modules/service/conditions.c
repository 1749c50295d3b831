/*
 * conditions: see conditions.h.
 *
 * A number counts only while its daemon runs and is not paused, and while it is not stale. In all
 * other cases the condition is unknown: that is no reason to restart, and when the number is known
 * again, the time of the condition starts from 0.
 *
 * A change of the number only updates the times here. The next check of the service reports it, so
 * that a number that changes often does not cause more checks. In the history, all times at which a
 * condition began to hold share one line.
 */
#include "conditions.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "condition.h"

/* Relative to the daemon's subtree in the state. */
#define CONDITIONS "service_state/conditions"
#define WHY        192
/* Consecutive checks in which a number is unknown before this is reported. A daemon that has just
 * been started has no number yet, nor has the first probe after a restart. */
#define CHECKS 2

struct entry {
	struct conditions *all;
	const char *text; /* as it was written */
	struct condition condition;
	bool own;                           /* the number is one of this daemon */
	unsigned unknown;                   /* consecutive checks in which the result was unknown */
	enum condition_result result, seen; /* seen: at the last check */
	double number;
	double since;  /* when it became true, by vigil_now */
	char why[WHY]; /* why the result is unknown */
	struct note {
		uint32_t line; /* line of the history that counts the times; 0: none */
		unsigned times;
	} notes[CONDITION_TRUE + 1]; /* by result, since the service was started */
};

struct conditions {
	vigil_daemon *daemon;
	vigil_tick_fn *on_due;
	void *arg;
	struct entry *list;
	size_t count;
	bool running; /* at the last check */
	pid_t pid;    /* then; 0: not known */
	uint64_t run; /* as in vigil_service_reply */
	double base;  /* when the service was first seen running since its last start */
	char text[CONDITION_TEXT + WHY];
};

static void on_timer(vigil_daemon *d, void *arg);

/* --- times ------------------------------------------------------------------------------------ */

/* When the condition has held for its duration. INFINITY: it does not hold, or the service does not
 * run. */
static double due(const struct entry *e)
{
	if (!e->all->running || e->result != CONDITION_TRUE)
		return INFINITY;
	return fmax(e->since, e->all->base) + e->condition.seconds;
}

/* Sets the timer to the next end of a duration. A condition that has none waits for the next
 * check. */
static void schedule(struct conditions *c)
{
	double now = vigil_now(), next = INFINITY;

	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].condition.seconds > 0 && due(&c->list[i]) > now)
			next = fmin(next, due(&c->list[i]));
	vigil_cancel(c->daemon, on_timer, c);
	if (isfinite(next))
		vigil_after(c->daemon, next - now, on_timer, c);
}

/* The timer may end a little early, and is then set again. */
static void on_timer(vigil_daemon *d, void *arg)
{
	struct conditions *c = arg;
	double now = vigil_now();

	schedule(c);
	for (size_t i = 0; i < c->count; i++) {
		if (due(&c->list[i]) <= now) {
			c->on_due(d, c->arg);
			return;
		}
	}
}

/* --- the numbers ------------------------------------------------------------------------------ */

static void record(struct conditions *c)
{
	static const char *const words[] = {[CONDITION_UNKNOWN] = "unknown",
		[CONDITION_FALSE] = "false",
		[CONDITION_TRUE] = "true"};
	json_t *list = json_array();

	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->list[i];
		json_t *item =
			json_pack("{s:s,s:s}", "condition", e->text, "result", words[e->result]);

		if (e->result == CONDITION_UNKNOWN)
			json_object_set_new(item, "why", json_string(e->why));
		else
			json_object_set_new(item, "value", json_real(e->number));
		json_array_append_new(list, item);
	}
	vigil_state_set(c->daemon, CONDITIONS, list);
}

/* Returns whether the daemon that keeps the number is one whose numbers count. */
static bool is_active(struct entry *e)
{
	vigil_daemon *d = e->all->daemon;
	char path[CONDITION_DAEMON + 16];
	const char *status;

	if (e->own)
		return true;
	snprintf(path, sizeof(path), "/runs/%s/status", e->condition.daemon);
	status = json_string_value(vigil_state_get(d, path));
	if (status != NULL && strcmp(status, "running") == 0)
		return true;
	snprintf(e->why, sizeof(e->why), "the daemon %s is %s", e->condition.daemon,
		status != NULL ? status : "not running");
	return false;
}

static enum condition_result read_result(struct entry *e)
{
	vigil_daemon *d = e->all->daemon;
	enum condition_result result;
	const char *why = "";
	bool stale;

	e->number = NAN;
	if (!is_active(e))
		return CONDITION_UNKNOWN;
	stale = vigil_state_stale(d, e->condition.pointer);
	result = condition_compare(
		&e->condition, vigil_state_get(d, e->condition.pointer), stale, &e->number, &why);
	snprintf(e->why, sizeof(e->why), "%s", why);
	return result;
}

static void refresh(struct entry *e)
{
	enum condition_result before = e->result;

	e->result = read_result(e);
	if (e->result == CONDITION_TRUE && before != CONDITION_TRUE)
		e->since = vigil_now();
	if (e->result != before)
		schedule(e->all);
	record(e->all);
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	refresh(arg);
}

/* --- start and stop --------------------------------------------------------------------------- */

/* Subscribes to the member `stale` of each object that contains the number. */
static int follow_stale(struct entry *e)
{
	const char *pointer = e->condition.pointer;
	const char *slash = strchr(pointer + sizeof("/daemons/") - 1, '/');
	char path[CONDITION_POINTER + 8];
	int err = 0;

	for (; slash != NULL && err == 0; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%.*s/stale", (int)(slash - pointer), pointer);
		err = vigil_on_change(e->all->daemon, path, on_change, e);
	}
	return err;
}

static int follow(struct entry *e)
{
	vigil_daemon *d = e->all->daemon;
	char path[CONDITION_DAEMON + 16];
	int err = vigil_on_change(d, e->condition.pointer, on_change, e);

	if (err == 0)
		err = follow_stale(e);
	if (err != 0 || e->own)
		return err;
	snprintf(path, sizeof(path), "/runs/%s/status", e->condition.daemon);
	return vigil_on_change(d, path, on_change, e);
}

static int open_entry(struct conditions *c, struct entry *e, const char *text)
{
	e->all = c;
	e->text = text;
	if (condition_parse_option(&e->condition, text, c->daemon) != 0)
		return -EINVAL;
	e->own = strcmp(e->condition.daemon, vigil_name(c->daemon)) == 0;
	return follow(e);
}

struct conditions *conditions_new(vigil_daemon *d, vigil_tick_fn *on_due, void *arg)
{
	const char *const *list = vigil_option_list(d, "restart_when");
	struct conditions *c;

	if (list[0] == NULL)
		return NULL;
	c = vigil_alloc(d, sizeof(*c));
	c->daemon = d;
	c->on_due = on_due;
	c->arg = arg;
	while (list[c->count] != NULL)
		c->count++;
	c->list = vigil_alloc(d, c->count * sizeof(*c->list));
	if (c->list == NULL) {
		vigil_fail(d, "restart_when: no memory for %zu conditions", c->count);
		return NULL;
	}
	for (size_t i = 0; i < c->count; i++)
		if (open_entry(c, &c->list[i], list[i]) != 0)
			return NULL;
	for (size_t i = 0; i < c->count; i++)
		refresh(&c->list[i]);
	return c;
}

/* --- checks ----------------------------------------------------------------------------------- */

/* Adds to the history that the condition began to hold or is unknown. */
static void note(struct entry *e)
{
	struct note *n = &e->notes[e->result];
	char text[CONDITION_TEXT], times[32] = "";

	e->unknown = e->result == CONDITION_UNKNOWN ? e->unknown + 1 : 0;
	if (e->result == e->seen || (e->unknown > 0 && e->unknown < CHECKS))
		return;
	e->seen = e->result;
	if (e->result == CONDITION_FALSE)
		return;
	if (++n->times > 1)
		snprintf(times, sizeof(times), " (%u times)", n->times);
	if (e->result == CONDITION_TRUE)
		vigil_event_repeat(e->all->daemon, &n->line, "condition began to hold: %s%s",
			condition_describe(&e->condition, e->number, -1, text), times);
	else
		vigil_event_repeat(e->all->daemon, &n->line, "condition cannot be judged: %s: %s%s",
			e->text, e->why, times);
}

/* Begins a new run of the service, or its downtime. */
static void begin(struct conditions *c)
{
	c->base = vigil_now();
	for (size_t i = 0; i < c->count; i++) {
		memset(c->list[i].notes, 0, sizeof(c->list[i].notes));
		c->list[i].seen = CONDITION_FALSE;
		c->list[i].unknown = 0;
	}
}

void conditions_check(struct conditions *c, const vigil_service_reply *r)
{
	bool runs = r->status == VIGIL_SERVICE_RUNNING, same;

	if (c == NULL || r->status == VIGIL_SERVICE_UNKNOWN)
		return; /* the service may still run */
	same = runs == c->running && (!runs || c->pid == r->pid) &&
	       (c->run == 0 || r->run == 0 || c->run == r->run);
	c->running = runs;
	c->pid = r->pid;
	c->run = r->run;
	if (!same) {
		begin(c);
		schedule(c);
	}
	for (size_t i = 0; c->running && i < c->count; i++)
		note(&c->list[i]);
}

void conditions_restarted(struct conditions *c, const vigil_service_reply *r)
{
	if (c == NULL)
		return;
	c->running = false;
	conditions_check(c, r);
}

static char *describe(struct conditions *c, const struct entry *e, double now)
{
	double held = now - fmax(e->since, c->base);

	if (due(e) <= now) /* not less because of a rounding error */
		held = fmax(held, e->condition.seconds);
	return condition_describe(&e->condition, e->number, held, c->text);
}

/* The first condition of each kind; NULL: there is none. */
struct found {
	const struct entry *sick, *unknown, *pending;
	bool proven; /* all are known and false */
};

static void put_first(const struct entry **first, const struct entry *e)
{
	if (*first == NULL)
		*first = e;
}

static struct found find(const struct conditions *c, double now)
{
	struct found found = {.proven = true};

	for (size_t i = 0; i < c->count; i++) {
		const struct entry *e = &c->list[i];

		if (due(e) <= now)
			put_first(&found.sick, e);
		else if (e->result == CONDITION_TRUE)
			put_first(&found.pending, e);
		else if (e->result == CONDITION_UNKNOWN && e->unknown >= CHECKS)
			put_first(&found.unknown, e);
		found.proven &= e->result == CONDITION_FALSE;
	}
	return found;
}

static const char *describe_unknown(struct conditions *c, const struct entry *e)
{
	char pointer[124];

	snprintf(c->text, sizeof(c->text), "its condition on %s cannot be judged: %s",
		vigil_sanitize(pointer, sizeof(pointer), e->condition.pointer), e->why);
	return c->text;
}

void conditions_add(struct conditions *c, struct verdict *verdict)
{
	struct found found;
	double now;
	bool well;

	if (c == NULL || !c->running)
		return;
	now = vigil_now();
	found = find(c, now);
	well = verdict_is_well(verdict);
	verdict->proven &= found.proven;
	if (verdict->sick != NULL)
		return;
	if (found.sick != NULL)
		verdict->sick = describe(c, found.sick, now);
	else if (found.unknown != NULL)
		verdict->unjudged = describe_unknown(c, found.unknown);
	else if (found.pending != NULL && verdict->ailing == NULL)
		verdict->ailing = describe(c, found.pending, now);
	verdict->by_condition = well && verdict->sick == NULL && !verdict_is_well(verdict);
}
