/*
 * usage_hierarchy: see usage_hierarchy.h.
 *
 * The mounts are looked up in mountinfo once, and again if a group is not found, but at most once a
 * minute. In a container, mountinfo and /proc/PID/cgroup may name groups relative to different
 * roots: a group that is not below the mounted one is not used.
 */
#include "usage_hierarchy.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

#include "usage_process.h"

#define AGAIN 60.0 /* seconds */

struct mount {
	char point[USAGE_GROUP_PATH]; /* where it is mounted; "": nowhere */
	char root[USAGE_GROUP_PATH];  /* the group that is mounted there; "": the root */
};

static struct {
	bool read;
	double when;
	struct mount mounts[USAGE_HIERARCHIES];
} known;

static const char *const words[USAGE_HIERARCHIES] = {[USAGE_UNIFIED] = "",
	[USAGE_V1_MEMORY] = "memory",
	[USAGE_V1_CPU] = "cpuacct",
	[USAGE_V1_TASKS] = "pids",
	[USAGE_V1_NAMED] = "name=systemd"};

static bool has_word(const char *list, size_t length, const char *word)
{
	const char *end = list + length;
	size_t n = strlen(word);

	for (; list < end; list += strcspn(list, ",") + 1) {
		size_t this = strcspn(list, ",");

		if (list + this > end)
			this = (size_t)(end - list);
		if (this == n && strncmp(list, word, n) == 0)
			return true;
	}
	return false;
}

bool usage_hierarchy_is(enum usage_hierarchy hierarchy, const char *list, size_t length)
{
	return hierarchy == USAGE_UNIFIED ? length == 0 : has_word(list, length, words[hierarchy]);
}

/* Decodes a path of mountinfo, in which blanks are \040. Returns false if it is too long. */
static bool decode(char *path, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length && used < USAGE_GROUP_PATH - 1; used++) {
		if (text[i] == '\\' && i + 3 < length && text[i + 1] >= '0' && text[i + 1] <= '3') {
			path[used] = (char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
					    (text[i + 3] - '0'));
			i += 4;
		} else {
			path[used] = text[i++];
		}
	}
	path[used] = '\0';
	if (used == 1 && path[0] == '/')
		path[0] = '\0';
	return used < USAGE_GROUP_PATH - 1;
}

/* Takes a line of mountinfo: "36 35 98:0 ROOT POINT options - TYPE source options". */
static void take_mount(const char *line)
{
	const char *type = strstr(line, " - "), *options = strrchr(line, ' ');
	const char *fields[5];
	bool unified;

	if (type == NULL || options < type)
		return;
	unified = strncmp(type + 3, "cgroup2 ", 8) == 0;
	if (!unified && strncmp(type + 3, "cgroup ", 7) != 0)
		return;
	fields[0] = line;
	for (size_t i = 1; i < 5; i++) {
		fields[i] = strchr(fields[i - 1], ' ');
		if (fields[i] == NULL || fields[i] >= type)
			return;
		fields[i]++;
	}
	options++;
	for (size_t i = 0; i < USAGE_HIERARCHIES; i++) {
		struct mount *mount = &known.mounts[i];

		if (mount->point[0] != '\0' || (i == USAGE_UNIFIED) != unified ||
			(!unified && !has_word(options, strcspn(options, "\n"), words[i])))
			continue;
		if (!decode(mount->root, fields[3], strcspn(fields[3], " ")) ||
			!decode(mount->point, fields[4], strcspn(fields[4], " ")))
			mount->point[0] = '\0';
	}
}

static void read_mounts(void)
{
	char path[PATH_MAX], line[4096];
	FILE *file = usage_process_path(path, sizeof(path), "/proc/self/mountinfo")
			     ? fopen(path, "re")
			     : NULL;

	memset(&known, 0, sizeof(known));
	known.read = true;
	known.when = vigil_now();
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		take_mount(line);
	fclose(file);
}

void usage_hierarchy_forget(void)
{
	known.read = false;
}

bool usage_hierarchy_directory(
	enum usage_hierarchy hierarchy, const char *group, size_t length, char *path)
{
	const struct mount *mount = &known.mounts[hierarchy];
	size_t n = strlen(mount->root);

	if (!known.read) {
		read_mounts();
		n = strlen(mount->root);
	}
	if (mount->point[0] == '\0' || length < n || strncmp(group, mount->root, n) != 0 ||
		(group[n] != '/' && group[n] != '\0'))
		return false;
	return usage_process_path(
		path, PATH_MAX, "%s%.*s", mount->point, (int)(length - n), group + n);
}

void usage_hierarchy_doubt(void)
{
	if (vigil_now() > known.when + AGAIN)
		known.read = false;
}
