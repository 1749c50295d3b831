/*
 * fake_vigil: a fake implementation of vigil.h for tests: the test sets the clock, makes up the
 * replies of one service, and reads what a module reports.
 *
 * A test that includes this file links the sources of a module and nothing of vigild.
 */
#ifndef FAKE_VIGIL_H
#define FAKE_VIGIL_H

#include <check.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

struct vigil_daemon {
	const char *name;
	void *data;
};
struct vigil_service {
	vigil_service_fn *on_status, *on_restarted, *on_sign;
	void *arg;
};

struct fake_timer {
	vigil_tick_fn *fn;
	void *arg;
	double due, interval; /* seconds by fake.now; interval 0: once */
};

struct fake_subscription {
	const char *path;
	vigil_change_fn *fn;
	void *arg;
};

#define FAKE_SUBSCRIPTIONS 16
#define FAKE_TIMERS        64
#define FAKE_EVENTS        256

static struct {
	struct vigil_daemon daemon;
	struct vigil_service service;
	double now;
	double closed_until; /* the calendar of only_during and not_during */
	bool paused;
	json_t *state, *options;
	vigil_health_level level;
	char health[512];
	char events[FAKE_EVENTS][512];
	unsigned event_count;
	struct fake_timer timers[FAKE_TIMERS];
	vigil_verb_fn *restart_verb;
	char refusal[512];
	unsigned restarts; /* requested restarts */
	struct fake_subscription subscriptions[FAKE_SUBSCRIPTIONS];
	unsigned subscription_count;
	void *blocks[64]; /* memory of vigil_alloc; freed by fake_end */
	unsigned block_count;
} fake;

/* --- the daemon ------------------------------------------------------------------------------- */

const char *vigil_name(vigil_daemon *d)
{
	return d->name;
}

void *vigil_alloc(vigil_daemon *d, size_t size)
{
	ck_assert_uint_lt(fake.block_count, sizeof(fake.blocks) / sizeof(*fake.blocks));
	fake.blocks[fake.block_count] = calloc(1, size);
	return fake.blocks[fake.block_count++];
}

void vigil_set_data(vigil_daemon *d, void *data)
{
	d->data = data;
}

void *vigil_data(vigil_daemon *d)
{
	return d->data;
}

bool vigil_paused(vigil_daemon *d)
{
	return fake.paused;
}

double vigil_calendar_wait(
	vigil_daemon *d, const char *only, const char *except, char text[VIGIL_CALENDAR_TEXT])
{
	if (fake.closed_until <= fake.now)
		return 0;
	snprintf(text, VIGIL_CALENDAR_TEXT, "outside %s, until 18:00", only);
	return fake.closed_until - fake.now;
}

#define FAKE_FORMAT(text)                                  \
	do {                                               \
		va_list ap;                                \
		va_start(ap, format);                      \
		vsnprintf(text, sizeof(text), format, ap); \
		va_end(ap);                                \
	} while (0)

int vigil_fail(vigil_daemon *d, const char *format, ...)
{
	FAKE_FORMAT(fake.refusal);
	return -EINVAL;
}

void vigil_log(vigil_daemon *d, vigil_level level, const char *format, ...)
{
}
void vigil_error(vigil_daemon *d, const char *format, ...)
{
}

void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
{
	fake.level = level;
	FAKE_FORMAT(fake.health);
}

void vigil_event(vigil_daemon *d, const char *format, ...)
{
	ck_assert_uint_lt(fake.event_count, FAKE_EVENTS);
	FAKE_FORMAT(fake.events[fake.event_count]);
	fake.event_count++;
}

void vigil_event_repeat(vigil_daemon *d, uint32_t *line, const char *format, ...)
{
	if (*line == 0)
		*line = ++fake.event_count;
	FAKE_FORMAT(fake.events[*line - 1]);
}

char *vigil_sanitize(char *clean, size_t size, const char *text)
{
	snprintf(clean, size, "%s", text);
	return clean;
}

int vigil_on_verb(vigil_daemon *d, const char *verb, vigil_verb_fn *cb, void *arg)
{
	fake.restart_verb = cb;
	return 0;
}

/* --- options: the test's values or the schema's defaults, with a simple parser ---------------- */

const char *vigil_option_text(vigil_daemon *d, const char *name)
{
	const char *text = json_string_value(json_object_get(fake.options, name));

	for (const vigil_option *o = vigil_module_descriptor.options; text == NULL && o->name; o++)
		if (strcmp(o->name, name) == 0)
			text = o->value;
	return text != NULL && text[0] != '\0' ? text : NULL;
}

double vigil_option_number(vigil_daemon *d, const char *name)
{
	const char *text = vigil_option_text(d, name);

	return text != NULL ? atof(text) : 0;
}

double vigil_option_seconds(vigil_daemon *d, const char *name)
{
	const char *text = vigil_option_text(d, name);

	return vigil_option_number(d, name) * (text != NULL && strchr(text, 'm') != NULL ? 60 : 1);
}

int64_t vigil_option_int(vigil_daemon *d, const char *name)
{
	return (int64_t)vigil_option_number(d, name);
}

bool vigil_option_bool(vigil_daemon *d, const char *name)
{
	return false;
}

/* Splits the value of the option at its commas. fake_end frees the list. */
const char *const *vigil_option_list(vigil_daemon *d, const char *name)
{
	const char *text = vigil_option_text(d, name);
	char **list, *copy, *element;
	size_t count = 0;

	copy = vigil_alloc(d, text != NULL ? strlen(text) + 1 : 1);
	list = vigil_alloc(d, 32 * sizeof(*list));
	if (text != NULL)
		strcpy(copy, text);
	for (element = strtok(copy, ", "); element != NULL && count < 31;
		element = strtok(NULL, ", "))
		list[count++] = element;
	return (const char *const *)list;
}

/* --- the state: a flat object with the paths as keys ------------------------------------------ */

int vigil_state_set(vigil_daemon *d, const char *path, json_t *value)
{
	return json_object_set_new(fake.state, path, value);
}

int vigil_state_unset(vigil_daemon *d, const char *path)
{
	return json_object_del(fake.state, path);
}

const json_t *vigil_state_get(vigil_daemon *d, const char *path)
{
	return json_object_get(fake.state, path);
}

bool vigil_state_stale(vigil_daemon *d, const char *path)
{
	static const char place[] = "/daemons/";
	char stale[256];
	size_t n = strlen(place);

	if (strncmp(path, place, n) != 0)
		return false;
	snprintf(stale, sizeof(stale), "%.*s/stale", (int)(n + strcspn(path + n, "/")), path);
	return json_is_true(vigil_state_get(d, stale));
}

int vigil_persist(vigil_daemon *d, const char *path)
{
	return 0;
}

int vigil_on_change(vigil_daemon *d, const char *path, vigil_change_fn *cb, void *arg)
{
	char *copy = strcpy(vigil_alloc(d, strlen(path) + 1), path);

	ck_assert_uint_lt(fake.subscription_count, FAKE_SUBSCRIPTIONS);
	fake.subscriptions[fake.subscription_count++] =
		(struct fake_subscription){.path = copy, .fn = cb, .arg = arg};
	return 0;
}

/* Writes a value and notifies the subscribers of its address. Takes the reference to the value;
 * NULL removes the value. */
__attribute__((unused)) static void fake_change(const char *pointer, json_t *value)
{
	if (value != NULL)
		json_object_set(fake.state, pointer, value);
	else
		json_object_del(fake.state, pointer);
	for (unsigned i = 0; i < fake.subscription_count; i++) {
		const struct fake_subscription *s = &fake.subscriptions[i];
		size_t n = strlen(s->path);

		if (strncmp(s->path, pointer, n) == 0 && (pointer[n] == '/' || pointer[n] == '\0'))
			s->fn(&fake.daemon, pointer, value, s->arg);
	}
	json_decref(value);
}

char *vigil_json_text(const json_t *value)
{
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* --- time ------------------------------------------------------------------------------------- */

double vigil_now(void)
{
	return fake.now;
}

json_t *vigil_time(void)
{
	return json_string("now");
}

json_t *vigil_time_in(double seconds)
{
	return json_sprintf("in %.3g s", seconds);
}

static int fake_timer(double delay, double interval, vigil_tick_fn *cb, void *arg)
{
	for (unsigned i = 0; i < FAKE_TIMERS; i++) {
		if (fake.timers[i].fn != NULL)
			continue;
		fake.timers[i] = (struct fake_timer){
			.fn = cb, .arg = arg, .due = fake.now + delay, .interval = interval};
		return 0;
	}
	ck_abort_msg("too many timers");
	return -ENOMEM;
}

int vigil_every(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg)
{
	return fake_timer(interval, interval, cb, arg);
}

int vigil_after(vigil_daemon *d, double delay, vigil_tick_fn *cb, void *arg)
{
	return fake_timer(delay, 0, cb, arg);
}

int vigil_cancel(vigil_daemon *d, vigil_tick_fn *cb, void *arg)
{
	for (unsigned i = 0; i < FAKE_TIMERS; i++)
		if (fake.timers[i].fn == cb && fake.timers[i].arg == arg)
			fake.timers[i].fn = NULL;
	return 0;
}

/* Advances the clock and calls the timers that become due. */
__attribute__((unused)) static void fake_pass(double seconds)
{
	double end = fake.now + seconds;

	for (;;) {
		struct fake_timer *next = NULL, timer;

		for (unsigned i = 0; i < FAKE_TIMERS; i++)
			if (fake.timers[i].fn != NULL && fake.timers[i].due <= end &&
				(next == NULL || fake.timers[i].due < next->due))
				next = &fake.timers[i];
		if (next == NULL)
			break;
		timer = *next;
		fake.now = timer.due > fake.now ? timer.due : fake.now;
		if (timer.interval > 0)
			next->due += timer.interval;
		else
			next->fn = NULL;
		timer.fn(&fake.daemon, timer.arg);
	}
	fake.now = end;
}

/* --- children and descriptors: not available, because tests make up the results of probes ----- */

int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg)
{
	return -ENOMEM;
}

int vigil_unwatch_fd(vigil_daemon *d, int fd)
{
	return 0;
}

vigil_child *vigil_spawn(vigil_daemon *d, const vigil_child_spec *spec)
{
	errno = EMFILE;
	return NULL;
}

void vigil_child_terminate(vigil_child *child)
{
}

/* --- the service ------------------------------------------------------------------------------ */

static const char *const fake_statuses[] = {
	"unknown", "absent", "running", "stopped", "failed", "starting", "stopping", "reloading"};

const char *vigil_service_status_name(vigil_service_status status)
{
	return fake_statuses[status];
}

bool vigil_service_is_down(vigil_service_status status)
{
	return status == VIGIL_SERVICE_STOPPED || status == VIGIL_SERVICE_FAILED;
}

const char *vigil_service_fault_name(vigil_service_fault fault)
{
	return fault == VIGIL_FAULT_DENIED ? "denied" : "failed";
}

vigil_service *vigil_service_open(vigil_daemon *d, const vigil_service_spec *spec)
{
	return &fake.service;
}

vigil_daemon *vigil_service_daemon(vigil_service *svc)
{
	return &fake.daemon;
}

const char *vigil_service_name(const vigil_service *svc)
{
	return "web";
}

int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	if (svc->on_status != NULL)
		return -EBUSY;
	svc->on_status = cb;
	svc->arg = arg;
	return 0;
}

int vigil_service_restart(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	if (svc->on_restarted != NULL)
		return -EBUSY;
	svc->on_restarted = cb;
	svc->arg = arg;
	fake.restarts++;
	return 0;
}

int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	svc->on_sign = cb;
	svc->arg = arg;
	return 0;
}

/* Answers the waiting query or restart. Sets the name and the manager of the reply, and the text if
 * the test left it out. */
__attribute__((unused)) static void fake_answer(
	vigil_service_fn **waiting, vigil_service_reply reply)
{
	vigil_service_fn *fn = *waiting;

	ck_assert(fn != NULL);
	reply.size = sizeof(reply);
	reply.name = "web";
	reply.manager = "systemd";
	if (reply.text == NULL)
		reply.text = "";
	*waiting = NULL;
	fn(&fake.service, &reply, fake.service.arg);
}

/* --- begin and end ---------------------------------------------------------------------------- */

__attribute__((unused)) static void fake_end(void)
{
	while (fake.block_count > 0)
		free(fake.blocks[--fake.block_count]);
	json_decref(fake.state);
	json_decref(fake.options);
}

__attribute__((unused)) static void fake_begin(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.daemon.name = "web";
	fake.now = 1000;
	fake.state = json_object();
	fake.options = json_object();
}

__attribute__((unused)) static bool fake_said(const char *text)
{
	for (unsigned i = 0; i < fake.event_count; i++)
		if (strstr(fake.events[i], text) != NULL)
			return true;
	return false;
}

__attribute__((unused)) static void fake_option(const char *name, const char *value)
{
	json_object_set_new(fake.options, name, json_string(value));
}

#endif
