/* system: the data that the files of this module share; see system.c. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "mounts.h"
#include <vigil/vigil.h>

#define REASON_SIZE 200

/* The values that have thresholds, in the options NAME_warning and NAME_critical. */
enum {
	LOAD,
	CPU,
	MEMORY,
	SWAP,
	DISK,
	INODES,
	FILES,
	LOAD_PER_CPU,
	CPU_PRESSURE,
	MEMORY_PRESSURE,
	IO_PRESSURE,
	NETWORK,
	NETWORK_ERRORS,
	NETWORK_DROPS,
	TEMPERATURE,
	THRESHOLDS,
	NONE = THRESHOLDS
};

struct threshold {
	bool given; /* one of them is in the configuration, and not a default */
	bool has_warning, has_critical;
	vigil_range warning, critical;
};

struct system {
	vigil_daemon *d;
	const char *root;         /* of /proc and /sys; "", except in tests */
	const char *const *disks; /* option disks: mount points; empty: all disks */
	struct threshold thresholds[THRESHOLDS];
	struct system_cpu *cpu;
	struct system_pressure *pressure;
	struct system_network *network;
	struct system_sensors *sensors;
	struct system_growth *growth;
	long cpus;  /* of the last reading; 0: unknown */
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

/* Keeps the level and the reason if they are worse than what is known of this tick. */
void system_raise(struct system *s, vigil_health_level level, const char *format, ...)
	VIGIL_PRINTF(3, 4);
/* Returns 0, or -EINVAL after vigil_diagnose. */
int system_read_options(struct system *s);
extern const vigil_option system_options[];

/* --- system_pressure.c: waiting for CPU, memory and I/O (PSI) --- */

int system_pressure_start(struct system *s);
void system_pressure_stop(struct system *s);
void system_pressure_report(struct system *s);

/* --- system_network.c: network interfaces --- */

int system_network_start(struct system *s);
void system_network_report(struct system *s);

/* --- system_sensors.c: temperatures, and the speed of network interfaces --- */

int system_sensors_start(struct system *s);
/* Takes the output of vigil-sensors. */
void system_sensors_take(struct system *s, const char *output);
void system_sensors_report(struct system *s);
/* Returns bits a second; 0: unknown; negative: not read yet. */
double system_sensors_speed(const struct system *s, const char *interface);

/* --- system_growth.c: when a disk will be full --- */

void system_growth_start(struct system *s);
void system_growth_stop(struct system *s);
/* Adds a reading of a disk, and puts what is known into its object and the health. */
void system_growth_add(
	struct system *s, const char *point, double used, double available, json_t *disk);
/* To be called when all disks have been read: forgets the others. */
void system_growth_end(struct system *s);

/* --- system_disks.c --- */

void disks_report(struct system *s);
/* Reports configured disks that cannot be disks, with vigil_diagnose. Returns 0 or -EINVAL. */
int disks_check(struct system *s);

#endif
