/*
 * dependency: see dependency.h.
 *
 * A peer does not wait for a daemon that is not enabled, nor for a service that is not installed.
 * It waits for a daemon that has not been checked yet.
 */
#include "dependency.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "wave.h"

/* --- the option ------------------------------------------------------------------------------- */

static const struct {
	const char *word;    /* in the option; as in `choices` of the schema */
	const char *to;      /* "waiting for NAME to ..." */
	const char *running; /* why a running service does not fulfil it */
	const char *idle;    /* why an idle service does not fulfil it */
} conditions[] = {
	[AWAIT_RUNS] = {"runs", "run", "", ""},
	[AWAIT_SERVES] = {"serves", "serve", ", but its probe has not succeeded", ""},
	[AWAIT_DONE] = {"done", "be done", ", so it has not ended yet", ", but has not run"},
	[AWAIT_SETTLED] = {"", "be restarted", ", but its restart is due", ""},
};

static enum await await_of(const char *word)
{
	for (size_t i = 0; i < AWAIT_WORDS; i++)
		if (strcmp(conditions[i].word, word) == 0)
			return (enum await)i;
	return AWAIT_RUNS;
}

static void read_element(vigil_daemon *d, const char *element, struct dependency *out)
{
	const char *colon = strchr(element, ':');
	size_t n = strcspn(element, ":");
	char *name = vigil_alloc(d, n + 1);

	memcpy(name, element, n);
	out->name = name;
	out->await = colon != NULL ? await_of(colon + 1) : AWAIT_RUNS;
}

/* Returns NULL if the list is empty. */
static struct dependency *read_list(vigil_daemon *d, const char *option)
{
	const char *const *elements = vigil_option_list(d, option);
	struct dependency *list;
	size_t count = 0;

	while (elements[count] != NULL)
		count++;
	if (count == 0)
		return NULL;
	list = vigil_alloc(d, (count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++)
		read_element(d, elements[i], &list[i]);
	return list;
}

struct dependency *dependency_read_after(vigil_daemon *d)
{
	return read_list(d, "after");
}

struct dependency *dependency_read_restart_with(vigil_daemon *d)
{
	struct dependency *list = read_list(d, "restart_with");

	for (struct dependency *element = list; element != NULL && element->name != NULL; element++)
		element->await = AWAIT_SETTLED;
	return list;
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Most daemons never need the text. */
static char *text_of(struct peer *peer)
{
	if (peer->text == NULL)
		peer->text = vigil_alloc(peer->daemon, PEER_TEXT);
	return peer->text;
}

/* Writes what the peer waits for. The format says why. */
static void explain(struct peer *peer, const struct dependency *dependency, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void explain(struct peer *peer, const struct dependency *dependency, const char *format, ...)
{
	char why[PEER_TEXT / 2];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	snprintf(text_of(peer), PEER_TEXT, "%s to %s first (%s %s)", dependency->name,
		conditions[dependency->await].to, dependency->name, why);
}

/* Returns the text at PLACE/NAME/KEY in the state; NULL: there is none. */
static const char *state_text(
	struct peer *peer, const char *place, const char *name, const char *key)
{
	char pointer[160];

	snprintf(pointer, sizeof(pointer), "%s/%s/%s", place, name, key);
	return json_string_value(vigil_state_get(peer->daemon, pointer));
}

/* Handles a daemon that is not a peer: it belongs to another module, or it has failed. The state
 * then tells whether its service runs; nothing tells whether it serves, is done or is restarted. */
static bool is_awaited_elsewhere(struct peer *peer, const struct dependency *dependency)
{
	const char *value = state_text(peer, "/daemons", dependency->name, "service_state/value");
	const char *module;

	if (dependency->await == AWAIT_SETTLED)
		return false;
	if (value != NULL) {
		explain(peer, dependency, "is %.32s", value);
		return dependency->await != AWAIT_RUNS || strcmp(value, "running") != 0;
	}
	explain(peer, dependency, "has not been checked");
	module = state_text(peer, "/runs", dependency->name, "module");
	return module != NULL && strcmp(module, "service") == 0;
}

/* Returns what is missing in addition to the status. */
static const char *more_of(const struct dependency *dependency, const struct peer_status *status)
{
	if (status->status == VIGIL_SERVICE_RUNNING)
		return conditions[dependency->await].running;
	return status->fulfils[AWAIT_RUNS] ? conditions[dependency->await].idle : "";
}

static bool is_fulfilled(const struct dependency *dependency, struct peer *other, double since)
{
	if (other->status.status == VIGIL_SERVICE_ABSENT)
		return true;
	if (dependency->await == AWAIT_SETTLED)
		return !wave_is_pending(other, since);
	return other->status.fulfils[dependency->await];
}

static bool is_awaited(struct peer *peer, const struct dependency *dependency, double since)
{
	struct peer *other = peer_find(dependency->name);
	bool fulfilled;

	if (other == peer)
		return false;
	if (other == NULL)
		return is_awaited_elsewhere(peer, dependency);
	fulfilled = is_fulfilled(dependency, other, since);
	if (other->checked && (!fulfilled || other->checked_at >= since)) {
		explain(peer, dependency, "is %s%s",
			vigil_service_status_name(other->status.status),
			more_of(dependency, &other->status));
		if (!fulfilled && dependency->await == AWAIT_SERVES)
			other->hurry(other->arg);
		return !fulfilled;
	}
	explain(peer, dependency, "is being checked");
	other->asked = true;
	other->check(other->arg);
	return true;
}

static const struct dependency *find_awaited(
	struct peer *peer, const struct dependency *list, double since)
{
	for (; list != NULL && list->name != NULL; list++)
		if (is_awaited(peer, list, since))
			return list;
	return NULL;
}

const char *dependency_awaited(struct peer *peer, double since)
{
	const struct dependency *awaited = find_awaited(peer, peer->after, since);

	if (awaited == NULL)
		awaited = find_awaited(peer, peer->restart_with, since);
	peer_wait(peer, awaited != NULL ? awaited->name : NULL);
	return awaited != NULL ? peer->text : NULL;
}

void dependency_end(struct peer *peer)
{
	peer_wait(peer, NULL);
}

const char *dependency_lacking(struct peer *peer)
{
	for (const struct dependency *d = peer->after; d != NULL && d->name != NULL; d++) {
		struct peer *other = peer_find(d->name);

		if (other == NULL || !other->checked || is_fulfilled(d, other, 0))
			continue;
		snprintf(text_of(peer), PEER_TEXT, "%s, which is %s%s", d->name,
			vigil_service_status_name(other->status.status),
			more_of(d, &other->status));
		return peer->text;
	}
	return NULL;
}
