/*
 * send: runs the command with the queued changes.
 *
 * A run takes all queued changes. It begins when the first of them has waited for `group`, so that
 * many changes at once give one message. One run is active at a time, and at most `burst` runs
 * begin within `burst_window`. Changes that arrive in between wait for the next run.
 *
 * A failed run is repeated with the same changes, after a delay that doubles. After `retries` the
 * changes are put aside, so that a message that can never be sent does not block the others. They
 * are tried again once after the next successful message, and every AGAIN seconds. Those of an
 * address that has a newer change are dropped, because after it they would look newer.
 *
 * Outside only_during and inside not_during no run begins, and the changes wait.
 *
 * Changes are in the store until they have been sent.
 */
#include "send.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "last_death.h"
#include "local_time.h"
#include "message.h"
#include "queue.h"

#define BURST_MAX 1000
#define AGAIN     900.0 /* seconds */
#define TEXT_MAX  1024
#define UNSENT    "unsent"
/* Seconds after which the calendar is read again, because the time of day may be set and the
 * machine may be suspended. */
#define CALENDAR_AGAIN 60.0
/* Seconds. Changes within this time are saved together; vigild writes the store a second after a
 * change of the state. */
#define SAVE_AFTER 0.5

struct send {
	vigil_daemon *d;
	const char *const *command;
	double timeout, group, backoff, window;
	int retries, burst;

	struct queue waiting, running, aside;
	unsigned long last_id;
	vigil_child *child;
	bool due;   /* a timer for the next run is set */
	bool again; /* the run has changes that were put aside; it is tried only once */
	int tried;
	bool aside_is_fresh; /* what was put aside has not been tried after another message yet */
	double aside_due;    /* when it is tried at the latest, by vigil_now */
	double *starts; /* ring of the times at which the last `burst` runs began, by vigil_now */
	unsigned next_start;
	json_int_t sent, failed, gave_way;
	bool saving; /* a timer for send_save is set */
	send_save_fn *save;
	void *save_arg;
	char host[256];
};

static void on_due(vigil_daemon *d, void *arg);
static void on_save(vigil_daemon *d, void *arg);

/* --- counters --------------------------------------------------------------------------------- */

static json_int_t dropped(const struct send *s)
{
	return s->gave_way +
	       (json_int_t)(s->waiting.gave_way + s->running.gave_way + s->aside.gave_way);
}

static size_t unsent(const struct send *s)
{
	return s->waiting.count + s->running.count + s->aside.count;
}

static void account(struct send *s)
{
	vigil_state_set(s->d, "sent", json_integer(s->sent));
	vigil_state_set(s->d, "failed", json_integer(s->failed));
	vigil_state_set(s->d, "dropped", json_integer(dropped(s)));
	vigil_state_set(s->d, "waiting", json_integer((json_int_t)unsent(s)));
}

static void begin_in(struct send *s, double delay)
{
	if (!s->due)
		s->due = vigil_after(s->d, delay, on_due, s) == 0;
}

/* Returns how many seconds the next run must wait because of the burst limit. */
static double burst_delay(const struct send *s)
{
	double oldest = s->burst > 0 ? s->starts[s->next_start] : 0;

	return oldest > 0 ? fmax(0, oldest + s->window - vigil_now()) : 0;
}

/* --- the store -------------------------------------------------------------------------------- */

static void gather(struct queue *queue, json_t *list)
{
	struct queue_change *c;

	TAILQ_FOREACH(c, &queue->list, link)
		json_array_append(list, queue_kept(c));
}

void send_save(struct send *s)
{
	json_t *list = json_array();

	s->saving = false;
	vigil_cancel(s->d, on_save, s);
	gather(&s->running, list);
	gather(&s->aside, list);
	gather(&s->waiting, list);
	if (json_array_size(list) > 0 || vigil_state_get(s->d, UNSENT) != NULL)
		vigil_state_set(s->d, UNSENT, list);
	else
		json_decref(list);
	if (s->save != NULL)
		s->save(s->save_arg);
}

static void on_save(vigil_daemon *d, void *arg)
{
	(void)d;
	send_save(arg);
}

void send_save_soon(struct send *s)
{
	if (!s->saving)
		s->saving = vigil_after(s->d, SAVE_AFTER, on_save, s) == 0;
}

void send_on_save(struct send *s, send_save_fn *fn, void *arg)
{
	s->save = fn;
	s->save_arg = arg;
}

static void take_off(struct send *s)
{
	s->gave_way += (json_int_t)s->running.gave_way;
	s->running.gave_way = 0;
	queue_clear(&s->running);
	s->tried = 0;
	send_save_soon(s);
}

/* Returns whether a stored change has all required members. A damaged change is dropped, because it
 * would be useless to a recipient. */
static bool is_change(const json_t *change)
{
	static const char *const keys[] = {"time", "event", "pointer", "from", "to"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (!json_is_string(json_object_get(change, keys[i])))
			return false;
	return true;
}

static void restore(struct send *s, const json_t *kept)
{
	json_t *text, *change;
	size_t i;

	json_array_foreach((json_t *)kept, i, text) {
		change = json_is_string(text)
				 ? json_loads(json_string_value(text), JSON_REJECT_DUPLICATES, NULL)
				 : NULL;
		if (is_change(change))
			queue_add(&s->waiting, change, ++s->last_id);
		else
			json_decref(change);
	}
}

/* --- the run ---------------------------------------------------------------------------------- */

static bool aside_is_due(const struct send *s)
{
	return s->aside.count > 0 && vigil_now() >= s->aside_due;
}

static void begin_aside(struct send *s)
{
	queue_move(&s->running, &s->aside);
	s->again = true;
	s->tried = 1;
}

static void succeed(struct send *s)
{
	char when[LOCAL_TIME];

	s->sent++;
	take_off(s);
	s->again = false;
	if (s->aside.count > 0)
		vigil_health(s->d, VIGIL_CRITICAL,
			"%zu changes could not be sent; they are tried again within %.0f min",
			s->aside.count, AGAIN / 60);
	else
		vigil_health(s->d, VIGIL_OK, "the last message was sent at %s",
			local_time(when, json_string_value(vigil_state_get(s->d, "last/time"))));
	if (s->aside.count > 0 && s->waiting.count == 0 && s->aside_is_fresh)
		begin_aside(s);
}

static void on_again(vigil_daemon *d, void *arg)
{
	struct send *s = arg;

	(void)d;
	/* Otherwise the next run sends what was put aside first. */
	if (s->child == NULL && s->running.count == 0 && s->aside.count > 0)
		begin_in(s, 0);
}

static void give_up(struct send *s, const char *why)
{
	size_t count = s->running.count;

	s->failed++;
	vigil_error(
		s->d, "%s; gave up after %d tries; %zu changes are not sent", why, s->tried, count);
	vigil_health(s->d, VIGIL_CRITICAL,
		"%s; gave up after %d tries; %zu changes are tried again after the next message, "
		"or in %.0f min",
		why, s->tried, count, AGAIN / 60);
	queue_move(&s->aside, &s->running);
	s->aside_is_fresh = !s->again;
	s->aside_due = vigil_now() + AGAIN;
	s->tried = 0;
	s->again = false;
	vigil_cancel(s->d, on_again, s);
	vigil_after(s->d, AGAIN, on_again, s);
}

static void fail(struct send *s, const char *why)
{
	double delay = s->backoff * exp2(s->tried < 16 ? s->tried : 16);

	s->tried++;
	if (s->again || s->tried > s->retries) {
		give_up(s, why);
		return;
	}
	vigil_event(s->d, "%s; the next try is in %g s", why, delay);
	vigil_health(s->d, VIGIL_WARNING, "%s; the next try is in %g s", why, delay);
	begin_in(s, delay);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct send *s = arg;
	char why[TEXT_MAX];
	int said = (int)strcspn(e->output, "\n");
	int status = WIFEXITED(e->status) ? WEXITSTATUS(e->status) : 128 + WTERMSIG(e->status);

	(void)child;
	s->child = NULL;
	vigil_state_set(d, "last",
		json_pack("{s:o,s:I,s:i}", "time", vigil_time(), "changes",
			(json_int_t)s->running.count, "exit_status", status));
	/* A command that ends in order when it is ended has not sent anything. */
	if (status == 0 && !e->timed_out) {
		succeed(s);
	} else {
		if (e->timed_out)
			snprintf(why, sizeof(why), "the command timed out after %g s", s->timeout);
		else
			snprintf(why, sizeof(why), "the command exited with status %d%s%.*s",
				status, said > 0 ? ": " : "", said < 256 ? said : 256, e->output);
		fail(s, why);
	}
	account(s);
	if (s->waiting.count + s->running.count > 0)
		begin_in(s, s->group);
}

/* Starts the command. The texts in its environment have at most `lines` bytes each. */
static vigil_child *spawn(struct send *s, const struct message *m, size_t lines, char why[TEXT_MAX])
{
	char *environment[MESSAGE_VARIABLES + 1], *input = message_input(m);
	vigil_child_spec spec = {.size = sizeof(spec),
		.argv = s->command,
		.environment = (const char *const *)environment,
		.user = vigil_option_text(s->d, "user"),
		.timeout = s->timeout,
		.on_exit = on_exit_told,
		.arg = s,
		.merge_stderr = true,
		.why = why,
		.why_size = TEXT_MAX,
		.input = input,
		.input_length = input != NULL ? strlen(input) : 0};
	vigil_child *child;
	int err;

	message_environment(m, lines, environment);
	child = vigil_spawn(s->d, &spec);
	err = errno;
	free(input);
	for (char **entry = environment; *entry != NULL; entry++)
		free(*entry);
	errno = err;
	return child;
}

/* Adds what has become known of a death since its change was queued. */
static void refresh(struct send *s)
{
	struct queue_change *c;

	TAILQ_FOREACH(c, &s->running.list, link) {
		if (!last_death_refresh(s->d, c->change))
			continue;
		json_decref(c->kept);
		c->kept = NULL;
	}
}

static void run(struct send *s)
{
	struct message m = {.host = s->host, .daemon = vigil_name(s->d), .queue = &s->running};
	char why[2 * TEXT_MAX], reason[TEXT_MAX] = "out of memory";

	if (s->running.count == 0 && aside_is_due(s)) {
		begin_aside(s);
	} else if (s->running.count == 0) {
		queue_supersede(&s->aside, &s->waiting);
		queue_move(&s->running, &s->waiting);
	}
	refresh(s);
	m.sorted = queue_sorted(&s->running);
	errno = ENOMEM;
	if (m.sorted != NULL)
		s->child = spawn(s, &m, MESSAGE_LINES, reason);
	if (s->child == NULL && errno == E2BIG) /* the stack limit is small */
		s->child = spawn(s, &m, MESSAGE_LINES_MIN, reason);
	snprintf(why, sizeof(why), "%.200s cannot be started: %s", s->command[0], reason);
	free(m.sorted);
	if (s->burst > 0) {
		s->starts[s->next_start] = vigil_now();
		s->next_start = (s->next_start + 1) % (unsigned)s->burst;
	}
	if (s->child != NULL)
		return;
	fail(s, why);
	if (s->waiting.count > 0)
		begin_in(s, s->group);
}

/* Returns whether the calendar forbids a run. Then the health reports that, and a timer tries
 * again. */
static bool is_closed(struct send *s)
{
	vigil_health_level level = s->aside.count > 0 ? VIGIL_CRITICAL
				   : s->tried > 0     ? VIGIL_WARNING
						      : VIGIL_OK;
	char why[VIGIL_CALENDAR_TEXT];
	double wait = vigil_calendar_wait(s->d, "only_during", "not_during", why);

	if (wait <= 0)
		return false;
	/* without the number of changes, so that each change does not change the health */
	vigil_health(s->d, level, "changes wait, because messages are not sent %s%s", why,
		level != VIGIL_OK ? "; the last message could not be sent" : "");
	begin_in(s, fmin(wait, CALENDAR_AGAIN));
	return true;
}

static void on_due(vigil_daemon *d, void *arg)
{
	struct send *s = arg;
	double delay = burst_delay(s);

	s->due = false;
	if (s->child != NULL || (s->waiting.count + s->running.count == 0 && !aside_is_due(s)))
		return;
	if (is_closed(s))
		return;
	if (delay > 0) {
		vigil_health(d, VIGIL_WARNING,
			"the limit of %d messages in %g s is reached (burst); %zu changes wait for "
			"the next message",
			s->burst, s->window, s->waiting.count + s->running.count);
		begin_in(s, delay);
		return;
	}
	run(s);
	account(s);
}

/* --- interface -------------------------------------------------------------------------------- */

void send_change(struct send *s, json_t *change)
{
	vigil_event(s->d, "%s: %s -> %s", change_text(change, "pointer"),
		change_text(change, "from"), change_text(change, "to"));
	if (queue_add(&s->waiting, change, ++s->last_id) != 0)
		vigil_log(s->d, VIGIL_ERROR, "out of memory: a change is lost");
	send_save_soon(s);
	account(s);
	if (s->child == NULL)
		begin_in(s, s->group);
}

/* Whether the change is about that value.  One of vigild itself has its last step in `what`. */
static bool is_about(const struct queue_change *c, const char *pointer)
{
	const char *at = change_text(c->change, "pointer"), *what = change_text(c->change, "what");
	size_t length = strlen(at);

	if (what[0] == '\0')
		return strcmp(at, pointer) == 0;
	return strncmp(pointer, at, length) == 0 && pointer[length] == '/' &&
	       strcmp(pointer + length + 1, what) == 0;
}

static bool has(const struct queue *queue, const char *pointer)
{
	const struct queue_change *c;

	TAILQ_FOREACH(c, &queue->list, link)
		if (is_about(c, pointer))
			return true;
	return false;
}

bool send_has(const struct send *s, const char *pointer)
{
	return has(&s->waiting, pointer) || has(&s->running, pointer) || has(&s->aside, pointer);
}

struct send *send_start(vigil_daemon *d)
{
	struct send *s = vigil_alloc(d, sizeof(*s));

	*s = (struct send){.d = d,
		.command = vigil_option_list(d, "command"),
		.timeout = vigil_option_seconds(d, "timeout"),
		.group = vigil_option_seconds(d, "group"),
		.backoff = vigil_option_seconds(d, "backoff"),
		.window = vigil_option_seconds(d, "burst_window"),
		.retries = (int)vigil_option_int(d, "retries"),
		.burst = (int)vigil_option_int(d, "burst")};
	queue_init(&s->waiting);
	queue_init(&s->running);
	queue_init(&s->aside);
	s->starts = vigil_alloc(d, BURST_MAX * sizeof(*s->starts));
	gethostname(s->host, sizeof(s->host) - 1);
	if (vigil_persist(d, UNSENT) != 0)
		return NULL;
	restore(s, vigil_state_get(d, UNSENT));
	account(s);
	if (s->waiting.count == 0) {
		vigil_health(d, VIGIL_OK, "nothing was sent yet");
		return s;
	}
	if (is_closed(s))
		return s;
	vigil_health(d, VIGIL_WARNING,
		"%zu change%s could not be sent before the restart and %s being sent now",
		s->waiting.count, s->waiting.count == 1 ? "" : "s",
		s->waiting.count == 1 ? "is" : "are");
	begin_in(s, s->group);
	return s;
}

void send_stop(struct send *s)
{
	queue_clear(&s->waiting);
	queue_clear(&s->running);
	queue_clear(&s->aside);
}
