/*
 * daemon_verb: the verbs of vigilctl that a module handles; vigil_on_verb and vigil_on_call
 * register them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "state/json_value.h"
#include "state/state.h"

#define NAME_MAX_LENGTH 31
#define TEXT_LENGTH     512

struct verb {
	struct resource resource; /* must be the first member */
	vigil_verb_fn *fn;        /* NULL: it is of vigil_on_call */
	vigil_call_fn *call;
	void *arg;
	char *help;           /* of vigil_on_call */
	bool under_way;       /* its action has been started and has not ended */
	int early;            /* the error with which it has ended inside its callback */
	daemon_verb_fn *done; /* NULL: nobody waits for the end of the action */
	void *done_arg;
	char name[];
};

/* Takes the reference to answer. */
static void finish(struct verb *verb, int error, json_t *answer)
{
	daemon_verb_fn *done = verb->done;

	verb->under_way = false;
	verb->early = error;
	verb->done = NULL;
	if (done != NULL)
		done(error, answer, verb->done_arg);
	json_decref(answer);
}

static void verb_free(struct resource *resource)
{
	struct verb *verb = (struct verb *)resource;

	finish(verb, -ECANCELED,
		json_string(
			"the daemon was changed or removed by a reload, and the action goes on"));
	free(verb->help);
	free(verb);
}

static const struct resource_kind verb_kind = {.free = verb_free};

static struct verb *find(const struct vigil_daemon *d, const char *name)
{
	struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &verb_kind &&
			strcmp(((struct verb *)resource)->name, name) == 0)
			return (struct verb *)resource;
	return NULL;
}

/* --- registering ------------------------------------------------------------------------------ */

static struct verb *add(vigil_daemon *d, const char *name, void *arg)
{
	struct verb *verb = memory_zero(sizeof(*verb) + strlen(name) + 1);

	strcpy(verb->name, name);
	verb->arg = arg;
	daemon_attach(d, &verb->resource, &verb_kind);
	d->verbs++;
	return verb;
}

int vigil_on_verb(vigil_daemon *d, const char *name, vigil_verb_fn *cb, void *arg)
{
	if (daemon_is_candidate(d, "vigil_on_verb"))
		return -EPERM;
	if (name == NULL || cb == NULL)
		return daemon_refuse(d, EINVAL, "vigil_on_verb: no name or no callback is given");
	add(d, name, arg)->fn = cb;
	return 0;
}

/* "start", "stop" and "restart" are verbs of vigil_on_verb. */
static bool is_own_name(const char *name)
{
	return text_is_daemon_name(name) && strlen(name) <= NAME_MAX_LENGTH &&
	       strcmp(name, "start") != 0 && strcmp(name, "stop") != 0 &&
	       strcmp(name, "restart") != 0;
}

int vigil_on_call(vigil_daemon *d, const char *name, const char *help, vigil_call_fn *cb, void *arg)
{
	struct verb *verb;

	if (daemon_is_candidate(d, "vigil_on_call"))
		return -EPERM;
	if (name == NULL || help == NULL || cb == NULL || !is_own_name(name))
		return daemon_refuse(d, EINVAL,
			"vigil_on_call: \"%s\" is not a valid verb, or it has no help or callback",
			name != NULL ? name : "");
	if (find(d, name) != NULL)
		return daemon_refuse(
			d, EEXIST, "vigil_on_call: the verb \"%s\" is registered already", name);
	verb = add(d, name, arg);
	verb->call = cb;
	verb->help = memory_zero(TEXT_LENGTH);
	text_escape(verb->help, TEXT_LENGTH, help, strlen(help));
	return 0;
}

const char *daemon_verb_at(const struct vigil_daemon *d, size_t index, const char **help)
{
	struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link) {
		if (resource->kind != &verb_kind || index-- > 0)
			continue;
		*help = ((struct verb *)resource)->help;
		return ((struct verb *)resource)->name;
	}
	return NULL;
}

bool daemon_has_verb(const struct vigil_daemon *d, const char *name)
{
	const struct verb *verb = find(d, name);

	return verb != NULL && verb->fn != NULL;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* Replaces an answer that cannot be sent by the reason, and sets *err. */
static json_t *check_answer(struct verb *verb, json_t *answer, int *err)
{
	int wrong = answer != NULL ? json_value_check(answer, STATE_DEPTH_MAX) : 0;
	const char *why = wrong != 0 ? json_value_problem(wrong) : "it is too long";

	if (answer == NULL)
		return NULL;
	if (wrong == 0 &&
		json_dumpb(answer, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > VIGIL_ANSWER)
		wrong = -E2BIG;
	if (wrong == 0)
		return answer;
	json_decref(answer);
	daemon_refuse(verb->resource.daemon, -wrong, "the answer to the verb \"%s\" is refused: %s",
		verb->name, why);
	*err = wrong;
	return json_sprintf("its answer is refused: %s", why);
}

/* Returns the verb whose action ends; NULL: there is none, and this has been reported. */
static struct verb *find_ending(vigil_daemon *d, const char *name, bool call, const char *function)
{
	struct verb *verb = name != NULL ? find(d, name) : NULL;

	if (verb != NULL && verb->under_way && (verb->call != NULL) == call)
		return verb;
	daemon_refuse(d, EINVAL, "%s: no action of the verb \"%s\" is in progress", function,
		name != NULL ? name : "");
	return NULL;
}

void vigil_verb_done(vigil_daemon *d, const char *name, int error, const char *text)
{
	char clean[TEXT_LENGTH] = "";
	struct verb *verb;

	if (daemon_is_candidate(d, "vigil_verb_done"))
		return;
	verb = find_ending(d, name, false, "vigil_verb_done");
	if (text != NULL)
		text_escape(clean, sizeof(clean), text, strlen(text));
	if (verb != NULL)
		finish(verb, error, json_string(clean));
}

void vigil_call_done(vigil_daemon *d, const char *name, int error, json_t *answer)
{
	struct verb *verb = daemon_is_candidate(d, "vigil_call_done")
				    ? NULL
				    : find_ending(d, name, true, "vigil_call_done");

	if (verb == NULL) {
		json_decref(answer);
		return;
	}
	answer = check_answer(verb, answer, &error);
	finish(verb, error, answer);
}

/* --- running ---------------------------------------------------------------------------------- */

static int invoke(struct verb *verb, const char *const *arguments, json_t **answer)
{
	struct vigil_daemon *d = verb->resource.daemon;
	uint64_t entered = daemon_enter(d, "verb");
	int err = verb->fn != NULL ? verb->fn(d, verb->arg)
				   : verb->call(d, arguments, answer, verb->arg);

	daemon_leave(d, entered);
	return err;
}

static int run(struct vigil_daemon *d, struct verb *verb, const char *const *arguments,
	json_t **answer, daemon_verb_fn *done, void *arg)
{
	char *name;
	int err;

	if (verb->under_way)
		return -EALREADY;
	verb->under_way = true;
	name = memory_text(verb->name);
	err = invoke(verb, arguments, answer);
	verb = find(d, name); /* the callback may have stopped the daemon */
	free(name);
	if (verb == NULL || !verb->under_way) {
		json_decref(*answer);
		*answer = NULL;
		return err < 0 ? err : verb != NULL ? verb->early : 0;
	}
	if (err == VIGIL_VERB_STARTED) {
		verb->done = done;
		verb->done_arg = arg;
		return err;
	}
	verb->under_way = false;
	err = err > 0 ? -EINVAL : err;
	*answer = check_answer(verb, *answer, &err);
	return err;
}

int daemon_verb(struct vigil_daemon *d, const char *name, daemon_verb_fn *done, void *arg)
{
	struct verb *verb = find(d, name);
	json_t *answer = NULL;

	return verb == NULL || verb->fn == NULL ? -ENOSYS : run(d, verb, NULL, &answer, done, arg);
}

int daemon_call(struct vigil_daemon *d, const char *name, const char *const *arguments,
	json_t **answer, daemon_verb_fn *done, void *arg)
{
	struct verb *verb = find(d, name);
	int err;

	*answer = NULL;
	if (verb == NULL || verb->call == NULL)
		return -ENOSYS;
	err = run(d, verb, arguments, answer, done, arg);
	if (err == VIGIL_VERB_STARTED) {
		json_decref(*answer);
		*answer = NULL;
	}
	return err;
}

void daemon_verb_forget(struct vigil_daemon *d, const char *name)
{
	struct verb *verb = find(d, name);

	if (verb != NULL)
		verb->done = NULL;
}
