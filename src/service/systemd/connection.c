/*
 * systemd_line: the loop's own connection to systemd, on which nothing is ever waited for.
 *
 * The workers' connections (systemd_bus.c) wait for their answers and stay silent in between.
 * This one hears systemd speak: the loop reads it whenever something has come, a bounded number
 * of messages a turn, and whatever is asked on it is answered by a callback.  A bus that accepts
 * and says nothing costs the loop nothing.
 *
 * It is up when systemd itself has confirmed that it tells us of changes, and only then can a
 * unit of which nothing was heard be taken to be as it was.  systemd forgets us when it replaces
 * itself, may lose signals while it reloads, and is not on the bus for a moment after the bus
 * was restarted; each of these brings the line down until systemd has confirmed anew.  Whoever
 * uses it must then look at everything, since signals were lost.
 *
 * There is one match for all units: a bus limits how many one connection may have.  Anyone on the
 * bus may send us a signal directly, past any match, so who sent it is looked at each time.
 */
#include "service/systemd/connection.h"

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

#define GREETING    (10 * CLOCK_SECOND) /* until the bus has let us in */
#define ANSWER      (10 * CLOCK_SECOND) /* until systemd has confirmed */
#define BACKOFF_MIN (100 * CLOCK_MS)
#define BACKOFF_MAX (10 * CLOCK_SECOND)
#define SILENCE     (10 * CLOCK_SECOND) /* with questions and no answer to any: systemd hangs */
#define LINGER      (5 * CLOCK_SECOND)  /* open, though nobody wants it any more */

/* What is taken in at most before timers and others have their turn. */
#define TURN_MESSAGES 64
#define TURN_TIME     (2 * CLOCK_MS)

#define BUS "org.freedesktop.DBus"

enum phase {
	CLOSED,
	OPENING,     /* the bus has not greeted us yet */
	SUBSCRIBING, /* systemd has not confirmed yet */
	UP,
	RESTING /* lost; opened anew when the timer says so */
};

struct systemd_connection {
	struct loop *loop;
	struct systemd_connection_user user;
	bool wanted;
	enum phase phase;
	sd_bus *bus;             /* NULL: CLOSED, RESTING */
	bool direct;             /* without a bus in between: there is nobody else on it */
	char systemd[64];        /* its unique name, once it has confirmed */
	sd_bus_slot *subscribed; /* the call under way */
	bool broken;             /* to be lost when sd-bus is done with its turn */
	struct event *event;
	short events;             /* that it waits for */
	struct loop_timer *turn;  /* when sd-bus itself wants one */
	struct loop_timer *timer; /* the phase's own */
	uint64_t backoff;
	uint64_t since;        /* when it came up last */
	uint64_t silent_since; /* the first question after the last answer; 0: none */
};

/* --- up and down ------------------------------------------------------------------------------ */

static void line_close(struct systemd_connection *line)
{
	line->subscribed = sd_bus_slot_unref(line->subscribed);
	if (line->event != NULL)
		event_free(line->event);
	line->event = NULL;
	line->events = 0;
	loop_timer_stop(line->turn);
	loop_timer_stop(line->timer);
	if (line->bus != NULL)
		sd_bus_close(line->bus);
	line->bus = sd_bus_unref(line->bus);
	line->broken = false;
	line->silent_since = 0;
	line->phase = CLOSED;
}

static uint64_t next_backoff(struct systemd_connection *line)
{
	uint64_t now = line->backoff;

	line->backoff = now * 2 < BACKOFF_MAX ? now * 2 : BACKOFF_MAX;
	return now;
}

static void line_up(struct systemd_connection *line)
{
	line->phase = UP;
	line->since = clock_now();
	loop_timer_stop(line->timer);
	if (!line->wanted)
		loop_timer_again(line->timer, LINGER);
	log_debug("systemd tells us of changes");
	line->user.on_up(line->user.arg);
}

/* Changes are not told of any more.  Returns whether they were. */
static bool line_down(struct systemd_connection *line, const char *why)
{
	if (line->phase != UP)
		return false;
	line->phase = SUBSCRIBING;
	if (line->wanted)
		log_info("systemd does not tell us of changes for now: %s", why);
	if (clock_now() - line->since > BACKOFF_MAX)
		line->backoff = BACKOFF_MIN; /* it was no flicker */
	line->user.on_down(line->user.arg);
	return true;
}

static void line_lose(struct systemd_connection *line, const char *why)
{
	line_down(line, why);
	line_close(line);
	line->phase = RESTING;
	loop_timer_again(line->timer, next_backoff(line));
}

/* --- what systemd and the bus say ------------------------------------------------------------- */

static bool is_from_systemd(const struct systemd_connection *line, sd_bus_message *message)
{
	const char *sender = sd_bus_message_get_sender(message);

	return line->direct ||
	       (sender != NULL && line->systemd[0] != '\0' && strcmp(sender, line->systemd) == 0);
}

static int on_properties(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *line = arg;

	if (line->phase == UP && is_from_systemd(line, message))
		line->user.on_change(sd_bus_message_get_path(message), message, line->user.arg);
	return 0;
}

static int on_subscribed(sd_bus_message *answer, void *arg, sd_bus_error *ret)
{
	struct systemd_connection *line = arg;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	const char *sender = sd_bus_message_get_sender(answer);

	line->subscribed = sd_bus_slot_unref(line->subscribed);
	systemd_connection_heard(line, error);
	if (error == NULL || sd_bus_error_has_name(error, SYSTEMD ".AlreadySubscribed")) {
		snprintf(line->systemd, sizeof(line->systemd), "%s", sender != NULL ? sender : "");
		line_up(line);
	} else if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY)) {
		line->broken = true;
	} else { /* systemd is not on the bus yet */
		loop_timer_again(line->timer, next_backoff(line));
	}
	return 0;
}

static void line_subscribe(struct systemd_connection *line)
{
	sd_bus_message *message = NULL;
	int r;

	line->phase = SUBSCRIBING;
	loop_timer_stop(line->timer);
	line->subscribed = sd_bus_slot_unref(line->subscribed);
	r = systemd_connection_method(line, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "Subscribe");
	if (r >= 0)
		r = systemd_connection_send(
			line, &line->subscribed, message, ANSWER, on_subscribed, line);
	sd_bus_message_unref(message);
	if (r < 0)
		systemd_connection_hangs(line);
}

/* While it reloads it forgets and learns all units anew, and speaks of none in between. */
static int on_reloading(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *line = arg;
	int begins;

	if (!is_from_systemd(line, message) || sd_bus_message_read(message, "b", &begins) <= 0)
		return 0;
	if (!begins)
		line_down(line, "it has reloaded");
	else if (line_down(line, "it reloads"))
		loop_timer_again(line->timer, ANSWER); /* should the word of its end be lost */
	if (!begins)
		line_subscribe(line);
	return 0;
}

/* It has left the bus, or come back: another process now, or the same one anew. */
static int on_owner(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *line = arg;
	const char *sender = sd_bus_message_get_sender(message), *name, *before, *now;

	if (sender == NULL || strcmp(sender, BUS) != 0 ||
		sd_bus_message_read(message, "sss", &name, &before, &now) <= 0 ||
		strcmp(name, SYSTEMD) != 0)
		return 0;
	line_down(line, "it has left the bus");
	line->systemd[0] = '\0';
	if (now[0] != '\0')
		line_subscribe(line);
	else
		loop_timer_again(line->timer, next_backoff(line));
	return 0;
}

/* --- the turn --------------------------------------------------------------------------------- */

static void line_turn(struct systemd_connection *line);

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	line_turn(arg);
}

static void on_turn(uint64_t missed, void *arg)
{
	line_turn(arg);
}

/* Waits for what sd-bus waits for. */
static int line_arm(struct systemd_connection *line)
{
	int events = sd_bus_get_events(line->bus), fd = sd_bus_get_fd(line->bus);
	short wanted = (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0));
	uint64_t now = clock_now() / 1000, usec;
	int r = sd_bus_get_timeout(line->bus, &usec);

	if (events < 0 || fd < 0 || r < 0)
		return -ENOTCONN;
	if (usec == UINT64_MAX)
		loop_timer_stop(line->turn);
	else
		loop_timer_again(line->turn, usec > now ? (usec - now) * 1000 : 0);
	if (line->event != NULL && line->events == wanted)
		return 0;
	if (line->event != NULL)
		event_free(line->event);
	line->events = wanted;
	line->event =
		event_new(loop_base(line->loop), fd, (short)(wanted | EV_PERSIST), on_event, line);
	return line->event != NULL && event_add(line->event, NULL) == 0 ? 0 : -ENOMEM;
}

static void line_turn(struct systemd_connection *line)
{
	uint64_t end = clock_now() + TURN_TIME;
	unsigned n = 0;
	int r;

	do {
		r = sd_bus_process(line->bus, NULL);
		if (r >= 0 && line->phase == OPENING && sd_bus_is_ready(line->bus) > 0)
			line_subscribe(line);
	} while (r > 0 && !line->broken && ++n < TURN_MESSAGES && clock_now() < end);
	if (r >= 0 && sd_bus_is_open(line->bus) <= 0)
		r = -ENOTCONN;
	if (r >= 0 && line->broken)
		r = -ETIMEDOUT;
	if (r >= 0)
		r = line_arm(line);
	if (r < 0)
		line_lose(line, strerror(-r));
}

/* --- opening ---------------------------------------------------------------------------------- */

static int add_match(struct systemd_connection *line, const char *rule, sd_bus_message_handler_t fn)
{
	char whole[256];

	/* On a direct line nothing has a sender, so no match may want one. */
	snprintf(whole, sizeof(whole), "type='signal',%s%s",
		line->direct ? "" : "sender='" SYSTEMD "',", rule);
	return sd_bus_add_match_async(line->bus, NULL, whole, fn, NULL, line);
}

/* The bus keeps the order: what is sent after these is answered when they are in force. */
static int add_matches(struct systemd_connection *line)
{
	int r = add_match(line,
		"path_namespace='" SYSTEMD_OBJECT "/unit',interface='" BUS ".Properties',"
		"member='PropertiesChanged'",
		on_properties);

	if (r >= 0)
		r = add_match(line,
			"path='" SYSTEMD_OBJECT "',interface='" SYSTEMD_MANAGER "',"
			"member='Reloading'",
			on_reloading);
	if (r >= 0 && !line->direct)
		r = sd_bus_add_match_async(line->bus, NULL,
			"type='signal',sender='" BUS "',interface='" BUS "',"
			"member='NameOwnerChanged',arg0='" SYSTEMD "'",
			on_owner, NULL, line);
	return r;
}

static int line_open(struct systemd_connection *line)
{
	int r = systemd_bus_start(&line->bus, &line->direct);

	line->phase = OPENING;
	line->systemd[0] = '\0';
	if (r >= 0)
		r = add_matches(line);
	if (r >= 0)
		r = line_arm(line);
	if (r >= 0)
		loop_timer_again(line->timer, GREETING);
	return r;
}

static void line_begin(struct systemd_connection *line)
{
	int r = line_open(line);

	if (r < 0)
		line_lose(line, strerror(-r));
}

/* The phase has lasted long enough. */
static void on_timer(uint64_t missed, void *arg)
{
	struct systemd_connection *line = arg;

	if (!line->wanted) {
		line_down(line, "nothing is watched");
		line_close(line);
	} else if (line->phase == RESTING) {
		line_begin(line);
	} else if (line->phase == SUBSCRIBING) {
		line_subscribe(line);
	} else if (line->phase == OPENING) {
		line_lose(line, "the bus does not answer");
	}
}

struct systemd_connection *systemd_connection_new(
	struct loop *loop, const struct systemd_connection_user *user)
{
	struct systemd_connection *line = memory_zero(sizeof(*line));

	*line = (struct systemd_connection){.loop = loop, .user = *user, .backoff = BACKOFF_MIN};
	line->turn = loop_after(loop, 0, on_turn, line);
	line->timer = loop_after(loop, 0, on_timer, line);
	if (line->turn == NULL || line->timer == NULL) {
		loop_timer_free(line->turn);
		loop_timer_free(line->timer);
		free(line);
		errno = ENOMEM;
		return NULL;
	}
	loop_timer_stop(line->turn);
	loop_timer_stop(line->timer);
	return line;
}

void systemd_connection_free(struct systemd_connection *line)
{
	if (line == NULL)
		return;
	line_close(line);
	loop_timer_free(line->turn);
	loop_timer_free(line->timer);
	free(line);
}

void systemd_connection_want(struct systemd_connection *line, bool wanted)
{
	line->wanted = wanted;
	if (wanted && line->phase == CLOSED)
		line_begin(line);
	else if (line->phase == UP && wanted)
		loop_timer_stop(line->timer);
	else if (line->phase == UP)
		loop_timer_again(line->timer, LINGER);
	/* The other phases come to on_timer by themselves. */
}

bool systemd_connection_is_up(const struct systemd_connection *line)
{
	return line->phase == UP && !line->broken;
}

/* --- asking ----------------------------------------------------------------------------------- */

int systemd_connection_method(struct systemd_connection *line, sd_bus_message **message,
	const char *path, const char *interface, const char *member)
{
	int r = sd_bus_message_new_method_call(
		line->bus, message, SYSTEMD, path, interface, member);

	/* Nobody but systemd itself can put systemd on the bus. */
	return r < 0 ? r : sd_bus_message_set_auto_start(*message, false);
}

int systemd_connection_send(struct systemd_connection *line, sd_bus_slot **slot,
	sd_bus_message *message, uint64_t timeout, sd_bus_message_handler_t fn, void *arg)
{
	int r = sd_bus_call_async(
		line->bus, slot, message, fn, arg, timeout > 1000 ? timeout / 1000 : 1);

	/* Sent from outside a turn, its timeout is not reckoned with yet. */
	if (r >= 0)
		loop_timer_again(line->turn, 0);
	if (r >= 0 && line->silent_since == 0)
		line->silent_since = clock_now();
	return r;
}

void systemd_connection_heard(struct systemd_connection *line, const sd_bus_error *error)
{
	if (!sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		line->silent_since = 0;
}

void systemd_connection_late(struct systemd_connection *line)
{
	if (line->silent_since != 0 && clock_now() - line->silent_since >= SILENCE)
		systemd_connection_hangs(line);
}

void systemd_connection_hangs(struct systemd_connection *line)
{
	line->broken = true;
	loop_timer_again(line->turn, 0);
}
