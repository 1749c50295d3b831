/*
 * usage_group: see usage_group.h.
 *
 * What the kernel can read again from disks does not count as memory, so that a server of many
 * files does not seem to grow.
 */
#include "usage_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "modules/pressure/pressure.h"

#define DEPTH    8               /* of groups below that of the service */
#define GROUPS   256             /* of them */
#define NO_LIMIT (INT64_MAX / 2) /* version 1 has a number close to INT64_MAX for "none" */

/* --- the groups of a process ------------------------------------------------------------------ */

/* systemd puts an underscore before a name that could be a file of the kernel. */
static bool is_named(const char *component, size_t n, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (strlen(*names) == n && strncmp(component, *names, n) == 0)
			return true;
		if (component[0] == '_' && strlen(*names) == n - 1 &&
			strncmp(component + 1, *names, n - 1) == 0)
			return true;
	}
	return false;
}

/* Returns the length of the path up to the component that has one of the names; 0: none has. */
static size_t own_length(const char *path, const char *const *names)
{
	const char *at = path;

	while (*at == '/') {
		size_t n = strcspn(at + 1, "/");

		if (n > 0 && is_named(at + 1, n, names))
			return (size_t)(at + 1 - path) + n;
		at += 1 + n;
	}
	return 0;
}

/* Takes a line of /proc/PID/cgroup, such as "4:cpu,cpuacct:/system.slice" or "0::/". A path with
 * "/.." is outside of the namespace of this process. */
static void take_line(struct usage_group *g, const char *line, const char *const *names)
{
	size_t length = strcspn(line, "\n");
	const char *list = memchr(line, ':', length);
	const char *path =
		list != NULL ? memchr(list + 1, ':', length - (size_t)(list + 1 - line)) : NULL;

	if (path == NULL)
		return;
	list++;
	length -= (size_t)(path + 1 - line);
	for (size_t i = 0; i < USAGE_HIERARCHIES; i++) {
		if (!usage_hierarchy_is(i, list, (size_t)(path - list)) ||
			length >= USAGE_GROUP_PATH || path[1] != '/')
			continue;
		snprintf(g->path[i], USAGE_GROUP_PATH, "%.*s", (int)length, path + 1);
		if (strstr(g->path[i], "/..") != NULL)
			g->path[i][0] = '\0';
		g->own[i] = own_length(g->path[i], names);
	}
}

int usage_group_find(struct usage_group *g, pid_t pid, const char *const *names)
{
	char path[PATH_MAX], text[8192];
	ssize_t n;

	g->fd = -1;
	for (size_t i = 0; i < USAGE_HIERARCHIES; i++) {
		g->path[i][0] = '\0';
		g->own[i] = 0;
	}
	if (!usage_process_path(path, sizeof(path), "/proc/%d/cgroup", (int)pid))
		return -ENAMETOOLONG;
	n = usage_process_file(AT_FDCWD, path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	for (const char *line = text; line != NULL && *line != '\0';) {
		take_line(g, line, names);
		line = strchr(line, '\n');
		line = line != NULL ? line + 1 : NULL;
	}
	return 0;
}

/* Opens the directory of the group of the service. Returns a descriptor or -1. */
static int open_own(const struct usage_group *g, size_t hierarchy)
{
	char path[PATH_MAX];
	int fd = -1;

	if (g->own[hierarchy] == 0)
		return -1;
	if (usage_hierarchy_directory(hierarchy, g->path[hierarchy], g->own[hierarchy], path))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		usage_hierarchy_doubt();
	return fd;
}

/* The hierarchies that can show the processes of a service, the first choice first. */
static const enum usage_hierarchy listing[] = {
	USAGE_UNIFIED, USAGE_V1_NAMED, USAGE_V1_TASKS, USAGE_V1_MEMORY, USAGE_V1_CPU};

bool usage_group_open(struct usage_group *g)
{
	for (size_t i = 0; g->fd < 0 && i < sizeof(listing) / sizeof(*listing); i++) {
		g->fd = open_own(g, listing[i]);
		g->opened = listing[i];
	}
	return g->fd >= 0;
}

void usage_group_close(struct usage_group *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static int64_t to_number(const char *text)
{
	char *end;
	long long value;

	if (text[0] < '0' || text[0] > '9')
		return -1; /* such as "max" */
	errno = 0;
	value = strtoll(text, &end, 10);
	return errno == 0 && (*end == '\0' || *end == '\n' || *end == ' ') ? value : -1;
}

static int64_t read_number(int group, const char *name)
{
	char text[64];

	return usage_process_file(group, name, text, sizeof(text)) > 0 ? to_number(text) : -1;
}

/* Returns the number in the line "KEY NUMBER"; -1: there is none. */
static int64_t key_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text != NULL && (strncmp(text, key, n) != 0 || text[n] != ' ')) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL ? to_number(text + n + 1) : -1;
}

static int64_t read_key(int group, const char *name, const char *key)
{
	char text[2048];

	return usage_process_file(group, name, text, sizeof(text)) > 0 ? key_of(text, key) : -1;
}

static int64_t at_least_0(int64_t value)
{
	return value > 0 ? value : 0;
}

/* The kernel can drop the page cache without shared memory, and part of the slabs. */
static void read_memory(int group, struct usage_values *v)
{
	int64_t current = read_number(group, "memory.current"), file;
	char text[8192];

	if (current < 0 || usage_process_file(group, "memory.stat", text, sizeof(text)) <= 0)
		return;
	file = key_of(text, "file");
	if (file < 0)
		return;
	v->cache = at_least_0(file - at_least_0(key_of(text, "shmem"))) +
		   at_least_0(key_of(text, "slab_reclaimable"));
	v->memory = at_least_0(current - v->cache);
}

/* Sums rbytes and wbytes of all devices, from lines such as "8:0 rbytes=1 wbytes=2 rios=3". */
static void read_io(int group, struct usage_values *v)
{
	int64_t sums[2] = {0, 0}, value;
	static const char *const keys[] = {" rbytes=", " wbytes="};
	char text[8192];

	if (usage_process_file(group, "io.stat", text, sizeof(text)) < 0)
		return;
	for (size_t i = 0; i < 2; i++)
		for (const char *at = text; (at = strstr(at, keys[i])) != NULL;) {
			at += strlen(keys[i]);
			value = to_number(at);
			if (value > 0 && sums[i] < INT64_MAX - value)
				sums[i] += value;
		}
	v->io_read = sums[0];
	v->io_written = sums[1];
}

static void read_pressure(int group, struct usage_values *v)
{
	struct pressure pressure;
	char text[256];

	if (usage_process_file(group, "memory.pressure", text, sizeof(text)) > 0 &&
		pressure_parse(text, &pressure) == NULL)
		v->pressure = pressure.some.avg60;
}

static void read_unified(
	int group, const struct usage_group *g, unsigned what, struct usage_values *v)
{
	int64_t microseconds;

	if (what & USAGE_MEMORY && g->path[USAGE_V1_MEMORY][0] == '\0')
		read_memory(group, v);
	if (what & USAGE_CPU) {
		microseconds = read_key(group, "cpu.stat", "usage_usec");
		v->cpu = microseconds >= 0 && microseconds < INT64_MAX / 1000 ? microseconds * 1000
									      : -1;
	}
	if (what & USAGE_TASKS && g->path[USAGE_V1_TASKS][0] == '\0')
		v->tasks = read_number(group, "pids.current");
	if ((what & USAGE_REST) == 0)
		return;
	if (g->path[USAGE_V1_MEMORY][0] == '\0')
		v->oom_kills = read_key(group, "memory.events", "oom_kill");
	read_io(group, v);
	read_pressure(group, v);
}

/* memory.stat of version 1 has the sums of the group and all groups below it as total_. */
static void read_v1_memory(int group, unsigned what, struct usage_values *v)
{
	char text[8192];
	int64_t rss = -1, cache, shm;

	if (what & USAGE_REST)
		v->oom_kills = read_key(group, "memory.oom_control", "oom_kill");
	if ((what & USAGE_MEMORY) == 0)
		return;
	if (usage_process_file(group, "memory.stat", text, sizeof(text)) > 0)
		rss = key_of(text, "total_rss");
	if (rss < 0)
		return;
	cache = at_least_0(key_of(text, "total_cache"));
	shm = at_least_0(key_of(text, "total_shmem"));
	v->memory = rss + shm;
	v->cache = at_least_0(cache - shm);
}

void usage_group_read(const struct usage_group *g, unsigned what, struct usage_values *v)
{
	for (size_t i = 0; i < USAGE_HIERARCHIES; i++) {
		bool opened = g->fd >= 0 && i == g->opened;
		int fd = opened ? g->fd : i != USAGE_V1_NAMED ? open_own(g, i) : -1;

		if (fd < 0)
			continue;
		if (i == USAGE_UNIFIED)
			read_unified(fd, g, what, v);
		else if (i == USAGE_V1_MEMORY)
			read_v1_memory(fd, what, v);
		else if (i == USAGE_V1_CPU && what & USAGE_CPU)
			v->cpu = read_number(fd, "cpuacct.usage");
		else if (i == USAGE_V1_TASKS && what & USAGE_TASKS)
			v->tasks = read_number(fd, "pids.current");
		if (!opened)
			close(fd);
	}
}

bool usage_group_pressure(const struct usage_group *g, char *path, size_t size)
{
	char directory[PATH_MAX];

	return g->own[USAGE_UNIFIED] > 0 &&
	       usage_hierarchy_directory(
		       USAGE_UNIFIED, g->path[USAGE_UNIFIED], g->own[USAGE_UNIFIED], directory) &&
	       (size_t)snprintf(path, size, "%s/memory.pressure", directory) < size;
}

/* --- limits ----------------------------------------------------------------------------------- */

static int64_t lower(int64_t limit, int64_t other)
{
	return other >= 0 && other < NO_LIMIT && other < limit ? other : limit;
}

/* Version 1 knows the lowest limit of all groups above. */
static int64_t v1_limit(const struct usage_group *g)
{
	size_t length = strlen(g->path[USAGE_V1_MEMORY]);
	char path[PATH_MAX], text[8192];
	size_t n;

	if (!usage_hierarchy_directory(USAGE_V1_MEMORY, g->path[USAGE_V1_MEMORY], length, path))
		return INT64_MAX;
	n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "/memory.stat");
	if (usage_process_file(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return INT64_MAX;
	return lower(INT64_MAX, key_of(text, "hierarchical_memory_limit"));
}

int64_t usage_group_memory_limit(const struct usage_group *g)
{
	size_t length = strlen(g->path[USAGE_UNIFIED]), n;
	int64_t limit = INT64_MAX;
	char path[PATH_MAX], text[64];

	if (g->path[USAGE_V1_MEMORY][0] != '\0')
		return v1_limit(g);
	while (usage_hierarchy_directory(USAGE_UNIFIED, g->path[USAGE_UNIFIED], length, path)) {
		n = strlen(path);
		snprintf(path + n, sizeof(path) - n, "/memory.max");
		if (usage_process_file(AT_FDCWD, path, text, sizeof(text)) > 0)
			limit = lower(limit, to_number(text));
		if (length == 0)
			break;
		do
			length--;
		while (length > 0 && g->path[USAGE_UNIFIED][length] != '/');
	}
	return limit;
}

int64_t usage_group_machine_memory(void)
{
	char path[PATH_MAX], text[256];
	int64_t kilobytes;

	if (!usage_process_path(path, sizeof(path), "/proc/meminfo") ||
		usage_process_file(AT_FDCWD, path, text, sizeof(text)) <= 0)
		return 0;
	kilobytes = usage_process_number(text, "MemTotal:");
	return kilobytes > 0 ? kilobytes * 1024 : 0;
}

/* --- processes -------------------------------------------------------------------------------- */

static void read_members(int group, struct usage_members *m)
{
	int fd = openat(group, "cgroup.procs", O_RDONLY | O_CLOEXEC), pid;
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	if (file == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (!m->cut && fscanf(file, "%d", &pid) == 1)
		if (pid > 0) /* 0: a process outside of this PID namespace */
			usage_members_add(m, (struct usage_member){.pid = pid});
	fclose(file);
}

/* Reads the group and the groups below it. The number of links tells whether there are any. */
static void walk(int group, struct usage_members *m, int depth, int *budget)
{
	const struct dirent *entry;
	struct stat st;
	DIR *dir;
	int fd;

	read_members(group, m);
	if (depth == DEPTH || fstat(group, &st) < 0 || st.st_nlink == 2)
		return;
	fd = openat(group, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL && fd >= 0)
		close(fd);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (--*budget < 0) {
			m->cut = true;
			break;
		}
		fd = openat(group, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0) {
			walk(fd, m, depth + 1, budget);
			close(fd);
		}
	}
	if (dir != NULL)
		closedir(dir);
}

void usage_group_members(const struct usage_group *g, struct usage_members *m)
{
	int budget = GROUPS;

	if (g->fd >= 0)
		walk(g->fd, m, 0, &budget);
}
