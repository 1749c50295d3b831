/*
 * bus: the D-Bus connection of a worker to systemd, and calls with a deadline.
 *
 * Each worker thread has its own connection, which the functions of this header share implicitly.
 * They may block until the deadline of the call.  systemd_bus_start is the exception: it never
 * blocks, and the loop thread uses it, too.
 */
#ifndef SYSTEMD_BUS_H
#define SYSTEMD_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "service/systemd/unit_info.h"

/* Starts a connection to the system bus or, as root and if there is no bus, to systemd itself
 * (*direct).  Does not wait until the connection is ready.  Returns a negative errno if it
 * fails. */
int systemd_bus_start(sd_bus **fresh, bool *direct);
/* Opens the thread's connection unless it has one.  A connection that was lost is replaced, as far
 * as the loss can be detected without sending anything.  Returns 0 or -errno. */
int systemd_bus_open(uint64_t deadline);
/* Returns the thread's connection, borrowed; NULL: none. */
sd_bus *systemd_bus(void);
void systemd_bus_drop(void);
/* Whether an error of sd-bus, a negative errno, means that the connection is lost. */
bool systemd_bus_is_dead(int error);

/* The caller sets the deadline, zeroes the rest and frees the error with sd_bus_error_free. */
struct systemd_call {
	uint64_t deadline;  /* by clock_now */
	sd_bus_error error; /* the error that systemd returned to the last call that failed */
};

/* Microseconds until the deadline; 0: the deadline has passed. */
uint64_t systemd_left(const struct systemd_call *call);
/* Creates a method call to systemd.  The caller appends the arguments, sends and unrefs it.
 * Negative: -errno. */
int systemd_method(struct systemd_call *call, sd_bus_message **message, const char *path,
	const char *interface, const char *member);
int systemd_send(struct systemd_call *call, sd_bus_message **answer, sd_bus_message *message);
/* Calls a method of systemd.  The caller unrefs the answer; answer may be NULL.  Negative:
 * -errno. */
int systemd_ask(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *member, const char *types, ...);
/* Reads a property.  Returns 1 with the answer to the Get, which the caller unrefs; 0 if this
 * version of systemd does not have the property; or -errno. */
int systemd_get(struct systemd_call *call, sd_bus_message **answer, const char *path,
	const char *interface, const char *property);
/* These read a property of one type.  They return 0 if this version of systemd does not have the
 * property: then a number or a bool is unchanged, a text is "" and a pid is 0.  Negative:
 * -errno. */
int systemd_get_number(struct systemd_call *call, const char *path, const char *interface,
	const char *property, uint64_t *value);
/* The text is truncated to size. */
int systemd_get_text(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *value, size_t size);
int systemd_get_pid(struct systemd_call *call, const char *path, const char *property, pid_t *pid);
int systemd_get_bool(struct systemd_call *call, const char *path, const char *interface,
	const char *property, bool *value);
/* Appends the strings of a list property to names, each followed by a blank, as long as they fit.
 * The names of units contain no blanks. */
int systemd_get_names(struct systemd_call *call, const char *path, const char *interface,
	const char *property, char *names, size_t size);
/* Reads one of the properties that unit_info.h lists.  Returns as the functions above. */
int systemd_get_property(struct systemd_call *call, const char *path, enum unit_property property,
	struct unit_properties *properties);

#endif
