/* system: what the files of this module share; see system.c. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "mounts.h"
#include <vigil/vigil.h>

#define REASON_SIZE 200

/* What can be alerted to, each by NAME_warning and NAME_critical. */
enum { LOAD, CPU, MEMORY, SWAP, DISK, INODES, FILES, THRESHOLDS, NONE = THRESHOLDS };

struct threshold {
	bool has_warning, has_critical;
	vigil_range warning, critical;
};

struct system {
	vigil_daemon *d;
	const char *const *disks; /* mount points; none: all that are disks */
	struct threshold thresholds[THRESHOLDS];
	struct system_cpu *cpu;
	char *text; /* of the file that was read last */
	size_t text_size;
	struct mount *mounts;
	size_t mounts_size;

	/* The worst of this tick. */
	vigil_health_level level;
	char reason[REASON_SIZE];
	/* What cannot be judged in this tick. */
	bool unjudged; /* something that has thresholds */
	int left_out;
	char left_out_text[4 * REASON_SIZE];
};

/* Compares the value with the thresholds of which; what and unit are for the text. */
void system_judge(struct system *s, int which, const char *what, double value, const char *unit);
/* Notes that it cannot be judged, and why.  The health is not OK then where which has a threshold.
 * Nothing else is affected. */
void system_leave_out(struct system *s, int which, const char *what, const char *why);
/* The whole text of a file, however long it is, valid until the next call; NULL: it cannot be read,
 * and *why says so, which is NULL otherwise. */
char *system_read(struct system *s, const char *path, const char **why);

void disks_tell(struct system *s);
/* Diagnoses disks that are named and can be none: 0, or -EINVAL. */
int disks_check(struct system *s);

#endif
