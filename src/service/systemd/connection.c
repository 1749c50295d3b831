/*
 * connection: see connection.h.  The workers' connections (bus.c) wait for their answers and
 * receive nothing in between.  This connection receives systemd's signals.  The loop reads it
 * whenever data arrives, a limited number of messages in each iteration, and delivers the answer to
 * each call through a callback.  A bus that accepts the connection and then sends nothing does not
 * block the loop.
 *
 * The connection is up while systemd has confirmed the subscription to its signals.  Only then does
 * the lack of a signal mean that a unit is unchanged.  systemd forgets the subscription when it
 * re-executes itself, may lose signals while it reloads, and is not on the bus for a short time
 * after a restart of the bus.  Each of these events brings the connection down until systemd has
 * confirmed the subscription again.  The user must then query all units, because signals were lost.
 *
 * One match rule covers all units, because a bus limits the number of match rules of a connection.
 * Any client of the bus can send a signal directly to vigild, whatever the match rules say, so the
 * sender of every signal is checked.
 */
#include "service/systemd/connection_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd/bus.h"
#include "service/systemd/unit_info.h"

#define GREETING    (10 * CLOCK_SECOND) /* timeout for the bus to accept the connection */
#define ANSWER      (10 * CLOCK_SECOND) /* timeout for systemd to confirm */
#define BACKOFF_MIN (100 * CLOCK_MS)
#define BACKOFF_MAX (10 * CLOCK_SECOND)
#define SILENCE     (10 * CLOCK_SECOND) /* no answer to any call for so long: systemd hangs */
#define LINGER      (5 * CLOCK_SECOND)  /* kept open for so long when it is not wanted any more */

/* The limits of one iteration, after which timers and other events are handled. */
#define TURN_MESSAGES 64
#define TURN_TIME     (2 * CLOCK_MS)

#define BUS "org.freedesktop.DBus"

/* --- up and down ------------------------------------------------------------------------------ */

static void connection_close(struct systemd_connection *connection)
{
	connection->subscribed = sd_bus_slot_unref(connection->subscribed);
	if (connection->event != NULL)
		event_free(connection->event);
	connection->event = NULL;
	connection->events = 0;
	loop_timer_stop(connection->turn);
	loop_timer_stop(connection->timer);
	if (connection->bus != NULL)
		sd_bus_close(connection->bus);
	connection->bus = sd_bus_unref(connection->bus);
	connection->broken = false;
	connection->silent_since = 0;
	connection->phase = CLOSED;
}

static uint64_t next_backoff(struct systemd_connection *connection)
{
	uint64_t now = connection->backoff;

	connection->backoff = now * 2 < BACKOFF_MAX ? now * 2 : BACKOFF_MAX;
	return now;
}

static void connection_up(struct systemd_connection *connection)
{
	connection->phase = UP;
	connection->since = clock_now();
	loop_timer_stop(connection->timer);
	if (!connection->wanted)
		loop_timer_rearm(connection->timer, LINGER);
	log_debug("systemd: change signals are received");
	connection->user.on_up(connection->user.arg);
	if (connection->set.on_files != NULL)
		connection->set.on_files(connection->set.arg);
}

/* systemd does not report changes any more.  Returns whether the connection was up. */
static bool connection_down(struct systemd_connection *connection, const char *why)
{
	if (connection->phase != UP)
		return false;
	connection->phase = SUBSCRIBING;
	if (connection->wanted)
		log_info("systemd: no change signals are received: %s", why);
	if (clock_now() - connection->since > BACKOFF_MAX)
		connection->backoff = BACKOFF_MIN; /* it was up long enough to start again */
	connection->user.on_down(connection->user.arg);
	return true;
}

static void connection_lose(struct systemd_connection *connection, const char *why)
{
	connection_down(connection, why);
	connection_close(connection);
	connection->phase = RESTING;
	loop_timer_rearm(connection->timer, next_backoff(connection));
}

/* --- messages of systemd and the bus ---------------------------------------------------------- */

bool systemd_connection_sent(const struct systemd_connection *connection, sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);

	return connection->direct || (sender != NULL && connection->systemd[0] != '\0' &&
					     strcmp(sender, connection->systemd) == 0);
}

static int on_properties(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;

	if (connection->phase == UP && systemd_connection_sent(connection, message))
		connection->user.on_change(
			sd_bus_message_get_path(message), message, connection->user.arg);
	return 0;
}

static int on_job_removed(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;
	const char *job, *unit, *result;
	char *path = NULL;

	if (connection->phase != UP || !systemd_connection_sent(connection, message) ||
		sd_bus_message_read(message, "uoss", NULL, &job, &unit, &result) <= 0 ||
		sd_bus_path_encode(SYSTEMD_OBJECT "/unit", unit, &path) < 0)
		return 0;
	connection->user.on_job(path, job, result, connection->user.arg);
	free(path);
	return 0;
}

static int on_subscribed(sd_bus_message *answer, void *arg, sd_bus_error *ret)
{
	struct systemd_connection *connection = arg;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	const char *sender = sd_bus_message_get_sender(answer);

	connection->subscribed = sd_bus_slot_unref(connection->subscribed);
	systemd_connection_heard(connection, error);
	if (error == NULL || sd_bus_error_has_name(error, SYSTEMD ".AlreadySubscribed")) {
		snprintf(connection->systemd, sizeof(connection->systemd), "%s",
			sender != NULL ? sender : "");
		connection_up(connection);
	} else if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)) {
		connection->broken = true;
	} else { /* systemd is not on the bus yet */
		loop_timer_rearm(connection->timer, next_backoff(connection));
	}
	return 0;
}

static void connection_subscribe(struct systemd_connection *connection)
{
	sd_bus_message *message = NULL;
	int r;

	connection->phase = SUBSCRIBING;
	loop_timer_stop(connection->timer);
	connection->subscribed = sd_bus_slot_unref(connection->subscribed);
	r = systemd_connection_method(
		connection, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "Subscribe");
	if (r >= 0)
		r = systemd_connection_send(connection, &connection->subscribed, message, ANSWER,
			on_subscribed, connection);
	sd_bus_message_unref(message);
	if (r < 0)
		systemd_connection_hangs(connection);
}

/* While systemd reloads, it frees and loads all units again, and sends no signals about units. */
static int on_reloading(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;
	int begins;

	if (!systemd_connection_sent(connection, message) ||
		sd_bus_message_read(message, "b", &begins) <= 0)
		return 0;
	if (!begins)
		connection_down(connection, "systemd has reloaded");
	else if (connection_down(connection, "systemd is reloading"))
		loop_timer_rearm(
			connection->timer, ANSWER); /* in case the signal of the end is lost */
	if (!begins)
		connection_subscribe(connection);
	return 0;
}

/* systemd has left the bus or has come back: as another process, or as the same one again. */
static int on_owner(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;
	const char *sender = sd_bus_message_get_sender(message), *name, *before, *now;

	if (sender == NULL || strcmp(sender, BUS) != 0 ||
		sd_bus_message_read(message, "sss", &name, &before, &now) <= 0 ||
		strcmp(name, SYSTEMD) != 0)
		return 0;
	connection_down(connection, "systemd has left the bus");
	connection->systemd[0] = '\0';
	if (now[0] != '\0')
		connection_subscribe(connection);
	else
		loop_timer_rearm(connection->timer, next_backoff(connection));
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void connection_turn(struct systemd_connection *connection);

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	connection_turn(arg);
}

static void on_turn(uint64_t missed, void *arg)
{
	connection_turn(arg);
}

/* Waits for the events and the timeout that sd-bus asks for. */
static int connection_arm(struct systemd_connection *connection)
{
	int events = sd_bus_get_events(connection->bus), fd = sd_bus_get_fd(connection->bus);
	short wanted = (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
	uint64_t now = clock_now() / 1000, usec;
	int r = sd_bus_get_timeout(connection->bus, &usec);

	if (events < 0 || fd < 0 || r < 0)
		return -ENOTCONN;
	if (usec == UINT64_MAX)
		loop_timer_stop(connection->turn);
	else
		loop_timer_rearm(connection->turn, usec > now ? (usec - now) * 1000 : 0);
	if (connection->event != NULL && connection->events == wanted)
		return 0;
	if (connection->event != NULL)
		event_free(connection->event);
	connection->events = wanted;
	connection->event = event_new(loop_base(connection->loop), fd, (short)(wanted | EV_PERSIST),
		on_event, connection);
	return event_add(connection->event, NULL) == 0 ? 0 : -ENOMEM;
}

static void connection_turn(struct systemd_connection *connection)
{
	uint64_t end = clock_now() + TURN_TIME;
	unsigned n = 0;
	int r;

	do {
		r = sd_bus_process(connection->bus, NULL);
		if (r >= 0 && connection->phase == OPENING && sd_bus_is_ready(connection->bus) > 0)
			connection_subscribe(connection);
	} while (r > 0 && !connection->broken && ++n < TURN_MESSAGES && clock_now() < end);
	if (r >= 0 && sd_bus_is_open(connection->bus) <= 0)
		r = -ENOTCONN;
	if (r >= 0 && connection->broken)
		r = -ETIMEDOUT;
	if (r >= 0)
		r = connection_arm(connection);
	if (r < 0)
		connection_lose(connection, strerror(-r));
}

/* --- opening ---------------------------------------------------------------------------------- */

int systemd_connection_match(
	struct systemd_connection *connection, const char *rule, sd_bus_message_handler_t fn)
{
	char whole[256];

	/* On a direct connection signals have no sender, so the match rule must not require one. */
	snprintf(whole, sizeof(whole), "type='signal',%s%s",
		connection->direct ? "" : "sender='" SYSTEMD "',", rule);
	return sd_bus_add_match_async(connection->bus, NULL, whole, fn, NULL, connection);
}

/* The bus keeps the order of messages, so these rules are in force before it handles a later
 * call. */
static int add_matches(struct systemd_connection *connection)
{
	int r = systemd_connection_match(connection,
		"path_namespace='" SYSTEMD_OBJECT "/unit',interface='" BUS ".Properties',"
		"member='PropertiesChanged'",
		on_properties);

	if (r >= 0)
		r = systemd_connection_match(connection,
			"path='" SYSTEMD_OBJECT "',interface='" SYSTEMD_MANAGER "',"
			"member='Reloading'",
			on_reloading);
	if (r >= 0)
		r = systemd_connection_match(connection,
			"path='" SYSTEMD_OBJECT "',interface='" SYSTEMD_MANAGER "',"
			"member='JobRemoved'",
			on_job_removed);
	if (r >= 0 && !connection->direct)
		r = sd_bus_add_match_async(connection->bus, NULL,
			"type='signal',sender='" BUS "',interface='" BUS "',"
			"member='NameOwnerChanged',arg0='" SYSTEMD "'",
			on_owner, NULL, connection);
	if (r >= 0 && connection->set.on_new != NULL)
		r = systemd_connection_match_set(connection);
	return r;
}

static int connection_open(struct systemd_connection *connection)
{
	int r = systemd_bus_start(&connection->bus, &connection->direct);

	connection->phase = OPENING;
	connection->systemd[0] = '\0';
	if (r >= 0)
		r = add_matches(connection);
	if (r >= 0)
		r = connection_arm(connection);
	if (r >= 0)
		loop_timer_rearm(connection->timer, GREETING);
	return r;
}

static void connection_begin(struct systemd_connection *connection)
{
	int r = connection_open(connection);

	if (r < 0)
		connection_lose(connection, strerror(-r));
}

/* The timeout of the phase has expired. */
static void on_timer(uint64_t missed, void *arg)
{
	struct systemd_connection *connection = arg;

	if (!connection->wanted) {
		connection_down(connection, "nothing is watched");
		connection_close(connection);
	} else if (connection->phase == RESTING) {
		connection_begin(connection);
	} else if (connection->phase == SUBSCRIBING) {
		connection_subscribe(connection);
	} else if (connection->phase == OPENING) {
		connection_lose(connection, "the bus does not answer");
	}
}

struct systemd_connection *systemd_connection_new(
	struct loop *loop, const struct systemd_connection_user *user)
{
	struct systemd_connection *connection = memory_zero(sizeof(*connection));

	*connection =
		(struct systemd_connection){.loop = loop, .user = *user, .backoff = BACKOFF_MIN};
	connection->turn = loop_once(loop, on_turn, connection);
	connection->timer = loop_once(loop, on_timer, connection);
	return connection;
}

void systemd_connection_free(struct systemd_connection *connection)
{
	if (connection == NULL)
		return;
	connection_close(connection);
	loop_timer_free(connection->turn);
	loop_timer_free(connection->timer);
	free(connection);
}

void systemd_connection_want(struct systemd_connection *connection, bool wanted)
{
	wanted = wanted || connection->set.on_new != NULL;
	connection->wanted = wanted;
	if (wanted && connection->phase == CLOSED)
		connection_begin(connection);
	else if (connection->phase == UP && wanted)
		loop_timer_stop(connection->timer);
	else if (connection->phase == UP)
		loop_timer_rearm(connection->timer, LINGER);
	/* In the other phases on_timer or connection_up handles the new value. */
}

bool systemd_connection_is_up(const struct systemd_connection *connection)
{
	return connection->phase == UP && !connection->broken;
}

/* --- calls ------------------------------------------------------------------------------------ */

int systemd_connection_method(struct systemd_connection *connection, sd_bus_message **message,
	const char *path, const char *interface, const char *member)
{
	int r = sd_bus_message_new_method_call(
		connection->bus, message, SYSTEMD, path, interface, member);

	/* systemd is never activated by the bus, so the bus must not try to start it. */
	return r < 0 ? r : sd_bus_message_set_auto_start(*message, false);
}

int systemd_connection_send(struct systemd_connection *connection, sd_bus_slot **slot,
	sd_bus_message *message, uint64_t timeout, sd_bus_message_handler_t fn, void *arg)
{
	int r = sd_bus_call_async(
		connection->bus, slot, message, fn, arg, timeout > 1000 ? timeout / 1000 : 1);

	/* The call has a new timeout.  Outside connection_turn, the timer is not armed for it
	 * yet. */
	if (r >= 0)
		loop_timer_rearm(connection->turn, 0);
	if (r >= 0 && connection->silent_since == 0)
		connection->silent_since = clock_now();
	return r;
}

void systemd_connection_heard(struct systemd_connection *connection, const sd_bus_error *error)
{
	if (!sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		connection->silent_since = 0;
}

void systemd_connection_late(struct systemd_connection *connection)
{
	if (connection->silent_since != 0 && clock_now() - connection->silent_since >= SILENCE)
		systemd_connection_hangs(connection);
}

void systemd_connection_hangs(struct systemd_connection *connection)
{
	connection->broken = true;
	loop_timer_rearm(connection->turn, 0);
}
