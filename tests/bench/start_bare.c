/*
 * start_bare: the least that a start of many daemons costs.  Reads a configuration of vigild,
 * makes a timer of libevent and an object of jansson with the options for each daemon in it, and
 * reports READY=1 to $NOTIFY_SOCKET.
 *
 *     start_bare FILE
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>
#include <jansson.h>

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
}

static void add_timer(struct event_base *base, json_t *daemon)
{
	const struct timeval tv = {.tv_sec = 5};
	struct event *timer = event_new(base, -1, EV_PERSIST, on_timer, daemon);

	if (timer == NULL || event_add(timer, &tv) != 0)
		exit(EXIT_FAILURE);
}

static void read_daemons(struct event_base *base, FILE *file, json_t *daemons)
{
	char line[4096], name[256], key[256], value[256];
	json_t *daemon = NULL;

	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "[daemon:%255[^]]", name) == 1) {
			daemon = json_object();
			json_object_set_new(daemons, name, daemon);
			add_timer(base, daemon);
		} else if (daemon != NULL && sscanf(line, "%255s = %255s", key, value) == 2) {
			json_object_set_new(daemon, key, json_string(value));
		}
	}
}

static void report_ready(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *name = getenv("NOTIFY_SOCKET");
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	size_t n = name != NULL ? strlen(name) : 0;

	if (fd < 0 || n == 0 || n >= sizeof(address.sun_path))
		exit(EXIT_FAILURE);
	memcpy(address.sun_path, name, n);
	if (*name == '@')
		address.sun_path[0] = '\0';
	sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

int main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
	json_t *daemons = json_object();

	if (base == NULL || file == NULL || daemons == NULL)
		return EXIT_FAILURE;
	read_daemons(base, file, daemons);
	fclose(file);
	report_ready();
	return event_base_dispatch(base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
