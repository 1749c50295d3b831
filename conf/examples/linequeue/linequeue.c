/*
 * linequeue: a queue of lines behind a TCP port.
 *
 * A client sends `put TEXT` to add a line; the answer is `ok` or `full`.  It sends `take` to remove
 * the oldest line; the answer is `line TEXT` or `empty`.
 *
 * The connections are bufferevents on the event base of vigild.  Each of their callbacks begins
 * with vigil_enter and ends with vigil_leave.  The lines are in the state, below
 * /daemons/NAME/queue, and vigil_persist keeps them over a restart of vigild.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <vigil/vigil.h>

#define CLIENTS_MAX 64
#define LINE_LENGTH 1024  /* bytes of the longest line, with its end */
#define OUTPUT_MAX  65536 /* bytes of answers that a client has not read */
#define IDLE_MAX    300   /* seconds after which a silent connection is closed */

struct client {
	struct queue *queue;
	struct bufferevent *bev;
	LIST_ENTRY(client) link;
};

struct queue {
	vigil_daemon *d;
	vigil_gate *gate;
	int listener; /* the listening socket, which vigild owns */
	LIST_HEAD(, client) clients;
	int connected;
	const char *address;
	json_int_t limit;
	json_int_t first, next; /* the lines are queue/FIRST to queue/(NEXT - 1) in the state */
	json_int_t received, taken, refused;
};

/* --- the lines -------------------------------------------------------------------------------- */

static void report(struct queue *q)
{
	json_int_t depth = q->next - q->first;

	vigil_state_set(q->d, "received", json_integer(q->received));
	vigil_state_set(q->d, "taken", json_integer(q->taken));
	vigil_state_set(q->d, "refused", json_integer(q->refused));
	vigil_state_set(q->d, "perfdata/depth",
		json_pack("{sI si sI}", "value", depth, "min", 0, "max", q->limit));
	vigil_health(q->d, depth < q->limit ? VIGIL_OK : VIGIL_CRITICAL, "%s%lld of %lld lines",
		depth < q->limit ? "" : "full: ", (long long)depth, (long long)q->limit);
}

/* Writes the address of a line in the state. */
static const char *address_of(char path[32], json_int_t number)
{
	snprintf(path, 32, "queue/%lld", (long long)number);
	return path;
}

static void put(struct queue *q, const char *text, struct evbuffer *out)
{
	json_t *line;
	char path[32];

	if (q->next - q->first >= q->limit) {
		q->refused++;
		evbuffer_add_printf(out, "full\n");
		return;
	}
	line = json_string(text);
	if (line == NULL) {
		evbuffer_add_printf(out, "error: the line is not UTF-8\n");
		return;
	}
	vigil_state_set(q->d, address_of(path, q->next++), line); /* takes over the reference */
	q->received++;
	evbuffer_add_printf(out, "ok\n");
}

static void take(struct queue *q, struct evbuffer *out)
{
	const json_t *line;
	char path[32];

	if (q->first == q->next) {
		evbuffer_add_printf(out, "empty\n");
		return;
	}
	line = vigil_state_get(q->d, address_of(path, q->first++)); /* valid until the next write */
	evbuffer_add_printf(out, "line %s\n", json_string_value(line));
	vigil_state_unset(q->d, path);
	q->taken++;
}

/* Finds the lines that vigil_persist writes to the state again. */
static void restore(struct queue *q)
{
	json_t *lines, *line;
	const char *key;

	vigil_persist(q->d, "queue");
	lines = (json_t *)vigil_state_get(q->d, "queue"); /* the loop below does not change it */
	json_object_foreach(lines, key, line) {
		json_int_t number = strtoll(key, NULL, 10);

		if (q->first == q->next || number < q->first)
			q->first = number;
		if (number >= q->next)
			q->next = number + 1;
	}
}

/* --- the connections -------------------------------------------------------------------------- */

static void client_free(struct client *c)
{
	c->queue->connected--;
	LIST_REMOVE(c, link);
	bufferevent_free(c->bev); /* closes the socket; no callback of it follows */
	free(c);
}

static void answer(struct queue *q, const char *line, struct evbuffer *out)
{
	if (strncmp(line, "put ", 4) == 0)
		put(q, line + 4, out);
	else if (strcmp(line, "take") == 0)
		take(q, out);
	else
		evbuffer_add_printf(out, "error: unknown command\n");
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	struct queue *q = c->queue;
	struct evbuffer *in = bufferevent_get_input(bev), *out = bufferevent_get_output(bev);
	char *line;

	if (vigil_enter(q->gate) == NULL)
		return;
	while ((line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		answer(q, line, out);
		free(line);
	}
	report(q);
	/* A client that sends no line end, or that reads no answers, must not fill the memory. */
	if (evbuffer_get_length(in) >= LINE_LENGTH || evbuffer_get_length(out) > OUTPUT_MAX)
		client_free(c);
	vigil_leave(q->gate);
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct client *c = arg;
	vigil_gate *gate = c->queue->gate;

	(void)bev;
	if (vigil_enter(gate) == NULL)
		return;
	client_free(c);
	vigil_leave(gate);
}

/* The connection has ended, or nothing was received for IDLE_MAX. */
static void on_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;
	vigil_gate *gate = c->queue->gate;

	if (vigil_enter(gate) == NULL)
		return;
	if (what & BEV_EVENT_EOF && evbuffer_get_length(bufferevent_get_output(bev)) > 0) {
		/* The client sends no more, but it may wait for the answers. */
		bufferevent_disable(bev, EV_READ);
		bufferevent_setcb(bev, NULL, on_written, on_event, c);
	} else {
		client_free(c);
	}
	vigil_leave(gate);
}

/* Called by vigild, and not by libevent, so it needs no vigil_enter.  The module owns fd. */
static void on_accept(vigil_daemon *d, int fd, void *arg)
{
	struct queue *q = arg;
	struct timeval idle = {.tv_sec = IDLE_MAX};
	struct client *c = q->connected < CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;

	if (c != NULL)
		c->bev = bufferevent_socket_new(vigil_base(d), fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->bev == NULL) {
		free(c);
		close(fd);
		return;
	}
	c->queue = q;
	q->connected++;
	LIST_INSERT_HEAD(&q->clients, c, link);
	bufferevent_setcb(c->bev, on_read, NULL, on_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, LINE_LENGTH);
	bufferevent_set_timeouts(c->bev, &idle, &idle);
	bufferevent_enable(c->bev, EV_READ);
}

/* --- the module ------------------------------------------------------------------------------- */

static int check(vigil_daemon *d)
{
	char why[256];

	if (vigil_check_address(vigil_option_text(d, "address"), why, sizeof why) != 0)
		return vigil_diagnose(d, "address", "%s", why);
	return 0;
}

/* Stores the port, which the kernel has chosen if the port of the address is 0. */
static void store_port(struct queue *q)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} a = {.any.sa_family = AF_UNSPEC};
	socklen_t length = sizeof a;

	getsockname(q->listener, &a.any, &length);
	if (a.any.sa_family == AF_INET)
		vigil_state_set(q->d, "port", json_integer(ntohs(a.v4.sin_port)));
	else if (a.any.sa_family == AF_INET6)
		vigil_state_set(q->d, "port", json_integer(ntohs(a.v6.sin6_port)));
}

static int listen_on(struct queue *q, const char *address)
{
	return vigil_listen(q->d, &(vigil_listen_spec){.size = sizeof(vigil_listen_spec),
					  .address = address,
					  .on_accept = on_accept,
					  .arg = q});
}

static int start(vigil_daemon *d)
{
	struct queue *q = vigil_alloc(d, sizeof *q);

	q->d = d;
	q->address = vigil_option_text(d, "address");
	q->limit = vigil_option_int(d, "limit");
	q->listener = listen_on(q, q->address);
	if (q->listener < 0)
		return vigil_fail(d, "%s: %s", q->address, strerror(-q->listener));
	q->gate = vigil_gate_open(d);
	vigil_set_data(d, q);
	store_port(q);
	restore(q);
	report(q);
	return 0;
}

/* Called after a reload that has changed an option.  The connections stay open.  If the new address
 * cannot be used, the daemon keeps its old options. */
static int reconfigure(vigil_daemon *d)
{
	struct queue *q = vigil_data(d);
	const char *address = vigil_option_text(d, "address");
	int listener;

	/* The old text is valid until this function returns. */
	if (strcmp(address, q->address) != 0) {
		listener = listen_on(q, address);
		if (listener < 0) {
			vigil_diagnose(d, "address", "%s", strerror(-listener));
			return VIGIL_REFUSED;
		}
		vigil_listen_close(d, q->listener);
		q->listener = listener;
		store_port(q);
	}
	q->address = address;
	q->limit = vigil_option_int(d, "limit");
	report(q);
	return 0;
}

/* The bufferevents and the gate belong to the module. */
static void stop(vigil_daemon *d)
{
	struct queue *q = vigil_data(d);

	while (!LIST_EMPTY(&q->clients))
		client_free(LIST_FIRST(&q->clients));
	vigil_gate_close(q->gate);
}

static const vigil_option options[] = {VIGIL_OPTION("address", VIGIL_TEXT, "127.0.0.1:7070",
					       "ADDRESS:PORT or unix:/PATH of the server"),
	VIGIL_OPTION("limit", VIGIL_INT, "1000", "lines above which put is answered with full",
		.min = 1, .max = 10000),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "linequeue", .summary = "a queue of lines behind a TCP port",
	.options = options, .start = start, .stop = stop, .reconfigure = reconfigure,
	.check = check);
