/*
 * process_table: finds another living process of a service whose process has exited.
 *
 * For workers only, because a search reads all of /proc.
 */
#ifndef PROCESS_TABLE_H
#define PROCESS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What identifies a process as the service's. It can be read only while the process is alive. */
struct process_identity {
	pid_t pid, group; /* pid 0: not known */
	uint64_t ticks;   /* as in struct process */
	dev_t device, cwd_device;
	ino_t inode, cwd_inode; /* of the executable and of the working directory */
	uid_t user;
	ino_t namespace;  /* of its pid namespace, which differs for a container; 0: not known */
	uint64_t command; /* a hash of its command line */
	uint64_t control_group; /* a hash of its control group */
	bool in_unit;           /* that control group belongs to a service of systemd */
	char comm[16];
};

/* Reads the identity of a living process. Returns 1. Returns 0 with pid 0 if the process has
 * exited or may not be examined. Returns a negative errno with pid 0 if vigild itself lacks
 * descriptors or memory. */
int process_table_identify(pid_t pid, struct process_identity *identity);

/* Finds the known process while it is alive. After its exit, finds its successor. A successor
 * has the same executable, name, command line, working directory and user, is not older, and is
 * in no other container and in no other unit of systemd. In addition, it is in the same process
 * group, or was started no earlier than a quarter of a second before died_ticks. Its parent is
 * not such a process itself. died_ticks: when the known process exited, by process_ticks_now;
 * UINT64_MAX: not known. Returns the pid of the process; 0 if there is none or more than one; or
 * a negative errno if vigild itself lacks descriptors or memory. */
pid_t process_table_find(const struct process_identity *known, uint64_t died_ticks);

#endif
