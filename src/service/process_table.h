/*
 * process_table: finds another living process of a service whose process has ended.
 *
 * Workers only: a search goes through all of /proc.
 */
#ifndef PROCESS_TABLE_H
#define PROCESS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What makes a process one of the service.  It can be learnt only while the process lives. */
struct process_identity {
	pid_t pid, group; /* pid 0: nothing is known */
	uint64_t ticks;   /* as in struct process */
	dev_t device, cwd_device;
	ino_t inode, cwd_inode; /* of the executable and of the working directory */
	uid_t user;
	ino_t namespace;  /* of its process numbers: another one is a container; 0: not known */
	uint64_t command; /* a hash of its command line */
	uint64_t control_group; /* a hash of its control group */
	bool in_unit;           /* that is the group of a service of systemd */
	char comm[16];
};

/* Learns the identity of a living process.  Returns 1; 0 with pid 0 where the process has ended or may
 * not be examined; or a negative errno, with pid 0, where vigild itself lacks descriptors or memory. */
int process_table_identify(pid_t pid, struct process_identity *identity);

/* Finds the process that is known while it lives.  After that, finds the one that took its place: a
 * process with the same executable, name, command line, working directory and user that is no older, is
 * in no other container and no other unit of systemd,
 * that is of the same process group or was started when the known one died, and whose parent is no such
 * process.  died_ticks: when that was, by process_ticks_now.  Returns its pid; 0 where there is none, or more than one; or
 * a negative errno where vigild itself lacks descriptors or memory. */
pid_t process_table_find(const struct process_identity *known, uint64_t died_ticks);

#endif
