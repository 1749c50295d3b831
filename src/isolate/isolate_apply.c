/*
 * isolate_apply: applies what the process of an isolated daemon reports, by the functions of
 * vigil.h and with the rights of the daemon.
 *
 * None of these functions frees the daemon: a process that must end is killed, and its exit
 * follows.
 */
#include "isolate/isolate_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/daemon_history.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/process.h"
#include "state/state.h"

#define STATE_MAX    (16 * 1024 * 1024) /* bytes of the daemon's state */
#define WEIGH_EVERY  (4 * 1024 * 1024)
#define KEPT_MAX     1000
#define VERBS_MAX    16
#define CHILDREN_MAX 4096

/* --- its life --------------------------------------------------------------------------------- */

static bool on_started(struct isolated *p, const json_t *message)
{
	daemon_started(p->resource.daemon);
	p->isolate->started(p->resource.daemon, p->isolate->arg);
	return true;
}

static bool on_done(struct isolated *p, const json_t *message)
{
	if (p->told == 0)
		return false;
	if (--p->told == 0)
		p->isolate->started(p->resource.daemon, p->isolate->arg);
	return true;
}

static bool on_taken(struct isolated *p, const json_t *message)
{
	if (p->offered == NULL)
		return false;
	option_set_unref(p->taken);
	p->taken = p->offered;
	p->offered = NULL;
	return true;
}

static bool on_refused(struct isolated *p, const json_t *message)
{
	if (p->offered == NULL || p->taken == NULL)
		return false;
	option_set_unref(p->offered);
	p->offered = NULL;
	daemon_refused(p->resource.daemon, p->taken, isolate_text(message, 1));
	return true;
}

/* Its exit follows. */
static bool on_failed(struct isolated *p, const json_t *message)
{
	char text[DAEMON_TEXT];
	const char *why = isolate_text(message, 1);

	if (p->failed != NULL)
		return false;
	p->failed = memory_text(text_escape(text, sizeof(text), why, strlen(why)));
	p->closed = true;
	loop_timer_rearm(p->watchdog, 2 * CLOCK_SECOND);
	return true;
}

static bool on_pong(struct isolated *p, const json_t *message)
{
	p->pinged = 0;
	return true;
}

/* Notes a program that the module has started, if it really is a child of the process. */
static bool on_child(struct isolated *p, const json_t *message)
{
	pid_t pid = (pid_t)isolate_number(message, 1);
	struct process process;
	char key[24];

	snprintf(key, sizeof(key), "%d", (int)pid);
	if (!isolate_bool(message, 2))
		json_object_del(p->children, key);
	else if (pid > 1 && p->child != NULL && json_object_size(p->children) < CHILDREN_MAX &&
		 process_read(pid, &process) == 0 && process.parent == child_pid(p->child))
		json_object_set_new(p->children, key, json_integer((json_int_t)process.ticks));
	return true;
}

/* --- state ------------------------------------------------------------------------------------ */

/* Ends the process if the daemon's state has become too large. */
static void weigh(struct isolated *p)
{
	const struct vigil_daemon *d = p->resource.daemon;
	json_t *all;

	p->weight += p->link.length;
	if (p->weight < WEIGH_EVERY)
		return;
	p->weight = 0;
	all = state_get(d->environment->state, d->root);
	if (json_dumpb(all, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) > STATE_MAX)
		isolate_kill(p, "its state has more than %d MiB", STATE_MAX / 1048576);
	json_decref(all);
}

static bool on_set(struct isolated *p, const json_t *message)
{
	json_t *value = json_array_get(message, 2);

	if (!json_is_string(json_array_get(message, 1)) || value == NULL)
		return false;
	weigh(p);
	return vigil_state_set(p->resource.daemon, isolate_text(message, 1), json_incref(value)) ==
	       0;
}

static bool on_unset(struct isolated *p, const json_t *message)
{
	int err = vigil_state_unset(p->resource.daemon, isolate_text(message, 1));

	return err == 0 || err == -ENOENT;
}

static bool on_persist(struct isolated *p, const json_t *message)
{
	const char *path = isolate_text(message, 1);

	if (json_object_get(p->kept, path) != NULL)
		return true;
	if (json_object_size(p->kept) >= KEPT_MAX || vigil_persist(p->resource.daemon, path) != 0)
		return false;
	json_object_set_new(p->kept, path, json_true());
	return true;
}

/* --- reports ---------------------------------------------------------------------------------- */

static bool on_health(struct isolated *p, const json_t *message)
{
	vigil_health_long(p->resource.daemon, (vigil_health_level)isolate_number(message, 1),
		(unsigned)isolate_number(message, 2), isolate_text(message, 3),
		json_string_value(json_array_get(message, 4)));
	return true;
}

static bool on_event(struct isolated *p, const json_t *message)
{
	struct vigil_daemon *d = p->resource.daemon;
	const json_t *detail = json_array_get(message, 3);
	const char *said = isolate_text(message, 2);
	char text[DAEMON_TEXT];

	if (!isolate_may_write(p))
		return true;
	if (!json_is_container(detail))
		detail = NULL;
	if (detail != NULL &&
		(json_depth(detail, STATE_DEPTH_MAX) > STATE_DEPTH_MAX ||
			json_dumpb(detail, NULL, 0, JSON_COMPACT) > VIGIL_EVENT_DETAIL))
		return false;
	text_escape(text, sizeof(text), said, strlen(said));
	p->history[(uint64_t)isolate_number(message, 1) % ISOLATE_LINES] =
		daemon_history_add(&d->history, d->environment->events, d->name, text, detail);
	return true;
}

static bool on_event_again(struct isolated *p, const json_t *message)
{
	uint32_t line = p->history[(uint64_t)isolate_number(message, 1) % ISOLATE_LINES];
	const char *said = isolate_text(message, 2);
	char text[DAEMON_TEXT];

	text_escape(text, sizeof(text), said, strlen(said));
	if (line != 0)
		daemon_history_rewrite(p->resource.daemon->history, line, text);
	return true;
}

static bool on_error(struct isolated *p, const json_t *message)
{
	struct daemon_counts *counts = &p->resource.daemon->counts;
	const char *said = isolate_text(message, 1);
	char text[DAEMON_TEXT];

	free(counts->last_error);
	counts->last_error = memory_text(text_escape(text, sizeof(text), said, strlen(said)));
	return true;
}

static bool on_log(struct isolated *p, const json_t *message)
{
	json_int_t level = isolate_number(message, 1);

	if (level < VIGIL_ERROR || level > VIGIL_DEBUG)
		return false;
	if ((enum log_level)level <= log_level() && isolate_may_write(p))
		vigil_log(p->resource.daemon, (vigil_level)level, "%s", isolate_text(message, 2));
	return true;
}

/* --- verbs ------------------------------------------------------------------------------------ */

struct verb {
	struct isolated *p;
	char name[32];
};

static int on_verb_call(vigil_daemon *d, void *arg)
{
	struct verb *verb = arg;

	json_object_set_new(verb->p->verbs, verb->name, json_true());
	isolate_send(verb->p, json_pack("[s,s,n]", "verb", verb->name));
	return VIGIL_VERB_STARTED;
}

static int on_call(vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg)
{
	struct verb *verb = arg;
	json_t *words = json_array();

	for (; *arguments != NULL; arguments++)
		json_array_append_new(words, json_string(*arguments));
	json_object_set_new(verb->p->verbs, verb->name, json_true());
	isolate_send(verb->p, json_pack("[s,s,o]", "verb", verb->name, words));
	return VIGIL_VERB_STARTED;
}

static bool on_verb(struct isolated *p, const json_t *message)
{
	const char *name = isolate_text(message, 1);
	const char *help = json_string_value(json_array_get(message, 2));
	struct verb *verb;

	if (json_object_get(p->verbs, name) != NULL)
		return true;
	if (json_object_size(p->verbs) >= VERBS_MAX || strlen(name) >= sizeof(verb->name) ||
		!text_is_daemon_name(name))
		return false;
	verb = vigil_alloc(p->resource.daemon, sizeof(*verb));
	verb->p = p;
	strcpy(verb->name, name);
	json_object_set_new(p->verbs, name, json_false());
	if (help != NULL)
		return vigil_on_call(p->resource.daemon, verb->name, help, on_call, verb) == 0;
	return vigil_on_verb(p->resource.daemon, verb->name, on_verb_call, verb) == 0;
}

static bool on_verb_done(struct isolated *p, const json_t *message)
{
	const char *name = isolate_text(message, 1);
	struct vigil_daemon *d = p->resource.daemon;
	json_t *answer = json_array_get(message, 3);
	json_int_t said = isolate_number(message, 2);
	int error = said < 0 && said > -4096 ? (int)said : 0;

	if (!json_is_true(json_object_get(p->verbs, name)))
		return false;
	json_object_set_new(p->verbs, name, json_false());
	if (daemon_has_verb(d, name))
		vigil_verb_done(d, name, error, isolate_text(message, 3));
	else
		vigil_call_done(d, name, error, json_is_null(answer) ? NULL : json_incref(answer));
	return true;
}

/* --- all messages ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	isolate_message_fn *apply;
} messages[] = {
	{"set", on_set},
	{"unset", on_unset},
	{"health", on_health},
	{"log", on_log},
	{"event", on_event},
	{"event_again", on_event_again},
	{"error", on_error},
	{"get", isolate_on_get},
	{"ask", isolate_on_ask},
	{"open", isolate_on_open},
	{"close", isolate_on_close},
	{"observe", isolate_on_observe},
	{"deferred", isolate_on_answer},
	{"taken", isolate_on_answer},
	{"list", isolate_on_list},
	{"watch_services", isolate_on_watch_services},
	{"slot", isolate_on_slot},
	{"slot_free", isolate_on_slot_free},
	{"child", on_child},
	{"verb", on_verb},
	{"verb_done", on_verb_done},
	{"persist", on_persist},
	{"started", on_started},
	{"done", on_done},
	{"accepted", on_taken},
	{"refused", on_refused},
	{"failed", on_failed},
	{"pong", on_pong},
};

bool isolate_apply(struct isolated *p, const json_t *message)
{
	const char *name = isolate_text(message, 0);

	if (p->killed != NULL)
		return true; /* it is ending */
	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages); i++)
		if (strcmp(messages[i].name, name) == 0)
			return messages[i].apply(p, message);
	return false;
}
