/*
 * send: tells of changes by running the command.
 *
 * Changes wait in a list in the order they came.  One run takes all that wait: it begins when
 * the first of them has waited for `group`, so that a storm is one message.  One runs at a time,
 * and at most `burst` in `burst_window`; what comes meanwhile waits for the next.  A run that
 * fails is tried again with the same changes, after a delay that doubles, and given up after
 * `retries`.
 *
 * The list is bounded: over WAITING_MAX the oldest are dropped and counted.  At stop it is put
 * where it is kept, and told of after the next start.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "notify.h"

#define WAITING_MAX 1000
#define BURST_MAX   1000
#define VARIABLES   10
#define TEXT_MAX    1024

struct send {
	vigil_daemon *d;
	const char *const *command;
	double timeout, group, backoff, window;
	int retries, burst;

	json_t *waiting; /* a list of changes */
	size_t running;  /* how many of them, from the first on, the run under way tells of */
	vigil_child *child;
	bool due; /* a timer will begin the next run */
	int tried;
	double *starts; /* when the last `burst` runs began, round and round */
	unsigned next_start;
	json_int_t sent, failed, dropped;
	char host[256];
};

static void on_due(vigil_daemon *d, void *arg);

/* --- accounts ----------------------------------------------------------------------------------- */

static void account(struct send *s)
{
	vigil_state_set(s->d, "sent", json_integer(s->sent));
	vigil_state_set(s->d, "failed", json_integer(s->failed));
	vigil_state_set(s->d, "dropped", json_integer(s->dropped));
	vigil_state_set(s->d, "waiting", json_integer((json_int_t)json_array_size(s->waiting)));
}

static void begin_in(struct send *s, double delay)
{
	if (!s->due)
		s->due = vigil_after(s->d, delay, on_due, s) == 0;
}

/* How long the next run must wait so that there are not too many. */
static double burst_delay(const struct send *s)
{
	double oldest = s->burst > 0 ? s->starts[s->next_start] : 0;

	return oldest > 0 ? fmax(0, oldest + s->window - vigil_now()) : 0;
}

/* --- the run ------------------------------------------------------------------------------------ */

static const char *member(const json_t *change, const char *key)
{
	const char *text = json_string_value(json_object_get(change, key));

	return text != NULL ? text : "";
}

/* "icinga2: OK -> CRITICAL (and 3 more)" */
static void summarize(const struct send *s, char summary[TEXT_MAX])
{
	const json_t *last = json_array_get(s->waiting, s->running - 1);
	const char *about = member(last, "daemon");
	int n = snprintf(summary, TEXT_MAX, "%s: %s -> %s",
		about[0] != '\0' ? about : member(last, "pointer"), member(last, "from"),
		member(last, "to"));

	if (s->running > 1 && n > 0 && n < TEXT_MAX)
		snprintf(summary + n, TEXT_MAX - (size_t)n, " (and %zu more)", s->running - 1);
}

/* The newest change, for commands that want a word and no JSON.  Each entry to be freed. */
static void make_environment(const struct send *s, char *environment[VARIABLES + 1])
{
	static const struct {
		const char *variable, *key;
	} names[] = {
		{"VIGIL_TIME", "time"},
		{"VIGIL_POINTER", "pointer"},
		{"VIGIL_DAEMON", "daemon"},
		{"VIGIL_FROM", "from"},
		{"VIGIL_TO", "to"},
		{"VIGIL_TEXT", "text"},
	};
	const json_t *last = json_array_get(s->waiting, s->running - 1);
	size_t n = 0, i;
	char summary[TEXT_MAX];

	summarize(s, summary);
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (asprintf(&environment[n], "%s=%s", names[i].variable,
			    member(last, names[i].key)) >= 0)
			n++;
	if (asprintf(&environment[n], "VIGIL_SUMMARY=%s", summary) >= 0)
		n++;
	if (asprintf(&environment[n], "VIGIL_COUNT=%zu", s->running) >= 0)
		n++;
	if (asprintf(&environment[n], "VIGIL_HOST=%s", s->host) >= 0)
		n++;
	environment[n] = NULL;
}

static char *make_input(const struct send *s)
{
	json_t *changes = json_array(), *whole;
	char *text;

	for (size_t i = 0; i < s->running; i++)
		json_array_append(changes, json_array_get(s->waiting, i));
	whole = json_pack("{s:s,s:s,s:I,s:I,s:o}", "host", s->host, "daemon", vigil_name(s->d),
		"count", (json_int_t)s->running, "dropped", s->dropped, "changes", changes);
	text = json_dumps(whole, JSON_COMPACT);
	json_decref(whole);
	return text;
}

static void take_off(struct send *s)
{
	for (; s->running > 0; s->running--)
		json_array_remove(s->waiting, 0);
	s->tried = 0;
}

static void succeed(struct send *s)
{
	s->sent++;
	take_off(s);
	vigil_health(s->d, VIGIL_OK, "told, last at %s",
		json_string_value(vigil_state_get(s->d, "last/time")));
}

static void fail(struct send *s, const char *why)
{
	double delay = s->backoff * exp2(s->tried < 16 ? s->tried : 16);

	s->tried++;
	if (s->tried > s->retries) {
		s->failed++;
		vigil_error(s->d, "%s; given up after %d tries, %zu changes are not told of", why,
			s->tried, s->running);
		vigil_health(s->d, VIGIL_CRITICAL, "%s; given up after %d tries", why, s->tried);
		take_off(s);
		return;
	}
	vigil_event(s->d, "%s; to be tried again in %g s", why, delay);
	vigil_health(s->d, VIGIL_WARNING, "%s; to be tried again", why);
	begin_in(s, delay);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct send *s = arg;
	char why[TEXT_MAX];
	int said = (int)strcspn(e->output, "\n");
	int status = WIFEXITED(e->status) ? WEXITSTATUS(e->status) : 128 + WTERMSIG(e->status);

	s->child = NULL;
	vigil_state_set(d, "last",
		json_pack("{s:o,s:I,s:i}", "time", vigil_time(), "changes", (json_int_t)s->running,
			"exit_status", status));
	if (status == 0) {
		succeed(s);
	} else {
		if (e->timed_out)
			snprintf(why, sizeof(why), "the command did not end within %g s",
				s->timeout);
		else
			snprintf(why, sizeof(why), "the command exits %d%s%.*s", status,
				said > 0 ? ": " : "", said < 256 ? said : 256, e->output);
		fail(s, why);
	}
	account(s);
	if (json_array_size(s->waiting) > 0)
		begin_in(s, s->group);
}

static void run(struct send *s)
{
	char *environment[VARIABLES + 1], *input, why[TEXT_MAX], reason[TEXT_MAX] = "";
	vigil_child_spec spec = {.size = sizeof(spec),
		.argv = s->command,
		.environment = (const char *const *)environment,
		.user = vigil_option_text(s->d, "user"),
		.timeout = s->timeout,
		.on_exit = on_exit_told,
		.arg = s,
		.merge_stderr = true,
		.why = reason,
		.why_size = sizeof(reason)};

	if (s->tried == 0) /* else the same again; who came since has a run of its own */
		s->running = json_array_size(s->waiting);
	make_environment(s, environment);
	input = make_input(s);
	spec.input = input;
	spec.input_length = input != NULL ? strlen(input) : 0;
	s->child = vigil_spawn(s->d, &spec);
	free(input);
	for (char **entry = environment; *entry != NULL; entry++)
		free(*entry);
	if (s->burst > 0) {
		s->starts[s->next_start] = vigil_now();
		s->next_start = (s->next_start + 1) % (unsigned)s->burst;
	}
	if (s->child != NULL)
		return;
	snprintf(why, sizeof(why), "%.200s cannot be started: %.256s", s->command[0], reason);
	fail(s, why);
}

static void on_due(vigil_daemon *d, void *arg)
{
	struct send *s = arg;
	double delay = burst_delay(s);

	s->due = false;
	if (s->child != NULL || json_array_size(s->waiting) == 0)
		return;
	if (delay > 0) {
		vigil_health(d, VIGIL_WARNING,
			"%d messages in %g s are enough; %zu changes wait for the next", s->burst,
			s->window, json_array_size(s->waiting));
		begin_in(s, delay);
		return;
	}
	run(s);
	account(s);
}

/* --- life ----------------------------------------------------------------------------------------- */

void send_change(struct send *s, json_t *change)
{
	if (change == NULL)
		return;
	vigil_event(s->d, "%s: %s -> %s", member(change, "pointer"), member(change, "from"),
		member(change, "to"));
	json_array_append_new(s->waiting, change);
	if (json_array_size(s->waiting) > WAITING_MAX) {
		/* The oldest that is not being told of already; where all are, the oldest. */
		json_array_remove(s->waiting, s->running < WAITING_MAX ? s->running : 0);
		if (s->running >= WAITING_MAX)
			s->running--;
		s->dropped++;
	}
	account(s);
	if (s->child == NULL)
		begin_in(s, s->group);
}

struct send *send_start(vigil_daemon *d)
{
	struct send *s = vigil_alloc(d, sizeof(*s));
	const json_t *kept;

	*s = (struct send){.d = d,
		.command = vigil_option_list(d, "command"),
		.timeout = vigil_option_seconds(d, "timeout"),
		.group = vigil_option_seconds(d, "group"),
		.backoff = vigil_option_seconds(d, "backoff"),
		.window = vigil_option_seconds(d, "burst_window"),
		.retries = (int)vigil_option_int(d, "retries"),
		.burst = (int)vigil_option_int(d, "burst"),
		.waiting = json_array()};
	s->starts = vigil_alloc(d, BURST_MAX * sizeof(*s->starts));
	gethostname(s->host, sizeof(s->host) - 1);
	if (s->waiting == NULL || vigil_keep(d, "unsent") != 0)
		return NULL;
	kept = vigil_state_get(d, "unsent");
	if (json_is_array(kept))
		json_array_extend(s->waiting, (json_t *)kept);
	vigil_state_unset(d, "unsent");
	account(s);
	vigil_health(d, VIGIL_OK, "nothing to tell yet");
	if (json_array_size(s->waiting) > 0)
		begin_in(s, s->group);
	return s;
}

void send_stop(struct send *s)
{
	if (json_array_size(s->waiting) > 0)
		vigil_state_set(s->d, "unsent", json_deep_copy(s->waiting));
	json_decref(s->waiting);
	s->waiting = NULL;
}
