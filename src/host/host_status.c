/*
 * host_status: the status of the host and its daemons: /vigil and /runs.
 *
 * Nothing is stored here: each read collects the figures from the components that own them.
 */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "host/day.h"
#include "host/host_internal.h"
#include "loop/loop.h"
#include "process/left_behind.h"
#include "process/slot_queue.h"
#include "process/task_limit.h"
#include "service/services.h"
#include "state/state.h"
#include "worker/worker_pool.h"

static json_t *workers_account(struct host *host)
{
	struct worker_pool_counts c;

	worker_pool_counts(host->worker_pool, &c);
	return json_pack("{s:i,s:i,s:i,s:I,s:I}", "alive", (int)c.alive, "busy", (int)c.busy,
		"queued", (int)c.queued, "lost", (json_int_t)c.lost, "refused",
		(json_int_t)c.refused);
}

static json_t *queries_account(struct host *host)
{
	struct service_counts c;

	services_counts(host->services, &c);
	return json_pack("{s:I,s:I,s:I,s:I,s:I}", "cached", (json_int_t)c.cached, "workers",
		(json_int_t)c.workers, "batched", (json_int_t)c.batched, "calls",
		(json_int_t)c.calls, "signals", (json_int_t)c.signals);
}

static json_t *slots_account(struct host *host)
{
	struct slot_counts c;

	slot_queue_counts(host->slots, &c);
	return json_pack("{s:i,s:i,s:i}", "max", (int)c.most, "held", (int)c.held, "waiting",
		(int)c.waiting);
}

/* used and limit are null if there is no limit. */
static json_t *tasks_account(void)
{
	struct task_limit limit;
	json_t *used = NULL, *most = NULL;

	task_limit_read(&limit);
	if (limit.most != UINT64_MAX) {
		used = json_integer((json_int_t)limit.used);
		most = json_integer((json_int_t)limit.most);
	}
	return json_pack("{s:o?,s:o?,s:I,s:I}", "used", used, "limit", most, "reserve",
		(json_int_t)limit.reserve, "refused", (json_int_t)task_limit_refused());
}

/* NULL: nothing is degraded. */
static json_t *degraded_account(void)
{
	json_t *list = json_array();
	char since[CLOCK_TEXT];

	for (enum degraded what = 0; what < DEGRADED_KINDS; what++) {
		const struct degraded_reason *reason = degraded_get(what);

		if (reason != NULL)
			json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", reason->what,
							    "text", reason->text, "since",
							    clock_text_at(since, reason->since)));
	}
	if (json_array_size(list) > 0)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *vigil_account(struct host *host)
{
	struct loop_lag lag;

	loop_lag(host->loop, &lag);
	return json_pack(
		"{s:s,s:i,s:s,s:I,s:I,s:I,s:I,s:{s:{s:f,s:f,s:f}},s:o,s:o,s:o,s:o,s:I,s:o*}",
		"version", PACKAGE_VERSION, "pid", (int)getpid(), "started", host->started,
		"generation", (json_int_t)host->generation, "reloads", (json_int_t)host->reloads,
		"reload_errors", (json_int_t)host->reload_errors, "revision",
		(json_int_t)state_revision(host->state), "loop", "lag_seconds", "last", lag.last,
		"p99", lag.p99, "max", lag.max, "workers", workers_account(host), "queries",
		queries_account(host), "slots", slots_account(host), "tasks", tasks_account(),
		"left_behind", (json_int_t)left_behind_count(), "degraded", degraded_account());
}

static json_t *below(json_t *whole, const char *rest)
{
	json_t *part = json_incref(json_pointer_follow(whole, rest));

	json_decref(whole);
	return part;
}

static json_t *names_account(const struct host *host)
{
	json_t *names = json_array();
	struct vigil_daemon *d;

	for (size_t i = 0; (d = daemon_list_at(&host->daemon_list, i)) != NULL; i++)
		json_array_append_new(names, json_string(daemon_name(d)));
	return names;
}

/* The names have an address of their own for those who read the accounts at /runs one at a time,
 * because all accounts at once take long.  They are no member of /vigil, which is read often. */
static json_t *on_read_vigil(const char *rest, void *arg)
{
	if (strcmp(rest, "/daemons") == 0)
		return names_account(arg);
	return below(vigil_account(arg), rest);
}

json_t *host_run_status(struct host *host, struct vigil_daemon *d)
{
	json_t *account = daemon_account(d);

	json_object_set_new(account, "day", days_account(host->days, d));
	return account;
}

static json_t *on_read_runs(const char *rest, void *arg)
{
	struct host *host = arg;
	struct vigil_daemon *d;
	char name[STATE_POINTER_MAX];
	json_t *all, *part;

	if (rest[0] != '\0') {
		rest = json_pointer_step(rest, name, sizeof(name));
		d = host_find(host, name);
		if (d == NULL)
			return NULL;
		part = daemon_account_part(d, rest);
		return part != NULL ? part : below(host_run_status(host, d), rest);
	}
	all = json_object();
	for (size_t i = 0; (d = daemon_list_at(&host->daemon_list, i)) != NULL; i++)
		json_object_set_new(all, daemon_name(d), host_run_status(host, d));
	return all;
}

/* A reason may be set or cleared at any time, also inside a write to the state.  So the
 * announcement is deferred to a timer of the loop. */
static void on_degraded(void *arg)
{
	struct host *host = arg;

	if (loop_is_owner())
		loop_timer_rearm(host->degraded_changed, 0);
}

static void on_announce_degraded(uint64_t missed, void *arg)
{
	struct host *host = arg;
	json_t *list = degraded_account();

	state_announce(host->state, "/vigil/degraded", list);
	json_decref(list);
}

void host_announce_generation(struct host *host)
{
	json_t *generation = json_integer((json_int_t)host->generation);

	state_announce(host->state, "/vigil/generation", generation);
	json_decref(generation);
}

int host_mount_status(struct host *host)
{
	int err = state_mount(host->state, "/vigil", on_read_vigil, host);

	if (err == 0)
		err = state_mount(host->state, "/runs", on_read_runs, host);
	if (err != 0)
		return err;
	host->degraded_changed = loop_once(host->loop, on_announce_degraded, host);
	degraded_on_change(on_degraded, host);
	return 0;
}

void host_unmount_status(struct host *host)
{
	degraded_on_change(NULL, NULL);
	loop_timer_free(host->degraded_changed);
	host->degraded_changed = NULL;
}
