/*
 * report: tells vigild what has changed in the daemon, once in each turn of the loop.
 *
 * A value that has changed several times is sent once, with its last value.  If vigild does not
 * read fast enough, the changes wait, so that no more of them wait than there are values.
 */
#include <stdlib.h>
#include <string.h>

#include "module_host/module_host.h"
#include "module_host/parent.h"
#include "state/state.h"

static struct vigil_daemon *daemon_;
static struct state *state_;
static struct state_watch *values, *health;
static json_t *changed; /* {PATH: true}, in the order of the changes */
static bool health_changed, open_;
static uint64_t errors;
static unsigned verbs; /* of daemon_->verbs, those that have been reported */

static const char *path_of(const char *pointer)
{
	const char *path = pointer + strlen(daemon_->root);

	return *path == '/' ? path + 1 : path;
}

static void on_value(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	if (json_pointer_covers(daemon_->root, pointer))
		json_object_set_new(changed, path_of(pointer), json_true());
}

static void on_health(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	health_changed = true;
}

static void tell_values(void)
{
	json_t *all = state_get(state_, daemon_->root), *value, *flag;
	char pointer[STATE_POINTER_MAX];
	const char *path;

	json_object_foreach(changed, path, flag) {
		pointer[0] = '\0';
		if (path[0] != '\0')
			strcat(strcpy(pointer, "/"), path);
		value = all != NULL ? json_pointer_follow(all, pointer) : NULL;
		parent_tell(value != NULL ? json_pack("[s,s,O]", "set", path, value)
					  : json_pack("[s,s]", "unset", path));
	}
	json_object_clear(changed);
	json_decref(all);
}

static void tell_health(void)
{
	const struct daemon_health *h = &daemon_->health;

	health_changed = false;
	if (h->said)
		parent_tell(json_pack("[s,i,i,s,s?]", "health", (int)h->level,
			h->status_line ? (int)VIGIL_STATUS_LINE : 0, h->text, h->long_text));
}

/* vigild ignores a verb that it knows. */
static void tell_verbs(void)
{
	const char *name, *help;

	if (verbs == daemon_->verbs)
		return;
	verbs = daemon_->verbs;
	for (size_t i = 0; (name = daemon_verb_at(daemon_, i, &help)) != NULL; i++)
		parent_tell(json_pack("[s,s,s?]", "verb", name, help));
}

static bool has_periodic(void)
{
	const struct resource *resource;

	TAILQ_FOREACH(resource, &daemon_->resources, link)
		if (resource->kind->fire != NULL)
			return true;
	return false;
}

static void fill_page(void)
{
	const struct daemon_counts *c = &daemon_->counts;
	struct isolate_page *page = parent_page();

	page->ticks = c->ticks;
	page->missed = c->missed;
	page->errors = c->errors;
	page->call_last = c->call_last;
	page->call_max = c->call_max;
	page->call_total = c->call_total;
	page->last_tick_seconds = c->last_tick.tv_sec;
	page->last_tick_nanoseconds = c->last_tick.tv_nsec;
	page->next_tick = daemon_next_tick(daemon_);
	page->periodic = has_periodic();
}

void report_collect(void)
{
	if (!open_)
		return;
	fill_page();
	tell_verbs();
	if (json_object_size(changed) > 0)
		tell_values();
	if (health_changed)
		tell_health();
	if (errors != daemon_->counts.errors)
		parent_tell(json_pack("[s,s]", "error", daemon_->counts.last_error));
	errors = daemon_->counts.errors;
}

void report_open(struct vigil_daemon *d, struct state *state)
{
	char pointer[STATE_POINTER_MAX] = "/runs";

	daemon_ = d;
	state_ = state;
	open_ = true;
	changed = json_object();
	values = state_watch(state, d->root, on_value, NULL);
	if (json_pointer_append(pointer, sizeof(pointer), d->name) == 0 &&
		json_pointer_append(pointer, sizeof(pointer), "health") == 0)
		health = state_watch(state, pointer, on_health, NULL);
}

void report_close(void)
{
	state_unwatch(values);
	state_unwatch(health);
	values = health = NULL;
	open_ = false;
}
