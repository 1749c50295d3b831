/* proc: what the kernel says of itself, taken apart; see proc.h. */
#include "proc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool proc_load(const char *text, struct proc_load *load)
{
	return sscanf(text, "%lf %lf %lf %ld/%ld", &load->one, &load->five, &load->fifteen,
		       &load->running, &load->total) == 5;
}

/* The line that begins with the word; NULL: there is none. */
static const char *find_line(const char *text, const char *word)
{
	size_t n = strlen(word);

	while (text != NULL && strncmp(text, word, n) != 0) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	return text != NULL ? text + n : NULL;
}

static bool read_kib(const char *text, const char *word, uint64_t *bytes)
{
	const char *rest = find_line(text, word);
	uint64_t kib;

	if (rest == NULL || sscanf(rest, "%" SCNu64 " kB", &kib) != 1 || kib > UINT64_MAX / 1024)
		return false;
	*bytes = kib * 1024;
	return true;
}

bool proc_memory(const char *text, struct proc_memory *m)
{
	return read_kib(text, "MemTotal:", &m->total) &&
	       read_kib(text, "MemAvailable:", &m->available) &&
	       read_kib(text, "SwapTotal:", &m->swap_total) &&
	       read_kib(text, "SwapFree:", &m->swap_free) && m->total > 0 &&
	       m->available <= m->total && m->swap_free <= m->swap_total;
}

static long count_cpus(const char *text)
{
	long count = 0;

	while ((text = strstr(text, "\ncpu")) != NULL) {
		text += 4;
		count++;
	}
	return count;
}

bool proc_cpu(const char *text, struct proc_cpu *cpu)
{
	const char *blocked = find_line(text, "procs_blocked ");
	uint64_t user, nice, system, idle, iowait, irq, softirq, steal;

	if (sscanf(text,
		    "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		    " %" SCNu64 " %" SCNu64,
		    &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal) != 8)
		return false;
	*cpu = (struct proc_cpu){.user = user + nice,
		.system = system + irq + softirq,
		.iowait = iowait,
		.steal = steal,
		.idle = idle,
		.cpus = count_cpus(text),
		.blocked = blocked != NULL ? atol(blocked) : 0};
	return cpu->cpus > 0;
}

bool proc_files(const char *text, struct proc_files *files)
{
	uint64_t unused;

	return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &files->open, &unused,
		       &files->max) == 3;
}

bool proc_uptime(const char *text, double *seconds)
{
	return sscanf(text, "%lf", seconds) == 1 && *seconds >= 0;
}

/* --- mounts ------------------------------------------------------------------------------------------ */

/* Blanks and backslashes stand as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; to++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

static bool read_mount(char **text, struct proc_mount *mount)
{
	char *line;

	while ((line = strsep(text, "\n")) != NULL) {
		mount->device = strsep(&line, " ");
		mount->point = strsep(&line, " ");
		mount->type = strsep(&line, " ");
		if (mount->type != NULL && mount->point[0] == '/') {
			unescape(mount->point);
			return true;
		}
	}
	return false;
}

size_t proc_mounts(char *text, struct proc_mount *mounts, size_t most)
{
	size_t count = 0;

	while (count < most && read_mount(&text, &mounts[count]))
		count++;
	return count;
}

static bool is_among(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

bool proc_is_disk(const char *type)
{
	static const char *const types[] = {"bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4",
		"f2fs", "jfs", "ntfs3", "reiserfs", "ubifs", "vfat", "xfs", "zfs", NULL};

	return is_among(types, type);
}

bool proc_is_local(const char *type)
{
	static const char *const types[] = {
		"erofs", "iso9660", "overlay", "ramfs", "squashfs", "tmpfs", "udf", NULL};

	return proc_is_disk(type) || is_among(types, type);
}

/* Whether a path to the place leads over the point: it is the place, or a directory above it. */
static bool leads_over(const char *place, const char *point)
{
	size_t n = strlen(point);

	return strncmp(place, point, n) == 0 && (place[n] == '\0' || place[n] == '/' || n == 1);
}

/* Whether another one was mounted later at the very same point. */
static bool is_topped(const struct proc_mount *mounts, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++)
		if (strcmp(mounts[i].point, mounts[index].point) == 0)
			return true;
	return false;
}

bool proc_may_wait(const struct proc_mount *mounts, size_t count, size_t index)
{
	const char *place = mounts[index].point;

	for (size_t i = 0; i < count; i++) {
		if (i == index || proc_is_local(mounts[i].type) ||
			!leads_over(place, mounts[i].point) || is_topped(mounts, count, i))
			continue;
		/* Where the root itself comes from elsewhere, so do we. */
		if (i > index || strcmp(mounts[i].point, "/") != 0)
			return true;
	}
	return !proc_is_local(mounts[index].type);
}
