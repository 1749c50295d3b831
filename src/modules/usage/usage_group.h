/*
 * usage_group: reads what a whole service uses, from its control group.
 *
 * A group is used only if it belongs to the service alone, which its name says: under systemd it
 * has the name of the unit, and under OpenRC that of the service. Other managers let several
 * services share a group. The controllers of version 1 each have a hierarchy, so that a service may
 * have a group of its own in one of them and not in another.
 */
#ifndef USAGE_GROUP_H
#define USAGE_GROUP_H

#include "usage_hierarchy.h"
#include "usage_process.h"

struct usage_group {
	/* Where the process is, relative to the root of the hierarchy; "": not known. */
	char path[USAGE_HIERARCHIES][USAGE_GROUP_PATH];
	/* Length of the part of the path that names the group of the service; 0: it has none. */
	size_t own[USAGE_HIERARCHIES];
	/* The group that shows the processes of the service; fd -1: it is not open. */
	int fd;
	enum usage_hierarchy opened;
};

/* The numbers of a service. -1: not known. */
struct usage_values {
	int64_t memory; /* bytes, without what the kernel can read again from disks */
	int64_t cache;  /* bytes of that; only from a control group */
	int64_t cpu;    /* nanoseconds of CPU time */
	int64_t tasks, threads, processes;
	int64_t files; /* open descriptors */
	int64_t io_read, io_written;
	int64_t oom_kills;
	double cpu_percent; /* of one CPU, since the last measurement */
	double pressure;    /* percent of the last minute in which tasks waited for memory */
};

/* Numbers that are measured. */
#define USAGE_MEMORY 1u
#define USAGE_CPU    2u
#define USAGE_TASKS  4u
#define USAGE_FILES  8u
#define USAGE_REST   16u
#define USAGE_ALL    31u

/* Finds the groups of the process. names: the names that a group of the service can have, "unit"
 * for systemd; ends with NULL. Returns 0 or -errno. */
int usage_group_find(struct usage_group *group, pid_t pid, const char *const *names);
/* Opens the group that shows the processes of the service. Returns false if the service has no
 * group of its own. */
bool usage_group_open(struct usage_group *group);
void usage_group_close(struct usage_group *group);
/* Reads the numbers in `what` that the groups of the service have; the others are unchanged. */
void usage_group_read(const struct usage_group *group, unsigned what, struct usage_values *values);
/* Adds the processes of the service, whose group is open. */
void usage_group_members(const struct usage_group *group, struct usage_members *members);
/* Returns the lowest memory limit of the group of the process and the groups above it, in bytes;
 * INT64_MAX: none. */
int64_t usage_group_memory_limit(const struct usage_group *group);
/* Writes the path of the file memory.pressure of the service. Returns false if it has none. */
bool usage_group_pressure(const struct usage_group *group, char *path, size_t size);
/* Returns the memory of the machine in bytes; 0: not known. */
int64_t usage_group_machine_memory(void);
#endif
