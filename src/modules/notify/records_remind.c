/*
 * records_remind: repeats problems at the interval `remind` until they end.
 *
 * A problem is repeated only if it was sent and its level is still one that is sent, and never
 * during a pause. A problem whose reminder is due soon after another one is repeated together with
 * that one.
 */
#include "records.h"

#include <math.h>
#include <string.h>

#define TOGETHER 0.1 /* fraction of `remind` */

static bool is_due(const struct record *r, double early)
{
	return r->told != NULL && r->now != NULL && r->settled != NULL && r->line == NULL &&
	       !r->held && strcmp(r->now, r->settled) == 0 && !news_is_good(r->settled) &&
	       r->told_at + r->all->remind - early <= vigil_now();
}

static void remind(struct record *r)
{
	json_t *value;

	if (!news_may_be(&r->all->rule, r->kind, r->settled) || record_is_paused(r))
		return;
	/* Otherwise reminders would accumulate while nothing can be sent. */
	if (send_has(r->all->send, r->pointer))
		return;
	value = json_incref((json_t *)record_present_value(r));
	record_send(r, "reminder", r->settled, value);
	json_decref(value);
	kept_change(r);
}

static void on_remind(vigil_daemon *d, void *arg)
{
	struct records *all = arg;
	struct record *r;
	bool any = false;

	LIST_FOREACH(r, &all->list, link)
		any = any || is_due(r, 0);
	if (!any)
		return;
	LIST_FOREACH(r, &all->list, link) {
		if (is_due(r, TOGETHER * all->remind))
			remind(r);
	}
}

int remind_start(struct records *all)
{
	if (all->remind <= 0)
		return 0;
	return vigil_every(all->d, fmax(0.05, fmin(60, all->remind / 20)), on_remind, all);
}
