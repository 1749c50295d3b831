/*
 * fuzz_client: what vigilctl receives over the socket, from a peer that may not be vigild.
 *
 * The first byte says what vigilctl does: it waits for a reply, takes any message, or follows
 * notifications.  The rest is what the peer sends before it closes.  A reply counts as success only
 * with a result and without an error, and a check without a status is UNKNOWN.
 */
#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "client/client.h"
#include "client/print_text.h"
#include "client/verb.h"

static struct sockaddr_un address = {.sun_family = AF_UNIX};

static int listener;

static void close_listener(void)
{
	close(listener);
}

static void listen_there(void)
{
	static pid_t owner;

	if (owner == getpid())
		return;
	owner = getpid();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/client.sock", fuzz_directory());
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	FUZZ_HOLDS(listener >= 0);
	FUZZ_HOLDS(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	FUZZ_HOLDS(listen(listener, 4) == 0);
	atexit(close_listener);
}

static void await_reply(struct client *client)
{
	json_t *object = client_call(client, "status", NULL, 10), *id, *status;
	struct command_reply reply = {0};
	int code;

	if (object == NULL) {
		FUZZ_HOLDS(errno == EPIPE || errno == EPROTO || errno == EBADMSG);
		return;
	}
	id = json_object_get(object, "id");
	FUZZ_HOLDS(json_is_null(id) || json_integer_value(id) == 1);
	client_read_reply(object, &reply);
	if (reply.code == 0)
		FUZZ_HOLDS(reply.result != NULL && json_object_get(object, "error") == NULL);
	else
		FUZZ_HOLDS(reply.result == NULL && reply.message[0] != '\0');
	code = verb_plugin_status(reply.result);
	status = json_object_get(reply.result, "status");
	FUZZ_HOLDS(code == 3 || (json_is_integer(status) && json_integer_value(status) == code));
	FUZZ_HOLDS(code >= 0 && code <= 3);
	json_decref(reply.result);
	json_decref(reply.data);
	json_decref(object);
}

static void take_all(struct client *client, size_t lines)
{
	json_t *object;

	for (;; lines--) {
		object = client_take(client);
		if (object == NULL && errno == EPIPE)
			return;
		FUZZ_HOLDS(lines > 0);
		FUZZ_HOLDS(object != NULL || errno == EPROTO || errno == EBADMSG);
		json_decref(object);
	}
}

static void follow(struct client *client)
{
	json_t *change;
	char *printed = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&printed, &size);

	FUZZ_HOLDS(f != NULL);
	print_to(f);
	while ((change = client_next(client)) != NULL) {
		FUZZ_HOLDS(json_object_get(change, "method") != NULL);
		print_json_line(json_object_get(change, "params"));
		json_decref(change);
	}
	print_to(NULL);
	fclose(f);
	for (size_t i = 0; i < size; i++)
		FUZZ_HOLDS((unsigned char)printed[i] >= ' ' || printed[i] == '\n');
	free(printed);
}

void fuzz_client(const uint8_t *data, size_t size)
{
	struct client *client;
	size_t lines = 0;
	int fd;

	listen_there();
	client = client_open(address.sun_path);
	FUZZ_HOLDS(client != NULL);
	fd = accept(listener, NULL, NULL);
	FUZZ_HOLDS(fd >= 0);
	for (size_t i = 1; i < size; i++)
		lines += data[i] == '\n';
	if (size > 1)
		FUZZ_HOLDS(write(fd, data + 1, size - 1) == (ssize_t)size - 1);
	shutdown(fd, SHUT_WR);
	switch (size > 0 ? data[0] % 3 : 0) {
	case 0: await_reply(client); break;
	case 1: take_all(client, lines); break;
	default: follow(client);
	}
	close(fd);
	client_close(client);
}
