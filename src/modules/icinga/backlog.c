/* backlog: counts and reports what the sender does; see backlog.h. */
#include "backlog.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MISSING_MAX 1000 /* services that are listed */

/* A result is late if it waits for more than these seconds while the master accepts results. */
#define LATE 10.0

#define WAITING_TEXT 160

void backlog_init(struct backlog *b, vigil_daemon *d, const char *queue)
{
	*b = (struct backlog){.d = d, .queue = queue, .missing = json_object()};
}

void backlog_clear(struct backlog *b)
{
	json_decref(b->missing);
	b->missing = NULL;
}

/* --- events ----------------------------------------------------------------------------------- */

void backlog_forget(struct backlog *b, const char *service)
{
	if (json_object_del(b->missing, service) == 0)
		b->missing_changed = true;
}

void backlog_sent(struct backlog *b, const char *service)
{
	b->sent++;
	backlog_forget(b, service);
}

/* Returns why the master refuses the service, in words that name what an admin must change. */
static const char *reason_of(int code, const char *why)
{
	switch (code) {
	case 404: return "it has no such service";
	case 409:
		return "it has a newer result: the clocks differ, or another sender uses this "
		       "service";
	default: return why;
	}
}

/* Code 409 means that the master has a newer result.  For a change, which may have waited, that is
 * no problem.  A repetition is new, so each later one would be refused, too.  Refusals are logged
 * once for each service. */
void backlog_refused(
	struct backlog *b, const char *service, bool repetition, int code, const char *why)
{
	b->refused++;
	if (code == 409 && !repetition)
		return;
	snprintf(b->refusal, sizeof(b->refusal), "\"%s\": %s", service, reason_of(code, why));
	if (json_object_get(b->missing, service) != NULL ||
		json_object_size(b->missing) >= MISSING_MAX)
		return;
	vigil_log(b->d, VIGIL_WARN, "the master refuses %s", b->refusal);
	json_object_set_new(b->missing, service, vigil_time());
	b->missing_changed = true;
}

void backlog_probed(struct backlog *b, int err)
{
	if (err == 0)
		vigil_log(b->d, VIGIL_NOTICE, "%s can be written again", b->queue);
	b->store_error = err;
}

/* Counts each failure, and logs the first one of several in a row. */
void backlog_stored(struct backlog *b, int err)
{
	if (err == -E2BIG) {
		b->unstored++;
		vigil_error(b->d, "a change is too long for %s; only the state after it is sent",
			b->queue);
		return;
	}
	if (err != 0) {
		b->unstored++;
		if (b->store_error == 0)
			vigil_error(b->d, "%s cannot be written: %s", b->queue, strerror(-err));
		b->store_error = err;
	} else if (b->store_error != 0) {
		backlog_probed(b, 0);
	}
}

void backlog_away(struct backlog *b, const char *why)
{
	/* The state after changes that were dropped is sent within an interval from now. */
	if (why == NULL && b->away[0] != '\0' && b->dropped_at != 0)
		b->dropped_at = vigil_now();
	snprintf(b->away, sizeof(b->away), "%s", why != NULL ? why : "");
}

/* --- the health ------------------------------------------------------------------------------- */

static char *waiting_text(char text[WAITING_TEXT], const struct backlog_figures *f)
{
	size_t n = (size_t)snprintf(text, WAITING_TEXT, "%zu change%s and %zu repetition%s wait",
		f->changes, f->changes == 1 ? "" : "s", f->repetitions,
		f->repetitions == 1 ? "" : "s");

	if (f->changes + f->repetitions > 0)
		snprintf(text + n, WAITING_TEXT - n, ", the oldest for %.0f s", f->oldest);
	return text;
}

/* Returns whether drops are still reported: until no change waits and an interval has passed
 * without a drop.  Then the master has the present state of every daemon again. */
static bool is_lossy(struct backlog *b, const struct backlog_figures *f)
{
	uint64_t dropped = f->dropped + b->unstored;
	double interval = vigil_option_seconds(b->d, "interval");

	if (dropped > b->dropped) {
		if (b->dropped_at == 0 && f->dropped > 0)
			vigil_error(b->d, "the queue is full (queue_max): changes are dropped");
		b->dropped_at = vigil_now();
	} else if (b->dropped_at != 0 && f->changes == 0 &&
		   vigil_now() > b->dropped_at + interval) {
		b->dropped_at = 0;
		vigil_log(b->d, VIGIL_NOTICE,
			"no change is dropped any more; %llu were dropped since the start",
			(unsigned long long)dropped);
	}
	b->dropped = dropped;
	return b->dropped_at != 0;
}

static bool is_late(const struct backlog_figures *f)
{
	return f->changes + f->repetitions > 0 && f->oldest > LATE;
}

/* Sets the health to WARNING: the master accepts results, but there is a problem. */
static void set_warning(
	struct backlog *b, const struct backlog_figures *f, bool lossy, const char *waiting)
{
	const char *cause = f->dropped > 0 ? "was full (queue_max)" : "could not be written";

	if (lossy)
		vigil_health(b->d, VIGIL_WARNING,
			"%llu changes were dropped because the queue %s; %s; this ends when no "
			"change waits and one interval has passed without a drop",
			(unsigned long long)b->dropped, cause, waiting);
	else if (is_late(f))
		vigil_health(b->d, VIGIL_WARNING,
			"results become due faster than the master at %s takes them: %s",
			f->address, waiting);
	else if (f->fault != NULL)
		vigil_health(b->d, VIGIL_WARNING,
			"the CA or the credentials cannot be used, the former ones stay in use: %s",
			f->fault);
	else
		vigil_health(b->d, VIGIL_WARNING, "the master refuses %zu services, such as %s",
			json_object_size(b->missing), b->refusal);
}

static void set_health(struct backlog *b, const struct backlog_figures *f)
{
	char waiting[WAITING_TEXT], dropped[96] = "";
	bool lossy = is_lossy(b, f);

	waiting_text(waiting, f);
	if (lossy)
		snprintf(dropped, sizeof(dropped), "; %llu changes were dropped",
			(unsigned long long)b->dropped);
	if (b->store_error != 0)
		vigil_health(b->d, VIGIL_CRITICAL, "%s cannot be written: %s; %s%s", b->queue,
			strerror(-b->store_error), waiting, dropped);
	else if (b->away[0] != '\0')
		vigil_health(b->d, VIGIL_CRITICAL, "%s; %s%s", b->away, waiting, dropped);
	else if (lossy || is_late(f) || f->fault != NULL || json_object_size(b->missing) > 0)
		set_warning(b, f, lossy, waiting);
	else if (b->sent == 0)
		vigil_health(b->d, VIGIL_OK, "nothing sent yet");
	else
		vigil_health(b->d, VIGIL_OK, "the master takes results at %s", f->address);
}

void backlog_account(struct backlog *b, const struct backlog_figures *f)
{
	vigil_daemon *d = b->d;

	set_health(b, f);
	vigil_state_set(d, "sent", json_integer((json_int_t)b->sent));
	vigil_state_set(d, "refused", json_integer((json_int_t)b->refused));
	vigil_state_set(d, "waiting", json_integer((json_int_t)(f->changes + f->repetitions)));
	vigil_state_set(d, "changes", json_integer((json_int_t)f->changes));
	vigil_state_set(d, "repetitions", json_integer((json_int_t)f->repetitions));
	vigil_state_set(d, "replaced", json_integer((json_int_t)f->replaced));
	vigil_state_set(d, "dropped", json_integer((json_int_t)b->dropped));
	vigil_state_set(d, "oldest_seconds", json_integer((json_int_t)f->oldest));
	if (f->address[0] != '\0')
		vigil_state_set(d, "address", json_string(f->address));
	if (b->missing_changed && json_object_size(b->missing) > 0)
		vigil_state_set(d, "missing", json_copy(b->missing));
	else if (b->missing_changed)
		vigil_state_unset(d, "missing");
	b->missing_changed = false;
}
