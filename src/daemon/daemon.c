/*
 * daemon: one instance of a module, its life cycle and everything that it owns.
 *
 * The life cycle is: new, start, reconfigure (any number of times), stop, free.  A daemon whose
 * start fails stays in the host's list with the status `failed` and a reason.  It then owns
 * nothing, and a reload tries to start it again.
 *
 * The account at /runs/NAME (daemon_account.c) is computed when it is read.  Only changes of
 * status, paused and health are announced to its watchers.
 */
#include "daemon/daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/daemon_history.h"
#include "daemon/daemon_internal.h"
#include "state/state.h"

/* --- resources -------------------------------------------------------------------------------- */

void daemon_attach(
	struct vigil_daemon *d, struct resource *resource, const struct resource_kind *kind)
{
	daemon_assert_owner(d);
	resource->daemon = d;
	resource->kind = kind;
	TAILQ_INSERT_TAIL(&d->resources, resource, link);
}

void daemon_detach(struct resource *resource)
{
	daemon_assert_owner(resource->daemon);
	TAILQ_REMOVE(&resource->daemon->resources, resource, link);
}

void daemon_free_resource(struct resource *resource)
{
	daemon_detach(resource);
	resource->kind->free(resource);
}

static void free_resources(struct vigil_daemon *d)
{
	struct resource *resource;

	while ((resource = TAILQ_LAST(&d->resources, resource_list)) != NULL)
		daemon_free_resource(resource);
}

/* --- texts ------------------------------------------------------------------------------------ */

void daemon_format(char text[DAEMON_TEXT], const char *format, va_list ap)
{
	/* Larger than text, so that only text_escape truncates, between two characters. */
	char raw[2 * DAEMON_TEXT];

	vsnprintf(raw, sizeof(raw), format, ap);
	text_escape(text, DAEMON_TEXT, raw, strlen(raw));
}

void daemon_keep_text(char **text, const char *format, va_list ap)
{
	char said[DAEMON_TEXT];

	daemon_format(said, format, ap);
	free(*text);
	*text = memory_text(said);
}

static void forget_text(char **text)
{
	free(*text);
	*text = NULL;
}

int daemon_refuse(struct vigil_daemon *d, int err, const char *format, ...)
{
	va_list ap;

	if (d->status == DAEMON_STARTING && !d->starting_failed) {
		d->starting_failed = true;
		va_start(ap, format);
		daemon_keep_text(&d->reason, format, ap);
		va_end(ap);
	} else if (d->status != DAEMON_STARTING) {
		if (d->reconfiguring && d->refusal == NULL) {
			va_start(ap, format);
			daemon_keep_text(&d->refusal, format, ap);
			va_end(ap);
		}
		va_start(ap, format);
		daemon_vlog(d, LEVEL_WARN, d->name, format, ap);
		va_end(ap);
	}
	errno = err;
	return -err;
}

/* --- status ----------------------------------------------------------------------------------- */

static const char *const status_names[] = {
	[DAEMON_STARTING] = "starting",
	[DAEMON_RUNNING] = "running",
	[DAEMON_PAUSED] = "paused",
	[DAEMON_FAILED] = "failed",
	[DAEMON_STOPPING] = "stopping",
};

const char *daemon_status_name(enum daemon_status status)
{
	return status_names[status];
}

void daemon_announce(struct vigil_daemon *d, const char *key, json_t *value)
{
	char pointer[STATE_POINTER_MAX] = "/runs";

	if (json_pointer_append(pointer, sizeof(pointer), d->name) == 0 &&
		json_pointer_append(pointer, sizeof(pointer), key) == 0)
		state_announce(d->environment->state, pointer, value);
	json_decref(value);
}

static void set_status(struct vigil_daemon *d, enum daemon_status status)
{
	enum daemon_status before = daemon_status(d);

	d->status = status;
	if (daemon_status(d) == before)
		return;
	clock_gettime(CLOCK_REALTIME, &d->since);
	daemon_announce(d, "status", json_string(daemon_status_name(daemon_status(d))));
}

enum daemon_status daemon_status(const struct vigil_daemon *d)
{
	return d->status == DAEMON_RUNNING && d->paused ? DAEMON_PAUSED : d->status;
}

static void set_paused(struct vigil_daemon *d, bool paused)
{
	enum daemon_status before = daemon_status(d);

	d->paused = paused;
	daemon_announce(d, "paused", json_boolean(paused));
	if (daemon_status(d) != before) {
		clock_gettime(CLOCK_REALTIME, &d->since);
		daemon_announce(d, "status", json_string(daemon_status_name(daemon_status(d))));
	}
	daemon_announce(d, "health", daemon_health_account(d));
}

/* Replaces *kept by the escaped text, or by NULL if the text is empty.  Returns whether it has
 * changed. */
static bool keep_pause_text(char **kept, const char *text)
{
	char clean[DAEMON_TEXT];

	text_escape(clean, sizeof(clean), text, strlen(text));
	if (strcmp(*kept != NULL ? *kept : "", clean) == 0)
		return false;
	forget_text(kept);
	if (clean[0] != '\0')
		*kept = memory_text(clean);
	return true;
}

void daemon_pause(struct vigil_daemon *d, time_t until, const char *reason, const char *by)
{
	bool begins = !d->paused, changed = begins || d->paused_until != until;
	uint64_t entered;

	d->paused_until = until;
	changed |= keep_pause_text(&d->paused_reason, reason);
	changed |= keep_pause_text(&d->paused_by, by);
	if (changed)
		set_paused(d, true);
	if (!begins || d->status != DAEMON_RUNNING || d->descriptor->paused == NULL)
		return;
	entered = daemon_enter(d, "paused");
	d->descriptor->paused(d);
	daemon_leave(d, entered);
}

void daemon_resume(struct vigil_daemon *d)
{
	uint64_t entered;

	if (!d->paused)
		return;
	set_paused(d, false);
	if (d->status != DAEMON_RUNNING || d->descriptor->resumed == NULL)
		return;
	entered = daemon_enter(d, "resumed");
	d->descriptor->resumed(d);
	daemon_leave(d, entered);
}

/* --- life ------------------------------------------------------------------------------------- */

struct vigil_daemon *daemon_new(struct environment *environment, const char *name,
	const char *module, const vigil_module *descriptor, struct option_set *options)
{
	static const char place[] = "/daemons/";
	size_t root = strlen(place) + strlen(name) + 1;
	struct vigil_daemon *d = memory_zero(sizeof(*d) + root + strlen(module) + 1);

	d->environment = environment;
	d->root = strcat(strcpy(d->texts, place), name);
	d->name = d->root + strlen(place);
	d->module = strcpy(d->texts + root, module);
	d->descriptor = descriptor;
	d->options = options != NULL ? option_set_ref(options) : NULL;
	d->status = DAEMON_STOPPING;
	clock_gettime(CLOCK_REALTIME, &d->since);
	TAILQ_INIT(&d->resources);
	TAILQ_INIT(&d->fd_watches);
	return d;
}

void daemon_free(struct vigil_daemon *d)
{
	if (d == NULL)
		return;
	if (d->candidate != NULL)
		free_resources(d);
	if (d->status == DAEMON_FAILED)
		daemon_announce(d, "health", NULL);
	daemon_stop(d);
	daemon_log_end(d);
	daemon_history_free(d->history);
	option_set_unref(d->options);
	option_set_unref(d->host_options);
	free(d->reason);
	free(d->refusal);
	free(d->paused_reason);
	free(d->paused_by);
	free(d->health.text);
	free(d->health.long_text);
	free(d->counts.last_error);
	free(d);
}

static void set_failed(struct vigil_daemon *d)
{
	set_status(d, DAEMON_FAILED);
	daemon_announce(d, "health", daemon_health_account(d));
	log_write(LEVEL_ERROR, d->name, "failed: %s", d->reason);
}

void daemon_fail(struct vigil_daemon *d, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	daemon_keep_text(&d->reason, format, ap);
	va_end(ap);
	set_failed(d);
}

/* Frees everything that the daemon owns and removes its subtree of the state. */
static void let_go(struct vigil_daemon *d)
{
	free_resources(d);
	daemon_load_clear(d);
	if (d->health.said)
		daemon_announce(d, "health", NULL); /* a stopped daemon has no health */
	d->health.said = false;
	d->data = NULL;
	d->service = NULL;
	d->apart = NULL;
	state_unset(d->environment->state, d->root);
}

static void run_stop(struct vigil_daemon *d)
{
	uint64_t entered;

	if (d->descriptor->stop == NULL)
		return;
	entered = daemon_enter(d, "stop");
	d->descriptor->stop(d);
	daemon_leave(d, entered);
}

int daemon_start(struct vigil_daemon *d)
{
	uint64_t entered;
	int err;

	d->starting_failed = false;
	forget_text(&d->reason);
	d->health.said = false;
	set_status(d, DAEMON_STARTING);
	entered = daemon_enter(d, "start");
	err = d->descriptor->start(d);
	daemon_leave(d, entered);
	if (err == 0 && !d->starting_failed) {
		if (d->apart == NULL)
			set_status(d, DAEMON_RUNNING);
		return 0;
	}
	/* Its start ignored the failure of a function.  The module believes that the daemon runs,
	 * and may own objects that only its stop frees. */
	if (err == 0)
		run_stop(d);
	let_go(d);
	if (!d->starting_failed)
		d->reason = memory_format(
			"its start returned %d (%s)", err, strerror(err < 0 ? -err : err));
	set_failed(d);
	return err < 0 ? err : -EINVAL;
}

/* Whether the daemon owns something.  A daemon in a process of its own does so while it starts. */
static bool is_live(const struct vigil_daemon *d)
{
	return d->status == DAEMON_RUNNING || (d->status == DAEMON_STARTING && d->apart != NULL);
}

void daemon_started(struct vigil_daemon *d)
{
	if (d->status == DAEMON_STARTING)
		set_status(d, DAEMON_RUNNING);
}

void daemon_end(struct vigil_daemon *d, const char *format, ...)
{
	va_list ap;

	if (!is_live(d))
		return;
	va_start(ap, format);
	daemon_keep_text(&d->reason, format, ap);
	va_end(ap);
	set_status(d, DAEMON_STOPPING);
	let_go(d);
	set_failed(d);
}

void daemon_set_reason(struct vigil_daemon *d, const char *format, ...)
{
	va_list ap;

	if (d->status != DAEMON_FAILED)
		return;
	va_start(ap, format);
	daemon_keep_text(&d->reason, format, ap);
	va_end(ap);
	daemon_announce(d, "health", daemon_health_account(d));
}

void daemon_stop(struct vigil_daemon *d)
{
	if (!is_live(d))
		return;
	set_status(d, DAEMON_STOPPING);
	run_stop(d);
	let_go(d);
}

int daemon_offer(struct vigil_daemon *d, struct option_set *options)
{
	struct option_set *old = d->options;
	uint64_t entered;
	int err;

	forget_text(&d->refusal);
	if (d->status != DAEMON_RUNNING || d->descriptor->reconfigure == NULL)
		return -ENOSYS;
	d->options = option_set_ref(options);
	d->reconfiguring = true;
	entered = daemon_enter(d, "reconfigure");
	err = d->descriptor->reconfigure(d);
	daemon_leave(d, entered);
	d->reconfiguring = false;
	if (err != 0) {
		d->options = old;
		old = options;
	}
	option_set_unref(old);
	if (err != VIGIL_REFUSED)
		forget_text(&d->refusal);
	else if (d->refusal == NULL)
		d->refusal = memory_text("it gives no reason");
	if (err == VIGIL_REFUSED)
		vigil_event(d, "the new options are refused: %s", d->refusal);
	return err;
}

/* A module's stop may read the options, and must read the old ones. */
int daemon_renew(struct vigil_daemon *d, struct option_set *options)
{
	struct option_set *old = d->options;
	int err;

	daemon_stop(d);
	d->options = option_set_ref(options);
	err = daemon_start(d);
	option_set_unref(old);
	return err;
}

int daemon_reconfigure(struct vigil_daemon *d, struct option_set *options)
{
	int err = daemon_offer(d, options);

	return err == 0 || err == VIGIL_REFUSED ? err : daemon_renew(d, options);
}

void daemon_refused(struct vigil_daemon *d, struct option_set *old, const char *why)
{
	char text[DAEMON_TEXT];

	option_set_unref(d->options);
	d->options = option_set_ref(old);
	forget_text(&d->refusal);
	d->refusal = memory_text(text_escape(text, sizeof(text), why, strlen(why)));
	daemon_log(d, LEVEL_ERROR, d->name, "the new options are refused: %s", d->refusal);
}

const char *daemon_refusal(const struct vigil_daemon *d)
{
	return d->refusal != NULL ? d->refusal : "";
}

void daemon_forget_refusal(struct vigil_daemon *d)
{
	forget_text(&d->refusal);
}

int daemon_tick_now(struct vigil_daemon *d)
{
	struct resource *resource;
	int fired = 0;

	if (d->status != DAEMON_RUNNING)
		return -ESRCH;
	d->round++;
again:
	TAILQ_FOREACH(resource, &d->resources, link) {
		if (resource->kind->fire != NULL && resource->kind->fire(resource)) {
			fired++;
			goto again; /* the tick may have created or freed any resource */
		}
	}
	return fired > 0 ? 0 : -ENOENT;
}

time_t daemon_next_tick(const struct vigil_daemon *d)
{
	const struct resource *resource;
	time_t first = 0, next;

	TAILQ_FOREACH(resource, &d->resources, link) {
		next = resource->kind->next != NULL ? resource->kind->next(resource) : 0;
		if (next != 0 && (first == 0 || next < first))
			first = next;
	}
	return first;
}

bool daemon_is_waiting(const struct vigil_daemon *d)
{
	const struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind->waits != NULL && resource->kind->waits(resource))
			return true;
	return false;
}
