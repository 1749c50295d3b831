/*
 * control_work: see control_work.h.  Clients may send more requests than the loop thread can answer
 * in addition to its other work.  So each user has a queue of connections with work, and one timer
 * serves all of them.  In each run of the loop all clients together get TURN.  The users take turns
 * of about SLICE, and the connections of a user take turns, too.  A user with sixty connections
 * gets no more time than a user with one.
 *
 * A user is a uid that has connections.  What the connections of a user share, such as the number
 * of watches, is counted here.
 */
#include "control/control_work.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "command/command.h"
#include "control/control_text.h"
#include "host/host.h"
#include "loop/loop.h"

#define TURN  (5 * CLOCK_MS)
#define SLICE (CLOCK_MS / 2)

TAILQ_HEAD(user_list, control_user);

struct control_work {
	struct host *host;
	struct loop_timer *timer;
	struct user_list idle, ready; /* each user is in one of the two lists */
	struct shared_text *change;
	uint64_t change_revision;
};

static void on_turn(uint64_t missed, void *arg);

struct control_work *control_work_new(struct host *host)
{
	struct control_work *work = memory_zero(sizeof(*work));

	work->host = host;
	TAILQ_INIT(&work->idle);
	TAILQ_INIT(&work->ready);
	work->timer = loop_once(host_loop(host), on_turn, work);
	return work;
}

static void forget_change(struct control_work *work)
{
	shared_text_release(work->change);
	work->change = NULL;
}

void control_work_free(struct control_work *work)
{
	if (work == NULL)
		return;
	loop_timer_free(work->timer);
	forget_change(work);
	free(work);
}

struct host *control_work_host(const struct control_work *work)
{
	return work->host;
}

/* --- users ------------------------------------------------------------------------------------ */

static struct control_user *find_in(const struct user_list *list, uid_t uid)
{
	struct control_user *user;

	TAILQ_FOREACH(user, list, link)
		if (user->uid == uid)
			break;
	return user;
}

static struct control_user *find_user(const struct control_work *work, uid_t uid)
{
	struct control_user *user = find_in(&work->idle, uid);

	return user != NULL ? user : find_in(&work->ready, uid);
}

unsigned control_work_connections(const struct control_work *work, uid_t uid)
{
	const struct control_user *user = find_user(work, uid);

	return user != NULL ? user->connections : 0;
}

static struct control_user *user_new(struct control_work *work, uid_t uid)
{
	struct control_user *user = memory_zero(sizeof(*user));

	user->control = work;
	user->uid = uid;
	LIST_INIT(&user->clients);
	TAILQ_INIT(&user->ready);
	TAILQ_INSERT_TAIL(&work->idle, user, link);
	return user;
}

void control_work_join(struct control_work *work, struct control_client *client, uid_t uid)
{
	client->user = find_user(work, uid);
	if (client->user == NULL)
		client->user = user_new(work, uid);
	client->user->connections++;
	LIST_INSERT_HEAD(&client->user->clients, client, user_link);
}

void control_work_leave(struct control_client *client)
{
	struct control_user *user = client->user;

	control_work_remove(client);
	LIST_REMOVE(client, user_link);
	if (--user->connections > 0)
		return;
	TAILQ_REMOVE(&user->control->idle, user, link);
	free(user);
}

/* --- turns ------------------------------------------------------------------------------------ */

void control_work_add(struct control_client *client)
{
	struct control_user *user = client->user;
	struct control_work *work = user->control;

	if (client->waits)
		return;
	if (TAILQ_EMPTY(&user->ready)) {
		TAILQ_REMOVE(&work->idle, user, link);
		TAILQ_INSERT_TAIL(&work->ready, user, link);
	}
	client->waits = true;
	TAILQ_INSERT_TAIL(&user->ready, client, ready_link);
	if (loop_timer_due(work->timer) == 0)
		loop_timer_rearm(work->timer, 0);
}

void control_work_remove(struct control_client *client)
{
	struct control_user *user = client->user;

	if (!client->waits)
		return;
	client->waits = false;
	TAILQ_REMOVE(&user->ready, client, ready_link);
	if (TAILQ_EMPTY(&user->ready)) {
		TAILQ_REMOVE(&user->control->ready, user, link);
		TAILQ_INSERT_TAIL(&user->control->idle, user, link);
	}
}

/* Serves the first connection of the first user, and moves this user to the end of the list.
 * False: no user has work. */
static bool serve_next(struct control_work *work)
{
	struct control_user *user = TAILQ_FIRST(&work->ready);
	struct control_client *client;

	if (user == NULL)
		return false;
	client = TAILQ_FIRST(&user->ready);
	TAILQ_REMOVE(&work->ready, user, link);
	TAILQ_INSERT_TAIL(&work->ready, user, link);
	control_work_remove(client);
	if (client->work(clock_now() + SLICE, client->arg))
		control_work_add(client);
	return true;
}

static void on_turn(uint64_t missed, void *arg)
{
	struct control_work *work = arg;
	uint64_t until = clock_now() + TURN;

	forget_change(work);
	while (serve_next(work) && clock_now() < until)
		continue;
	if (!TAILQ_EMPTY(&work->ready))
		loop_timer_rearm(work->timer, 0);
}

/* --- changes ---------------------------------------------------------------------------------- */

struct shared_text *control_work_change(
	struct control_work *work, uint64_t revision, const char *pointer, json_t *value)
{
	json_t *line;

	if (work->change != NULL && work->change_revision == revision)
		return work->change;
	forget_change(work);
	line = json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", "changed", "params",
		command_change(revision, pointer, value));
	work->change = shared_text_new(control_dump(line));
	work->change_revision = revision;
	json_decref(line);
	if (loop_timer_due(work->timer) == 0)
		loop_timer_rearm(work->timer, 0); /* the timer releases the text */
	return work->change;
}
