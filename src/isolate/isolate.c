/*
 * isolate: see isolate.h.  The process (isolate_process.c) is a resource of its daemon.
 */
#include "isolate/isolate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "isolate/isolate_internal.h"
#include "isolate/isolate_module.h"
#include "process/child.h"
#include "state/state.h"

static void resource_free(struct resource *resource)
{
	isolate_destroy((struct isolated *)resource);
}

static bool resource_fire(struct resource *resource)
{
	struct isolated *p = (struct isolated *)resource;

	if (p->round == resource->daemon->round || p->ends.page == NULL ||
		p->ends.page->periodic == 0)
		return false;
	p->round = resource->daemon->round;
	p->told++;
	isolate_send(p, json_pack("[s]", "tick"));
	return true;
}

/* A time that the process reports, in seconds since 1970; 0: none. */
static time_t sane_time(int64_t seconds)
{
	return seconds > 0 && seconds < (int64_t)CLOCK_TEXT_LAST ? clock_to_time((double)seconds)
								 : 0;
}

static time_t resource_next(const struct resource *resource)
{
	const struct isolated *p = (const struct isolated *)resource;

	return p->ends.page != NULL ? sane_time(p->ends.page->next_tick) : 0;
}

static const struct resource_kind kind = {
	.free = resource_free, .fire = resource_fire, .next = resource_next};

static struct isolated *find(const struct vigil_daemon *d)
{
	struct resource *resource;

	TAILQ_FOREACH(resource, &d->resources, link)
		if (resource->kind == &kind)
			return (struct isolated *)resource;
	return NULL;
}

static void refresh(struct vigil_daemon *d)
{
	const struct isolated *p = find(d);
	const struct isolate_page *page = p != NULL ? p->ends.page : NULL;
	struct daemon_counts *c = &d->counts;

	if (page == NULL)
		return;
	c->ticks = page->ticks;
	c->missed = page->missed;
	c->errors = page->errors;
	c->call_last = page->call_last;
	c->call_max = page->call_max;
	c->call_total = page->call_total;
	c->last_tick = (struct timespec){.tv_sec = sane_time(page->last_tick_seconds),
		.tv_nsec = (long)((uint64_t)page->last_tick_nanoseconds % CLOCK_SECOND)};
}

static json_t *describe_process(const struct vigil_daemon *d)
{
	const struct isolated *p = find(d);
	char callback[4 * ISOLATE_CALLBACK];

	if (p == NULL || p->child == NULL)
		return json_null();
	return json_pack("{s:I,s:s}", "pid", (json_int_t)child_pid(p->child), "callback",
		isolate_page_callback(p->ends.page, callback, sizeof(callback)));
}

static bool is_busy(const struct vigil_daemon *d)
{
	const struct isolated *p = find(d);

	return p != NULL && p->told > 0;
}

static const struct daemon_apart apart = {
	.refresh = refresh, .is_busy = is_busy, .describe = describe_process};

static void on_paused(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	isolate_send(arg, json_pack("[s,b]", "paused", json_is_true(value)));
}

static void watch_pauses(struct isolated *p)
{
	char pointer[STATE_POINTER_MAX] = "/runs";

	if (json_pointer_append(pointer, sizeof(pointer), p->name) == 0 &&
		json_pointer_append(pointer, sizeof(pointer), "paused") == 0)
		p->paused =
			state_watch(p->resource.daemon->environment->state, pointer, on_paused, p);
}

static struct isolated *isolated_new(struct vigil_daemon *d)
{
	struct isolated *p = memory_zero(sizeof(*p));

	p->isolate = d->environment->isolate;
	p->name = memory_text(d->name);
	p->taken = d->options != NULL ? option_set_ref(d->options) : NULL;
	p->link.fd = -1;
	p->ends = (struct isolate_ends){.ours = -1, .theirs = -1, .page_fd = -1};
	p->kept = json_object();
	p->children = json_object();
	p->verbs = json_object();
	p->round = d->round;
	SLIST_INIT(&p->services);
	SLIST_INIT(&p->slots);
	LIST_INSERT_HEAD(&p->isolate->live, p, among);
	daemon_attach(d, &p->resource, &kind);
	isolate_watch(p);
	watch_pauses(p);
	return p;
}

static int on_start(vigil_daemon *d)
{
	struct isolated *p;

	if (d->environment->isolate == NULL)
		return vigil_fail(d, "isolate = yes: this program cannot start a process for it");
	d->apart = &apart;
	p = isolated_new(d);
	return isolate_is_stopping(p->isolate, p->name) ? 0 : isolate_launch(p);
}

static void on_stop(vigil_daemon *d)
{
	struct isolated *p = find(d);

	if (p == NULL)
		return;
	refresh(d);
	isolate_begin_stop(p);
}

static int on_reconfigure(vigil_daemon *d)
{
	struct isolated *p = find(d);

	if (p == NULL)
		return -ESRCH;
	if (p->offered != NULL)
		return -EBUSY;
	p->offered = option_set_ref(d->options);
	p->told++;
	isolate_send(p, json_pack("[s,o]", "options", isolate_module_options(d->options)));
	return 0;
}

const vigil_module isolate_behaviour = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.start = on_start,
	.stop = on_stop,
	.reconfigure = on_reconfigure};

struct isolate *isolate_new(struct loop *loop, struct store *store, isolate_started_fn *started,
	isolate_ended_fn *ended, void *arg)
{
	struct isolate *isolate = memory_zero(sizeof(*isolate));

	*isolate = (struct isolate){
		.loop = loop, .store = store, .started = started, .ended = ended, .arg = arg};
	LIST_INIT(&isolate->live);
	LIST_INIT(&isolate->stopped);
	return isolate;
}

void isolate_free(struct isolate *isolate)
{
	struct isolated *p;

	if (isolate == NULL)
		return;
	while ((p = LIST_FIRST(&isolate->stopped)) != NULL) {
		isolate_take_rest(p, isolate_apply_last);
		isolate_destroy(p);
	}
	free(isolate);
}
