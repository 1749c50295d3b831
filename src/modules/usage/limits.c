/*
 * limits: see limits.h.
 *
 * A value above a limit counts only if it is found at several checks in a row, because a short peak
 * is not a problem. A value that cannot be measured never counts as exceeded, and is reported. The
 * pressure is not measured: the kernel reports each window of time in which tasks waited for longer
 * than the limit.
 */
#include "limits.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/pressure/pressure_trigger.h"

#define CHECKS 3 /* consecutive checks above a limit before it counts */
#define TEXT   256
#define WINDOW 10.0 /* seconds in which the kernel compares the pressure */
/* Seconds after the last window with pressure in which another one would have been reported. */
#define CALM  (WINDOW * 1.5)
#define AGAIN 60.0 /* seconds until a trigger that was refused is tried again */
#define MIB   1048576.0

enum { MEMORY, CPU, TASKS, FILES, NUMBERS };

struct limit {
	double max;    /* 0: no limit */
	double value;  /* at the last measurement */
	unsigned over; /* consecutive checks above the limit */
	bool unknown;  /* it could not be measured */
};

struct limits {
	vigil_daemon *daemon;
	vigil_tick_fn *on_news;
	void *arg;
	struct limit numbers[NUMBERS];
	struct limits_memory memory;
	bool of_group; /* the percentage is that of the limit of a control group */
	char why[128]; /* why numbers could not be measured */

	double pressure_max; /* percent; 0: no limit */
	struct pressure_trigger trigger;
	unsigned stalls;     /* consecutive windows with pressure */
	double stalled;      /* end of the last one, by vigil_now */
	const char *refused; /* why there is no trigger; NULL: there is, or none was tried */
	double tried;        /* when the trigger was last tried; 0: not yet */
	char text[TEXT];
};

static const struct {
	const char *option;
	unsigned what;
} rows[NUMBERS] = {[MEMORY] = {"memory_max", USAGE_MEMORY},
	[CPU] = {"cpu_max", USAGE_CPU},
	[TASKS] = {"tasks_max", USAGE_TASKS},
	[FILES] = {"files_max", USAGE_FILES}};

/* --- options ---------------------------------------------------------------------------------- */

int limits_read_percent(const char *text, double *percent)
{
	char *end;

	*percent = 0;
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	*percent = strtod(text, &end);
	end += strspn(end, " ");
	end += *end == '%';
	if (*end == '\0' && isfinite(*percent) && *percent > 0 && *percent <= 100 &&
		strpbrk(text, "xXeE") == NULL)
		return 0;
	*percent = 0;
	return -EINVAL;
}

int limits_read_memory(const char *text, struct limits_memory *memory)
{
	*memory = (struct limits_memory){0, 0};
	if (strchr(text, '%') != NULL)
		return limits_read_percent(text, &memory->percent);
	return vigil_size_read(text, &memory->bytes);
}

/* service_check has rejected invalid values. */
static void read_options(struct limits *l, vigil_daemon *d)
{
	const char *memory = vigil_option_text(d, "memory_max");
	const char *pressure = vigil_option_text(d, "pressure_max");

	if (memory != NULL)
		limits_read_memory(memory, &l->memory);
	if (pressure != NULL)
		limits_read_percent(pressure, &l->pressure_max);
	/* The limit for a percentage is known at the first check. */
	l->numbers[MEMORY].max = l->memory.percent > 0 ? INFINITY : (double)l->memory.bytes;
	l->numbers[CPU].max = vigil_option_number(d, "cpu_max");
	l->numbers[TASKS].max = (double)vigil_option_int(d, "tasks_max");
	l->numbers[FILES].max = (double)vigil_option_int(d, "files_max");
}

/* --- numbers ---------------------------------------------------------------------------------- */

static bool is_over(const struct limits *l)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (l->numbers[i].over >= CHECKS)
			return true;
	return false;
}

static bool is_unknown(const struct limits *l)
{
	for (size_t i = 0; i < NUMBERS; i++)
		if (l->numbers[i].unknown)
			return true;
	return false;
}

static void compare(struct limit *limit, double value, bool known)
{
	limit->unknown = !known;
	limit->value = value;
	limit->over = value > limit->max ? limit->over + 1 : 0;
}

static void on_measured(
	unsigned what, const struct usage_values *v, const char *why, bool later, void *arg)
{
	struct limits *l = arg;
	const double values[NUMBERS] = {[MEMORY] = (double)v->memory,
		[CPU] = v->cpu_percent,
		[TASKS] = (double)v->tasks,
		[FILES] = (double)v->files};
	bool over = is_over(l), unknown = is_unknown(l);

	for (size_t i = 0; i < NUMBERS; i++) {
		/* The percentage of CPU is known from the second measurement on. */
		bool known = values[i] >= 0 || (i == CPU && v->cpu >= 0);

		if (what & rows[i].what && l->numbers[i].max > 0)
			compare(&l->numbers[i], values[i], known);
	}
	snprintf(l->why, sizeof(l->why), "%s", why[0] != '\0' ? why : "it is not known");
	if (later && (over != is_over(l) || unknown != is_unknown(l)))
		l->on_news(l->daemon, l->arg);
}

/* The percentage is that of the limit of the control group, which may change at any time, or of the
 * memory of the machine, if that is less. */
static void find_memory_limit(struct limits *l, const struct usage_group *group)
{
	int64_t machine = usage_group_machine_memory();
	int64_t limit = group != NULL ? usage_group_memory_limit(group) : INT64_MAX;

	l->of_group = limit != INT64_MAX && (machine == 0 || limit <= machine);
	if (!l->of_group)
		limit = machine;
	l->numbers[MEMORY].max = limit > 0 ? l->memory.percent / 100 * (double)limit : INFINITY;
}

/* --- pressure --------------------------------------------------------------------------------- */

static void on_calm(vigil_daemon *d, void *arg)
{
	struct limits *l = arg;

	l->stalls = 0;
	l->on_news(l->daemon, l->arg);
}

/* The control group was removed if the trigger has ended; the next check sets another one. */
static void on_stall(bool ended, void *arg)
{
	struct limits *l = arg;

	if (ended) {
		l->tried = 0;
		return;
	}
	l->stalls++;
	l->stalled = vigil_now();
	vigil_cancel(l->daemon, on_calm, l);
	vigil_after(l->daemon, CALM, on_calm, l);
	l->on_news(l->daemon, l->arg);
}

static void stop_pressure(struct limits *l)
{
	vigil_cancel(l->daemon, on_calm, l);
	pressure_trigger_close(&l->trigger);
	l->stalls = 0;
	l->tried = 0;
	l->refused = NULL;
}

/* A trigger that was refused is tried again from time to time, because the group may get one. */
static bool pressure_is_due(const struct limits *l)
{
	return l->pressure_max > 0 && l->trigger.fd < 0 &&
	       (l->tried == 0 || vigil_now() >= l->tried + AGAIN);
}

static void watch_pressure(struct limits *l, const struct usage_group *group)
{
	static const char format[] = "some %.0f %.0f";
	char path[PATH_MAX], text[64];
	const char *triggers[2] = {text, NULL};
	int err;

	l->tried = vigil_now();
	l->refused = "the service has no control group of its own of version 2";
	if (group == NULL || !usage_group_pressure(group, path, sizeof(path)))
		return;
	snprintf(text, sizeof(text), format, l->pressure_max / 100 * WINDOW * 1e6, WINDOW * 1e6);
	err = pressure_trigger_open(&l->trigger, l->daemon, path, triggers, on_stall, l);
	if (err == -ENOENT || err == -EOPNOTSUPP)
		l->refused = "the kernel has no pressure of control groups (PSI)";
	else
		l->refused = err != 0 ? strerror(-err) : NULL;
}

/* --- the interface ---------------------------------------------------------------------------- */

struct limits *limits_new(vigil_daemon *d, struct usage *usage, vigil_tick_fn *on_news, void *arg)
{
	struct limits read = {
		.daemon = d, .on_news = on_news, .arg = arg, .trigger = PRESSURE_TRIGGER_CLOSED};
	struct limits *l;
	unsigned what = 0;

	read_options(&read, d);
	for (size_t i = 0; i < NUMBERS; i++)
		what |= read.numbers[i].max > 0 ? rows[i].what : 0;
	if (what == 0 && read.pressure_max <= 0)
		return NULL;
	l = vigil_alloc(d, sizeof(*l));
	*l = read;
	if (what != 0)
		usage_limit(usage, what, on_measured, l);
	return l;
}

void limits_close(struct limits *l)
{
	if (l != NULL)
		stop_pressure(l);
}

void limits_check(struct limits *l, const vigil_service_reply *r)
{
	bool memory = l != NULL && l->memory.percent > 0;
	bool pressure = l != NULL && pressure_is_due(l);
	struct usage_group group;
	bool found;

	if (!memory && !pressure)
		return;
	found = r->pid > 0 && usage_find_groups(r, &group) == 0;
	if (memory)
		find_memory_limit(l, found ? &group : NULL);
	if (pressure)
		watch_pressure(l, found ? &group : NULL);
}

void limits_reset(struct limits *l)
{
	if (l == NULL)
		return;
	stop_pressure(l);
	for (size_t i = 0; i < NUMBERS; i++) {
		l->numbers[i].over = 0;
		l->numbers[i].unknown = false;
	}
}

static void describe_memory(struct limits *l)
{
	const struct limit *m = &l->numbers[MEMORY];

	if (l->memory.percent <= 0)
		snprintf(l->text, TEXT, "it uses %.1f MiB of memory, over its limit of %.1f MiB",
			m->value / MIB, m->max / MIB);
	else
		snprintf(l->text, TEXT, "it uses %.1f MiB of memory, over %g %% of the %.1f MiB %s",
			m->value / MIB, l->memory.percent, m->max / l->memory.percent * 100 / MIB,
			l->of_group ? "that its control group may use" : "of the machine");
}

const char *limits_exceeded(struct limits *l)
{
	const struct limit *n = l != NULL ? l->numbers : NULL;

	if (l == NULL)
		return NULL;
	if (n[MEMORY].over >= CHECKS)
		describe_memory(l);
	else if (n[CPU].over >= CHECKS)
		snprintf(l->text, TEXT, "it uses %.0f %% of a CPU, over its limit of %.0f %%",
			n[CPU].value, n[CPU].max);
	else if (n[TASKS].over >= CHECKS)
		snprintf(l->text, TEXT, "it has %.0f tasks, over its limit of %.0f", n[TASKS].value,
			n[TASKS].max);
	else if (n[FILES].over >= CHECKS)
		snprintf(l->text, TEXT, "it has %.0f open descriptors, over its limit of %.0f",
			n[FILES].value, n[FILES].max);
	else if (l->stalls >= CHECKS)
		snprintf(l->text, TEXT,
			"it waits for memory for more than %g %% of the time, in %u periods of "
			"10 s in a row",
			l->pressure_max, l->stalls);
	else
		return NULL;
	return l->text;
}

const char *limits_unknown(struct limits *l)
{
	if (l == NULL)
		return NULL;
	for (size_t i = 0; i < NUMBERS; i++)
		if (l->numbers[i].unknown) {
			snprintf(l->text, TEXT, "its %s cannot be checked: %s", rows[i].option,
				l->why);
			return l->text;
		}
	if (l->refused == NULL)
		return NULL;
	snprintf(l->text, TEXT, "its pressure_max cannot be checked: %s", l->refused);
	return l->text;
}

bool limits_kept(const struct limits *l)
{
	if (l == NULL)
		return true;
	for (size_t i = 0; i < NUMBERS; i++)
		if (l->numbers[i].over > 0)
			return false;
	return l->stalls == 0;
}
