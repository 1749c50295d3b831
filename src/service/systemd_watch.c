/*
 * systemd_watch: what is known of the units that are watched, and the changes systemd tells of.
 *
 * systemd tells of all its units; a hash by object path finds ours.  One failure is told of
 * several times over (a unit's state, its substate, its process, each perhaps in a message of
 * its own), so a message counts only where it differs from what is known, and only once until
 * somebody has looked.  A sign is a reason to look and nothing more: what the unit is like is
 * learned by asking, never from a signal.
 *
 * While the line is up, a unit of which nothing was heard is as it was found last.  When it comes
 * up, signals may have been lost, so all units are looked at; those that differ get a sign.
 */
#include "service/systemd_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd_inside.h"
#include "service/systemd_line.h"

/* A unit that changes all the time is looked at no more often than this. */
#define SIGN_GAP (50 * CLOCK_MS)
/* For looks of our own. */
#define SURVEY_TIMEOUT (10 * CLOCK_SECOND)

#define BUCKETS_MIN 64

/* --- finding a view by its path --------------------------------------------------------------- */

static struct view_bucket *bucket_of(const struct systemd_watch *watch, const char *path)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * 16777619;
	return &watch->buckets[hash & (watch->bucket_count - 1)];
}

static void buckets_grow(struct systemd_watch *watch)
{
	struct systemd_view *view;

	if (watch->count < watch->bucket_count)
		return;
	watch->bucket_count = watch->bucket_count != 0 ? watch->bucket_count * 2 : BUCKETS_MIN;
	free(watch->buckets);
	watch->buckets = memory_zero(watch->bucket_count * sizeof(*watch->buckets));
	TAILQ_FOREACH(view, &watch->all, link)
	LIST_INSERT_HEAD(bucket_of(watch, view->path), view, bucket);
}

/* --- signs ------------------------------------------------------------------------------------ */

bool systemd_view_differs(
	const struct systemd_view *view, const char *active, const char *sub, pid_t pid)
{
	if (active != NULL && view->active[0] == '\0' && systemd_status(active) != view->status)
		return true;
	if (active != NULL && view->active[0] != '\0' && strcmp(active, view->active) != 0)
		return true;
	if (sub != NULL && view->sub[0] != '\0' && strcmp(sub, view->sub) != 0)
		return true;
	return pid >= 0 && pid != view->details.pid;
}

static void sign_drop(struct systemd_view *view)
{
	if (view->sign_due)
		TAILQ_REMOVE(&view->watch->signs, view, sign_link);
	view->sign_due = false;
}

void systemd_view_signal(struct systemd_view *view)
{
	struct systemd_watch *watch = view->watch;

	view->sure = false;
	if (view->signalled)
		return;
	view->signalled = true;
	watch->counts.signs++;
	if (view->sign_due)
		return;
	view->sign_due = true;
	TAILQ_INSERT_TAIL(&watch->signs, view, sign_link);
	loop_timer_again(watch->sign_timer, 0);
}

void systemd_view_found(struct systemd_view *view, const char *path)
{
	sign_drop(view);
	view->signalled = false;
	if (strcmp(path, view->path) == 0)
		return;
	LIST_REMOVE(view, bucket);
	free(view->path);
	view->path = memory_text(path);
	LIST_INSERT_HEAD(bucket_of(view->watch, path), view, bucket);
}

/* Tells those whose last sign is long enough ago; a callback may close any view. */
static void on_sign_timer(uint64_t missed, void *arg)
{
	struct systemd_watch *watch = arg;
	uint64_t now = clock_now();
	struct systemd_view *view;

	while ((view = TAILQ_FIRST(&watch->signs)) != NULL && view->sign_told + SIGN_GAP <= now) {
		sign_drop(view);
		view->sign_told = now;
		view->user.on_sign(view->user.arg);
	}
	/* In the order in which they came, so some wait a little longer than they must. */
	if (view != NULL)
		loop_timer_again(watch->sign_timer, view->sign_told + SIGN_GAP - now);
}

/* --- what systemd tells ----------------------------------------------------------------------- */

struct change {
	const char *active, *sub; /* NULL: it does not say */
	pid_t pid;                /* -1 */
};

/* One entry of the dictionary of what has changed. */
static int read_entry(sd_bus_message *message, struct change *change)
{
	const char *name, *value = NULL;
	uint32_t number = 0;
	int r = sd_bus_message_read_basic(message, 's', &name);

	if (r < 0)
		return r;
	if (strcmp(name, "ActiveState") == 0) {
		r = sd_bus_message_read(message, "v", "s", &value);
		change->active = value;
	} else if (strcmp(name, "SubState") == 0) {
		r = sd_bus_message_read(message, "v", "s", &value);
		change->sub = value;
	} else if (strcmp(name, "MainPID") == 0) {
		r = sd_bus_message_read(message, "v", "u", &number);
		change->pid = (pid_t)number;
	} else {
		r = sd_bus_message_skip(message, "v");
	}
	return r;
}

static int read_change(sd_bus_message *message, struct change *change)
{
	int r = sd_bus_message_skip(message, "s");

	*change = (struct change){.pid = -1};
	if (r >= 0)
		r = sd_bus_message_enter_container(message, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = read_entry(message, change);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
	}
	return r;
}

static void view_hear(struct systemd_view *view, const struct change *change)
{
	if (!systemd_view_differs(view, change->active, change->sub, change->pid))
		return;
	/* A row that is still to come is newer than this; but of a new process it says nothing. */
	view->sure = view->pid_sure = view->alive = false;
	if (view->stage == STAGE_QUEUED || view->stage == STAGE_LISTED)
		return;
	if (view->stage == STAGE_NONE)
		systemd_view_signal(view);
	else
		view->moved = true; /* a sign when the look is done */
}

static void on_change(const char *path, sd_bus_message *message, void *arg)
{
	struct systemd_watch *watch = arg;
	struct change change;
	struct systemd_view *view;
	bool read = false;

	if (watch->count == 0)
		return;
	LIST_FOREACH(view, bucket_of(watch, path), bucket)
	{
		if (strcmp(view->path, path) != 0)
			continue;
		if (!read && read_change(message, &change) < 0)
			return;
		read = true;
		view_hear(view, &change);
	}
}

static void on_up(void *arg)
{
	struct systemd_watch *watch = arg;
	struct systemd_view *view;

	TAILQ_FOREACH(view, &watch->all, link)
	systemd_look(view, false, SURVEY_TIMEOUT);
}

static void on_down(void *arg)
{
	struct systemd_watch *watch = arg;
	struct systemd_view *view;

	TAILQ_FOREACH(view, &watch->all, link)
	view->sure = view->pid_sure = false;
	systemd_look_abandon(watch);
}

/* --- opening and closing ---------------------------------------------------------------------- */

struct systemd_watch *systemd_watch_new(struct loop *loop)
{
	struct systemd_watch *watch = memory_zero(sizeof(*watch));
	const struct systemd_line_user user = {
		.on_up = on_up, .on_down = on_down, .on_change = on_change, .arg = watch};

	watch->loop = loop;
	TAILQ_INIT(&watch->all);
	TAILQ_INIT(&watch->signs);
	buckets_grow(watch);
	watch->line = systemd_line_new(loop, &user);
	watch->sign_timer = loop_after(loop, 0, on_sign_timer, watch);
	if (systemd_look_open(watch) == 0 && watch->line != NULL && watch->sign_timer != NULL)
		return watch;
	systemd_watch_free(watch);
	errno = ENOMEM;
	return NULL;
}

void systemd_watch_free(struct systemd_watch *watch)
{
	if (watch == NULL)
		return;
	systemd_look_close(watch);
	systemd_line_free(watch->line);
	loop_timer_free(watch->sign_timer);
	free(watch->buckets);
	free(watch);
}

void systemd_watch_counts(const struct systemd_watch *watch, struct systemd_watch_counts *counts)
{
	*counts = watch->counts;
}

struct systemd_view *systemd_view_open(
	struct systemd_watch *watch, const char *service, const struct systemd_view_user *user)
{
	struct systemd_view *view;
	char unit[SYSTEMD_NAME];

	LOOP_ASSERT_OWNER();
	if (!systemd_unit_name(service, unit))
		return NULL;
	view = memory_zero(sizeof(*view));
	*view = (struct systemd_view){.watch = watch, .user = *user, .unit = memory_text(unit)};
	if (sd_bus_path_encode(SYSTEMD_OBJECT "/unit", unit, &view->path) < 0) {
		free(view->unit);
		free(view);
		return NULL;
	}
	buckets_grow(watch);
	TAILQ_INSERT_TAIL(&watch->all, view, link);
	LIST_INSERT_HEAD(bucket_of(watch, view->path), view, bucket);
	if (watch->count++ == 0)
		systemd_line_want(watch->line, true);
	return view;
}

void systemd_view_close(struct systemd_view *view)
{
	struct systemd_watch *watch;

	LOOP_ASSERT_OWNER();
	if (view == NULL)
		return;
	watch = view->watch;
	systemd_look_cancel(view);
	if (systemd_line_is_up(watch->line))
		systemd_details_go_on(watch); /* it may have had its turn */
	sign_drop(view);
	LIST_REMOVE(view, bucket);
	TAILQ_REMOVE(&watch->all, view, link);
	if (--watch->count == 0)
		systemd_line_want(watch->line, false);
	free(view->unit);
	free(view->path);
	free(view);
}

void systemd_view_learn(
	struct systemd_view *view, vigil_service_status status, pid_t pid, uint32_t respawns)
{
	view->status = status;
	view->details = (struct systemd_details){.pid = pid, .respawns = respawns};
	view->load[0] = view->active[0] = view->sub[0] = '\0';
	view->sure = view->pid_sure = false; /* it may have changed since the worker asked */
	view->signalled = false;
}

void systemd_view_doubt(struct systemd_view *view)
{
	view->sure = false;
}

bool systemd_view_is_sure(const struct systemd_view *view)
{
	return view->sure && systemd_line_is_up(view->watch->line);
}

int systemd_view_ask(struct systemd_view *view, bool alive, uint64_t timeout)
{
	if (!systemd_line_is_up(view->watch->line))
		return -EAGAIN;
	view->alive = alive && !view->signalled;
	systemd_look(view, true, timeout);
	return 0;
}
