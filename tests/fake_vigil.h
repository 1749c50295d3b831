/*
 * fake_vigil: a fake implementation of vigil.h for tests: the test sets the clock, makes up the
 * replies of one service or, with fake.many, of several, and reads what a module reports.
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
	vigil_service_fn *on_status, *on_restarted, *on_started, *on_stopped, *on_sign;
	void *arg;
	char name[64]; /* "": the service web, or a free element of fake.services */
	bool observe, one_of_many;
	unsigned queries;
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

#define FAKE_SUBSCRIPTIONS 64
#define FAKE_TIMERS        64
#define FAKE_SERVICES      64
#define FAKE_EVENTS        256

static struct {
	struct vigil_daemon daemon;
	struct vigil_service service;
	bool many; /* each name is a service of its own */
	struct vigil_service services[FAKE_SERVICES];
	struct {
		unsigned lists; /* requested lists of services */
		vigil_services_fn *entry;
		vigil_services_end_fn *end;
		vigil_services_change_fn *change;
		void *arg;
	} set;
	double now;
	double step;         /* by which the clock moves when it is read */
	double closed_until; /* the calendar of only_during and not_during */
	bool paused;
	const char *deferred; /* by a package upgrade */
	const char *taken;    /* the daemon that takes care of the service */
	char notes[1024];     /* of vigil_note: "OPTION: TEXT;" */
	json_t *state, *options;
	vigil_health_level level;
	char health[4096], long_health[4096];
	bool health_stale; /* the numbers were stale when the health was last reported */
	char events[FAKE_EVENTS][512];
	unsigned event_count;
	json_t *detail; /* of the last event with one */
	struct fake_timer timers[FAKE_TIMERS];
	struct {
		const char *name;
		vigil_verb_fn *fn;
		void *arg;
	} verbs[4];
	unsigned verb_count;
	char done[512]; /* the ends of verbs: "VERB ERROR TEXT;" */
	char refusal[512];
	char log[8192];    /* "LEVEL DAEMON: TEXT\n" for each line; begun again when it is full */
	unsigned restarts; /* requested restarts */
	bool children, child_runs; /* children can be started; one runs */
	vigil_child_spec child;    /* of the last child */
	char command[1024];        /* its arguments, separated by spaces */
	unsigned spawned, terminated;
	bool no_slots;
	unsigned slots; /* requested and not freed */
	vigil_tick_fn *slot_fn;
	void *slot_arg;
	struct fake_subscription subscriptions[FAKE_SUBSCRIPTIONS];
	unsigned subscription_count;
	struct {
		bool possible; /* else vigil_watch_fd fails */
		vigil_fd_fn *fn;
		void *arg;
		int fd; /* the last one that is watched */
	} watch;
	void *blocks[512]; /* memory of vigil_alloc; freed by fake_end */
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

int vigil_diagnose(vigil_daemon *d, const char *option, const char *format, ...)
{
	FAKE_FORMAT(fake.refusal);
	return -EINVAL;
}

void vigil_note(vigil_daemon *d, const char *option, const char *format, ...)
{
	size_t n = strlen(fake.notes);
	char text[256];

	FAKE_FORMAT(text);
	snprintf(fake.notes + n, sizeof(fake.notes) - n, "%s: %s;", option, text);
}

void vigil_log(vigil_daemon *d, vigil_level level, const char *format, ...)
{
	static const char *const names[] = {"ERROR", "WARN", "NOTICE", "INFO", "DEBUG"};
	char text[512];
	size_t n = strlen(fake.log);

	FAKE_FORMAT(text);
	if (n + strlen(text) + 32 > sizeof(fake.log))
		n = 0;
	snprintf(fake.log + n, sizeof(fake.log) - n, "%s %s: %s\n", names[level], d->name, text);
}
void vigil_error(vigil_daemon *d, const char *format, ...)
{
}

static void fake_health(vigil_health_level level)
{
	fake.level = level;
	fake.health_stale = json_is_true(json_object_get(fake.state, "stale"));
}

void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
{
	fake_health(level);
	fake.long_health[0] = '\0';
	FAKE_FORMAT(fake.health);
}

void vigil_health_long(vigil_daemon *d, vigil_health_level level, unsigned flags, const char *text,
	const char *long_text)
{
	fake_health(level);
	snprintf(fake.health, sizeof(fake.health), "%s", text);
	snprintf(fake.long_health, sizeof(fake.long_health), "%s",
		long_text != NULL ? long_text : "");
}

void vigil_event(vigil_daemon *d, const char *format, ...)
{
	ck_assert_uint_lt(fake.event_count, FAKE_EVENTS);
	FAKE_FORMAT(fake.events[fake.event_count]);
	fake.event_count++;
}

int vigil_event_detail(vigil_daemon *d, json_t *detail, const char *format, ...)
{
	ck_assert_uint_lt(fake.event_count, FAKE_EVENTS);
	ck_assert_uint_le(json_dumpb(detail, NULL, 0, JSON_COMPACT), VIGIL_EVENT_DETAIL);
	FAKE_FORMAT(fake.events[fake.event_count]);
	fake.event_count++;
	json_decref(fake.detail);
	fake.detail = detail;
	return 0;
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
	unsigned i = 0;

	while (i < fake.verb_count && strcmp(fake.verbs[i].name, verb) != 0)
		i++;
	ck_assert_uint_lt(i, sizeof(fake.verbs) / sizeof(*fake.verbs));
	fake.verbs[i].name = verb;
	fake.verbs[i].fn = cb;
	fake.verbs[i].arg = arg;
	fake.verb_count += i == fake.verb_count;
	return 0;
}

void vigil_verb_done(vigil_daemon *d, const char *verb, int error, const char *text)
{
	size_t n = strlen(fake.done);

	snprintf(fake.done + n, sizeof(fake.done) - n, "%s %d %s;", verb, error, text);
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

bool vigil_option_given(vigil_daemon *d, const char *name)
{
	return json_object_get(fake.options, name) != NULL;
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

/* Only MiB. */
int vigil_size_read(const char *text, int64_t *bytes)
{
	int megabytes, n = 0;

	if (sscanf(text, "%dMiB%n", &megabytes, &n) != 1 || n == 0 || text[n] != '\0')
		return -EINVAL;
	*bytes = (int64_t)megabytes << 20;
	return 0;
}

/* Only rates in minutes. */
int vigil_rate_read(const char *text, unsigned *count, double *seconds)
{
	if (sscanf(text, "%u/%lfm", count, seconds) != 2)
		return -EINVAL;
	*seconds *= 60;
	return 0;
}

/* Only whole seconds and minutes. */
int vigil_duration_read(const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	*seconds *= *end == 'm' ? 60 : 1;
	return end > text && (strcmp(end, "m") == 0 || strcmp(end, "s") == 0) ? 0 : -EINVAL;
}

/* No sizes and ranges. */
int vigil_range_read(const char *text, vigil_range *range)
{
	return -EINVAL;
}

bool vigil_range_alerts(const vigil_range *range, double value)
{
	return false;
}

char *vigil_number(char text[VIGIL_NUMBER_TEXT], double value)
{
	snprintf(text, VIGIL_NUMBER_TEXT, "%g", value);
	return text;
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
	for (element = strtok(copy, ","); element != NULL && count < 31;
		element = strtok(NULL, ","))
		list[count++] = element + strspn(element, " ");
	return (const char *const *)list;
}

/* --- the state: a flat object with the paths as keys ------------------------------------------ */

int vigil_state_set(vigil_daemon *d, const char *path, json_t *value)
{
	return json_object_set_new(fake.state, path, value);
}

/* Removes what is below the path, too. */
int vigil_state_unset(vigil_daemon *d, const char *path)
{
	size_t n = strlen(path);
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(fake.state, next, key, value)
		if (strncmp(key, path, n) == 0 && key[n] == '/')
			json_object_del(fake.state, key);
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
	fake.now += fake.step;
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

/* Stops all timers, as the end of a daemon does. */
__attribute__((unused)) static void fake_timers_stop(void)
{
	memset(fake.timers, 0, sizeof(fake.timers));
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

/* --- children and descriptors: none, unless the test plays the child -------------------------- */

int vigil_watch_fd(vigil_daemon *d, int fd, unsigned what, vigil_fd_fn *cb, void *arg)
{
	fake.watch.fn = cb;
	fake.watch.arg = arg;
	fake.watch.fd = fd;
	return fake.watch.possible ? 0 : -ENOMEM;
}

int vigil_unwatch_fd(vigil_daemon *d, int fd)
{
	return 0;
}

/* Keeps the spec if fake.children is set, so that the test plays the child with fake_child_line and
 * fake_child_exit. */
vigil_child *vigil_spawn(vigil_daemon *d, const vigil_child_spec *spec)
{
	size_t used = 0;

	errno = EMFILE;
	if (!fake.children)
		return NULL;
	ck_assert(!fake.child_runs);
	fake.child = *spec;
	if (spec->input != NULL)
		fake.child.input = strcpy(vigil_alloc(d, strlen(spec->input) + 1), spec->input);
	fake.child_runs = true;
	fake.spawned++;
	fake.command[0] = '\0';
	for (const char *const *word = spec->argv; *word != NULL; word++)
		used += (size_t)snprintf(fake.command + used, sizeof(fake.command) - used,
			used > 0 ? " %s" : "%s", *word);
	return (vigil_child *)&fake.child;
}

void vigil_child_terminate(vigil_child *child)
{
	fake.terminated++;
}

char *vigil_helper_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/lib/%s", name);
	return path;
}

char *vigil_signal_name(char text[VIGIL_SIGNAL_TEXT], int signal)
{
	snprintf(text, VIGIL_SIGNAL_TEXT, signal == 11 ? "SIGSEGV" : "signal %d", signal);
	return text;
}

__attribute__((unused)) static void fake_child_line(const char *line, size_t length)
{
	ck_assert(fake.child_runs);
	fake.child.on_line(&fake.daemon, (vigil_child *)&fake.child, line, length, fake.child.arg);
}

__attribute__((unused)) static void fake_child_exit(vigil_child_exit e)
{
	ck_assert(fake.child_runs);
	fake.child_runs = false;
	if (e.errors == NULL)
		e.errors = "";
	fake.child.on_exit(&fake.daemon, (vigil_child *)&fake.child, &e, fake.child.arg);
}

/* A slot is granted by a timer, unless fake.no_slots is set. */
vigil_slot *vigil_slot_request(vigil_daemon *d, double within, vigil_tick_fn *cb, void *arg)
{
	fake.slot_fn = cb;
	fake.slot_arg = arg;
	fake.slots++;
	if (!fake.no_slots)
		vigil_after(d, 0, cb, arg);
	return (vigil_slot *)&fake.slot_fn;
}

void vigil_slot_free(vigil_slot *slot)
{
	if (slot == NULL)
		return;
	fake.slots--;
	vigil_cancel(&fake.daemon, fake.slot_fn, fake.slot_arg);
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
	struct vigil_service *svc = fake.services;

	if (!fake.many)
		return &fake.service;
	while (svc->name[0] != '\0')
		ck_assert(++svc < fake.services + FAKE_SERVICES);
	snprintf(svc->name, sizeof(svc->name), "%s", spec->name);
	svc->observe = spec->observe;
	svc->one_of_many = spec->one_of_many;
	return svc;
}

void vigil_service_close(vigil_service *svc)
{
	*svc = (struct vigil_service){.name = ""};
}

vigil_daemon *vigil_service_daemon(vigil_service *svc)
{
	return &fake.daemon;
}

const char *vigil_service_name(const vigil_service *svc)
{
	return svc->name[0] != '\0' ? svc->name : "web";
}

int vigil_service_query(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	if (svc->on_status != NULL)
		return -EBUSY;
	svc->on_status = cb;
	svc->arg = arg;
	svc->queries++;
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

const char *vigil_service_taken(vigil_service *svc)
{
	return fake.taken;
}

void vigil_service_rest(vigil_service *svc)
{
}

const char *vigil_service_deferred(vigil_service *svc)
{
	return fake.deferred;
}

static int fake_request(
	vigil_service *svc, vigil_service_fn **slot, vigil_service_fn *cb, void *arg)
{
	if (*slot != NULL)
		return -EBUSY;
	*slot = cb;
	svc->arg = arg;
	return 0;
}

int vigil_service_start(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return fake_request(svc, &svc->on_started, cb, arg);
}

int vigil_service_stop(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	return fake_request(svc, &svc->on_stopped, cb, arg);
}

int vigil_service_on_stale(vigil_service *svc, vigil_service_fn *cb, void *arg)
{
	svc->on_sign = cb;
	svc->arg = arg;
	return 0;
}

int vigil_services_each(vigil_daemon *d, const vigil_services_spec *spec, vigil_services_fn *entry,
	vigil_services_end_fn *end, void *arg)
{
	if (fake.set.end != NULL)
		return -EBUSY;
	fake.set.lists++;
	fake.set.entry = entry;
	fake.set.end = end;
	fake.set.arg = arg;
	return 0;
}

int vigil_services_on_change(vigil_daemon *d, vigil_services_change_fn *cb, void *arg)
{
	fake.set.change = cb;
	fake.set.arg = arg;
	return 0;
}

/* The service that the module has opened and not closed; NULL: none. */
__attribute__((unused)) static struct vigil_service *fake_service(const char *name)
{
	for (unsigned i = 0; i < FAKE_SERVICES; i++)
		if (strcmp(fake.services[i].name, name) == 0)
			return &fake.services[i];
	return NULL;
}

/* Answers the waiting query or restart of a service. Sets the name of the reply, and what the test
 * left out of manager, text and unit. */
__attribute__((unused)) static void fake_reply(
	struct vigil_service *svc, vigil_service_fn **waiting, vigil_service_reply reply)
{
	vigil_service_fn *fn = *waiting;

	ck_assert_msg(fn != NULL, "nothing waits for an answer about %s", svc->name);
	reply.size = sizeof(reply);
	reply.name = svc->name[0] != '\0' ? svc->name : "web";
	reply.manager = reply.manager != NULL ? reply.manager : "systemd";
	reply.text = reply.text != NULL ? reply.text : "";
	reply.unit = reply.unit != NULL ? reply.unit : "";
	*waiting = NULL;
	fn(svc, &reply, svc->arg);
}

/* The same for the only service. */
__attribute__((unused)) static void fake_answer(
	vigil_service_fn **waiting, vigil_service_reply reply)
{
	fake_reply(&fake.service, waiting, reply);
}

/* Calls the module's callback for a verb. */
__attribute__((unused)) static int fake_verb(const char *name)
{
	for (unsigned i = 0; i < fake.verb_count; i++)
		if (strcmp(fake.verbs[i].name, name) == 0)
			return fake.verbs[i].fn(&fake.daemon, fake.verbs[i].arg);
	return -ENOSYS;
}

/* --- begin and end ---------------------------------------------------------------------------- */

__attribute__((unused)) static void fake_end(void)
{
	while (fake.block_count > 0)
		free(fake.blocks[--fake.block_count]);
	json_decref(fake.detail);
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
