/*
 * task_limit: reads the limits of control groups and of the user.
 *
 * The files of the control groups stay open.  vigild looks up its control group again once a
 * second, because an admin may move vigild or set a limit while it runs.
 */
#include "process/task_limit.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "process/cgroup.h"
#include "process/process.h"

#define LEVELS 8 /* nested groups that have a limit; more are ignored */
#define STALE \
	CLOCK_SECOND /* after this time the groups and the number of user tasks are read again */
#define NONE UINT64_MAX

struct level {
	int most, used; /* descriptors of pids.max and pids.current */
	char name[128];
};

static struct {
	pthread_mutex_t lock;
	struct level levels[LEVELS];
	size_t count;
	uint64_t found; /* when the levels were read, by clock_now; 0: never */
	uint64_t counted_at, counted;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static uint64_t refused; /* loop thread only */

/* --- control groups --------------------------------------------------------------------------- */

static void close_levels(void)
{
	for (size_t i = 0; i < all.count; i++) {
		close(all.levels[i].most);
		close(all.levels[i].used);
	}
	all.count = 0;
}

static void add_level(const char *group)
{
	struct level *level = &all.levels[all.count];
	char path[1200];

	snprintf(path, sizeof(path), "%.1100s/pids.max", group);
	level->most = open(path, O_RDONLY | O_CLOEXEC);
	if (level->most < 0)
		return; /* the root of the hierarchy has no limit */
	snprintf(level->name, sizeof(level->name), "%.127s", path);
	snprintf(path, sizeof(path), "%.1100s/pids.current", group);
	level->used = open(path, O_RDONLY | O_CLOEXEC);
	if (level->used < 0)
		close(level->most);
	else
		all.count++;
}

static void find_levels(void)
{
	char group[1024], *end;

	close_levels();
	if (cgroup_find("pids", group, sizeof(group)) != 0 &&
		cgroup_find_own(group, sizeof(group)) != 0)
		return;
	for (;;) {
		if (all.count < LEVELS)
			add_level(group);
		end = strrchr(group, '/');
		if (end == NULL || end == group)
			return;
		*end = '\0';
	}
}

/* Returns NONE for "max" and when the file cannot be read. */
static uint64_t read_number(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0 || !isdigit((unsigned char)text[0]))
		return NONE;
	text[n] = '\0';
	return strtoull(text, NULL, 10);
}

static void consider(struct task_limit *limit, uint64_t used, uint64_t most, const char *name)
{
	uint64_t left = most > used ? most - used : 0;

	if (limit->most != NONE && limit->most - limit->used <= left)
		return;
	limit->most = most;
	limit->used = used < most ? used : most;
	limit->reserve = most / 4 < TASK_RESERVE ? most / 4 : TASK_RESERVE;
	snprintf(limit->name, sizeof(limit->name), "%s", name);
}

static void consider_groups(struct task_limit *limit)
{
	uint64_t most, used;

	for (size_t i = 0; i < all.count; i++) {
		most = read_number(all.levels[i].most);
		used = most != NONE ? read_number(all.levels[i].used) : NONE;
		if (used != NONE)
			consider(limit, used, most, all.levels[i].name);
	}
}

/* --- the tasks of a user ---------------------------------------------------------------------- */

/* Returns the number of all tasks of the machine; NONE: unknown. */
static uint64_t count_all(void)
{
	char text[128], *slash;

	if (process_read_file(AT_FDCWD, "/proc/loadavg", text, sizeof(text)) <= 0)
		return NONE;
	slash = strchr(text, '/');
	return slash != NULL ? strtoull(slash + 1, NULL, 10) : NONE;
}

static uint64_t count_threads(int proc, const char *pid)
{
	char path[300], text[2048], *found;

	snprintf(path, sizeof(path), "%s/status", pid);
	if (process_read_file(proc, path, text, sizeof(text)) <= 0)
		return 0;
	found = strstr(text, "\nThreads:");
	return found != NULL ? strtoull(found + strlen("\nThreads:"), NULL, 10) : 1;
}

static uint64_t count_own(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;
	uint64_t count = 0;
	struct stat st;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]) &&
			fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && st.st_uid == getuid())
			count += count_threads(dirfd(dir), entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return count;
}

/* The kernel does not report how many tasks a user has.  They are counted, once a second, only when
 * all tasks of the machine come close to the limit. */
static void consider_user(struct task_limit *limit)
{
	struct rlimit nproc;
	uint64_t now = clock_now(), tasks;

	if (getuid() == 0 || getrlimit(RLIMIT_NPROC, &nproc) != 0 ||
		nproc.rlim_cur == RLIM_INFINITY)
		return;
	tasks = count_all();
	if (tasks == NONE || tasks + TASK_RESERVE < nproc.rlim_cur)
		return;
	if (all.counted_at == 0 || now - all.counted_at >= STALE) {
		all.counted = count_own();
		all.counted_at = now;
	}
	consider(limit, all.counted, nproc.rlim_cur, "RLIMIT_NPROC");
}

/* --- results ---------------------------------------------------------------------------------- */

void task_limit_read(struct task_limit *limit)
{
	uint64_t now = clock_now();

	*limit = (struct task_limit){.most = NONE};
	pthread_mutex_lock(&all.lock);
	if (all.found == 0 || now - all.found >= STALE) {
		find_levels();
		all.found = now;
	}
	consider_groups(limit);
	consider_user(limit);
	pthread_mutex_unlock(&all.lock);
}

bool task_limit_is_near(const struct task_limit *limit)
{
	return limit->most != NONE && limit->most - limit->used <= limit->reserve;
}

void task_limit_describe(const struct task_limit *limit, char *text, size_t size)
{
	if (limit->most == NONE)
		snprintf(text, size, "the limit of tasks is not known");
	else
		snprintf(text, size, "%" PRIu64 " of %" PRIu64 " tasks are used (%s)", limit->used,
			limit->most, limit->name);
}

bool task_limit_refuses(char *why, size_t size)
{
	struct task_limit limit;
	char used[256];

	task_limit_read(&limit);
	if (!task_limit_is_near(&limit)) {
		degraded_clear(DEGRADED_TASKS);
		return false;
	}
	refused++;
	task_limit_describe(&limit, used, sizeof(used));
	if (limit.reserve > 0)
		snprintf(why, size,
			"%s: %s, and the last %" PRIu64 " are reserved for restart scripts",
			strerror(EAGAIN), used, limit.reserve);
	else
		snprintf(why, size, "%s: %s", strerror(EAGAIN), used);
	degraded_set(DEGRADED_TASKS, "plugins are not run: %.200s", why);
	return true;
}

uint64_t task_limit_refused(void)
{
	return refused;
}

void task_limit_close(void)
{
	pthread_mutex_lock(&all.lock);
	close_levels();
	all.found = 0;
	pthread_mutex_unlock(&all.lock);
}
