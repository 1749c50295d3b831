/* fixture_manager_lsb: an init script, and requests to its manager. */
#ifndef FIXTURE_MANAGER_LSB_H
#define FIXTURE_MANAGER_LSB_H

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "scratch.h"
#include "service/manager.h"
#include "suite.h"

static struct manager_request request;
static struct manager_reply reply;

static void setup(void)
{
	scratch_setup();
	request = (struct manager_request){
		.name = "vigil-check", .manager = &manager_lsb, .init_dir = scratch};
}

/* The script of the service, modeled on Debian's skeleton. */
static void put_daemon(const char *header)
{
	scratch_put("vigil-check", 0755,
		"#!/bin/sh\n# Provides: vigil-check\n%s\n"
		"cd %s || exit 5\n"
		"alive() { test -f pid && kill -0 $(cat pid) 2>/dev/null; }\n"
		"case $1 in\n"
		"start) alive || { sleep 1000 >/dev/null 2>&1 & echo $! >pid; } ;;\n"
		"stop) alive && kill $(cat pid); rm -f pid ;;\n"
		"restart) $0 stop; $0 start ;;\n"
		"status) alive && exit 0; test -f pid && exit 1; exit 3 ;;\n"
		"*) echo \"Usage: $0 {start|stop|restart|status}\" >&2; exit 3 ;;\n"
		"esac\n",
		header, scratch);
}

/* Writes a script that executes these lines for each verb. */
static void put_script(const char *body)
{
	scratch_put("vigil-check", 0755, "#!/bin/sh\ncd %s\n%s\n", scratch, body);
}

static void script(const char *verb)
{
	char command[256];

	snprintf(command, sizeof(command), "%s/vigil-check %s", scratch, verb);
	ck_assert_int_eq(system(command), 0);
}

static vigil_service_status ask(double seconds)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_lsb.query(&request, &reply);
	return reply.status;
}

static vigil_service_status query(void)
{
	return ask(30);
}

static int restart(double seconds)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_lsb.apply(MANAGER_RESTART, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

#endif
