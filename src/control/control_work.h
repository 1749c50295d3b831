/*
 * control_work: the clients' requests, and how the loop thread's time is shared among users.
 */
#ifndef CONTROL_WORK_H
#define CONTROL_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include <jansson.h>

struct control_work;
struct host;
struct shared_text;

/* A connection, as a part of the struct of whoever serves it, who sets work and arg. */
struct control_client {
	/* Works until then; whether there is more to do at once. */
	bool (*work)(uint64_t until, void *arg);
	void *arg;
	struct control_user *user;
	bool waits; /* for its turn */
	LIST_ENTRY(control_client) user_link;
	TAILQ_ENTRY(control_client) ready_link;
};

/* A uid that has connections, and what they share. */
struct control_user {
	struct control_work *control;
	uid_t uid;
	unsigned connections, watches;
	LIST_HEAD(, control_client) clients;
	TAILQ_HEAD(, control_client) ready; /* those that wait for their turn */
	TAILQ_ENTRY(control_user) link;
};

struct control_work *control_work_new(struct host *host);
/* After all connections are closed. */
void control_work_free(struct control_work *work);
struct host *control_work_host(const struct control_work *work);
/* How many connections a user has. */
unsigned control_work_connections(const struct control_work *work, uid_t uid);

/* Adds the connection to those of its user, or removes it. */
void control_work_join(struct control_work *work, struct control_client *client, uid_t uid);
void control_work_leave(struct control_client *client);

/* The connection has requests to answer or an answer to continue: work is called when it is the
 * user's turn, and called again while it returns true. */
void control_work_add(struct control_client *client);
void control_work_remove(struct control_client *client);

/* The line that tells watchers of a change.  It is dumped once for all of them, and borrowed until
 * control returns to the loop; NULL: no memory. */
struct shared_text *control_work_change(
	struct control_work *work, uint64_t revision, const char *pointer, json_t *value);

#endif
