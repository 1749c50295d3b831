/*
 * connection_internal: the struct that connection.c and connection_set.c share.
 */
#ifndef SYSTEMD_CONNECTION_INTERNAL_H
#define SYSTEMD_CONNECTION_INTERNAL_H

#include "service/systemd/connection.h"

struct event;
struct loop_timer;

enum phase {
	CLOSED,
	OPENING,     /* the bus has not accepted the connection yet */
	SUBSCRIBING, /* systemd has not confirmed the subscription yet */
	UP,
	RESTING /* the connection was lost; the timer opens it again */
};

struct systemd_connection {
	struct loop *loop;
	struct systemd_connection_user user;
	struct unit_set_user set; /* on_new NULL: nobody watches the set of services */
	bool wanted;
	enum phase phase;
	sd_bus *bus;      /* NULL: CLOSED, RESTING */
	bool direct;      /* connected to systemd without a bus; all signals are from systemd */
	char systemd[64]; /* its unique name on the bus, after it has confirmed */
	sd_bus_slot *subscribed; /* the in-flight call of Subscribe; NULL: none */
	bool broken;             /* to be closed after sd_bus_process has returned */
	struct event *event;
	short events;             /* the events that `event` waits for */
	struct loop_timer *turn;  /* the timeout that sd-bus asks for */
	struct loop_timer *timer; /* the timeout of the phase */
	uint64_t backoff;
	uint64_t since;        /* when the connection came up last */
	uint64_t silent_since; /* the first call after the last answer; 0: no call since */
};

/* Whether systemd itself has sent the message. */
bool systemd_connection_sent(const struct systemd_connection *connection, sd_bus_message *message);
/* Requests the signals of systemd that the rule describes.  Negative: -errno. */
int systemd_connection_match(
	struct systemd_connection *connection, const char *rule, sd_bus_message_handler_t fn);
/* Requests the signals about the set of services.  Negative: -errno. */
int systemd_connection_match_set(struct systemd_connection *connection);

#endif
