/*
 * vigilctl_watch: the loop of `vigilctl status --watch`.
 *
 * There are two connections.  One has a watch and receives notifications of changes, the other
 * requests the status.  The content of a notification does not matter: any change causes a new
 * request, but requests are limited to a rate that a reader can follow.
 */
#include "client/vigilctl_watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "client/client.h"
#include "client/print_table.h"

#define PACE     (100 * CLOCK_MS) /* minimum time between two outputs */
#define TIMES    CLOCK_SECOND     /* on a terminal: output for the shown ages */
#define TERMINAL "\033[H\033[J"   /* moves to the top and clears the screen */

/* Requests and prints the status.  0 or -errno. */
static int ask(struct client *client, const struct verb *verb, bool json, bool terminal)
{
	struct command_reply reply = {0};
	int err = client_ask(client, "status", json_incref(verb->params), &reply);

	if (err != 0)
		return err;
	if (terminal)
		fputs(TERMINAL, stdout);
	if (reply.code == 0)
		verb_print(verb, json, reply.result);
	else
		verb_print_failure(stderr, "vigilctl: ", &reply);
	if (!terminal && reply.code == 0)
		putchar('\n');
	err = reply.code == 0 ? 0 : -ECANCELED;
	command_reply_clear(&reply);
	return fflush(stdout) == 0 ? err : -errno;
}

/* Reads the notifications that have arrived.  1: there were some; 0: none; or -errno. */
static int drain(struct client *client)
{
	json_t *object;
	int changed = 0;

	while ((object = client_take(client)) != NULL) {
		changed = 1;
		json_decref(object);
	}
	return errno == EAGAIN ? changed : -errno;
}

/* Waits until the next output is due.  0 or -errno. */
static int wait_for_change(struct client *client, bool terminal, uint64_t printed)
{
	struct pollfd p = {.fd = client_fd(client), .events = POLLIN};
	uint64_t now, due = terminal ? printed + TIMES : 0;
	int timeout, r;

	while ((now = clock_now()) < due || due == 0) {
		timeout = due == 0 ? -1 : (int)((due - now) / CLOCK_MS) + 1;
		if (poll(&p, 1, timeout) < 0 && errno != EINTR)
			return -errno;
		if (p.revents == 0)
			continue;
		r = drain(client);
		if (r < 0)
			return r;
		if (r > 0 && (due == 0 || due > printed + PACE))
			due = printed + PACE;
	}
	return 0;
}

static int follow(struct client *watcher, struct client *asker, const struct verb *verb, bool json)
{
	bool terminal = print_can_control();
	struct command_reply reply = {0};
	uint64_t printed;
	int err = client_ask(watcher, "watch", json_pack("{s:s}", "pointer", "/runs"), &reply);

	command_reply_clear(&reply);
	while (err == 0) {
		printed = clock_now();
		err = ask(asker, verb, json, terminal);
		if (err == 0)
			err = wait_for_change(watcher, terminal, printed);
	}
	return err;
}

int vigilctl_watch(const char *socket, const struct verb *verb, bool json)
{
	struct client *watcher = client_open(socket);
	struct client *asker = watcher != NULL ? client_open(socket) : NULL;
	int err = asker != NULL ? follow(watcher, asker, verb, json) : -errno;

	client_close(asker);
	client_close(watcher);
	return err;
}
