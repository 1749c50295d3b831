/*
 * baseline: the reference that control.sh and streams.sh compare vigild with: a server made of
 * bufferevents and jansson that answers `get` from a tree that it has read from a file.
 *
 *     baseline SOCKET FILE
 *     baseline SOCKET changes
 *
 * It checks only what it must, has no limits, and answers requests in the order in which they
 * arrive. In the second form it ignores requests and sends 1,000 changes a second to each client.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/queue.h>
#include <sys/un.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <jansson.h>

static json_t *tree;

struct client {
	struct bufferevent *conn;
	LIST_ENTRY(client) link;
};
static LIST_HEAD(, client) clients = LIST_HEAD_INITIALIZER(clients);

static json_t *follow(const char *pointer)
{
	json_t *at = tree;
	char step[256];
	size_t n;

	while (at != NULL && *pointer == '/') {
		n = strcspn(++pointer, "/");
		snprintf(step, sizeof(step), "%.*s", (int)n, pointer);
		at = json_object_get(at, step);
		pointer += n;
	}
	return at;
}

static void answer(struct evbuffer *out, const char *line, size_t length)
{
	json_t *request = json_loadb(line, length, 0, NULL), *id = NULL, *reply, *found;
	const char *method = "", *pointer = "";
	char *text;

	if (request == NULL || json_unpack(request, "{s:o,s:s,s:{s:s}}", "id", &id, "method",
				       &method, "params", "pointer", &pointer) != 0)
		exit(EXIT_FAILURE);
	found = strcmp(method, "get") == 0 ? follow(pointer) : NULL;
	reply = json_pack("{s:s,s:O,s:O*}", "jsonrpc", "2.0", "id", id, "result", found);
	text = json_dumps(reply, JSON_COMPACT);
	evbuffer_add_printf(out, "%s\n", text);
	free(text);
	json_decref(reply);
	json_decref(request);
}

static void on_readable(struct bufferevent *conn, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(conn);
	size_t length;
	char *line;

	while ((line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF)) != NULL) {
		if (tree != NULL)
			answer(bufferevent_get_output(conn), line, length);
		free(line);
	}
}

static void on_event(struct bufferevent *conn, short what, void *arg)
{
	struct client *client = arg;

	LIST_REMOVE(client, link);
	bufferevent_free(conn);
	free(client);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
	int length, void *base)
{
	struct client *client = malloc(sizeof(*client));

	client->conn = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	LIST_INSERT_HEAD(&clients, client, link);
	bufferevent_setcb(client->conn, on_readable, NULL, on_event, client);
	bufferevent_enable(client->conn, EV_READ | EV_WRITE);
}

/* Ten changes, each formatted once. */
static void on_changes(evutil_socket_t fd, short what, void *arg)
{
	static json_int_t revision;
	struct client *client;
	struct timespec ts;
	json_t *change;
	char *text;

	for (int i = 0; i < 10; i++) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		change = json_pack("{s:I,s:s,s:I}", "revision", ++revision, "pointer",
			"/daemons/changes/v", "value",
			(json_int_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000);
		text = json_dumps(change, JSON_COMPACT);
		LIST_FOREACH(client, &clients, link)
			evbuffer_add_printf(bufferevent_get_output(client->conn), "%s\n", text);
		free(text);
		json_decref(change);
	}
}

static void begin_changes(struct event_base *base)
{
	const struct timeval tv = {.tv_usec = 10000};
	struct event *timer = event_new(base, -1, EV_PERSIST, on_changes, NULL);

	if (timer == NULL || event_add(timer, &tv) != 0)
		exit(EXIT_FAILURE);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct event_base *base = event_base_new();

	if (argc != 3 || base == NULL)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(argv[2], "changes") == 0)
		begin_changes(base);
	else if ((tree = json_load_file(argv[2], 0, NULL)) == NULL)
		return EXIT_FAILURE;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (evconnlistener_new_bind(base, on_client, base, LEV_OPT_CLOSE_ON_FREE, -1,
		    (struct sockaddr *)&address, sizeof(address)) == NULL)
		return EXIT_FAILURE;
	return event_base_dispatch(base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
