/*
 * system_pressure: reports how much of the time tasks wait for CPU, memory or I/O, and counts
 * stalls by the triggers of the kernel (PSI).
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "modules/pressure/pressure.h"
#include "modules/pressure/pressure_trigger.h"
#include "system.h"

/* Tasks that waited for so many microseconds within a window are a stall. Without privileges, the
 * kernel accepts only multiples of two seconds as the window. */
#define TRIGGER        "some 150000 1000000"
#define TRIGGER_COMMON "some 300000 2000000"
/* Seconds without a stall, after which the next one is a new line of the history. */
#define CALM 600.0

struct resource {
	const char *name;
	int which; /* its thresholds */
	struct system *system;
	struct pressure_trigger trigger;
	json_int_t stalls;
	uint32_t line;
	double last; /* by vigil_now */
};

struct system_pressure {
	struct resource resources[3];
	bool absent; /* the kernel has no PSI, and that was reported */
};

/* --- triggers --------------------------------------------------------------------------------- */

static void on_stall(bool ended, void *arg)
{
	struct resource *r = arg;

	if (ended)
		return;
	if (vigil_now() - r->last > CALM)
		r->line = 0;
	r->last = vigil_now();
	r->stalls++;
	vigil_event_repeat(r->system->d, &r->line,
		"tasks had to wait for %s for more than 15%% of the time (%lld times since the "
		"start)",
		r->name, (long long)r->stalls);
}

static int watch(struct system *s, struct resource *r)
{
	static const char *const triggers[] = {TRIGGER, TRIGGER_COMMON, NULL};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/proc/pressure/%s", s->root, r->name);
	return pressure_trigger_open(&r->trigger, s->d, path, triggers, on_stall, r);
}

static struct resource *resource_of(struct system *s, const char *name)
{
	for (size_t i = 0; i < 3; i++)
		if (strcmp(s->pressure->resources[i].name, name) == 0)
			return &s->pressure->resources[i];
	return NULL;
}

int system_pressure_start(struct system *s)
{
	static const char *const names[] = {"cpu", "memory", "io"};
	static const int which[] = {CPU_PRESSURE, MEMORY_PRESSURE, IO_PRESSURE};
	const char *const *name = vigil_option_list(s->d, "stalls");
	int err;

	s->pressure = vigil_alloc(s->d, sizeof(*s->pressure));
	for (size_t i = 0; i < 3; i++)
		s->pressure->resources[i] = (struct resource){.name = names[i],
			.which = which[i],
			.system = s,
			.trigger = PRESSURE_TRIGGER_CLOSED};
	for (; *name != NULL; name++) {
		struct resource *r = resource_of(s, *name);

		err = r != NULL ? watch(s, r) : 0;
		if (err != 0 && err != -ENOENT)
			vigil_log(s->d, VIGIL_INFO, "stalls of %s are not counted: %s", *name,
				strerror(-err));
	}
	return 0;
}

void system_pressure_stop(struct system *s)
{
	for (size_t i = 0; s->pressure != NULL && i < 3; i++)
		pressure_trigger_close(&s->pressure->resources[i].trigger);
}

/* --- values ----------------------------------------------------------------------------------- */

static json_t *share_of(const struct pressure_share *share)
{
	return json_pack("{s:f,s:f,s:f}", "avg10", share->avg10, "avg60", share->avg60, "avg300",
		share->avg300);
}

/* Says once that the kernel has no PSI. That is no problem, unless a threshold is configured. */
static void report_absent(struct system *s, const struct resource *r, const char *why)
{
	if (s->thresholds[r->which].given) {
		char what[64];

		snprintf(what, sizeof(what), "the pressure of %s", r->name);
		system_leave_out(s, r->which, what, why);
	}
	if (!s->pressure->absent)
		vigil_log(s->d, VIGIL_INFO, "the pressure of %s is not known: %s", r->name, why);
	s->pressure->absent = true;
}

static void report_one(struct system *s, const struct resource *r)
{
	char path[64], place[32], what[64];
	struct pressure pressure;
	const char *why, *text;
	json_t *value;

	snprintf(path, sizeof(path), "/proc/pressure/%s", r->name);
	snprintf(place, sizeof(place), "pressure/%s", r->name);
	text = system_read(s, path, &why);
	if (text != NULL)
		why = pressure_parse(text, &pressure);
	if (why != NULL) {
		vigil_state_unset(s->d, place);
		report_absent(s, r, why);
		return;
	}
	value = json_pack("{s:o}", "some", share_of(&pressure.some));
	if (pressure.has_full)
		json_object_set_new(value, "full", share_of(&pressure.full));
	if (r->trigger.fd >= 0)
		json_object_set_new(value, "stalls", json_integer(r->stalls));
	vigil_state_set(s->d, place, value);
	snprintf(what, sizeof(what), "the time in which tasks wait for %s", r->name);
	system_evaluate(s, r->which, what, pressure.some.avg60, "%");
}

void system_pressure_report(struct system *s)
{
	for (size_t i = 0; i < 3; i++)
		report_one(s, &s->pressure->resources[i]);
}
