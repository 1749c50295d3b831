/*
 * client: one connection to a running vigild, with blocking calls and time limits.
 *
 * vigilctl and the console use it, because they may wait for a reply.  Calls have a time limit,
 * because a vigild that hangs must not hang the administrator who examines it.
 */
#include "client/client.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "state/json_value.h"

#define CONNECT_SECONDS 5.0
#define SECONDS         10.0
#define SECONDS_RELOAD  120.0
/* Longer than vigild waits for the service managers. */
#define SECONDS_SERVICES 60.0
/* Longer than vigild opens modules that hang. */
#define SECONDS_MODULES 70.0
#define AT_ONCE         1 /* a deadline in the past */

/* A reply about 100,000 daemons fits, and the state is nested less deeply. */
#define REPLY_MAX   ((size_t)256 * 1024 * 1024)
#define NESTING_MAX 64

struct client {
	int fd;
	char *buffer; /* received data that has not been parsed */
	size_t length, size;
	int id; /* id of the last request */
};

/* 0, -ETIMEDOUT or -errno. deadline 0: no limit. */
static int wait_for(const struct client *client, short events, uint64_t deadline)
{
	struct pollfd p = {.fd = client->fd, .events = events};
	uint64_t now;
	int n, timeout;

	do {
		now = clock_now();
		timeout = deadline == 0     ? -1
			  : now >= deadline ? 0
					    : (int)((deadline - now) / CLOCK_MS) + 1;
		n = poll(&p, 1, timeout);
		if (n == 0 && timeout == 0)
			return -ETIMEDOUT;
	} while (n == 0 || (n < 0 && errno == EINTR));
	return n > 0 ? 0 : -errno;
}

static int connect_to(struct client *client, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t deadline = clock_now() + clock_from_seconds(CONNECT_SECONDS);
	const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0)
		return -errno;
	while (connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		/* The backlog is full.  No event reports that it has room again. */
		if (errno != EAGAIN)
			return -errno;
		if (clock_now() > deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
	return 0;
}

struct client *client_open(const char *socket)
{
	struct client *client = memory_zero(sizeof(*client));
	int err;

	client->fd = -1;
	err = connect_to(client, socket);
	if (err == 0)
		return client;
	client_close(client);
	errno = -err;
	return NULL;
}

struct client *client_adopt(int fd)
{
	struct client *client = memory_zero(sizeof(*client));

	client->fd = fd;
	return client;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	if (client->fd >= 0)
		close(client->fd);
	free(client->buffer);
	free(client);
}

static int send_all(struct client *client, const char *text, size_t length, uint64_t deadline)
{
	ssize_t n;
	int err;

	while (length > 0) {
		n = send(client->fd, text, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN) {
			err = wait_for(client, POLLOUT, deadline);
			if (err != 0)
				return err;
		} else if (n < 0 && errno != EINTR) {
			return -errno;
		} else if (n > 0) {
			text += n;
			length -= (size_t)n;
		}
	}
	return 0;
}

static int receive(struct client *client, uint64_t deadline)
{
	ssize_t n;
	int err = wait_for(client, POLLIN, deadline);

	if (err != 0)
		return err;
	if (client->size - client->length < 65536) {
		client->size += 65536 + client->size;
		client->buffer = memory_grow(client->buffer, client->size, 1);
	}
	n = recv(client->fd, client->buffer + client->length, client->size - client->length, 0);
	if (n > 0)
		client->length += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	return n == 0 ? -EPIPE : n < 0 ? -errno : 0;
}

json_t *client_parse(const char *line, size_t length)
{
	json_t *object = json_loadb(line, length, JSON_ALLOW_NUL, NULL);
	int err = 0;

	if (object == NULL)
		err = EPROTO;
	else if (json_depth(object, NESTING_MAX) > NESTING_MAX)
		err = EBADMSG;
	if (err == 0)
		return object;
	json_decref(object);
	errno = err;
	return NULL;
}

const char *client_error(int err)
{
	switch (err) {
	case EPROTO: return "the reply is not JSON";
	case EBADMSG: return "the reply is nested deeper than 64 levels";
	case EPIPE:
	case ECONNRESET: return "connection closed by vigild";
	case EMSGSIZE: return "the reply is larger than 256 MiB";
	default: return strerror(err);
	}
}

/* The next line, parsed as JSON.  NULL and errno. */
static json_t *next_object(struct client *client, uint64_t deadline)
{
	char *end;
	json_t *object;
	size_t seen = 0, rest;
	int err;

	while (client->length == seen ||
		(end = memchr(client->buffer + seen, '\n', client->length - seen)) == NULL) {
		seen = client->length;
		err = seen > REPLY_MAX ? -EMSGSIZE : receive(client, deadline);
		if (err != 0) {
			errno = -err;
			return NULL;
		}
	}
	object = client_parse(client->buffer, (size_t)(end - client->buffer));
	err = errno;
	rest = client->length - (size_t)(end + 1 - client->buffer);
	memmove(client->buffer, end + 1, rest);
	client->length = rest;
	errno = err;
	return object;
}

/* The reply to the last request.  Other objects before it are dropped.  The reply to a rejected
 * connection has a null id. */
static json_t *find_reply(struct client *client, uint64_t deadline)
{
	json_t *object, *id;

	while ((object = next_object(client, deadline)) != NULL) {
		id = json_object_get(object, "id");
		if (json_is_null(id) ||
			(json_is_integer(id) && json_integer_value(id) == client->id))
			return object;
		json_decref(object);
	}
	return NULL;
}

/* 0 or -errno. */
static int send_request(
	struct client *client, const char *method, json_t *params, uint64_t deadline)
{
	json_t *request =
		json_pack("{s:s,s:i,s:s}", "jsonrpc", "2.0", "id", ++client->id, "method", method);
	char *line;
	int err = -ENOMEM;

	if (params != NULL)
		json_object_set_new(request, "params", params);
	line = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	if (line != NULL)
		err = send_all(client, line, strlen(line), deadline);
	if (err == 0)
		err = send_all(client, "\n", 1, deadline);
	free(line);
	return err;
}

static uint64_t deadline_in(double seconds)
{
	return seconds > 0 ? clock_now() + clock_from_seconds(seconds) : 0;
}

json_t *client_call(struct client *client, const char *method, json_t *params, double seconds)
{
	uint64_t deadline = deadline_in(seconds);
	int err = send_request(client, method, params, deadline);

	/* vigild may reject a connection and close it before it reads the request, so a reply may
	 * exist although sending failed. */
	if (err == 0 || err == -EPIPE || err == -ECONNRESET)
		return find_reply(client, deadline);
	errno = -err;
	return NULL;
}

int client_fd(const struct client *client)
{
	return client->fd;
}

int client_send(struct client *client, const char *method, json_t *params, double seconds)
{
	int err = send_request(client, method, params, deadline_in(seconds));

	return err == 0 || err == -EPIPE || err == -ECONNRESET ? client->id : err;
}

json_t *client_take(struct client *client)
{
	json_t *object = next_object(client, AT_ONCE);

	if (object == NULL && errno == ETIMEDOUT)
		errno = EAGAIN;
	return object;
}

bool client_is_absent(int err)
{
	return err == ENOENT || err == ECONNREFUSED;
}

double client_patience(const char *verb)
{
	static const struct {
		const char *verb;
		double seconds;
	} verbs[] = {
		{"reload", SECONDS_RELOAD},
		{"resume", SECONDS_RELOAD}, /* of a quarantined daemon: it is started */
		{"run", SECONDS_RELOAD},    /* of a daemon whose process is busy */
		{"modules", SECONDS_MODULES},
		{"services", SECONDS_SERVICES},
		/* The limits of the services apply. */
		{"start", 0},
		{"stop", 0},
		{"restart", 0},
		{"call", 0},
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].verb, verb) == 0)
			return verbs[i].seconds;
	return SECONDS;
}

void client_read_reply(json_t *object, struct command_reply *reply)
{
	json_t *error = json_object_get(object, "error"),
	       *result = json_object_get(object, "result");
	const char *message = json_string_value(json_object_get(error, "message"));
	json_int_t code = json_integer_value(json_object_get(error, "code"));

	if (error == NULL && result != NULL) {
		reply->result = json_incref(result);
		return;
	}
	if (error == NULL)
		message = "the reply has neither a result nor an error";
	reply->code =
		code != 0 && code >= INT_MIN && code <= INT_MAX ? (int)code : COMMAND_INTERNAL;
	reply->data = json_incref(json_object_get(error, "data"));
	text_truncate(reply->message, sizeof(reply->message),
		message != NULL ? message : "unknown error");
	if (reply->message[0] == '\0')
		text_truncate(reply->message, sizeof(reply->message), "unknown error");
}

int client_ask(struct client *client, const char *verb, json_t *params, struct command_reply *reply)
{
	json_t *object = client_call(client, verb, params, client_patience(verb));

	if (object == NULL)
		return -errno;
	client_read_reply(object, reply);
	json_decref(object);
	return 0;
}

char *client_config_file(struct client *client, char *why, size_t size)
{
	struct command_reply reply = {0};
	int err = client_ask(client, "version", NULL, &reply);
	const char *file;
	char *copy = NULL;

	if (err != 0) {
		snprintf(why, size, "no answer from vigild: %s", client_error(-err));
		return NULL;
	}
	file = json_string_value(json_object_get(reply.result, "config"));
	if (file != NULL)
		copy = memory_text(file);
	else
		snprintf(why, size, "%s",
			reply.code != 0 ? reply.message
					: "vigild did not report which configuration it reads");
	command_reply_clear(&reply);
	return copy;
}

json_t *client_next(struct client *client)
{
	json_t *object;

	while ((object = next_object(client, 0)) != NULL) {
		if (json_object_get(object, "method") != NULL)
			return object;
		json_decref(object);
	}
	return NULL;
}
