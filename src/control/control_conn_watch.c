/*
 * control_conn_watch: the watches of one connection.
 *
 * Every watch gets every change, so the number of watches of a connection and of a user is limited.
 * A change is serialized once for all watches.
 */
#include "control/control_conn_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "host/host.h"
#include "state/json_pointer.h"
#include "state/state.h"

struct watch {
	struct conn *conn;
	struct state_watch *watch;
	SLIST_ENTRY(watch) link;
};

static void on_change(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	struct conn *conn = ((struct watch *)arg)->conn;

	conn_notify_shared(
		conn, control_work_change(conn->client.user->control, revision, pointer, value));
}

static bool has_room(const struct conn *conn, struct command_reply *reply)
{
	if (conn->watch_count >= CONN_WATCHES_MAX)
		command_fail(reply, COMMAND_BUSY,
			"watch: too many watches: the limit of a connection is %d",
			CONN_WATCHES_MAX);
	else if (conn->client.user->watches >= CONN_USER_WATCHES_MAX)
		command_fail(reply, COMMAND_BUSY,
			"watch: too many watches: the limit of a user is %d",
			CONN_USER_WATCHES_MAX);
	else
		return true;
	return false;
}

void conn_watch(struct conn *conn, json_t *params, struct command_reply *reply)
{
	const char *pointer = command_text(params, "pointer");
	struct state *state = host_state(conn->host);
	struct watch *watch;

	if (!has_room(conn, reply))
		return;
	watch = memory_zero(sizeof(*watch));
	watch->conn = conn;
	watch->watch = state_watch(state, pointer != NULL ? pointer : "", on_change, watch);
	if (watch->watch == NULL) {
		free(watch);
		command_fail(reply, COMMAND_PARAMS,
			"watch: \"%.128s\" is not a JSON Pointer: it %s", pointer,
			json_pointer_error(pointer));
		return;
	}
	SLIST_INSERT_HEAD(&conn->watches, watch, link);
	conn->watch_count++;
	conn->client.user->watches++;
	reply->result = json_pack("{s:I}", "revision", (json_int_t)state_revision(state));
}

int conn_unwatch_all(struct conn *conn)
{
	struct watch *watch;
	int count = 0;

	while ((watch = SLIST_FIRST(&conn->watches)) != NULL) {
		SLIST_REMOVE_HEAD(&conn->watches, link);
		conn->client.user->watches--;
		state_unwatch(watch->watch);
		free(watch);
		count++;
	}
	conn->watch_count = 0;
	return count;
}
