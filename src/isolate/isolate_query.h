/*
 * isolate_query: asks a module about itself, in a process that ends afterwards.
 *
 * It blocks until the process has answered, but for at most five seconds.  It needs no loop, so
 * that `vigild -t` can use it.
 */
#ifndef ISOLATE_QUERY_H
#define ISOLATE_QUERY_H

#include <stddef.h>

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct isolate_ends;
struct isolate_link;
struct reason;
struct run_as;

#define ISOLATE_QUERY_PATIENCE UINT64_C(5000000000) /* ns */

struct isolate_query {
	const char *dir, *module; /* DIR/NAME/NAME.so */
	const char *user;         /* NULL: vigild's user */
	double memory;            /* the limit in bytes; 0: none */
	/* For a check: the daemon, and its options, [[KEY, VALUE] ...].  NULL: a description. */
	const char *daemon;
	json_t *options;
};

/* Returns the messages of the process in their order, as an array (a new reference); or NULL and
 * the reason in why: the module cannot be loaded, or it has ended or stopped the process. */
json_t *isolate_query(const struct isolate_query *query, char *why, size_t size);

/* --- the parts of it, for isolate_ask --------------------------------------------------------- */

/* The first message to the process. */
json_t *isolate_query_request(const struct isolate_query *query);
/* Finds the user of the process; name NULL: *user is NULL, for vigild's.  Returns 0, or a negative
 * errno and the reason. */
int isolate_query_user(const char *name, struct run_as **user, const struct reason *why);
/* Adds the messages that have been read.  Returns true if there is nothing to wait for any more. */
bool isolate_query_take(
	struct isolate_link *link, const struct isolate_query *query, json_t *messages);
/* Whether the last message is among them. */
bool isolate_query_is_complete(const struct isolate_query *query, const json_t *messages);
/* Writes why the process gave no answer.  status: as from waitpid. */
void isolate_query_describe(const struct isolate_query *query, const struct isolate_ends *ends,
	bool overdue, int status, char *why, size_t size);

#endif
