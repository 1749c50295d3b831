/*
 * connection: the loop thread's connection to systemd.
 *
 * It reports the changes of all units and carries calls whose answers arrive in callbacks.  No
 * function here blocks.
 */
#ifndef SYSTEMD_CONNECTION_H
#define SYSTEMD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

#include "service/systemd/unit_set.h"

struct loop;
struct systemd_connection;

struct systemd_connection_user {
	/* The connection is up: from now on on_change reports each change of a unit. */
	void (*on_up)(void *arg);
	/* The connection is down: changes are no longer reported, and no pending call will be
	 * answered.  The user must unref all slots. */
	void (*on_down)(void *arg);
	/* systemd itself has sent PropertiesChanged for the object at path, which is a unit. */
	void (*on_change)(const char *path, sd_bus_message *message, void *arg);
	/* A job (its object path) of the unit at path has ended with that result, such as
	 * "done". */
	void (*on_job)(const char *path, const char *job, const char *result, void *arg);
	void *arg;
};

/* Creates a connection that is closed. */
struct systemd_connection *systemd_connection_new(
	struct loop *loop, const struct systemd_connection_user *user);
void systemd_connection_free(struct systemd_connection *connection);

/* wanted: opens the connection, and opens it again whenever the bus or systemd has closed it.  Not
 * wanted: closes it, but some seconds later, so that a user who starts and stops often does not
 * open it each time. */
void systemd_connection_want(struct systemd_connection *connection, bool wanted);
/* Reports changes of the set of services, and keeps the connection open for that.  To be called
 * once at most. */
void systemd_connection_watch_set(
	struct systemd_connection *connection, const struct unit_set_user *user);
bool systemd_connection_is_up(const struct systemd_connection *connection);

/* Creates a method call to systemd; the caller fills and sends it.  The connection must be up.  0
 * or -errno. */
int systemd_connection_method(struct systemd_connection *connection, sd_bus_message **message,
	const char *path, const char *interface, const char *member);
/* Sends a message.  fn receives the answer, or an error after timeout (nanoseconds).  To cancel the
 * call, unref the slot. */
int systemd_connection_send(struct systemd_connection *connection, sd_bus_slot **slot,
	sd_bus_message *message, uint64_t timeout, sd_bus_message_handler_t fn, void *arg);
/* The user must report each answer that it receives.  An error that sd-bus or the bus generated
 * because systemd did not answer does not count as an answer of systemd. */
void systemd_connection_heard(struct systemd_connection *connection, const sd_bus_error *error);
/* The user must report each call that was not answered in time.  One such call alone has no
 * consequence.  If systemd has not answered any call for 10 s, the connection is closed and opened
 * again. */
void systemd_connection_late(struct systemd_connection *connection);
/* Closes the connection from the loop and opens it again, because systemd cannot be relied on to
 * answer any of the pending calls. */
void systemd_connection_hangs(struct systemd_connection *connection);

#endif
