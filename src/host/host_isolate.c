/*
 * host_isolate: starts a daemon again whose own process has ended.
 *
 * The first start comes five seconds after the end, and the delay doubles.  After three ends in a
 * row, each after a short run, the daemon is in quarantine, as a daemon is that crashed vigild.
 *
 * A reload that must ask or try modules in other processes waits here for their answers, so that
 * the loop does not.
 */
#include "host/host_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "base/memory.h"
#include "host/plan.h"
#include "host/quarantine.h"
#include "loop/loop.h"

#define DELAY 5u /* seconds */

struct host_retry {
	struct host *host;
	struct loop_timer *timer;
	SLIST_ENTRY(host_retry) link;
	char name[];
};

static void retry_free(struct host_retry *retry)
{
	SLIST_REMOVE(&retry->host->retries, retry, host_retry, link);
	loop_timer_free(retry->timer);
	free(retry);
}

static void try_again(struct host *host, struct vigil_daemon *d, unsigned delay);

static void on_due(uint64_t missed, void *arg)
{
	struct host_retry *retry = arg;
	struct host *host = retry->host;
	struct vigil_daemon *d = host_find(host, retry->name);
	int err;

	retry_free(retry);
	/* A reload may have started, changed or removed the daemon. */
	if (host->stopping || d == NULL || daemon_status(d) != DAEMON_FAILED ||
		daemon_descriptor(d) == NULL || host_is_quarantined(host, d))
		return;
	err = daemon_start(d);
	if (err != 0 && error_is_own(err)) /* that may pass, and is no failure of the daemon */
		try_again(host, d, DELAY);
}

static void start_later(struct host *host, const char *name, unsigned seconds)
{
	struct host_retry *retry;

	SLIST_FOREACH(retry, &host->retries, link)
		if (strcmp(retry->name, name) == 0)
			break;
	if (retry == NULL) {
		retry = memory_zero(sizeof(*retry) + strlen(name) + 1);
		retry->host = host;
		strcpy(retry->name, name);
		retry->timer = loop_once(host->loop, on_due, retry);
		SLIST_INSERT_HEAD(&host->retries, retry, link);
	}
	loop_timer_rearm(retry->timer, seconds * CLOCK_SECOND);
}

/* Starts the daemon again after so many seconds, and says so in its reason. */
static void try_again(struct host *host, struct vigil_daemon *d, unsigned delay)
{
	char *reason = memory_text(daemon_reason(d));

	daemon_set_reason(d, "%s; it is started again in %u s", reason, delay);
	start_later(host, daemon_name(d), delay);
	free(reason);
}

/* Starts the daemon again later, or leaves it in quarantine. */
static void decide(struct host *host, struct vigil_daemon *d, double lived)
{
	char *reason = memory_text(daemon_reason(d)), why[HOST_REFUSAL];
	unsigned count = quarantine_count(host->store, daemon_name(d), lived);
	unsigned delay = DELAY << (count - 1);

	if (quarantine_has(host->store, daemon_name(d), why, sizeof(why))) {
		daemon_set_reason(d, "%s (%s)", why, reason);
		log_write(LEVEL_ERROR, daemon_name(d), "%s", why);
	} else {
		try_again(host, d, delay);
	}
	vigil_event(d, "%s", daemon_reason(d));
	free(reason);
}

/* --- asking modules --------------------------------------------------------------------------- */

struct host_asker {
	host_again_fn *again;
	void *arg;
	TAILQ_ENTRY(host_asker) link;
};

static void wait_in(struct host_askers *list, host_again_fn *again, void *arg)
{
	struct host_asker *asker = memory_zero(sizeof(*asker));

	asker->again = again;
	asker->arg = arg;
	TAILQ_INSERT_TAIL(list, asker, link);
}

static void clear(struct host_askers *list)
{
	struct host_asker *asker;

	while ((asker = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, asker, link);
		free(asker);
	}
}

/* Calls those that wait now.  Others that begin to wait meanwhile stay in the list. */
static void call_all(struct host_askers *list)
{
	struct host_asker *asker, *last = TAILQ_LAST(list, host_askers);
	bool is_last = last == NULL;

	while (!is_last && (asker = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, asker, link);
		is_last = asker == last;
		asker->again(asker->arg);
		free(asker);
	}
}

static void on_ready(void *arg)
{
	struct host *host = arg;

	if (host->stopping)
		return;
	call_all(&host->askers);
	/* A verb may make more than one plan, so the failures are kept until all have been made. */
	if (TAILQ_EMPTY(&host->askers))
		plan_settle();
}

void host_ask_modules(struct host *host, host_again_fn *again, void *arg)
{
	wait_in(&host->askers, again, arg);
	plan_ask(host->loop, on_ready, host);
}

static void on_again(void *arg)
{
	host_reload_soon(arg);
}

void host_reload_soon(struct host *host)
{
	struct diagnostics diagnostics = {0};
	json_t *result;

	if (host_reload(host, &result, &diagnostics) == -EAGAIN)
		host_ask_modules(host, on_again, host);
	json_decref(result);
	diagnostics_clear(&diagnostics);
}

/* --- starts ----------------------------------------------------------------------------------- */

static bool is_busy(const struct host *host)
{
	const struct vigil_daemon *d;

	for (size_t i = 0; (d = daemon_list_at(&host->daemon_list, i)) != NULL; i++)
		if (daemon_is_busy_apart(d))
			return true;
	return false;
}

bool host_after_starts(struct host *host, host_again_fn *fn, void *arg)
{
	if (!is_busy(host))
		return false;
	wait_in(&host->starters, fn, arg);
	return true;
}

/* Looks at all daemons only if somebody waits. */
void host_isolate_check_starts(struct host *host)
{
	if (!TAILQ_EMPTY(&host->starters) && !is_busy(host))
		call_all(&host->starters);
}

void host_isolate_started(struct vigil_daemon *d, void *host)
{
	host_isolate_check_starts(host);
}

void host_isolate_ended(struct vigil_daemon *d, bool crashed, double lived, void *host)
{
	if (crashed && !((struct host *)host)->stopping)
		decide(host, d, lived);
	host_isolate_check_starts(host);
}

void host_isolate_clear(struct host *host)
{
	clear(&host->askers);
	clear(&host->starters);
	plan_cancel();
	while (!SLIST_EMPTY(&host->retries))
		retry_free(SLIST_FIRST(&host->retries));
}
