/*
 * machine_follow: queries services once, and again when their manager signals a change or their
 * process has ended.
 *
 * No timer is set for a service that runs, or that systemd manages: systemd signals each change,
 * and a pidfd shows the end of a process under the other managers.  These send no signal when a
 * service starts.  So a service of theirs that is down or in a transition is queried again from
 * time to time, by one timer for all.
 *
 * At most WINDOW queries are in flight, so that the first queries of a large machine leave the
 * workers to the other daemons.
 */
#include <errno.h>
#include <string.h>

#include "machine.h"

#define WINDOW 8
/* The time between two queries of one service that changes all the time, or is in a transition. */
#define SHORT 1.0
/* The time between two queries of a service that is down and whose manager sends no signals. */
#define LONG 15.0

static void pump(struct machine *m);
static void recheck_in(struct machine *m, double seconds);

/* --- again later ------------------------------------------------------------------------------ */

static bool is_signalled(const struct item *item)
{
	return strcmp(item->manager, "systemd") == 0 && item->status != VIGIL_SERVICE_UNKNOWN;
}

/* In how many seconds after its last query the service must be queried again, though nothing has
 * happened; 0: never. */
static double pace_of(const struct machine *m, const struct item *item, double now)
{
	enum condition condition = census_judge(&m->census, item, now);

	if (item->service == NULL || is_signalled(item))
		return 0;
	if (condition == CONDITION_CHANGING)
		return SHORT;
	return item->status != VIGIL_SERVICE_RUNNING && condition_is_bad(condition) ? LONG : 0;
}

static void enqueue(struct machine *m, struct item *item)
{
	item->late = false;
	if (item->waiting)
		return;
	item->waiting = true;
	TAILQ_INSERT_TAIL(&m->queue, item, link);
}

static void on_recheck(vigil_daemon *d, void *arg)
{
	struct machine *m = arg;
	double now = vigil_now(), expires;

	m->recheck_at = 0;
	for (size_t i = 0; i < m->census.count; i++) {
		struct item *item = m->census.items[i];
		double pace = item->late ? SHORT : pace_of(m, item, now);

		if (pace > 0 && !item->asked && item->asked_at + pace <= now)
			enqueue(m, item);
		else if (pace > 0 && !item->asked)
			recheck_in(m, item->asked_at + pace - now);
		if (census_expires(&m->census, item, now, &expires))
			recheck_in(m, expires);
	}
	report_soon(m);
	pump(m);
}

static void recheck_in(struct machine *m, double seconds)
{
	double at = vigil_now() + seconds;

	if (m->recheck_at > 0 && m->recheck_at <= at)
		return;
	if (m->recheck_at > 0)
		vigil_cancel(m->daemon, on_recheck, m);
	m->recheck_at = at;
	/* A little later, so that the time is over then. */
	vigil_after(m->daemon, seconds + 0.01, on_recheck, m);
}

/* --- queries ---------------------------------------------------------------------------------- */

/* Plans the next look at a service that was just queried. */
static void plan(struct machine *m, struct item *item)
{
	double now = vigil_now(), pace = pace_of(m, item, now), expires;

	if (pace > 0)
		recheck_in(m, pace);
	if (census_expires(&m->census, item, now, &expires))
		recheck_in(m, expires);
}

/* The first query is made before the unit is monitored, so a change right after it may have been
 * missed. */
static void query_again(struct machine *m, struct item *item)
{
	if (strcmp(item->manager, "systemd") != 0)
		return;
	item->late = true;
	recheck_in(m, SHORT);
}

static void on_status(vigil_service *service, const vigil_service_reply *reply, void *arg)
{
	struct item *item = arg;
	struct machine *m = vigil_data(vigil_service_daemon(service));
	bool first = !item->known;

	m->in_flight--;
	item->asked = false;
	if (reply->status == VIGIL_SERVICE_ABSENT && reply->error == 0) {
		follow_drop(m, item);
	} else if (reply->fault == VIGIL_FAULT_REFUSED) {
		item->late = true;
		recheck_in(m, SHORT);
	} else {
		census_take_reply(&m->census, item, reply, vigil_now(), machine_wall());
		if (first)
			restart_recall(m, item);
		restart_review(m, item, reply);
		if (item->again)
			follow_query(m, item);
		else if (first)
			query_again(m, item);
		plan(m, item);
	}
	report_soon(m);
	pump(m);
}

/* Starts queries until WINDOW are in flight. */
static void pump(struct machine *m)
{
	struct item *item;

	while (m->in_flight < WINDOW && (item = TAILQ_FIRST(&m->queue)) != NULL) {
		TAILQ_REMOVE(&m->queue, item, link);
		item->waiting = item->again = false;
		item->asked_at = vigil_now();
		if (vigil_service_query(item->service, on_status, item) == 0) {
			item->asked = true;
			m->in_flight++;
		} else { /* the queue is full */
			item->late = true;
			recheck_in(m, SHORT);
		}
	}
}

void follow_query(struct machine *m, struct item *item)
{
	double wait = item->asked_at > 0 ? item->asked_at + SHORT - vigil_now() : 0;

	if (item->service == NULL || item->waiting)
		return;
	if (item->asked) {
		item->again = true;
	} else if (wait > 0) {
		item->late = true;
		recheck_in(m, wait);
	} else {
		enqueue(m, item);
		pump(m);
	}
}

static void on_stale(vigil_service *service, const vigil_service_reply *reply, void *arg)
{
	follow_query(vigil_data(vigil_service_daemon(service)), arg);
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* A masked unit that is down cannot be started.  A service of another manager that is neither
 * enabled nor runs cannot be followed, because its start is not signalled; the next list has it. */
static bool is_worth_it(const struct item *item)
{
	bool wanted = item->boot && item->daemon;

	if (strcmp(item->manager, "systemd") == 0)
		return !item->hold || item->status != VIGIL_SERVICE_STOPPED;
	if (item->status == VIGIL_SERVICE_UNKNOWN)
		return item->daemon && !item->unused;
	return item->status != VIGIL_SERVICE_STOPPED || wanted;
}

void follow_open(struct machine *m, struct item *item)
{
	const vigil_service_spec spec = {.size = sizeof(spec),
		.name = item->name,
		.manager = item->manager,
		.observe = !item->covered,
		.one_of_many = item->covered};

	if (item->service != NULL || item->unusable || !is_worth_it(item))
		return;
	item->service = vigil_service_open(m->daemon, &spec);
	item->unusable = item->service == NULL;
	if (item->unusable)
		return;
	vigil_service_on_stale(item->service, on_stale, item);
	follow_query(m, item);
}

void follow_drop(struct machine *m, struct item *item)
{
	if (item->waiting)
		TAILQ_REMOVE(&m->queue, item, link);
	if (item->asked)
		m->in_flight--;
	if (item->service != NULL)
		vigil_service_close(item->service);
	if (item->care != NULL)
		care_free(&m->cares, item->care, false);
	census_remove(&m->census, item);
}
