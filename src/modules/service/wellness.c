/*
 * wellness: whether a service that runs does its work, and whether it may be restarted yet.
 *
 * Three things may be held against a running service: its probe fails, it takes too much memory,
 * it takes too much CPU.  Each must hold several times in a row, since a busy moment is no
 * illness.
 */
#include "wellness.h"

#include <stdio.h>
#include <string.h>

#include "probe.h"
#include "usage.h"

/* Looks in a row over a limit before it counts. */
#define LOOKS 3

struct wellness {
	vigil_daemon *daemon;
	struct probe *probe; /* NULL: none is asked for */
	unsigned probe_failures;
	int64_t memory_max; /* bytes; 0: any */
	double cpu_max;     /* percent of one CPU; 0: any */
	const char *after;  /* the other daemon; NULL: none */
	struct usage usage;
	unsigned over_memory, over_cpu;
};

static int open_probe(struct wellness *w)
{
	const char *target = vigil_option_text(w->daemon, "probe");

	if (target == NULL)
		return 0;
	w->probe_failures = (unsigned)vigil_option_int(w->daemon, "probe_failures");
	w->probe = probe_new(w->daemon, target, vigil_option_list(w->daemon, "probe"),
		vigil_option_seconds(w->daemon, "probe_interval"),
		vigil_option_seconds(w->daemon, "probe_timeout"));
	return w->probe != NULL ? 0 : -1;
}

static bool is_asked_for(vigil_daemon *d)
{
	return vigil_option_text(d, "probe") != NULL || vigil_option_text(d, "after") != NULL ||
	       vigil_option_int(d, "memory_max") > 0 || vigil_option_number(d, "cpu_max") > 0;
}

struct wellness *wellness_new(vigil_daemon *d)
{
	struct wellness *w = is_asked_for(d) ? vigil_alloc(d, sizeof(*w)) : NULL;

	if (w == NULL)
		return NULL;
	w->daemon = d;
	w->memory_max = vigil_option_int(d, "memory_max");
	w->cpu_max = vigil_option_number(d, "cpu_max");
	w->after = vigil_option_text(d, "after");
	if (w->after != NULL && strcmp(w->after, vigil_name(d)) == 0) {
		vigil_refuse(d, "after = %s: a daemon cannot wait for itself", w->after);
		return NULL;
	}
	return open_probe(w) == 0 ? w : NULL;
}

static void count(unsigned *counter, bool over)
{
	*counter = over ? *counter + 1 : 0;
}

static void look_at_limits(struct wellness *w, pid_t pid)
{
	if (w->memory_max == 0 && w->cpu_max == 0)
		return;
	usage_look(&w->usage, pid, vigil_now());
	count(&w->over_memory, w->memory_max > 0 && w->usage.memory > w->memory_max);
	count(&w->over_cpu, w->cpu_max > 0 && w->usage.cpu > w->cpu_max);
}

void wellness_look(struct wellness *w, const vigil_service_reply *r)
{
	if (w == NULL)
		return;
	if (r->status != VIGIL_SERVICE_RUNNING) {
		wellness_forget(w);
		return;
	}
	if (w->probe != NULL)
		probe_begin(w->probe);
	look_at_limits(w, r->pid);
}

void wellness_forget(struct wellness *w)
{
	if (w == NULL)
		return;
	if (w->probe != NULL)
		probe_end(w->probe);
	w->over_memory = w->over_cpu = 0;
	w->usage.when = 0;
}

const char *wellness_unwell(const struct wellness *w, char words[WELLNESS_TEXT])
{
	if (w == NULL)
		return NULL;
	if (w->probe != NULL && probe_failures(w->probe) >= w->probe_failures)
		snprintf(words, WELLNESS_TEXT, "its probe failed %u times in a row (%s)",
			probe_failures(w->probe), probe_text(w->probe));
	else if (w->over_memory >= LOOKS)
		snprintf(words, WELLNESS_TEXT, "it takes %.1f MiB of memory, over its %.1f",
			(double)w->usage.memory / 1048576, (double)w->memory_max / 1048576);
	else if (w->over_cpu >= LOOKS)
		snprintf(words, WELLNESS_TEXT, "it takes %.0f %% of a CPU, over its %.0f",
			w->usage.cpu, w->cpu_max);
	else
		return NULL;
	return words;
}

const char *wellness_before(const struct wellness *w)
{
	char pointer[128];
	const char *value;

	if (w == NULL || w->after == NULL)
		return NULL;
	snprintf(pointer, sizeof(pointer), "/daemons/%s/service_state/value", w->after);
	value = json_string_value(vigil_state_get(w->daemon, pointer));
	/* Not installed, or not watched at all, is nothing to wait for. */
	return value != NULL && strcmp(value, "running") != 0 ? w->after : NULL;
}
