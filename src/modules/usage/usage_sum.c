/*
 * usage_sum: see usage_sum.h.
 *
 * Private memory is summed. Of shared memory, the largest amount of a process counts, because
 * nothing tells cheaply which processes share which pages. Memory that processes share since a fork
 * is private for the kernel, so that it counts for each of them.
 *
 * A process that ends takes its CPU time out of the sum, unless its parent is another process of
 * the service and waits for it. So the time since the last measurement is the difference of the
 * sums, and at least the sum of the differences of the processes that still run.
 */
#include "usage_sum.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET  512 /* units of work in one call: a process is 8, a descriptor is 1 */
#define PROCESS 8

/* --- CPU time --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct usage_member *one = a, *other = b;

	return (one->pid > other->pid) - (one->pid < other->pid);
}

/* Returns the CPU time of the processes that still run since the last measurement. New ones count
 * from their start. Both lists are sorted by pid. */
static int64_t survivors(const struct usage_members *before, const struct usage_members *now)
{
	int64_t sum = 0;
	size_t at = 0;

	for (size_t i = 0; i < now->count; i++) {
		const struct usage_member *m = &now->list[i];
		int64_t own = 0;

		while (at < before->count && before->list[at].pid < m->pid)
			at++;
		if (at < before->count && before->list[at].pid == m->pid &&
			before->list[at].started == m->started)
			own = before->list[at].own;
		sum += m->own > own ? m->own - own : 0;
	}
	return sum;
}

void usage_spent_add(struct usage_spent *u, struct usage_sum *m)
{
	int64_t difference = m->ticks - u->ticks, least;

	if (m->found.count > 1)
		qsort(m->found.list, m->found.count, sizeof(*m->found.list), compare);
	if (!u->known) {
		u->total = m->ticks;
	} else {
		least = survivors(&u->members, &m->found);
		u->total += difference > least ? difference : least;
	}
	u->known = true;
	u->ticks = m->ticks;
	usage_members_free(&u->members);
	u->members = m->found;
	m->found = (struct usage_members){.list = NULL};
}

void usage_spent_reset(struct usage_spent *spent)
{
	usage_members_free(&spent->members);
	*spent = (struct usage_spent){.known = false};
}

/* --- one process ------------------------------------------------------------------------------ */

/* Notes why a number is not known. Only the first reason is kept. */
static void fail(struct usage_sum *m, int64_t *value, pid_t pid, int err)
{
	*value = -1;
	if (m->why[0] == '\0')
		snprintf(m->why, sizeof(m->why), "/proc/%d: %s", (int)pid, strerror(-err));
}

static void sum_memory(struct usage_sum *m, pid_t pid)
{
	int64_t memory, shared;
	int err = usage_process_memory(pid, &memory, &shared);

	if (err == 0 && m->values.memory >= 0) {
		m->values.memory += memory;
		m->shared = shared > m->shared ? shared : m->shared;
	} else if (err != 0 && !usage_process_has_ended(err)) {
		fail(m, &m->values.memory, pid, err);
	}
}

static void sum_stat(struct usage_sum *m, struct usage_member *member)
{
	struct usage_stat stat;
	int err = usage_process_stat(member->pid, &stat);

	if (err == 0 && m->ticks >= 0) {
		member->started = stat.started;
		member->own = stat.own;
		m->ticks += stat.own + stat.reaped;
	} else if (err != 0 && !usage_process_has_ended(err)) {
		fail(m, &m->ticks, member->pid, err);
	}
}

static void sum_threads(struct usage_sum *m, pid_t pid)
{
	int64_t threads;
	int err = usage_process_threads(pid, &threads);

	if (err == 0 && m->values.threads >= 0)
		m->values.threads += threads;
	else if (err != 0 && !usage_process_has_ended(err))
		fail(m, &m->values.threads, pid, err);
}

/* That I/O is not known is no reason to report anything, because it has no limit. */
static void sum_io(struct usage_sum *m, pid_t pid)
{
	int64_t read_bytes, written;
	int err = usage_process_io(pid, &read_bytes, &written);

	if (err == 0 && m->values.io_read >= 0 && read_bytes < INT64_MAX / 4 - m->values.io_read &&
		written < INT64_MAX / 4 - m->values.io_written) {
		m->values.io_read += read_bytes;
		m->values.io_written += written;
	} else if (!usage_process_has_ended(err)) {
		m->values.io_read = m->values.io_written = -1;
	}
}

/* Returns 1 if there is more to count. */
static int sum_files(struct usage_sum *m, pid_t pid, int *budget)
{
	int err = m->values.files >= 0 ? usage_process_files(&m->files, pid, budget) : 0;

	if (err < 0 && !usage_process_has_ended(err))
		fail(m, &m->values.files, pid, err);
	else if (m->values.files >= 0)
		m->values.files = m->files.count;
	return err == 1;
}

bool usage_sum_some(struct usage_sum *m)
{
	int budget = BUDGET;

	for (; m->next < m->found.count; m->next++) {
		struct usage_member *member = &m->found.list[m->next];

		if (budget <= 0)
			return false;
		if (m->files.dir == NULL) { /* otherwise only its descriptors are left */
			budget -= PROCESS;
			if (m->sums & USAGE_MEMORY)
				sum_memory(m, member->pid);
			if (m->sums & USAGE_CPU && !m->scanned)
				sum_stat(m, member);
			if (m->sums & USAGE_TASKS && !m->scanned)
				sum_threads(m, member->pid);
			if (m->io)
				sum_io(m, member->pid);
		}
		if (m->sums & USAGE_FILES && sum_files(m, member->pid, &budget) == 1)
			return false;
	}
	if (m->sums & USAGE_MEMORY && m->values.memory >= 0)
		m->values.memory += m->shared;
	if (m->values.tasks < 0)
		m->values.tasks = m->values.threads;
	return true;
}

void usage_sum_choose(struct usage_sum *m, unsigned what)
{
	struct usage_values *v = &m->values;

	m->sums = USAGE_FILES | (v->memory < 0 ? USAGE_MEMORY : 0) | (v->cpu < 0 ? USAGE_CPU : 0) |
		  (v->tasks < 0 || what == USAGE_ALL ? USAGE_TASKS : 0);
	m->sums &= what;
	m->io = what & USAGE_REST && v->io_read < 0;
	if (m->sums & USAGE_MEMORY)
		v->memory = 0;
	if (m->sums & USAGE_TASKS)
		v->threads = 0;
	if (m->sums & USAGE_FILES)
		v->files = 0;
	if (m->io)
		v->io_read = v->io_written = 0;
}

void usage_sum_hide(struct usage_sum *m, pid_t pid)
{
	struct usage_values *v = &m->values;

	snprintf(m->why, sizeof(m->why), "/proc does not show process %d", (int)pid);
	if (m->sums & USAGE_MEMORY)
		v->memory = -1;
	if (m->sums & USAGE_TASKS)
		v->threads = -1;
	if (m->sums & USAGE_FILES)
		v->files = -1;
	if (m->io)
		v->io_read = v->io_written = -1;
	m->sums = 0;
	m->io = false;
}

void usage_sum_free(struct usage_sum *m)
{
	usage_files_close(&m->files);
	usage_members_free(&m->found);
}
