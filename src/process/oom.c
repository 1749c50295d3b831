/*
 * oom: see oom.h.  Version 2 of the control groups counts in memory.events, and version 1, since
 * Linux 4.13, in memory.oom_control.
 */
#include "process/oom.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "process/cgroup.h"
#include "process/process.h"

/* The controllers are those of /proc/PID/cgroup; version 2 has none there. */
static const struct {
	const char *controller, *file;
} versions[] = {{"memory", "memory.oom_control"}, {"", "memory.events"}};

bool oom_parse(const char *text, uint64_t *kills)
{
	static const char word[] = "oom_kill ";

	for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, word, sizeof(word) - 1) == 0)
			return sscanf(line + sizeof(word) - 1, "%" SCNu64, kills) == 1;
	}
	return false;
}

/* Returns 0 or a negative errno. */
static int read_kills(const char *file, uint64_t *kills)
{
	char text[512];
	ssize_t n = process_read_file(AT_FDCWD, file, text, sizeof(text));

	if (n < 0)
		return (int)n;
	return oom_parse(text, kills) ? 0 : -ENODATA;
}

void oom_group_clear(struct oom_group *group)
{
	free(group->file);
	*group = (struct oom_group){.file = NULL};
}

/* Reads the count of the group above.  Only that of version 2 includes the groups below it.
 * Returns 0 or a negative errno. */
static int read_above(const char *file, uint64_t *kills)
{
	const char *name = strrchr(file, '/');
	char path[PATH_MAX + 32];
	size_t n = (size_t)(name - file);

	if (strcmp(name, "/memory.events") != 0)
		return -ENODATA;
	while (n > 0 && file[n - 1] != '/')
		n--;
	snprintf(path, sizeof(path), "%.*smemory.events", (int)n, file);
	return read_kills(path, kills);
}

void oom_group_watch(struct oom_group *group, pid_t pid)
{
	char path[PATH_MAX], file[PATH_MAX + 32];

	oom_group_clear(group);
	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (cgroup_find_of(pid, versions[i].controller, path, sizeof(path)) != 0)
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, versions[i].file);
		if (read_kills(file, &group->kills) != 0)
			continue;
		group->file = memory_text(file);
		if (read_above(file, &group->above) != 0)
			group->above = UINT64_MAX;
		return;
	}
}

bool oom_group_grown(struct oom_group *group)
{
	uint64_t kills, above;
	bool grown = false;

	if (group->file == NULL)
		return false;
	if (read_kills(group->file, &kills) == 0) {
		grown = kills > group->kills;
		group->kills = kills;
		if (read_above(group->file, &above) == 0)
			group->above = above;
	} else if (read_above(group->file, &above) == 0) {
		grown = above > group->above;
		group->above = above;
	}
	return grown;
}
