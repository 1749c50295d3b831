/*
 * fixture_pending: verbs of fixture_command whose replies are completed later.
 */
#ifndef FIXTURE_PENDING_H
#define FIXTURE_PENDING_H

#include "command/pending.h"
#include "fixture_command.h"

static bool completed;

static void on_reply(struct command_reply *complete, void *arg)
{
	completed = true;
	reply.code = complete->code;
	reply.result = json_incref(complete->result);
	reply.data = json_incref(complete->data);
	snprintf(reply.message, sizeof(reply.message), "%s", complete->message);
}

/* Begins a verb. The reply is pending, unless the request was refused. */
static void begin(const char *verb, const char *params)
{
	json_t *object = json_loads(params, 0, NULL);

	forget();
	completed = false;
	command_run(host, &root, verb, object, &reply);
	json_decref(object);
	if (reply.pending != NULL)
		pending_await(reply.pending, on_reply, NULL);
}

/* Waits until the reply is complete. Returns its error code; 0: there is a result. */
static int await_reply(void)
{
	uint64_t until = clock_now() + PATIENCE;

	while (reply.pending != NULL && !completed) {
		ck_assert(clock_now() < until);
		turn();
	}
	reply.pending = NULL;
	ck_assert_int_eq(reply.code == 0, reply.result != NULL);
	return reply.code;
}

/* Runs a verb to its end. Returns the error code; 0: there is a result. */
static int run_to_end(const char *verb, const char *params)
{
	begin(verb, params);
	return await_reply();
}

#endif
