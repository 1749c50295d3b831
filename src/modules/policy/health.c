/*
 * health: see health.h.
 *
 * The text first gives the present status, then what vigild tried, and last what vigild does next
 * or why it does nothing.
 */
#include "health.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(struct health *health, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct health *health, const char *format, ...)
{
	size_t used = strlen(health->text);
	va_list ap;

	va_start(ap, format);
	vsnprintf(health->text + used, sizeof(health->text) - used, format, ap);
	va_end(ap);
}

static const char *status_of(const struct health_input *in)
{
	return vigil_service_status_name(in->facts->status);
}

/* Appends a duration in seconds, minutes or hours. */
static void add_span(struct health *health, double seconds)
{
	if (seconds < 120)
		add(health, "%.0f s", fmax(seconds, 1));
	else if (seconds < 7200)
		add(health, "%.0f min", seconds / 60);
	else
		add(health, "%.0f h", seconds / 3600);
}

/* --- crashes ---------------------------------------------------------------------------------- */

void health_set_crashes(struct health_input *in, const struct recent *recent)
{
	const struct times *respawns = &recent->respawns, *recoveries = &recent->recoveries;
	double now = vigil_now(), since = now - in->rules->respawn_window;
	unsigned back, restarted;
	double first, last;

	if (in->rules->respawn_max == 0 || respawns->count + recoveries->count == 0)
		return;
	back = recent_count(respawns, since);
	restarted = recent_count(recoveries, since);
	if (back + restarted <= in->rules->respawn_max)
		return;
	first = fmin(back > 0 ? recent_nth(respawns, back) : now,
		restarted > 0 ? recent_nth(recoveries, restarted) : now);
	last = fmax(recent_nth(respawns, 1), recent_nth(recoveries, 1));
	in->brought_back = back;
	in->restarted = restarted;
	in->span = last - first;
}

/* --- a restart that is needed ----------------------------------------------------------------- */

/* The level and the words for each reason to withhold a restart. The reason from the facts goes
 * between the two texts. */
static const struct {
	vigil_health_level level;
	const char *before, *after;
	bool gave_up;
} withheld_table[] = {
	[WITHHELD_NOT] = {VIGIL_CRITICAL, "; it is being restarted", "", false},
	[WITHHELD_STOPPED] = {VIGIL_WARNING, " and left alone, because an admin stopped it", "",
		false},
	[WITHHELD_PAUSED] = {VIGIL_CRITICAL, "; it is not restarted during the pause", "", false},
	[WITHHELD_HOLD] = {VIGIL_WARNING, " and left alone: ", "", false},
	[WITHHELD_NEVER] = {VIGIL_CRITICAL, "; it is not restarted, because restart_on = never", "",
		true},
	[WITHHELD_CLEAN_STOP] = {VIGIL_CRITICAL, ", and left alone, because restart_on = failed",
		"", true},
	[WITHHELD_CALENDAR] = {VIGIL_CRITICAL, "; it is not restarted: ", "", false},
	[WITHHELD_REFUSED] = {VIGIL_CRITICAL, " and not restarted: ", "", true},
	[WITHHELD_BURST] = {VIGIL_CRITICAL, "; vigil gave up after ", ", until the next try", true},
	[WITHHELD_AWAITED] = {VIGIL_CRITICAL, "; waiting for ", "", false},
	[WITHHELD_BACKOFF] = {VIGIL_CRITICAL, "; the next restart waits for the backoff", "",
		false},
	[WITHHELD_UNSTABLE] = {VIGIL_WARNING, "; its restart waits until ", " keeps running",
		false},
	[WITHHELD_DEFERRED] = {VIGIL_WARNING, "; not restarted now: ", "", false},
};

static void add_reason(struct health *health, const struct health_input *in, enum withheld withheld)
{
	const char *reason = "";

	if (withheld == WITHHELD_HOLD)
		reason = in->facts->hold;
	else if (withheld == WITHHELD_REFUSED)
		reason = in->facts->refusal;
	else if (withheld == WITHHELD_AWAITED)
		reason = in->facts->awaited;
	else if (withheld == WITHHELD_STOPPED ||
		 (withheld == WITHHELD_CLEAN_STOP && !in->facts->many))
		add(health, "; to start it: vigilctl start %s", in->facts->daemon);
	else if (withheld == WITHHELD_CALENDAR)
		reason = in->facts->closed;
	else if (withheld == WITHHELD_UNSTABLE)
		reason = in->facts->wave_by;
	else if (withheld == WITHHELD_DEFERRED)
		reason = in->facts->deferred;
	else if (withheld == WITHHELD_BURST)
		add(health, "%u restarts in %.0f s", in->rules->burst, in->rules->burst_window);
	add(health, "%s", reason);
}

static void add_attempts(struct health *health, const struct health_input *in)
{
	if (in->failed_restarts == 1)
		add(health, "; its restart %s", in->denied ? "was denied" : "failed");
	else if (in->failed_restarts > 1)
		add(health, "; %u restarts in a row %s", in->failed_restarts,
			in->denied ? "were denied" : "failed");
	else if (in->setbacks > 0)
		add(health, "; %u restart%s lately did not help for long", in->setbacks,
			in->setbacks == 1 ? "" : "s");
}

static void format_need(struct health *health, const struct health_input *in)
{
	enum withheld withheld = in->decision->withheld;

	health->level = withheld_table[withheld].level;
	health->gave_up = withheld_table[withheld].gave_up &&
			  !(withheld == WITHHELD_REFUSED && in->facts->refusal_ends);
	if (withheld == WITHHELD_REFUSED && in->facts->refusal_deliberate) {
		health->level = VIGIL_WARNING;
		health->gave_up = false;
		add(health, " and left alone: %s", in->facts->refusal);
		return;
	}
	if (withheld != WITHHELD_HOLD && withheld != WITHHELD_CLEAN_STOP &&
		withheld != WITHHELD_STOPPED)
		add_attempts(health, in);
	add(health, "%s", withheld_table[withheld].before);
	add_reason(health, in, withheld);
	add(health, "%s", withheld_table[withheld].after);
}

/* --- by status -------------------------------------------------------------------------------- */

static void format_crashes(struct health *health, const struct health_input *in)
{
	health->level = VIGIL_CRITICAL;
	add(health, "%s keeps crashing: ", in->name);
	if (in->brought_back > 0)
		add(health, "brought back %u times", in->brought_back);
	if (in->restarted > 0)
		add(health, "%srestarted %u times", in->brought_back > 0 ? " and " : "",
			in->restarted);
	add(health, " in ");
	add_span(health, in->span);
}

/* The service is well, and is to be restarted because another one was. That it is not restarted is
 * what restart_on = never asks for, and otherwise needs attention, but it serves. */
static void format_wave(struct health *health, const struct health_input *in)
{
	add(health, "%s is running, but %s", in->name, in->facts->wave);
	format_need(health, in);
	health->gave_up = false;
	health->level = in->rules->restart_on == RESTART_NEVER ? VIGIL_OK : VIGIL_WARNING;
}

static void format_running(struct health *health, const struct health_input *in)
{
	const struct facts *facts = in->facts;

	if (facts->sick != NULL) {
		add(health, "%s is running, but %s", in->name, facts->sick);
		format_need(health, in);
	} else if (in->brought_back + in->restarted > 0) {
		format_crashes(health, in);
	} else if (in->decision->with_peer) {
		format_wave(health, in);
	} else if (facts->broken != NULL) {
		health->level = VIGIL_CRITICAL;
		add(health, "%s is running, but %s", in->name, facts->broken);
	} else if (facts->unprobed != NULL) {
		health->level = VIGIL_UNKNOWN;
		add(health, "%s is running, but vigild could not probe: %s", in->name,
			facts->unprobed);
	} else if (facts->unjudged != NULL) {
		health->level = VIGIL_UNKNOWN;
		add(health, "%s is running, but %s", in->name, facts->unjudged);
	} else if (facts->ailing != NULL) {
		health->level = VIGIL_WARNING;
		add(health, "%s is running, but %s", in->name, facts->ailing);
	} else if (facts->expiring != NULL) {
		health->level = VIGIL_WARNING;
		add(health, "%s is running, but %s", in->name, facts->expiring);
	} else {
		health->level = VIGIL_OK;
		add(health, "%s is running", in->name);
		if (in->pid > 0)
			add(health, ", pid %d", (int)in->pid);
		if (facts->lacking != NULL)
			add(health, ", and needs %s", facts->lacking);
		if (in->text[0] != '\0')
			add(health, ": %s", in->text);
	}
}

static void format_busy(struct health *health, const struct health_input *in)
{
	const struct facts *facts = in->facts;
	double limit = facts->busy_limit, settle = in->rules->settle;

	add(health, "%s is %s for %.0f s", in->name, status_of(in), decide_busy_age(facts));
	if (in->starting > 0)
		add(health, ", restart %u", in->starting);
	switch (in->decision->need) {
	case NEED_RESTART:
		add(health, ", longer than the %.0f s of settle", settle);
		format_need(health, in);
		break;
	case NEED_MANAGER:
		health->level = VIGIL_CRITICAL;
		if (limit < settle)
			add(health,
				", longer than the %.0f s of settle and the %.0f s after which ",
				settle, limit);
		else
			add(health, ", longer than the %.0f s after which ", limit);
		add(health, "its manager should have ended that");
		break;
	default:
		if (in->brought_back + in->restarted > 0) {
			health->text[0] = '\0';
			format_crashes(health, in);
			return;
		}
		health->level = VIGIL_WARNING;
		if (isinf(limit))
			add(health, "; its manager sets no time limit for that");
	}
}

/* Returns whether the manager's message adds information. "dead" adds none, because it is systemd's
 * word for a stopped unit. A text that equals the refusal adds none, because the refusal is part of
 * the line anyway. */
static bool is_news(const struct health_input *in)
{
	const char *refusal = in->facts->refusal;

	return in->text[0] != '\0' && strcmp(in->text, "dead") != 0 &&
	       (refusal == NULL || strcmp(in->text, refusal) != 0);
}

static void format_down(struct health *health, const struct health_input *in)
{
	if (in->decision->need == NEED_NOTHING) {
		health->level = VIGIL_OK;
		add(health, "%s is idle, %s", in->name, in->facts->idle);
		return;
	}
	add(health, "%s is %s%s", in->name, status_of(in),
		in->decision->withheld == WITHHELD_CLEAN_STOP ? " on purpose" : "");
	if (is_news(in))
		add(health, " (%s)", in->text);
	format_need(health, in);
}

static void format_unknown(struct health *health, const struct health_input *in)
{
	health->level = VIGIL_UNKNOWN;
	add(health, "%s: %s", in->name, in->text[0] != '\0' ? in->text : "its status is not known");
}

/* A restart, start or stop was requested. A problem persists until it is answered. */
static void format_under_way(struct health *health, const struct health_input *in)
{
	bool well = in->facts->status == VIGIL_SERVICE_RUNNING && in->facts->sick == NULL;

	health->level = well ? VIGIL_WARNING : VIGIL_CRITICAL;
	add(health, "%s is %s; a %s is under way", in->name, status_of(in), in->facts->under_way);
}

/* Removes what joins the text to the name and the status of the service. */
static void cut_joint(struct health *health)
{
	static const char *const joints[] = {"; ", ", and ", " and ", ", "};

	for (size_t i = 0; i < sizeof(joints) / sizeof(*joints); i++) {
		size_t n = strlen(joints[i]);

		if (strncmp(health->text, joints[i], n) != 0)
			continue;
		memmove(health->text, health->text + n, strlen(health->text + n) + 1);
		return;
	}
}

void health_of_plan(const struct health_input *in, struct health *health)
{
	*health = (struct health){.level = VIGIL_OK};
	if (in->facts->under_way != NULL)
		add(health, "a %s is under way", in->facts->under_way);
	else if (in->decision->need == NEED_RESTART)
		format_need(health, in);
	else if (in->decision->need == NEED_MANAGER)
		add(health, "its manager should have ended that");
	cut_joint(health);
}

void health_of(const struct health_input *in, struct health *health)
{
	health->text[0] = '\0';
	health->gave_up = false;
	switch (in->facts->status) {
	case VIGIL_SERVICE_ABSENT:
		health->level = VIGIL_UNKNOWN;
		add(health, "%s is not installed", in->name);
		return;
	case VIGIL_SERVICE_UNKNOWN: format_unknown(health, in); return;
	default: break;
	}
	if (in->facts->under_way != NULL) {
		format_under_way(health, in);
		return;
	}
	switch (in->facts->status) {
	case VIGIL_SERVICE_RUNNING: format_running(health, in); break;
	case VIGIL_SERVICE_STOPPED:
	case VIGIL_SERVICE_FAILED: format_down(health, in); break;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: format_busy(health, in); break;
	default: format_unknown(health, in);
	}
}
