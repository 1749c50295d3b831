/* system: the data that the files of this module share; see system.c. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "mounts.h"
#include <vigil/vigil.h>

#define REASON_SIZE 200

/* The values that have thresholds, in the options NAME_warning and NAME_critical. */
enum { LOAD, CPU, MEMORY, SWAP, DISK, INODES, FILES, THRESHOLDS, NONE = THRESHOLDS };

struct threshold {
	bool has_warning, has_critical;
	vigil_range warning, critical;
};

struct system {
	vigil_daemon *d;
	const char *const *disks; /* option disks: mount points; empty: all disks */
	struct threshold thresholds[THRESHOLDS];
	struct system_cpu *cpu;
	char *text; /* content of the file that was read last */
	size_t text_size;
	struct mount *mounts;
	size_t mounts_size;

	/* The worst level of this tick and its reason. */
	vigil_health_level level;
	char reason[REASON_SIZE];
	/* The values that are not known in this tick. */
	bool unchecked; /* a value that has thresholds is not known */
	int left_out;
	char left_out_text[4 * REASON_SIZE];
};

/* Compares the value with the thresholds of `which`, and keeps the worst level and its reason.
 * `what` and `unit` are for the reason. */
void system_evaluate(struct system *s, int which, const char *what, double value, const char *unit);
/* Notes that a value is not known, and why. If `which` has a threshold, the health of this tick
 * cannot be OK. Other values are not affected. */
void system_leave_out(struct system *s, int which, const char *what, const char *why);
/* Returns the whole content of a file, valid until the next call. NULL: the file cannot be read or
 * is larger than 256 MiB, and *why is the reason. Otherwise *why is NULL. */
char *system_read(struct system *s, const char *path, const char **why);

void disks_report(struct system *s);
/* Reports configured disks that cannot be disks, with vigil_diagnose. Returns 0 or -EINVAL. */
int disks_check(struct system *s);

#endif
