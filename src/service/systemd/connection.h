/*
 * connection: the loop's own connection to systemd, on which nothing is ever waited for.
 */
#ifndef SYSTEMD_CONNECTION_H
#define SYSTEMD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include <systemd/sd-bus.h>

struct loop;
struct systemd_connection;

struct systemd_connection_user {
	/* From now on each change of a unit is told of. */
	void (*on_up)(void *arg);
	/* Not any more, and what is asked has no answer to come: let go of all slots. */
	void (*on_down)(void *arg);
	/* PropertiesChanged of the unit at path, from systemd itself. */
	void (*on_change)(const char *path, sd_bus_message *message, void *arg);
	void *arg;
};

/* Closed.  NULL and errno. */
struct systemd_connection *systemd_connection_new(
	struct loop *loop, const struct systemd_connection_user *user);
void systemd_connection_free(struct systemd_connection *connection);

/* Opens it, and keeps it open whatever happens to bus and systemd; or closes it, a while later,
 * lest one that comes and goes open it again and again. */
void systemd_connection_want(struct systemd_connection *connection, bool wanted);
bool systemd_connection_is_up(const struct systemd_connection *connection);

/* While it is up: a message to systemd, to be filled and sent.  0 or -errno. */
int systemd_connection_method(struct systemd_connection *connection, sd_bus_message **message,
	const char *path, const char *interface, const char *member);
/* Sends it; fn has the answer, or an error after timeout ns.  The slot cancels it. */
int systemd_connection_send(struct systemd_connection *connection, sd_bus_slot **slot,
	sd_bus_message *message, uint64_t timeout, sd_bus_message_handler_t fn, void *arg);
/* An answer has come; an error that sd-bus or the bus makes in systemd's place is none of its. */
void systemd_connection_heard(struct systemd_connection *connection, const sd_bus_error *error);
/* An answer did not come in time.  One is the misfortune of that call; when systemd has answered none
 * for long, the connection is given up. */
void systemd_connection_late(struct systemd_connection *connection);
/* No answer came in time, so none of what else was asked can be relied on: it begins anew. */
void systemd_connection_hangs(struct systemd_connection *connection);

#endif
