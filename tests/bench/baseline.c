/*
 * baseline: the reference that control.sh compares vigild with: a server made of bufferevents and
 * jansson that answers `get` from a tree that it has read from a file.
 *
 *     baseline SOCKET FILE
 *
 * It checks only what it must, has no limits, and answers requests in the order in which they
 * arrive.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <jansson.h>

static json_t *tree;

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

static void on_readable(struct bufferevent *client, void *arg)
{
	struct evbuffer *in = bufferevent_get_input(client);
	size_t length;
	char *line;

	while ((line = evbuffer_readln(in, &length, EVBUFFER_EOL_LF)) != NULL) {
		answer(bufferevent_get_output(client), line, length);
		free(line);
	}
}

static void on_event(struct bufferevent *client, short what, void *arg)
{
	bufferevent_free(client);
}

static void on_client(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
	int length, void *base)
{
	struct bufferevent *client = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);

	bufferevent_setcb(client, on_readable, NULL, on_event, NULL);
	bufferevent_enable(client, EV_READ | EV_WRITE);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct event_base *base = event_base_new();

	if (argc != 3 || base == NULL)
		return EXIT_FAILURE;
	signal(SIGPIPE, SIG_IGN);
	tree = json_load_file(argv[2], 0, NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	if (tree == NULL || evconnlistener_new_bind(base, on_client, base, LEV_OPT_CLOSE_ON_FREE,
				    -1, (struct sockaddr *)&address, sizeof(address)) == NULL)
		return EXIT_FAILURE;
	return event_base_dispatch(base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
