/*
 * system: load, CPU, memory, swap, disks, open files and processes of this machine.
 *
 * Each tick reads some files below /proc and asks each disk for its room, which is a matter of
 * microseconds.  What may wait is left out: a file system whose server is gone would hold up the
 * whole host, so those that do not lie on this machine are never asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proc.h"
#include <vigil/vigil.h>

#define TEXT_SIZE   (256 * 1024)
#define DISKS_MAX   256
#define MOUNTS_MAX  4096
#define STEP_MAX    1024
#define REASON_SIZE 200

/* What can be alerted to, each by NAME_warning and NAME_critical. */
enum { LOAD, CPU, MEMORY, SWAP, DISK, INODES, FILES, THRESHOLDS };

struct threshold {
	const char *name;
	bool has_warning, has_critical;
	vigil_range warning, critical;
};

struct system {
	vigil_daemon *d;
	const char *const *disks; /* mount points; none: all that are disks */
	struct threshold thresholds[THRESHOLDS];
	struct proc_cpu before;
	bool has_before;
	char *text; /* of the file at hand */
	struct proc_mount *mounts;

	/* The worst of this tick. */
	vigil_health_level level;
	char reason[REASON_SIZE];
	char unread[64]; /* a file that could not be read; "": all could */
};

/* --- judging ------------------------------------------------------------------------------------------- */

static void judge(struct system *s, int which, const char *what, double value, const char *unit)
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

static double percent(double part, double whole)
{
	return whole > 0 ? round(1000 * part / whole) / 10 : 0;
}

/* --- reading -------------------------------------------------------------------------------------------- */

static void not_read(struct system *s, const char *path)
{
	snprintf(s->unread, sizeof(s->unread), "%s", path);
}

/* The file's text, lent until the next call; NULL where it cannot be read. */
static const char *read_proc(struct system *s, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	size_t length = 0;

	while (fd >= 0 && length < TEXT_SIZE - 1 &&
		(n = read(fd, s->text + length, TEXT_SIZE - 1 - length)) > 0)
		length += (size_t)n;
	if (fd >= 0)
		close(fd);
	s->text[length] = '\0';
	if (fd >= 0 && n >= 0)
		return s->text;
	not_read(s, path);
	return NULL;
}

static void tell_load(struct system *s)
{
	const char *text = read_proc(s, "/proc/loadavg");
	struct proc_load load;

	if (text == NULL || !proc_load(text, &load)) {
		not_read(s, "/proc/loadavg");
		return;
	}
	vigil_state_set(s->d, "load",
		json_pack("{s:f,s:f,s:f}", "one", load.one, "five", load.five, "fifteen",
			load.fifteen));
	vigil_state_set(s->d, "tasks",
		json_pack("{s:i,s:i}", "running", (int)load.running, "total", (int)load.total));
	judge(s, LOAD, "the load over five minutes", load.five, "");
}

static double share(uint64_t now, uint64_t before, double all)
{
	return now > before ? percent((double)(now - before), all) : 0;
}

static void tell_cpu(struct system *s)
{
	const char *text = read_proc(s, "/proc/stat");
	const struct proc_cpu *b = &s->before;
	struct proc_cpu now;
	double all, busy;

	if (text == NULL || !proc_cpu(text, &now)) {
		not_read(s, "/proc/stat");
		return;
	}
	all = (double)(now.user + now.system + now.iowait + now.steal + now.idle) -
	      (double)(b->user + b->system + b->iowait + b->steal + b->idle);
	if (s->has_before && all > 0) {
		busy = 100 - share(now.idle + now.iowait, b->idle + b->iowait, all);
		vigil_state_set(s->d, "cpu",
			json_pack("{s:f,s:f,s:f,s:f,s:f,s:i,s:i}", "percent", busy, "user",
				share(now.user, b->user, all), "system",
				share(now.system, b->system, all), "iowait",
				share(now.iowait, b->iowait, all), "steal",
				share(now.steal, b->steal, all), "cpus", (int)now.cpus, "blocked",
				(int)now.blocked));
		judge(s, CPU, "the CPU", busy, "% busy");
	}
	s->before = now;
	s->has_before = true;
}

static json_t *room_of(uint64_t total, uint64_t available)
{
	return json_pack("{s:I,s:I,s:f}", "total_bytes", (json_int_t)total, "available_bytes",
		(json_int_t)available, "used_percent",
		percent((double)(total - available), (double)total));
}

static void tell_memory(struct system *s)
{
	const char *text = read_proc(s, "/proc/meminfo");
	struct proc_memory m;

	if (text == NULL || !proc_memory(text, &m)) {
		not_read(s, "/proc/meminfo");
		return;
	}
	vigil_state_set(s->d, "memory", room_of(m.total, m.available));
	vigil_state_set(s->d, "swap", room_of(m.swap_total, m.swap_free));
	judge(s, MEMORY, "memory", percent((double)(m.total - m.available), (double)m.total),
		"% used");
	judge(s, SWAP, "swap", percent((double)(m.swap_total - m.swap_free), (double)m.swap_total),
		"% used");
}

static void tell_files(struct system *s)
{
	const char *text = read_proc(s, "/proc/sys/fs/file-nr");
	struct proc_files files;
	double used;

	if (text == NULL || !proc_files(text, &files)) {
		not_read(s, "/proc/sys/fs/file-nr");
		return;
	}
	used = percent((double)files.open, (double)files.max);
	/* Where there is no limit to speak of the kernel says the greatest number it knows. */
	vigil_state_set(s->d, "files",
		json_pack("{s:I,s:f}", "open", (json_int_t)files.open, "used_percent", used));
	judge(s, FILES, "the table of open files", used, "% used");
}

static void tell_uptime(struct system *s)
{
	const char *text = read_proc(s, "/proc/uptime");
	double seconds;

	if (text != NULL && proc_uptime(text, &seconds))
		vigil_state_set(s->d, "uptime_seconds", json_integer((json_int_t)seconds));
}

/* --- disks ------------------------------------------------------------------------------------------------ */

static bool is_asked_for(const struct system *s, const struct proc_mount *mount)
{
	if (s->disks[0] == NULL)
		return proc_is_disk(mount->type);
	for (const char *const *disk = s->disks; *disk != NULL; disk++)
		if (strcmp(*disk, mount->point) == 0)
			return true;
	return false;
}

static json_t *tell_disk(struct system *s, const struct proc_mount *mount)
{
	struct statvfs st;
	double used, inodes;
	json_t *room;
	char what[STEP_MAX], device[STEP_MAX];

	if (statvfs(mount->point, &st) < 0 || st.f_blocks == 0)
		return NULL;
	/* As df has it: what is kept back for root is neither used nor free. */
	used = percent((double)(st.f_blocks - st.f_bfree),
		(double)(st.f_blocks - st.f_bfree + st.f_bavail));
	inodes = percent((double)(st.f_files - st.f_ffree), (double)st.f_files);
	vigil_clean(device, sizeof(device), mount->device);
	room = json_pack("{s:s,s:s,s:I,s:I,s:f,s:f}", "device", device, "type", mount->type,
		"total_bytes", (json_int_t)(st.f_blocks * st.f_frsize), "available_bytes",
		(json_int_t)(st.f_bavail * st.f_frsize), "used_percent", used,
		"inodes_used_percent", inodes);
	snprintf(what, sizeof(what), "%s", mount->point);
	judge(s, DISK, what, used, "% used");
	snprintf(what, sizeof(what), "%s", mount->point);
	judge(s, INODES, what, inodes, "% of inodes used");
	return room;
}

/* The same device may be mounted at several places; the first counts, unless all are named. */
static bool is_repeated(const json_t *disks, const struct proc_mount *mount)
{
	const char *point;
	json_t *disk;

	json_object_foreach((json_t *)disks, point,
		disk) if (strcmp(json_string_value(json_object_get(disk, "device")),
				  mount->device) == 0) return true;
	return false;
}

/* A disk that was named and cannot be asked is not well. */
static void judge_missing(struct system *s, const json_t *disks)
{
	char point[STEP_MAX];

	for (const char *const *disk = s->disks; *disk != NULL && s->level < VIGIL_CRITICAL;
		disk++) {
		vigil_clean(point, sizeof(point), *disk);
		if (json_object_get(disks, point) != NULL)
			continue;
		s->level = VIGIL_CRITICAL;
		snprintf(s->reason, sizeof(s->reason), "%.150s is not mounted, or cannot be asked",
			point);
	}
}

static size_t read_mounts(struct system *s)
{
	char *text = (char *)read_proc(s, "/proc/self/mounts");

	return text != NULL ? proc_mounts(text, s->mounts, MOUNTS_MAX) : 0;
}

static void tell_disks(struct system *s)
{
	size_t count = read_mounts(s);
	json_t *disks = json_object(), *disk;
	char point[STEP_MAX];

	for (size_t i = 0; i < count && json_object_size(disks) < DISKS_MAX; i++) {
		const struct proc_mount *mount = &s->mounts[i];

		if (!is_asked_for(s, mount) || proc_may_wait(s->mounts, count, i) ||
			(s->disks[0] == NULL && is_repeated(disks, mount)))
			continue;
		disk = tell_disk(s, mount);
		vigil_clean(point, sizeof(point), mount->point);
		if (disk != NULL)
			json_object_set_new(disks, point, disk);
	}
	judge_missing(s, disks);
	vigil_state_set(s->d, "disks", disks);
}

/* --- a tick ------------------------------------------------------------------------------------------------ */

static void on_tick(vigil_daemon *d, void *arg)
{
	struct system *s = arg;

	s->level = VIGIL_OK;
	s->unread[0] = '\0';
	tell_load(s);
	tell_cpu(s);
	tell_memory(s);
	tell_files(s);
	tell_uptime(s);
	tell_disks(s);
	if (s->level != VIGIL_OK)
		vigil_health(d, s->level, "%s", s->reason);
	else if (s->unread[0] != '\0')
		vigil_health(d, VIGIL_UNKNOWN, "%s cannot be read", s->unread);
	else
		vigil_health(d, VIGIL_OK, "within its limits");
}

/* --- life --------------------------------------------------------------------------------------------------- */

static int read_range(
	vigil_daemon *d, const char *name, const char *kind, bool *has, vigil_range *range)
{
	char option[32];
	const char *text;

	snprintf(option, sizeof(option), "%s_%s", name, kind);
	text = vigil_option_text(d, option);
	*has = text != NULL;
	if (text == NULL || vigil_range_read(text, range) == 0)
		return 0;
	if (strchr(text, '%') != NULL)
		return vigil_diagnose(d, option,
			"is no range such as 90 or 10:90; the unit is known, leave the %% out");
	return vigil_diagnose(d, option, "is no range such as 90 or 10:90");
}

/* All that are wrong are diagnosed. */
static int read_thresholds(struct system *s)
{
	static const char *const names[THRESHOLDS] = {
		"load", "cpu", "memory", "swap", "disk", "inodes", "files"};
	int err = 0;

	for (int i = 0; i < THRESHOLDS; i++) {
		struct threshold *t = &s->thresholds[i];

		t->name = names[i];
		if (read_range(s->d, t->name, "warning", &t->has_warning, &t->warning) != 0 ||
			read_range(s->d, t->name, "critical", &t->has_critical, &t->critical) != 0)
			err = -EINVAL;
	}
	return err;
}

static bool is_below(const char *path, const char *point)
{
	size_t n = strlen(point);

	if (n == 1)
		return path[0] == '/';
	return strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The mount that the path lies on, by its text: asking for the path itself might wait. */
static size_t mount_above(const struct system *s, const char *path, size_t count)
{
	size_t best = count, length = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(s->mounts[i].point);

		/* The last one mounted at a place lies on top. */
		if (n >= length && is_below(path, s->mounts[i].point)) {
			best = i;
			length = n;
		}
	}
	return best;
}

/* A disk that is not mounted at present is no mistake: its absence is what each tick looks for.  One
 * that cannot be a disk is. */
static int check_disk(struct system *s, const char *disk, size_t count)
{
	size_t above = mount_above(s, disk, count);
	bool exact;

	if (disk[0] != '/')
		return vigil_diagnose(
			s->d, "disks", "\"%s\" is not the absolute path of a mount point", disk);
	if (above == count)
		return 0; /* the mounts could not be read */
	exact = strcmp(s->mounts[above].point, disk) == 0;
	/* Where the root itself is of that kind, vigild waits for it in any case. */
	if ((exact || strcmp(s->mounts[above].point, "/") != 0) &&
		proc_may_wait(s->mounts, count, above))
		return vigil_diagnose(s->d, "disks",
			"%s, of type %s, is reached by a server that may be away, and vigild would "
			"wait for it: have the module exec run check_disk",
			disk, s->mounts[above].type);
	if (exact)
		return 0;
	if (access(disk, F_OK) < 0)
		return vigil_diagnose(s->d, "disks",
			"nothing is mounted at \"%s\", and there is no such directory", disk);
	vigil_note(s->d, "disks", "nothing is mounted at \"%s\" at present", disk);
	return 0;
}

static int check_disks(struct system *s)
{
	size_t count = s->disks[0] != NULL ? read_mounts(s) : 0;
	int err = 0;

	for (const char *const *disk = s->disks; *disk != NULL; disk++)
		if (check_disk(s, *disk, count) != 0)
			err = -EINVAL;
	return err;
}

/* For check and for start; NULL where an option is wrong, which is diagnosed. */
static struct system *read_options(vigil_daemon *d)
{
	struct system *s = vigil_alloc(d, sizeof(*s));
	int thresholds, disks;

	s->d = d;
	s->text = vigil_alloc(d, TEXT_SIZE);
	s->mounts = vigil_alloc(d, MOUNTS_MAX * sizeof(*s->mounts));
	if (s->text == NULL || s->mounts == NULL)
		return NULL;
	s->disks = vigil_option_list(d, "disks");
	thresholds = read_thresholds(s);
	disks = check_disks(s);
	return thresholds == 0 && disks == 0 ? s : NULL;
}

static int check(vigil_daemon *d)
{
	return read_options(d) != NULL ? 0 : -EINVAL;
}

static int start(vigil_daemon *d)
{
	struct system *s = read_options(d);

	if (s == NULL)
		return -EINVAL;
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, s);
}

static const vigil_option options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "10s", "time between two looks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("disks", VIGIL_LIST, NULL, "mount points; unset, all disks of this machine"),
	VIGIL_OPTION("load_warning", VIGIL_TEXT, NULL, "a range for the load over five minutes"),
	VIGIL_OPTION("load_critical", VIGIL_TEXT, NULL, "likewise"),
	VIGIL_OPTION("cpu_warning", VIGIL_TEXT, NULL, "a range for the percent that CPUs are busy"),
	VIGIL_OPTION("cpu_critical", VIGIL_TEXT, NULL, "likewise"),
	VIGIL_OPTION("memory_warning", VIGIL_TEXT, NULL, "a range for the percent of memory used"),
	VIGIL_OPTION("memory_critical", VIGIL_TEXT, NULL, "likewise"),
	VIGIL_OPTION("swap_warning", VIGIL_TEXT, NULL, "a range for the percent of swap used"),
	VIGIL_OPTION("swap_critical", VIGIL_TEXT, NULL, "likewise"),
	VIGIL_OPTION("disk_warning", VIGIL_TEXT, "90", "a range for the percent used of each disk"),
	VIGIL_OPTION("disk_critical", VIGIL_TEXT, "97", "likewise"),
	VIGIL_OPTION("inodes_warning", VIGIL_TEXT, "90", "a range for the percent of inodes used"),
	VIGIL_OPTION("inodes_critical", VIGIL_TEXT, "97", "likewise"),
	VIGIL_OPTION("files_warning", VIGIL_TEXT, "80",
		"a range for the percent used of the table of open files"),
	VIGIL_OPTION("files_critical", VIGIL_TEXT, "95", "likewise"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "system", .summary = "load, CPU, memory, swap and disks of this machine",
	.options = options, .start = start, .check = check);
