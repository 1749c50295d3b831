/*
 * stand_in: a bus of one's own with a systemd on it that misbehaves as it is told
 * (tests/torture/manager.c).
 */
#ifndef STAND_IN_H
#define STAND_IN_H

#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static FILE *stand_in;
static pid_t stand_in_bus;
static unsigned stand_in_orders;

/* Until a file below the scratch directory holds so many lines that begin with that. */
static void stand_in_await(const char *file, const char *begin, unsigned count)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command),
		"until [ $(grep -c '^%s' %s/%s) -ge %u ]; do sleep 0.02; done", begin, scratch,
		file, count);
	ck_assert_int_eq(system(command), 0);
}

/* Says it, and waits until it was done. */
static void stand_in_order(const char *line)
{
	fprintf(stand_in, "%s\n", line);
	ck_assert_int_eq(fflush(stand_in), 0);
	stand_in_await("told", "did", ++stand_in_orders);
}

/* From here on it is the system's bus, and runs these units. */
static void stand_in_start(const char *units)
{
	char self[PATH_MAX], command[3 * PATH_MAX], text[256];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *address;

	ck_assert_int_gt(n, 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(command, sizeof(command),
		"dbus-daemon --session --fork --print-address=1 --print-pid=1 >%s/bus 2>%s/noise",
		scratch, scratch);
	ck_assert_int_eq(system(command), 0);
	address = fopen(scratch_path("bus"), "r");
	ck_assert_ptr_nonnull(address);
	ck_assert_int_eq(fscanf(address, "%255s %d", text, &stand_in_bus), 2);
	fclose(address);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	snprintf(command, sizeof(command), "exec %s/torture/manager %s >%s/told", self, units,
		scratch);
	stand_in = popen(command, "w");
	ck_assert_ptr_nonnull(stand_in);
	stand_in_orders = 0;
	stand_in_await("told", "ready", 1);
}

static void stand_in_end(void)
{
	pclose(stand_in);
	kill(stand_in_bus, SIGKILL);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

#endif
