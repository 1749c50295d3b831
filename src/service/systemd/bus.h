/*
 * bus: a worker's connection to systemd, and calls over it that keep a deadline.
 */
#ifndef SYSTEMD_BUS_H
#define SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "service/systemd/unit_info.h"

/* Begins a connection, to the system's bus or, where there is none, directly to systemd; waits
 * for nothing.  0 or -errno. */
int systemd_bus_start(sd_bus **fresh, bool *direct);
/* Makes sure there is a connection, as well as can be told without using it.  0 or -errno. */
int systemd_bus_open(uint64_t deadline);
/* The thread's connection; NULL: none. */
sd_bus *systemd_bus(void);
void systemd_bus_drop(void);
/* Whether an error means that the connection is lost. */
bool systemd_bus_is_dead(int error);

/* Zeroed but for the deadline (clock_now); the error is freed by sd_bus_error_free. */
struct systemd_call {
	uint64_t deadline;
	sd_bus_error error; /* what systemd said to the last call that failed */
};

/* Microseconds until the deadline; 0: it has passed. */
uint64_t systemd_left(const struct systemd_call *call);
/* A message to systemd, to be filled and sent; the caller unrefs it.  Negative: -errno. */
int systemd_method(struct systemd_call *call, sd_bus_message **message, const char *path,
	const char *interface, const char *member);
int systemd_send(struct systemd_call *call, sd_bus_message **answer, sd_bus_message *message);
/* Calls a method of systemd's.  The answer (NULL: not wanted) is the caller's to unref.
 * Negative: -errno. */
int systemd_ask(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *member, const char *types, ...);
/* 1 with the answer to a Get, which the caller unrefs; 0: this systemd has no such property. */
int systemd_get(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *property);
/* A property; one that this systemd does not have leaves the number as it was, the text "". */
int systemd_get_number(struct systemd_call *call, const char *path, const char *interface,
	const char *property, uint64_t *value);
/* Cut to fit. */
int systemd_get_text(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *value, size_t size);
int systemd_get_pid(struct systemd_call *call, const char *path, const char *property, pid_t *pid);
int systemd_get_bool(struct systemd_call *call, const char *path, const char *interface,
	const char *property, bool *value);
/* Appends the texts of a property that is a list, each followed by a blank, as far as they fit.
 * Names of units hold no blanks. */
int systemd_get_names(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *names, size_t size);
/* Likewise, one of the properties that unit_info.h lists. */
int systemd_get_property(struct systemd_call *call, const char *path, enum unit_property property,
	struct unit_properties *properties);

#endif
