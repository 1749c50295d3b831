/*
 * abuse.h: what the modules of tests/torture/abuse.sh share.  Each of them does one thing that a
 * module must not do, in its third tick unless it says otherwise.
 */
#ifndef ABUSE_H
#define ABUSE_H

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vigil/vigil.h>

/* A module that calls abuse(d) in each tick from the third one on. */
#define ABUSE(name_)                                            \
	static void tick(vigil_daemon *d, void *arg)            \
	{                                                       \
		static int n;                                   \
		vigil_state_set(d, "ticks", json_integer(++n)); \
		if (n >= 3)                                     \
			abuse(d);                               \
		vigil_health(d, VIGIL_OK, "it has survived");   \
	}                                                       \
	static int start(vigil_daemon *d)                       \
	{                                                       \
		return vigil_every(d, 0.1, tick, NULL);         \
	}                                                       \
	VIGIL_MODULE(.name = #name_, .summary = "a module that does wrong", .start = start)

#endif
