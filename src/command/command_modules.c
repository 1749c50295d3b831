/*
 * command_modules: the verb `modules`.
 *
 * vigild itself opens only the modules of enabled daemons.  The others are examined by a program,
 * so the reply is pending until that has ended.  It runs once for all clients that ask meanwhile,
 * because any reader may ask at any rate.
 */
#include "command/command_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"
#include "command/pending.h"
#include "daemon/module.h"
#include "daemon/module_examine.h"
#include "host/host.h"
#include "state/json_text.h"

struct waiter {
	struct examination *examination;
	struct pending *pending;
	TAILQ_ENTRY(waiter) link;
};

struct examination {
	struct host *host;
	json_t *rows;  /* of the reply */
	json_t *files; /* that have to be examined */
	struct child *child;
	TAILQ_HEAD(, waiter) waiters;
};

static struct examination *under_way; /* NULL: none */

static void examination_free(struct examination *x)
{
	if (under_way == x)
		under_way = NULL;
	json_decref(x->rows);
	json_decref(x->files);
	child_free(x->child);
	free(x);
}

static void on_cancel(void *arg)
{
	struct waiter *waiter = arg;
	struct examination *x = waiter->examination;

	TAILQ_REMOVE(&x->waiters, waiter, link);
	free(waiter);
	if (TAILQ_EMPTY(&x->waiters))
		examination_free(x);
}

static void await(struct examination *x, struct command_reply *reply)
{
	struct waiter *waiter = memory_zero(sizeof(*waiter));

	waiter->examination = x;
	waiter->pending = reply->pending = pending_new(on_cancel, waiter);
	TAILQ_INSERT_TAIL(&x->waiters, waiter, link);
}

static void add_module(
	const char *name, const char *path, const struct module *module, const char *why, void *arg)
{
	struct examination *x = arg;
	json_t *row =
		json_pack("{s:s,s:s,s:b}", "name", name, "path", path, "loaded", module != NULL);

	json_array_append_new(x->rows, row);
	if (module == NULL && why == NULL)
		json_array_append_new(x->files, json_string(path));
	if (why != NULL)
		json_object_set_new(row, "why", json_string(why));
	else if (module != NULL)
		json_object_set_new(
			row, "summary", json_string(module_descriptor(module)->summary));
	if (module != NULL && module_has_changed(module))
		json_object_set_new(row, "changed", json_true());
}

/* Adds what was found about a file to its row.  err: -errno if the files were not examined. */
static void complete_row(json_t *row, const json_t *found, int err)
{
	const char *path = json_text(row, "path");
	size_t index;
	json_t *line;

	if (json_is_true(json_object_get(row, "loaded")) || json_object_get(row, "why") != NULL)
		return;
	json_array_foreach(found, index, line)
		if (strcmp(json_text(line, "path"), path) == 0)
			json_object_update_missing(row, line);
	if (json_object_get(row, "summary") == NULL && json_object_get(row, "why") == NULL)
		json_object_set_new(row, "why",
			err == 0 ? json_string("it could not be examined")
				 : json_sprintf("it could not be examined: %s", strerror(-err)));
}

static void complete(const struct examination *x, json_t *found, int err)
{
	size_t index;
	json_t *row;

	json_array_foreach(x->rows, index, row)
		complete_row(row, found, err);
	json_decref(found);
}

static void on_examined(struct child *child, const vigil_child_exit *e, void *arg)
{
	struct examination *x = arg;
	struct waiter *waiter;

	complete(x, module_examine_parse(e->output, e->length), 0);
	under_way = NULL; /* a client that asks in its callback gets another one */
	while ((waiter = TAILQ_FIRST(&x->waiters)) != NULL) {
		struct command_reply reply = {.result = json_incref(x->rows)};

		TAILQ_REMOVE(&x->waiters, waiter, link);
		pending_complete(waiter->pending, &reply);
		command_reply_clear(&reply);
		free(waiter);
	}
	examination_free(x);
}

static struct examination *examination_new(struct host *host)
{
	struct examination *x = memory_zero(sizeof(*x));

	x->host = host;
	x->rows = json_array();
	x->files = json_array();
	TAILQ_INIT(&x->waiters);
	modules_each(host_modules(host), add_module, x);
	return x;
}

void command_modules(struct host *host, json_t *params, struct command_reply *reply)
{
	struct examination *x;
	int err = 0;

	if (under_way != NULL && under_way->host == host) {
		await(under_way, reply);
		return;
	}
	x = examination_new(host);
	if (json_array_size(x->files) > 0)
		err = module_examine_start(host_loop(host), x->files, on_examined, x, &x->child);
	if (x->child != NULL) {
		under_way = x;
		await(x, reply);
		return;
	}
	complete(x, json_array(), err);
	reply->result = json_incref(x->rows);
	examination_free(x);
}
