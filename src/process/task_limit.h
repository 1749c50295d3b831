/*
 * task_limit: how many more tasks (processes and threads) can be started.
 *
 * What limits them is pids.max of vigild's control group and of those above it (TasksMax of its unit),
 * in both versions of control groups, and RLIMIT_NPROC where vigild is not root.  The last tasks are a
 * reserve for restart scripts: periodic runs of plugins are refused before they use it.
 */
#ifndef TASK_LIMIT_H
#define TASK_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TASK_RESERVE 16 /* where the limit is less than four times that, a quarter of it */

struct task_limit {
	uint64_t used, most; /* most is UINT64_MAX where there is no limit */
	uint64_t reserve;
	char name[128]; /* of the limit: the file of a control group, or RLIMIT_NPROC */
};

/* Measures the limit of which the fewest tasks are left.  Cheap: a few reads of files that stay open.  Any
 * thread. */
void task_limit_read(struct task_limit *limit);
/* Whether only the reserve is left. */
bool task_limit_is_near(const struct task_limit *limit);
/* Writes "250 of 256 tasks are used (/sys/fs/cgroup/pids.max)". */
void task_limit_describe(const struct task_limit *limit, char *text, size_t size);

/* A run that would use the reserve is refused: true, the reason in why, and it is counted.  The loop's
 * thread only. */
bool task_limit_refuses(char *why, size_t size);
uint64_t task_limit_refused(void);

/* Closes the files. */
void task_limit_close(void);

#endif
