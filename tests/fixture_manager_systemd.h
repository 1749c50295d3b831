/*
 * fixture_manager_systemd: units of a real systemd, and requests to the manager systemd.
 */
#ifndef FIXTURE_MANAGER_SYSTEMD_H
#define FIXTURE_MANAGER_SYSTEMD_H

#include "service/manager.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/process.h"
#include "in_systemd.h"
#include "scratch.h"
#include "suite.h"

#define UNITS "/run/systemd/system/"

static struct manager_request request;
static struct manager_reply reply;

/* Writes a unit with these lines, and makes the request about it. */
__attribute__((unused)) static void put_unit(
	const char *name, const char *unit_lines, const char *service_lines)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), UNITS "%s.service", name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[Unit]\n%s\n[Service]\n%s\n", unit_lines, service_lines);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(shell("systemctl daemon-reload"), 0);
	request = (struct manager_request){.name = (char *)name, .manager = &manager_systemd};
}

__attribute__((unused)) static void start_unit(const char *name, const char *service_lines)
{
	put_unit(name, "", service_lines);
	ck_assert_int_eq(shell("systemctl start %s", name), 0);
}

__attribute__((unused)) static vigil_service_status ask(double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_query(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.status;
}

__attribute__((unused)) static vigil_service_status query(void)
{
	return ask(60);
}

__attribute__((unused)) static int restart(double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

__attribute__((unused)) static int apply(enum manager_change change, double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_apply(change, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

/* Queries until this is the status, for at most 60 s. */
__attribute__((unused)) static void await(vigil_service_status status)
{
	uint64_t late = clock_now() + 60 * CLOCK_SECOND;

	while (query() != status && clock_now() < late)
		usleep(10000);
	ck_assert_int_eq(reply.status, status);
}

/* As await(), and also for the text. The states in between depend on systemd. */
__attribute__((unused)) static void await_text(vigil_service_status status, const char *text)
{
	uint64_t late = clock_now() + 60 * CLOCK_SECOND;

	while ((query() != status || strcmp(reply.text, text) != 0) && clock_now() < late)
		usleep(10000);
	ck_assert_int_eq(reply.status, status);
	ck_assert_str_eq(reply.text, text);
}

/* Kills the main process and returns its pid. */
__attribute__((unused)) static pid_t kill_main(void)
{
	pid_t pid;

	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	return pid;
}

__attribute__((unused)) static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

#endif
