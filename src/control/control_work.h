/*
 * control_work: schedules the clients' requests, so that users share the loop thread's time fairly.
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

/* A connection to schedule, embedded in the struct of its owner, which sets work and arg. */
struct control_client {
	/* Handles requests until this time (clock_now).  True: there is more work now. */
	bool (*work)(uint64_t until, void *arg);
	void *arg;
	struct control_user *user;
	bool waits; /* queued for its turn */
	LIST_ENTRY(control_client) user_link;
	TAILQ_ENTRY(control_client) ready_link;
};

/* A uid with connections, and the state that these share. */
struct control_user {
	struct control_work *control;
	uid_t uid;
	unsigned connections, watches;
	LIST_HEAD(, control_client) clients;
	TAILQ_HEAD(, control_client) ready; /* connections queued for their turn */
	TAILQ_ENTRY(control_user) link;
};

struct control_work *control_work_new(struct host *host);
/* All connections must be closed before. */
void control_work_free(struct control_work *work);
struct host *control_work_host(const struct control_work *work);
/* The number of connections of a user. */
unsigned control_work_connections(const struct control_work *work, uid_t uid);

/* Adds a connection to its user, or removes it. */
void control_work_join(struct control_work *work, struct control_client *client, uid_t uid);
void control_work_leave(struct control_client *client);

/* Queues the connection, because it has requests or an unfinished reply. work is called when it is
 * the turn of the user and the connection, and again while it returns true. */
void control_work_add(struct control_client *client);
void control_work_remove(struct control_client *client);

/* The notification of a change, serialized once for all watches.  The text is borrowed until
 * control returns to the loop.  NULL: out of memory. */
struct shared_text *control_work_change(
	struct control_work *work, uint64_t revision, const char *pointer, json_t *value);

#endif
