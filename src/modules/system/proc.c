/* proc: see proc.h. */
#include "proc.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A greater counter, such as one near 2^64, is a negative number or a bug of the kernel. */
#define COUNTER_MAX ((uint64_t)1 << 60)

double proc_percent(double part, double whole)
{
	return round(1000 * part / whole) / 10;
}

/* Parses digits only, and moves *text past them and the blanks after them. Returns false if the
 * number is not valid. */
static bool read_counter(const char **text, uint64_t *value)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*value = strtoull(*text, &end, 10);
	if (errno != 0 || strchr(" \t\n", *end) == NULL)
		return false;
	*text = end + strspn(end, " \t");
	return true;
}

/* Returns the text after `word` in the first line that begins with `word`. NULL: there is no such
 * line. */
static const char *find_line(const char *text, const char *word)
{
	size_t n = strlen(word);

	while (text != NULL && strncmp(text, word, n) != 0) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL ? text + n + strspn(text + n, " \t") : NULL;
}

/* --- load ------------------------------------------------------------------------------------- */

static bool read_real(const char **text, double *value)
{
	char *end;

	*value = strtod(*text, &end);
	if (end == *text || !isfinite(*value) || *value < 0)
		return false;
	*text = end;
	return true;
}

const char *proc_load(const char *text, struct proc_load *load)
{
	if (!read_real(&text, &load->one) || !read_real(&text, &load->five) ||
		!read_real(&text, &load->fifteen))
		return "/proc/loadavg does not begin with three numbers";
	return NULL;
}

const char *proc_tasks(const char *text, struct proc_tasks *tasks)
{
	int n = 0;

	if (sscanf(text, "%*s %*s %*s %9ld/%9ld%n", &tasks->running, &tasks->total, &n) != 2 ||
		strchr(" \n", text[n]) == NULL || tasks->running < 0 ||
		tasks->running > tasks->total)
		return "/proc/loadavg does not contain RUNNING/TOTAL";
	return NULL;
}

const char *proc_uptime(const char *text, double *seconds)
{
	if (!read_real(&text, seconds) || *seconds > 1e15)
		return "/proc/uptime does not begin with a number of seconds";
	return NULL;
}

/* --- memory ----------------------------------------------------------------------------------- */

static bool read_kib(const char *text, const char *word, uint64_t *bytes)
{
	const char *rest = find_line(text, word);

	if (rest == NULL || !read_counter(&rest, bytes) || *bytes > COUNTER_MAX / 1024 ||
		strncmp(rest, "kB", 2) != 0)
		return false;
	*bytes *= 1024;
	return true;
}

const char *proc_memory(const char *text, struct proc_room *memory)
{
	if (!read_kib(text, "MemTotal:", &memory->total) || memory->total == 0)
		return "MemTotal in /proc/meminfo is missing or invalid";
	if (!read_kib(text, "MemAvailable:", &memory->available))
		return "MemAvailable in /proc/meminfo is missing or invalid";
	if (memory->available > memory->total)
		return "MemAvailable in /proc/meminfo is more than MemTotal";
	return NULL;
}

const char *proc_swap(const char *text, struct proc_room *swap)
{
	if (!read_kib(text, "SwapTotal:", &swap->total))
		return "SwapTotal in /proc/meminfo is missing or invalid";
	if (!read_kib(text, "SwapFree:", &swap->available))
		return "SwapFree in /proc/meminfo is missing or invalid";
	if (swap->available > swap->total)
		return "SwapFree in /proc/meminfo is more than SwapTotal";
	return NULL;
}

/* --- CPU -------------------------------------------------------------------------------------- */

static long count_cpus(const char *text)
{
	long count = 0;

	while ((text = strstr(text, "\ncpu")) != NULL) {
		text += 4;
		count += *text >= '0' && *text <= '9';
	}
	return count;
}

const char *proc_cpu(const char *text, struct proc_cpu *cpu)
{
	enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS };
	const char *line = find_line(text, "cpu "), *blocked = find_line(text, "procs_blocked ");
	uint64_t field[FIELDS] = {0}, waiting;
	int n = 0;

	while (line != NULL && n < FIELDS && read_counter(&line, &field[n]))
		if (field[n++] > COUNTER_MAX)
			return "a counter of the cpu line in /proc/stat is invalid";
	/* Old kernels have fewer fields. A line that does not end after a field is invalid. */
	if (line == NULL || n <= IDLE || (n < FIELDS && *line != '\n'))
		return "the cpu line in /proc/stat is missing or invalid";
	*cpu = (struct proc_cpu){.user = field[USER] + field[NICE],
		.system = field[SYSTEM] + field[IRQ] + field[SOFTIRQ],
		.iowait = field[IOWAIT],
		.steal = field[STEAL],
		.idle = field[IDLE],
		.cpus = count_cpus(text),
		.blocked = -1};
	if (blocked != NULL && read_counter(&blocked, &waiting) && waiting <= INT32_MAX)
		cpu->blocked = (long)waiting;
	return NULL;
}

const char *proc_cpu_share(
	const struct proc_cpu *before, const struct proc_cpu *now, struct proc_cpu_share *share)
{
	double user, system, iowait, steal, idle, all;

	/* Counters decrease when a CPU is removed, and when a container or a virtual machine has
	 * been migrated. The time in between is then not known: with one counter missing, the
	 * shares of the others would be wrong. */
	if (now->user < before->user || now->system < before->system || now->idle < before->idle ||
		now->steal < before->steal)
		return "a counter of the cpu line in /proc/stat ran backwards";
	user = (double)(now->user - before->user);
	system = (double)(now->system - before->system);
	/* According to proc(5) iowait may decrease, because no CPU counts it reliably. */
	iowait = now->iowait > before->iowait ? (double)(now->iowait - before->iowait) : 0;
	steal = (double)(now->steal - before->steal);
	idle = (double)(now->idle - before->idle);
	all = user + system + iowait + steal + idle;
	if (all <= 0)
		return "the counters of the cpu line in /proc/stat do not move";
	*share = (struct proc_cpu_share){.busy = proc_percent(user + system + steal, all),
		.user = proc_percent(user, all),
		.system = proc_percent(system, all),
		.iowait = proc_percent(iowait, all),
		.steal = proc_percent(steal, all)};
	return NULL;
}

/* --- open files ------------------------------------------------------------------------------- */

const char *proc_files(const char *text, struct proc_files *files)
{
	uint64_t unused;

	if (!read_counter(&text, &files->open) || !read_counter(&text, &unused) ||
		!read_counter(&text, &files->max))
		return "/proc/sys/fs/file-nr does not have three numbers";
	if (files->open > COUNTER_MAX || files->max == 0)
		return "a number in /proc/sys/fs/file-nr is invalid";
	return NULL;
}

/* --- disks ------------------------------------------------------------------------------------ */

const char *proc_usage(const struct proc_disk *disk, struct proc_usage *usage)
{
	uint64_t available = disk->available;

	/* The space for users is negative if root has used a part of the reserved space. */
	if (available > INT64_MAX)
		available = 0;
	if (disk->blocks == 0 || disk->block == 0 || disk->blocks > COUNTER_MAX / disk->block)
		return "its size is invalid";
	if (disk->free > disk->blocks || available > disk->blocks)
		return "it has more free than its size";
	if (disk->blocks - disk->free + available == 0)
		return "its size is invalid";
	usage->total = disk->blocks * disk->block;
	usage->available = available * disk->block;
	/* As in df, the space reserved for root is neither used nor free. */
	usage->used = proc_percent((double)(disk->blocks - disk->free),
		(double)(disk->blocks - disk->free + available));
	return NULL;
}

const char *proc_inodes(const struct proc_disk *disk, bool *has, double *used)
{
	*has = disk->files != 0;
	if (!*has)
		return NULL;
	if (disk->files > COUNTER_MAX || disk->files_free > disk->files)
		return "its number of free inodes is invalid";
	*used = proc_percent((double)(disk->files - disk->files_free), (double)disk->files);
	return NULL;
}
