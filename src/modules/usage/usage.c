/*
 * usage: see usage.h.
 *
 * A measurement is complete within the check if the service has a control group and few processes,
 * as most have. Otherwise it continues by timers.
 */
#include "usage.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "modules/policy/interned.h"
#include "usage_sum.h"
#include "usage_tree.h"

#define PLACE       "service_state/usage"
#define PAUSE       0.01  /* seconds between two callbacks */
#define SLACK       0.1   /* part of an interval by which a check may be early */
#define MEMORY_STEP 65536 /* the state has multiples of this */

#define BURST      0.05 /* seconds, in which at most */
#define BURST_WORK 0.01 /* seconds of work are spent on full measurements */

static struct {
	double began, used;
} burst;

/* CPU time at the last measurement. */
struct base {
	double when; /* by vigil_now; 0: none */
	int64_t cpu;
};

/* A measurement that is in progress. */
struct measuring {
	unsigned what;
	bool later; /* it has taken more than one callback */
	double when;
	struct usage_sum sum;
};

struct usage {
	vigil_daemon *daemon;
	double interval, check; /* seconds; interval 0: only limits are measured */
	unsigned limits;        /* what is measured at each check */
	usage_measured_fn *on_measured;
	void *arg;

	pid_t pid;         /* 0: the service does not run */
	double full, last; /* times of the last full measurement and of the last one; 0: none */
	struct base full_base, last_base;
	struct usage_spent spent; /* CPU time of its processes */
	struct usage_waiter waiter;
	struct measuring *now; /* NULL: none is in progress */
	bool written;          /* the state has numbers */
	bool by_group;         /* the last numbers are those of a control group */
};

static const struct usage_values unknown = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

static void on_slice(vigil_daemon *d, void *arg);
static void on_scanned(void *arg);

struct usage *usage_new(vigil_daemon *d)
{
	struct usage *u = vigil_alloc(d, sizeof(*u));

	u->daemon = d;
	u->interval = vigil_option_seconds(d, "usage_interval");
	u->check = vigil_option_seconds(d, "interval");
	u->waiter = (struct usage_waiter){.daemon = d, .on_scanned = on_scanned, .arg = u};
	return u;
}

void usage_limit(struct usage *u, unsigned what, usage_measured_fn *on_measured, void *arg)
{
	u->limits = what;
	u->on_measured = on_measured;
	u->arg = arg;
}

static void remove_state(struct usage *u)
{
	if (u->written)
		vigil_state_unset(u->daemon, PLACE);
	u->written = false;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void end_measuring(struct usage *u)
{
	struct measuring *m = u->now;

	if (m == NULL)
		return;
	usage_tree_leave(&u->waiter);
	vigil_cancel(u->daemon, on_slice, u);
	usage_sum_free(&m->sum);
	free(m);
	u->now = NULL;
}

void usage_reset(struct usage *u)
{
	end_measuring(u);
	usage_spent_reset(&u->spent);
	u->pid = 0;
	u->full = u->last = u->full_base.when = u->last_base.when = 0;
	remove_state(u);
}

void usage_close(struct usage *u)
{
	if (u == NULL)
		return;
	end_measuring(u);
	usage_spent_reset(&u->spent);
}

/* --- the state -------------------------------------------------------------------------------- */

static void add_number(json_t *object, const char *key, int64_t value)
{
	if (value >= 0)
		json_object_set_new_nocheck(object, key, json_integer(value));
}

static void add_real(json_t *object, const char *key, double value, double digits)
{
	if (value >= 0)
		json_object_set_new_nocheck(object, key, json_real(round(value * digits) / digits));
}

static int64_t rounded(int64_t bytes)
{
	return bytes < 0 ? bytes : (bytes + MEMORY_STEP / 2) / MEMORY_STEP * MEMORY_STEP;
}

/* The numbers are rounded, so that a service that does nothing changes nothing in the state. */
static void write_state(struct usage *u, const struct usage_values *v, double cpu_percent, bool cut)
{
	json_t *object;

	if (v->processes < 0) { /* nothing is known */
		remove_state(u);
		return;
	}
	object = json_object();
	add_number(object, "memory_bytes", rounded(v->memory));
	add_number(object, "cache_bytes", rounded(v->cache));
	add_real(object, "cpu_percent", cpu_percent, 10);
	add_real(object, "cpu_seconds", v->cpu < 0 ? -1 : (double)v->cpu / 1e9, 10);
	add_number(object, "tasks", v->tasks);
	add_number(object, "threads", v->threads);
	add_number(object, "processes", v->processes);
	add_number(object, "files", v->files);
	add_number(object, "io_read_bytes", v->io_read);
	add_number(object, "io_written_bytes", v->io_written);
	add_number(object, "oom_kills", v->oom_kills);
	add_real(object, "pressure", v->pressure, 10);
	json_object_set_new_nocheck(
		object, "source", interned_new(u->by_group ? "control group" : "processes"));
	if (cut)
		json_object_set_new_nocheck(object, "partial", json_true());
	vigil_state_set(u->daemon, PLACE, object);
	u->written = true;
}

/* --- CPU time --------------------------------------------------------------------------------- */

/* Returns percent of one CPU since the base, and moves the base; -1: not known. */
static double percent_since(struct base *base, double when, int64_t cpu)
{
	const struct base before = *base;

	*base = (struct base){.when = cpu >= 0 ? when : 0, .cpu = cpu};
	if (cpu < 0 || before.when <= 0 || when <= before.when || cpu < before.cpu)
		return -1;
	return (double)(cpu - before.cpu) / 1e7 / (when - before.when);
}

/* Returns percent of one CPU since the last full measurement, if this is one; else -1. */
static double finish_cpu(struct usage *u, struct measuring *m)
{
	struct usage_values *v = &m->sum.values;

	if ((m->what & USAGE_CPU) == 0)
		return -1;
	if (m->sum.sums & USAGE_CPU && m->sum.ticks >= 0) {
		usage_spent_add(&u->spent, &m->sum);
		v->cpu = (int64_t)((double)u->spent.total * 1e9 / (double)sysconf(_SC_CLK_TCK));
	}
	v->cpu_percent = percent_since(&u->last_base, m->when, v->cpu);
	return m->what == USAGE_ALL ? percent_since(&u->full_base, m->when, v->cpu) : -1;
}

/* --- one measurement -------------------------------------------------------------------------- */

static void finish(struct usage *u)
{
	struct measuring *m = u->now;
	bool cut = m->sum.found.cut;
	double percent = finish_cpu(u, m);

	u->last = m->when;
	if (m->what == USAGE_ALL) {
		u->full = m->when;
		write_state(u, &m->sum.values, percent, cut);
	}
	if (u->on_measured != NULL)
		u->on_measured(m->what, &m->sum.values, m->sum.why, m->later, u->arg);
	end_measuring(u);
}

static void proceed(struct usage *u)
{
	if (usage_sum_some(&u->now->sum)) {
		finish(u);
		return;
	}
	u->now->later = true;
	vigil_after(u->daemon, PAUSE, on_slice, u);
}

static void on_slice(vigil_daemon *d, void *arg)
{
	proceed(arg);
}

/* The measurement is given up. That the process has just ended is for the next check to find. */
static void give_up(struct usage *u, int err)
{
	struct measuring *m = u->now;

	if (usage_process_has_ended(err) && !usage_process_is_hidden(u->pid)) {
		end_measuring(u);
		return;
	}

	if (usage_process_has_ended(err))
		usage_sum_hide(&m->sum, u->pid);
	else
		snprintf(m->sum.why, sizeof(m->sum.why), "/proc/%d: %s", (int)u->pid,
			strerror(-err));
	m->sum.sums = 0;
	finish(u);
}

static void start_tree(struct usage *u)
{
	struct measuring *m = u->now;
	struct usage_tree_sum sum;
	struct usage_stat stat;
	int err = usage_tree_collect(u->pid, &u->spent.members, &m->sum.found, &sum);

	if (err != 0) { /* it has just been started, or it is hidden */
		err = usage_process_stat(u->pid, &stat);
		if (err != 0)
			give_up(u, err);
		else
			end_measuring(u);
		return;
	}
	usage_sum_choose(&m->sum, m->what);
	m->when = sum.when;
	m->sum.values.processes = (int64_t)m->sum.found.count;
	if (m->sum.sums & USAGE_TASKS)
		m->sum.values.threads = sum.threads;
	m->sum.ticks = sum.ticks;
	proceed(u);
}

static void on_scanned(void *arg)
{
	struct usage *u = arg;

	u->now->later = true;
	start_tree(u);
}

static void request_tree(struct usage *u)
{
	u->now->sum.scanned = true;
	u->by_group = false;
	switch (usage_tree_request(&u->waiter, u->last)) {
	case USAGE_TREE_READY: start_tree(u); break;
	case USAGE_TREE_LATER: end_measuring(u); break;
	case USAGE_TREE_WAIT:
	default: break;
	}
}

/* --- checks ----------------------------------------------------------------------------------- */

int usage_find_groups(const vigil_service_reply *r, struct usage_group *group)
{
	char first[300], second[300];
	const char *names[4] = {NULL};

	if (strcmp(r->manager, "systemd") == 0 && r->unit[0] != '\0') {
		names[0] = r->unit;
	} else if (strcmp(r->manager, "openrc") == 0) {
		snprintf(first, sizeof(first), "openrc_%s", r->name);
		snprintf(second, sizeof(second), "openrc.%s", r->name);
		names[0] = r->name;
		names[1] = first;
		names[2] = second;
	}
	return usage_group_find(group, r->pid, names);
}

/* Only these managers give a group of its own to each service. */
static bool may_have_group(const vigil_service_reply *r)
{
	return strcmp(r->manager, "systemd") == 0 || strcmp(r->manager, "openrc") == 0;
}

/* Measures a service whose group is open. */
static void measure_group(struct usage *u, struct usage_group *group)
{
	struct measuring *m = u->now;
	int64_t threads;

	u->by_group = true;
	usage_group_read(group, m->what, &m->sum.values);
	usage_sum_choose(&m->sum, m->what);
	if (m->what == USAGE_ALL || m->sum.sums != 0)
		usage_group_members(group, &m->sum.found);
	usage_group_close(group);
	if (m->sum.sums != 0 && usage_process_threads(u->pid, &threads) != 0) {
		if (!usage_process_is_hidden(u->pid)) {
			end_measuring(u);
			return;
		}
		usage_sum_hide(&m->sum, u->pid);
	}
	if (m->what == USAGE_ALL)
		m->sum.values.processes = (int64_t)m->sum.found.count;
	proceed(u);
}

static void measure(struct usage *u, const vigil_service_reply *r, unsigned what, double now)
{
	struct measuring *m = calloc(1, sizeof(*m));
	struct usage_group group;

	if (m == NULL)
		return;
	u->now = m;
	m->what = what;
	m->when = now;
	m->sum.values = unknown;
	if (may_have_group(r) && usage_find_groups(r, &group) == 0 && usage_group_open(&group))
		measure_group(u, &group);
	else
		request_tree(u);
}

/* Full measurements may take so much time in a row. The others are made at the next check, so that
 * many services do not delay the loop. */
static bool may_measure(double now)
{
	if (now >= burst.began + BURST) {
		burst.began = now;
		burst.used = 0;
	}
	return burst.used < BURST_WORK;
}

/* A measurement that was due a while ago is still to be made. */
bool usage_may_rest(const struct usage *u)
{
	return u->limits == 0 && u->now == NULL &&
	       (u->interval == 0 || (u->interval >= 60 && vigil_now() < u->full + u->interval / 8));
}

void usage_check(struct usage *u, const vigil_service_reply *r)
{
	double now;
	unsigned what = 0;

	if (u->interval == 0 && u->limits == 0)
		return;
	if (r->status != VIGIL_SERVICE_RUNNING || r->pid != u->pid) {
		/* If the status is unknown, the service may still run. */
		if (r->status == VIGIL_SERVICE_UNKNOWN)
			return;
		if (u->pid != 0)
			usage_reset(u);
		if (r->status != VIGIL_SERVICE_RUNNING)
			return;
		u->pid = r->pid;
	}
	if (u->pid == 0 && u->on_measured != NULL)
		u->on_measured(u->limits, &unknown, "its main process is not known", false, u->arg);
	if (u->pid == 0 || u->now != NULL)
		return;
	now = vigil_now();
	if (u->limits != 0 && (u->last == 0 || now >= u->last + (1 - SLACK) * u->check))
		what = u->limits;
	if (u->interval > 0 && (u->limits == 0 || what != 0) &&
		(u->full == 0 || now >= u->full + u->interval - fmin(u->check, u->interval) / 2))
		what = u->interval <= u->check || may_measure(now) ? USAGE_ALL : what;
	if (what == 0)
		return;
	measure(u, r, what, now);
	burst.used += what == USAGE_ALL ? vigil_now() - now : 0;
}
