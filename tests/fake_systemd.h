/*
 * fake_systemd: starts a private D-Bus daemon with a fake systemd on it, which misbehaves as the
 * test orders (tests/torture/manager.c).
 */
#ifndef FAKE_SYSTEMD_H
#define FAKE_SYSTEMD_H

#include <check.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static FILE *fake_systemd;
static pid_t fake_systemd_bus;
static unsigned fake_systemd_orders;

/* Waits until a file in the scratch directory has at least `count` lines that begin with
 * `begin`. */
static void fake_systemd_await(const char *file, const char *begin, unsigned count)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command),
		"until [ $(grep -c '^%s' %s/%s) -ge %u ]; do sleep 0.02; done", begin, scratch,
		file, count);
	ck_assert_int_eq(system(command), 0);
}

/* Sends an order to the fake systemd and waits until it has been carried out. */
static void fake_systemd_order(const char *line)
{
	fprintf(fake_systemd, "%s\n", line);
	ck_assert_int_eq(fflush(fake_systemd), 0);
	fake_systemd_await("told", "did", ++fake_systemd_orders);
}

/* Starts the private bus, makes it the system bus of this process, and starts the fake systemd with
 * these units. */
static void fake_systemd_start(const char *units)
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
	ck_assert_int_eq(fscanf(address, "%255s %d", text, &fake_systemd_bus), 2);
	fclose(address);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	snprintf(command, sizeof(command), "exec %s/torture/manager %s >%s/told", self, units,
		scratch);
	fake_systemd = popen(command, "w");
	ck_assert_ptr_nonnull(fake_systemd);
	fake_systemd_orders = 0;
	fake_systemd_await("told", "ready", 1);
}

static void fake_systemd_end(void)
{
	pclose(fake_systemd);
	kill(fake_systemd_bus, SIGKILL);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
}

#endif
