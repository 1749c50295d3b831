/*
 * system: reports load, CPU, memory, swap, disks, open files, processes, network interfaces and
 * temperatures of this machine.
 *
 * Each tick reads some files below /proc and queries the space of each disk, which takes
 * microseconds. The files differ between kernels, containers and emulations of /proc. A value that
 * is missing, invalid or runs backwards is removed from the state and named in the health; the
 * other values are not affected.
 */
#include <errno.h>
#include <math.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc.h"
#include "system.h"

#define TEXT_FIRST ((size_t)64 * 1024)
#define TEXT_MAX   ((size_t)256 * 1024 * 1024)

struct system_cpu {
	struct proc_cpu before;
	bool has_before, has_begun;
};

/* --- health ----------------------------------------------------------------------------------- */

void system_evaluate(struct system *s, int which, const char *what, double value, const char *unit)
{
	const struct threshold *t = &s->thresholds[which];
	vigil_health_level level = VIGIL_OK;

	if (t->has_critical && vigil_range_alerts(&t->critical, value))
		level = VIGIL_CRITICAL;
	else if (t->has_warning && vigil_range_alerts(&t->warning, value))
		level = VIGIL_WARNING;
	if (level <= s->level)
		return;
	s->level = level;
	snprintf(s->reason, sizeof(s->reason), "%.120s is %.1f%s", what, value, unit);
}

void system_raise(struct system *s, vigil_health_level level, const char *format, ...)
{
	va_list ap;

	if (level <= s->level)
		return;
	s->level = level;
	va_start(ap, format);
	vsnprintf(s->reason, sizeof(s->reason), format, ap);
	va_end(ap);
}

void system_leave_out(struct system *s, int which, const char *what, const char *why)
{
	size_t length = strlen(s->left_out_text);

	if (which != NONE &&
		(s->thresholds[which].has_warning || s->thresholds[which].has_critical))
		s->unchecked = true;
	s->left_out++;
	if (s->left_out > 3)
		return; /* only counted, not named */
	snprintf(s->left_out_text + length, sizeof(s->left_out_text) - length,
		"%s%.140s cannot be judged: %.100s", length > 0 ? "; " : "", what, why);
}

static void report_health(struct system *s)
{
	vigil_health_level level = s->level;
	char more[32] = "";

	if (level == VIGIL_OK && s->unchecked)
		level = VIGIL_UNKNOWN;
	if (s->left_out > 3)
		snprintf(more, sizeof(more), "; and %d more", s->left_out - 3);
	if (s->level == VIGIL_OK && level == VIGIL_OK)
		snprintf(s->reason, sizeof(s->reason), "within its limits");
	vigil_health(s->d, level, "%s%s%s%s", level == VIGIL_UNKNOWN ? "" : s->reason,
		level != VIGIL_UNKNOWN && s->left_out > 0 ? "; " : "", s->left_out_text, more);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* An old buffer is freed with the daemon. Sizes double, so the old buffers together are no larger
 * than the present one. */
static bool make_room(struct system *s, size_t length)
{
	char *text;

	if (length + 1 < s->text_size)
		return true;
	if (s->text_size >= TEXT_MAX)
		return false;
	text = vigil_alloc(s->d, s->text_size > 0 ? 2 * s->text_size : TEXT_FIRST);
	if (text == NULL)
		return false;
	if (s->text_size > 0)
		memcpy(text, s->text, length);
	s->text = text;
	s->text_size = s->text_size > 0 ? 2 * s->text_size : TEXT_FIRST;
	return true;
}

/* Reads a file to its end into s->text. Returns 0 or -errno. */
static int read_whole(struct system *s, int fd)
{
	size_t length = 0;
	ssize_t n;

	do {
		if (!make_room(s, length))
			return -EFBIG;
		n = read(fd, s->text + length, s->text_size - 1 - length);
		if (n < 0 && errno != EINTR)
			return -errno;
		length += n > 0 ? (size_t)n : 0;
	} while (n != 0);
	s->text[length] = '\0';
	return 0;
}

char *system_read(struct system *s, const char *path, const char **why)
{
	/* only used by the loop thread; valid until the next call */
	static char reason[REASON_SIZE], whole[PATH_MAX];
	int fd, err;

	/* O_NONBLOCK, because a file mounted over it may be one whose open blocks. */
	snprintf(whole, sizeof(whole), "%s%s", s->root, path);
	fd = open(whole, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	err = fd < 0 ? -errno : read_whole(s, fd);

	*why = NULL;

	if (fd >= 0)
		close(fd);
	if (err == 0)
		return s->text;
	snprintf(reason, sizeof(reason), "%s cannot be read: %s", path, strerror(-err));
	*why = reason;
	return NULL;
}

/* --- values ----------------------------------------------------------------------------------- */

static void leave_out(
	struct system *s, int which, const char *name, const char *what, const char *why)
{
	vigil_state_unset(s->d, name);
	system_leave_out(s, which, what, why);
}

/* The load for each CPU is known from the second tick on. */
static void put_load(struct system *s, const struct proc_load *load)
{
	double share = s->cpus > 0 ? load->five / (double)s->cpus : 0;
	json_t *value = json_pack(
		"{s:f,s:f,s:f}", "one", load->one, "five", load->five, "fifteen", load->fifteen);

	if (s->cpus > 0)
		json_object_set_new(value, "five_per_cpu", json_real(round(100 * share) / 100));
	vigil_state_set(s->d, "load", value);
	system_evaluate(s, LOAD, "the load over five minutes", load->five, "");
	if (s->cpus > 0)
		system_evaluate(
			s, LOAD_PER_CPU, "the load of each CPU over five minutes", share, "");
	else if (s->thresholds[LOAD_PER_CPU].given && s->cpu->has_begun)
		system_leave_out(
			s, LOAD_PER_CPU, "the load of each CPU", "the number of CPUs is not known");
}

static void report_load(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/loadavg", &why);
	const char *load_why = why, *tasks_why = why;
	struct proc_load load;
	struct proc_tasks tasks;

	if (text != NULL) {
		load_why = proc_load(text, &load);
		tasks_why = proc_tasks(text, &tasks);
	}
	if (load_why != NULL) {
		leave_out(s, LOAD, "load", "the load", load_why);
	} else {
		put_load(s, &load);
	}
	if (tasks_why != NULL)
		leave_out(s, NONE, "tasks", "the number of tasks", tasks_why);
	else
		vigil_state_set(s->d, "tasks",
			json_pack("{s:i,s:i}", "running", (int)tasks.running, "total",
				(int)tasks.total));
}

static void report_cpu_share(
	struct system *s, const struct proc_cpu *cpu, const struct proc_cpu_share *share)
{
	json_t *value =
		json_pack("{s:f,s:f,s:f,s:f,s:f}", "percent", share->busy, "user", share->user,
			"system", share->system, "iowait", share->iowait, "steal", share->steal);

	if (cpu->cpus > 0)
		json_object_set_new(value, "cpus", json_integer(cpu->cpus));
	if (cpu->blocked >= 0)
		json_object_set_new(value, "blocked", json_integer(cpu->blocked));
	vigil_state_set(s->d, "cpu", value);
	system_evaluate(s, CPU, "the CPU", share->busy, "% busy");
}

static void report_cpu(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/stat", &why);
	bool had_before = s->cpu->has_before;
	struct proc_cpu_share share;
	struct proc_cpu now = {0};

	if (text != NULL)
		why = proc_cpu(text, &now);
	s->cpu->has_before = why == NULL;
	if (why == NULL && had_before)
		why = proc_cpu_share(&s->cpu->before, &now, &share);
	if (s->cpu->has_before)
		s->cpu->before = now;
	s->cpus = now.cpus;
	/* The first reading has no previous one to compare with, which is normal. */
	if (why == NULL && !had_before && s->cpu->has_begun)
		why = "/proc/stat has been valid for one reading only";
	s->cpu->has_begun = true;
	if (why != NULL)
		leave_out(s, CPU, "cpu", "the CPU", why);
	else if (had_before)
		report_cpu_share(s, &now, &share);
}

static void report_room(struct system *s, int which, const char *name, const char *why,
	const struct proc_room *room)
{
	double used;

	if (why != NULL) {
		leave_out(s, which, name, name, why);
		return;
	}
	used = room->total > 0
		       ? proc_percent((double)(room->total - room->available), (double)room->total)
		       : 0; /* there is no swap */
	vigil_state_set(s->d, name,
		json_pack("{s:I,s:I,s:f}", "total_bytes", (json_int_t)room->total,
			"available_bytes", (json_int_t)room->available, "used_percent", used));
	system_evaluate(s, which, name, used, "% used");
}

static void report_memory(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/meminfo", &why);
	struct proc_room memory = {0}, swap = {0};

	report_room(s, MEMORY, "memory", text != NULL ? proc_memory(text, &memory) : why, &memory);
	report_room(s, SWAP, "swap", text != NULL ? proc_swap(text, &swap) : why, &swap);
}

static void report_files(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/sys/fs/file-nr", &why);
	struct proc_files files;
	double used;

	if (text != NULL)
		why = proc_files(text, &files);
	if (why != NULL) {
		leave_out(s, FILES, "files", "the table of open files", why);
		return;
	}
	used = proc_percent((double)files.open, (double)files.max);
	/* The maximum is not stored, because without a real limit the kernel reports the greatest
	 * number that it knows. */
	vigil_state_set(s->d, "files",
		json_pack("{s:I,s:f}", "open", (json_int_t)files.open, "used_percent", used));
	system_evaluate(s, FILES, "the table of open files", used, "% used");
}

static void report_uptime(struct system *s)
{
	const char *why, *text = system_read(s, "/proc/uptime", &why);
	double seconds;

	if (text != NULL)
		why = proc_uptime(text, &seconds);
	if (why != NULL)
		leave_out(s, NONE, "uptime_seconds", "the uptime", why);
	else
		vigil_state_set(s->d, "uptime_seconds", json_integer((json_int_t)seconds));
}

/* --- a tick ----------------------------------------------------------------------------------- */

static void on_tick(vigil_daemon *d, void *arg)
{
	struct system *s = arg;

	(void)d;
	s->level = VIGIL_OK;
	s->unchecked = false;
	s->left_out = 0;
	s->left_out_text[0] = '\0';
	report_load(s);
	report_cpu(s);
	report_memory(s);
	report_files(s);
	report_uptime(s);
	disks_report(s);
	system_growth_end(s);
	system_pressure_report(s);
	system_network_report(s);
	system_sensors_report(s);
	report_health(s);
}

/* --- start and stop --------------------------------------------------------------------------- */

/* Reads the options, for check and for start. Returns NULL if an option is invalid, after
 * vigil_diagnose. */
static struct system *read_options(vigil_daemon *d)
{
	struct system *s = vigil_alloc(d, sizeof(*s));

	s->d = d;
	s->root = "";
	s->cpu = vigil_alloc(d, sizeof(*s->cpu));
	return system_read_options(s) == 0 ? s : NULL;
}

static int check(vigil_daemon *d)
{
	return read_options(d) != NULL ? 0 : -EINVAL;
}

static int start(vigil_daemon *d)
{
	struct system *s = read_options(d);
	int err = s == NULL ? -EINVAL : 0;

	if (err == 0)
		err = system_sensors_start(s);
	if (err == 0)
		err = system_network_start(s);
	if (err == 0)
		err = vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, s);
	if (err != 0)
		return err;
	vigil_set_data(d, s);
	system_growth_start(s);
	return system_pressure_start(s);
}

static void stop(vigil_daemon *d)
{
	struct system *s = vigil_data(d);

	if (s == NULL)
		return;
	system_pressure_stop(s);
	system_growth_stop(s);
}

VIGIL_MODULE(.name = "system", .summary = "load, CPU, memory, disks, network and temperatures",
	.options = system_options, .start = start, .stop = stop, .check = check);
