/*
 * task_limit: finds out how many more tasks (processes and threads) can be started.
 *
 * The limits are pids.max of vigild's control group and of the groups above it (TasksMax of its
 * unit), in both versions of control groups, and RLIMIT_NPROC when vigild is not root.  The last
 * tasks are a reserve for restart scripts: periodic runs of plugins are refused before they use it.
 */
#ifndef TASK_LIMIT_H
#define TASK_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TASK_RESERVE 16 /* a quarter of the limit where that is less */

struct task_limit {
	uint64_t used, most; /* most is UINT64_MAX where there is no limit */
	uint64_t reserve;
	char name[128]; /* the file of a control group, or RLIMIT_NPROC */
};

/* Finds the limit with the fewest tasks left.  This is cheap: it reads a few files that stay open.
 * Any thread. */
void task_limit_read(struct task_limit *limit);
/* Returns whether only the reserve is left. */
bool task_limit_is_near(const struct task_limit *limit);
/* Writes a text such as "250 of 256 tasks are used (/sys/fs/cgroup/pids.max)". */
void task_limit_describe(const struct task_limit *limit, char *text, size_t size);

/* Returns true, counts a refusal, and writes the reason to why, when a run would use the reserve.
 * Loop thread only. */
bool task_limit_refuses(char *why, size_t size);
uint64_t task_limit_refused(void);

/* Closes the files. */
void task_limit_close(void);

#endif
