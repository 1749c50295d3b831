/*
 * fuzz_proc: the files of the kernel below /proc and /sys/fs/cgroup.
 *
 * The kernel writes them, but they contain names of processes and control groups, which users
 * choose, and containers emulate some of them. Values that are accepted are in range, and are
 * accepted again when they are written as the kernel writes them.
 */
#include "fuzz.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../src/modules/usage/usage_process.h"
#include "../../src/modules/system/mounts.h"
#include "../../src/modules/system/proc.h"
#include "base/text.h"
#include "client/socket_owner.h"
#include "process/cpu_count.h"
#include "process/process.h"
#include "service/managers/init_script.h"
#include "service/package_lock.h"

/* --- /proc/PID/stat, /proc/PID/status and /proc/locks ----------------------------------------- */

static void process_is_parsed_again(const struct process *process)
{
	struct process again;
	char text[512];

	snprintf(text, sizeof(text),
		"1 (%s) %c %d %d %d 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %" PRIu64 " 0 0\n",
		process->comm, process->state, (int)process->parent, (int)process->group,
		(int)process->session, process->ticks);
	FUZZ_HOLDS(process_parse(text, &again));
	FUZZ_HOLDS(again.state == process->state && again.parent == process->parent);
	FUZZ_HOLDS(again.group == process->group && again.session == process->session);
	FUZZ_HOLDS(again.ticks == process->ticks && strcmp(again.comm, process->comm) == 0);
}

/* The text has the same digits, apart from zeros in front. */
static void uids_are_in(const char *text, const uid_t uids[4])
{
	char digits[16];

	text = strstr(text, "\nUid:") + strlen("\nUid:");
	for (int i = 0; i < 4; i++) {
		text += strspn(text, " \t");
		text += strspn(text, "0");
		snprintf(digits, sizeof(digits), "%u", uids[i]);
		if (uids[i] != 0)
			FUZZ_HOLDS(strspn(text, "0123456789") == strlen(digits) &&
				   strncmp(text, digits, strlen(digits)) == 0);
		else
			FUZZ_HOLDS(strspn(text, "0123456789") == 0);
		text += strspn(text, "0123456789");
	}
}

static void uids_are_parsed_again(const uid_t uids[4])
{
	uid_t again[4];
	char text[128];

	snprintf(text, sizeof(text), "Name:\tx\nUid:\t%u\t%u\t%u\t%u\nGid:\t0\t0\t0\t0\n", uids[0],
		uids[1], uids[2], uids[3]);
	FUZZ_HOLDS(init_script_uids(text, again));
	FUZZ_HOLDS(memcmp(again, uids, sizeof(again)) == 0);
}

static void lock_is_parsed_again(const struct package_lock *lock)
{
	struct package_lock again;
	char text[128];

	FUZZ_HOLDS(lock->pid >= -1);
	snprintf(text, sizeof(text), "1: POSIX  ADVISORY  WRITE %d %02x:%02x:%" PRIu64 " 0 EOF\n",
		(int)lock->pid, lock->major_no, lock->minor_no, lock->inode);
	FUZZ_HOLDS(package_lock_parse(text, &again));
	FUZZ_HOLDS(again.pid == lock->pid && again.inode == lock->inode);
	FUZZ_HOLDS(again.major_no == lock->major_no && again.minor_no == lock->minor_no);
}

void fuzz_process(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct process process;
	struct usage_stat stat;
	struct package_lock lock;
	uid_t uids[4];

	if (package_lock_parse(text, &lock))
		lock_is_parsed_again(&lock);
	if (usage_process_parse(text, &stat)) {
		FUZZ_HOLDS(stat.own >= 0 && stat.reaped >= 0 && stat.own + stat.reaped >= 0);
		FUZZ_HOLDS(stat.started >= 0 && stat.threads >= 0 && stat.parent >= 0);
		FUZZ_HOLDS(stat.group >= 0 && stat.session >= 0);
	}
	if (init_script_uids(text, uids)) {
		uids_are_in(text, uids);
		uids_are_parsed_again(uids);
	}
	if (process_parse(text, &process)) { /* changes the text, so it is the last */
		FUZZ_HOLDS(process.parent >= 0 && process.group >= -1 && process.session >= -1);
		FUZZ_HOLDS(strlen(process.comm) < sizeof(process.comm));
		process_is_parsed_again(&process);
	}
	free(text);
}

/* --- control groups --------------------------------------------------------------------------- */

/* A quota of more than all processors limits nothing. */
static void large_quota_holds(const char *text)
{
	unsigned long long quota, period;

	if (sscanf(text, "%llu %llu", &quota, &period) == 2 && period > 0 &&
		(double)quota / (double)period > 9)
		FUZZ_HOLDS(cpu_count_quota(text, 8) == 8);
}

static void quota_holds(const char *text)
{
	large_quota_holds(text);
	for (unsigned most = 1; most <= 4096; most *= 8) {
		unsigned count = cpu_count_quota(text, most);

		FUZZ_HOLDS(count >= 1 && count <= most);
		/* More processors do not make the quota smaller. */
		FUZZ_HOLDS(cpu_count_quota(text, most + 1) >= count);
	}
}

void fuzz_control_group(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), unit[32], line[64];

	quota_holds(text);
	if (socket_owner_unit(text, unit, sizeof(unit))) {
		FUZZ_HOLDS(strncmp(unit, "vigil", 5) == 0 && text_is_service_name(unit));
		FUZZ_HOLDS(strpbrk(unit, " ;&|$`'\"<>()\033") == NULL);
		snprintf(line, sizeof(line), "0::/%s.service\n", unit);
		FUZZ_HOLDS(strstr(text, line + 3) != NULL);
		FUZZ_HOLDS(socket_owner_unit(line, unit, sizeof(unit)));
	} else {
		FUZZ_HOLDS(unit[0] == '\0');
	}
	free(text);
}

/* --- the system module ------------------------------------------------------------------------ */

static void is_percent(double value)
{
	FUZZ_HOLDS(value >= 0 && value <= 100);
}

static void share_holds(const struct proc_cpu *before, const struct proc_cpu *now)
{
	struct proc_cpu_share share;

	if (proc_cpu_share(before, now, &share) != NULL)
		return;
	is_percent(share.busy);
	is_percent(share.user);
	is_percent(share.system);
	is_percent(share.iowait);
	is_percent(share.steal);
	FUZZ_HOLDS(share.busy + share.iowait <= 100.2); /* each is rounded to a tenth */
}

/* The two readings are the two halves of the text. */
static void cpu_holds(const char *first, const char *second)
{
	const struct proc_cpu none = {0};
	struct proc_cpu before, now;

	if (proc_cpu(first, &before) != NULL)
		return;
	FUZZ_HOLDS(before.cpus >= 0 && before.blocked >= -1);
	share_holds(&none, &before);
	if (proc_cpu(second, &now) == NULL) {
		share_holds(&before, &now);
		share_holds(&now, &before);
	}
}

static void rooms_hold(const char *text)
{
	struct proc_room room;

	if (proc_memory(text, &room) == NULL)
		FUZZ_HOLDS(room.total > 0 && room.available <= room.total &&
			   room.total <= INT64_MAX && room.total % 1024 == 0);
	if (proc_swap(text, &room) == NULL)
		FUZZ_HOLDS(room.available <= room.total && room.total <= INT64_MAX);
}

/* The bytes are the result of statvfs. */
static void disk_holds(const uint8_t *data, size_t size)
{
	struct proc_disk disk = {0};
	struct proc_usage usage;
	double used = -1;
	bool has;

	memcpy(&disk, data, size < sizeof(disk) ? size : sizeof(disk));
	if (proc_usage(&disk, &usage) == NULL) {
		is_percent(usage.used);
		FUZZ_HOLDS(usage.total <= INT64_MAX && usage.available <= usage.total);
	}
	if (proc_inodes(&disk, &has, &used) == NULL && has)
		is_percent(used);
}

void fuzz_system(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size / 2);
	char *second = fuzz_text(data + size / 2, size - size / 2);
	struct proc_load load;
	struct proc_tasks tasks;
	struct proc_files files;
	double seconds;

	cpu_holds(text, second);
	rooms_hold(text);
	disk_holds(data, size);
	if (proc_load(text, &load) == NULL)
		FUZZ_HOLDS(load.one >= 0 && load.five >= 0 && load.fifteen >= 0);
	if (proc_tasks(text, &tasks) == NULL)
		FUZZ_HOLDS(tasks.running >= 0 && tasks.running <= tasks.total &&
			   tasks.total <= INT_MAX);
	if (proc_uptime(text, &seconds) == NULL)
		FUZZ_HOLDS(seconds >= 0 && seconds < (double)INT64_MAX);
	if (proc_files(text, &files) == NULL)
		FUZZ_HOLDS(files.max > 0 && files.open <= INT64_MAX);
	free(text);
	free(second);
}

/* --- /proc/self/mountinfo --------------------------------------------------------------------- */

#define MOUNTS_MAX 64

static void is_inside(const char *part, const char *text, size_t size)
{
	FUZZ_HOLDS(part >= text && part + strlen(part) <= text + size);
}

static void mount_holds(
	const struct mount *mounts, size_t count, size_t i, const char *text, size_t size)
{
	const struct mount *mount = &mounts[i];
	size_t above = mounts_above(mounts, count, mount->point);

	is_inside(mount->number, text, size);
	is_inside(mount->point, text, size);
	is_inside(mount->options, text, size);
	is_inside(mount->type, text, size);
	is_inside(mount->device, text, size);
	FUZZ_HOLDS(mount->point[0] == '/' && mount->type[0] != '\0');
	/* The mount that holds a mount point is the last one mounted there. */
	FUZZ_HOLDS(above < count && strcmp(mounts[above].point, mount->point) == 0);
	FUZZ_HOLDS(!mounts_is_topped(mounts, count, above));
	FUZZ_HOLDS((above == i) == !mounts_is_topped(mounts, count, i));
	if (!mounts_is_disk(mount) && !mounts_is_local(mount->type))
		FUZZ_HOLDS(mounts_may_wait(mounts, count, i));
	is_inside(mounts_room(mounts, count, i), text, size);
}

void fuzz_mounts(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct mount mounts[MOUNTS_MAX + 1];
	size_t most = mounts_count(text), count;

	most = most < MOUNTS_MAX ? most : MOUNTS_MAX;
	memset(&mounts[most], 0xa5, sizeof(*mounts));
	count = mounts_parse(text, mounts, most);
	FUZZ_HOLDS(count <= most);
	for (size_t i = 0; i < sizeof(*mounts); i++)
		FUZZ_HOLDS(((const uint8_t *)&mounts[most])[i] == 0xa5);
	for (size_t i = 0; i < count; i++)
		mount_holds(mounts, count, i, text, size);
	free(text);
}
