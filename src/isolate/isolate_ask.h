/*
 * isolate_ask: asks modules about themselves like isolate_query, but from the loop, which does not
 * wait for the answers.
 */
#ifndef ISOLATE_ASK_H
#define ISOLATE_ASK_H

#include "isolate/isolate_query.h"

struct isolate_ask;
struct loop;

/* messages: those of the process, borrowed; NULL: it gave no answer, and why says why.  The
 * function may not free the ask, which is freed after the call. */
typedef void isolate_asked_fn(json_t *messages, const char *why, void *arg);

/* Starts a process.  The query is borrowed until the ask is freed.  Returns NULL and the reason in
 * why if that is not possible. */
struct isolate_ask *isolate_ask_start(struct loop *loop, const struct isolate_query *query,
	isolate_asked_fn *asked, void *arg, char *why, size_t size);
/* Ends the process; the function is not called. */
void isolate_ask_cancel(struct isolate_ask *ask);

#endif
