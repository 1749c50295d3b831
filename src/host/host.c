/*
 * host: see host.h.  Each reload makes a new plan from the configuration files.  If the plan has no
 * error, the host applies the difference to the running daemons.  A daemon whose module and options
 * are the same is not touched and misses no tick.
 *
 * The host tears the environment down in the opposite order: it rejects new work, then stops the
 * workers, then the daemons, then closes the store.
 */
#include "host/host_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "config/config.h"
#include "config/config_load.h"
#include "daemon/daemon.h"
#include "daemon/module.h"
#include "host/boot_clock.h"
#include "host/daemon_list.h"
#include "host/day.h"
#include "host/pause.h"
#include "host/plan.h"
#include "host/plan_show.h"
#include "host/quarantine.h"
#include "loop/loop.h"
#include "persist/crash_marker.h"
#include "persist/store.h"
#include "process/child.h"
#include "process/run_group.h"
#include "process/slot_queue.h"
#include "process/spawn.h"
#include "process/task_limit.h"
#include "service/manager.h"
#include "service/service.h"
#include "state/state.h"
#include "worker/worker_pool.h"

#define DRAIN (10 * CLOCK_SECOND)

/* --- apply ------------------------------------------------------------------------------------ */

static struct vigil_daemon *daemon_at(size_t index, void *arg)
{
	return host_daemon(arg, index);
}

static struct vigil_daemon *find_by_name(const char *name, void *arg)
{
	return host_find(arg, name);
}

static struct vigil_daemon *find_after(const char *name, void *arg)
{
	return host_daemon_after(arg, name);
}

/* Stops the daemon and frees it. */
static void end(struct host *host, struct vigil_daemon *d)
{
	daemon_list_remove(&host->daemon_list, d);
	daemon_free(d);
}

static struct vigil_daemon *begin(struct host *host, const struct plan_daemon *pd)
{
	struct vigil_daemon *d =
		daemon_new(&host->environment, pd->name, pd->module, pd->descriptor, pd->options);
	char why[256];

	daemon_list_add(&host->daemon_list, d);
	pause_restore(host->pauses, d);
	if (pd->why != NULL)
		daemon_fail(d, "%s", pd->why);
	else if (quarantine_has(host->store, pd->name, why, sizeof(why)))
		daemon_fail(d, "%s", why);
	else
		daemon_start(d);
	return d;
}

static bool is_same(const struct vigil_daemon *d, const struct plan_daemon *pd)
{
	return strcmp(daemon_module(d), pd->module) == 0 && pd->descriptor != NULL &&
	       daemon_options(d) != NULL;
}

static void list_name(json_t *result, const char *key, const char *name)
{
	json_array_append_new(json_object_get(result, key), json_string(name));
}

static void stop_the_unwanted(struct host *host, const struct plan *plan, json_t *result)
{
	for (size_t i = host->daemon_list.count; i-- > 0;) {
		struct vigil_daemon *d = daemon_list_at(&host->daemon_list, i);
		const char *name = daemon_name(d);

		if (plan_find(plan, name) != NULL)
			continue;
		list_name(result, "stopped", name);
		log_write(LEVEL_NOTICE, name, "stopped: no longer watched");
		end(host, d);
	}
}

/* Applies the plan to one daemon.  The result says whether the daemon is new, changed or unchanged.
 * A daemon that failed before is started again, as a changed one. */
static const char *apply_one(struct host *host, const struct plan_daemon *pd)
{
	struct vigil_daemon *d = host_find(host, pd->name);

	if (d == NULL) {
		begin(host, pd);
		return "started";
	}
	if (daemon_status(d) == DAEMON_FAILED || !is_same(d, pd)) {
		end(host, d);
		begin(host, pd);
		return "changed";
	}
	if (option_set_equal(daemon_options(d), pd->options))
		return "kept";
	daemon_reconfigure(d, pd->options);
	return "changed";
}

/* The options must be checked now, because they were not checked while the daemon was in
 * quarantine. */
static void start_released(struct host *host, const struct plan_daemon *pd)
{
	struct diagnostics diagnostics = {0};

	if (plan_check_daemon(host->plan, pd, &diagnostics) == 0)
		apply_one(host, pd);
	else
		daemon_fail(host_find(host, pd->name), "%s", diagnostics.list[0].text);
	diagnostics_clear(&diagnostics);
}

void host_release(struct host *host, const char *name)
{
	const struct plan_daemon *pd = plan_find(host->plan, name);
	struct diagnostics diagnostics = {0};
	json_t *result;

	if (pd == NULL)
		return;
	if (quarantine_release_module(host->store, pd->module)) {
		log_notice("the module %s is no longer quarantined", pd->module);
		host_reload(host, &result, &diagnostics); /* the reload opens the module */
		json_decref(result);
		diagnostics_clear(&diagnostics);
	} else if (quarantine_release(host->store, name)) {
		log_write(LEVEL_NOTICE, name, "no longer quarantined");
		start_released(host, pd);
	}
}

static json_t *apply(struct host *host, const struct plan *plan)
{
	json_t *result = json_pack("{s:[],s:[],s:[],s:i,s:{},s:[]}", "started", "stopped",
		"changed", "kept", 0, "failed", "restart_needed");
	json_int_t kept = 0;

	stop_the_unwanted(host, plan, result);
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_daemon *pd = &plan->daemons[i];
		const char *what = apply_one(host, pd);
		const char *reason = daemon_reason(host_find(host, pd->name));

		if (strcmp(what, "kept") == 0)
			kept++;
		else
			list_name(result, what, pd->name);
		if (reason[0] != '\0')
			json_object_set_new(
				json_object_get(result, "failed"), pd->name, json_string(reason));
	}
	json_object_set_new(result, "kept", json_integer(kept));
	return result;
}

/* --- reload ----------------------------------------------------------------------------------- */

static void log_result(const json_t *result)
{
	log_notice("reloaded: %zu started, %zu stopped, %zu changed, %d kept, %zu failed",
		json_array_size(json_object_get(result, "started")),
		json_array_size(json_object_get(result, "stopped")),
		json_array_size(json_object_get(result, "changed")),
		(int)json_integer_value(json_object_get(result, "kept")),
		json_object_size(json_object_get(result, "failed")));
}

/* Logs the notes, adds them to the result if there is one, and clears them.  Notes do not make a
 * reload fail. */
static void log_notes(struct diagnostics *diagnostics, json_t *result)
{
	for (size_t i = 0; i < diagnostics->count; i++) {
		log_warn("%s", diagnostics->list[i].text);
		if (result != NULL && json_object_get(result, "notes") == NULL)
			json_object_set_new(result, "notes", json_array());
		if (result != NULL)
			list_name(result, "notes", diagnostics->list[i].text);
	}
	diagnostics_clear(diagnostics);
}

static int refuse_reload(struct host *host, const struct diagnostics *diagnostics)
{
	host->reload_errors++;
	modules_set_directories(host->modules,
		(const char *const *)config_vigil(host->plan->config, "modules")->list);
	for (size_t i = 0; i < diagnostics->count; i++)
		log_error("%s", diagnostics->list[i].text);
	log_error("the configuration was not reloaded; the running daemons are unchanged");
	return -EINVAL;
}

int host_reload(struct host *host, json_t **result, struct diagnostics *diagnostics)
{
	struct plan *plan;

	LOOP_ASSERT_OWNER();
	*result = NULL;
	if (host->stopping) {
		diagnostic_add(diagnostics, NULL, 0, "vigild is stopping");
		return -EINVAL;
	}
	plan = plan_make(host->file, host->modules, false, diagnostics);
	if (plan == NULL) {
		/* The log is reopened even if the configuration is invalid, because the old file
		 * may have been rotated. */
		log_reopen();
		return refuse_reload(host, diagnostics);
	}
	if (host_take_log(host->plan->config, plan->config, diagnostics) != 0) {
		plan_free(plan);
		return refuse_reload(host, diagnostics);
	}
	host_take_settings(host, plan->config);
	*result = apply(host, plan);
	host_report_pending(host->plan->config, plan->config, *result);
	plan_free(host->plan);
	host->plan = plan;
	host->reloads++;
	host->generation++;
	log_notes(diagnostics, *result);
	log_result(*result);
	return 0;
}

/* --- start and stop --------------------------------------------------------------------------- */

int host_test(const char *file, FILE *show, struct diagnostics *diagnostics)
{
	struct modules *modules = modules_new();
	struct plan *plan = plan_make(file, modules, true, diagnostics);
	int err = plan != NULL ? 0 : -EINVAL;

	if (plan != NULL && show != NULL)
		plan_show(plan, show);
	plan_free(plan);
	modules_free(modules);
	return err;
}

/* Runs before vigild exits because it is out of memory.  It saves the store and terminates the
 * started programs.  On another thread than the loop thread it does nothing, because only the loop
 * thread may touch them. */
static void on_end(void *arg, const char *why)
{
	struct host *host = arg;
	int err;

	if (!loop_is_owner())
		return;
	crash_marker_close(); /* no daemon caused this exit */
	err = store_save(host->store, true);
	log_error("%s: the state %s; exiting, so that vigild is started again", why,
		err == 0 ? "is saved" : "could not be saved");
	spawn_cancel();
	child_terminate_all();
	spawn_cancel_wait();
}

static bool is_module_quarantined(const char *name, char *why, size_t size, void *arg)
{
	struct host *host = arg;

	return quarantine_has_module(host->store, name, why, size);
}

static bool is_daemon_quarantined(const char *name, char *why, size_t size, void *arg)
{
	struct host *host = arg;

	return quarantine_has(host->store, name, why, size);
}

static bool open_environment(struct host *host, const struct config *config)
{
	const struct worker_pool_limits limits = host_limits(config);

	host->loop = loop_new();
	host->state = state_new();
	if (host->loop == NULL || host->state == NULL)
		return false;
	host->worker_pool = worker_pool_new(host->loop, &limits, manager_thread_end);
	if (host->worker_pool == NULL)
		return false;
	host->services = services_new(host->loop, host->worker_pool);
	host->store = store_open(host->loop, config_vigil(config, "state_dir")->text);
	host->slots = slot_queue_new(host->loop, 1);
	if (host->services == NULL || host->store == NULL || host->slots == NULL)
		return false;
	host->boot_clock = boot_clock_new(host->loop, host->store);
	quarantine_review(host->store, config_vigil(config, "state_dir")->text);
	modules_hold(host->modules, is_module_quarantined, is_daemon_quarantined, host);
	host->pauses = pauses_new(host->loop, host->store, daemon_at, host);
	host->days = days_new(host->loop, host->state, host->store,
		&(struct days_source){.find = find_by_name, .after = find_after, .arg = host});
	if (host->boot_clock == NULL || host->pauses == NULL || host->days == NULL)
		return false;
	host->environment = (struct environment){.loop = host->loop,
		.state = host->state,
		.services = host->services,
		.store = host->store,
		.slots = host->slots};
	host_take_settings(host, config);
	run_groups_open(host->loop, NULL);
	memory_on_end(on_end, host);
	return host_mount_status(host) == 0;
}

struct host *host_new(const char *file, struct diagnostics *diagnostics)
{
	struct host *host = memory_zero(sizeof(*host));
	struct config *config = config_load(file, diagnostics);

	host->file = memory_text(file);
	host->modules = modules_new();
	clock_text(host->started);
	if (config == NULL || host_take_log(NULL, config, diagnostics) != 0)
		goto fail;
	/* The environment, with the crash marker, must exist before a module is opened, because
	 * opening a module may crash vigild. */
	if (!open_environment(host, config)) {
		diagnostic_add(diagnostics, NULL, 0, "vigild cannot start: %s", strerror(errno));
		goto fail;
	}
	host->plan = plan_make_of(config, host->modules, false, diagnostics);
	if (host->plan != NULL) {
		log_notes(diagnostics, NULL);
		return host;
	}
	config = NULL;
fail:
	config_free(config);
	host_free(host);
	return NULL;
}

void host_start(struct host *host)
{
	json_t *result = apply(host, host->plan);

	host->generation = 1;
	log_notice("vigil %s is up with %zu daemon%s, %zu of them failed", PACKAGE_VERSION,
		host->daemon_list.count, host->daemon_list.count == 1 ? "" : "s",
		json_object_size(json_object_get(result, "failed")));
	json_decref(result);
}

static void stop_daemons(struct host *host)
{
	while (host->daemon_list.count > 0)
		end(host, daemon_list_at(&host->daemon_list, host->daemon_list.count - 1));
}

static void on_children_ended(void *arg)
{
	struct host *host = arg;

	host->stopped(host->stopped_arg);
}

static void on_drained(void *arg)
{
	struct host *host = arg;

	stop_daemons(host);
	quarantine_forgive(host->store);
	store_save(host->store, true);
	if (child_drain(host->loop, on_children_ended, host) != 0)
		on_children_ended(host);
}

void host_stop(struct host *host, void (*stopped)(void *arg), void *arg)
{
	if (host->stopping)
		return;
	host->stopping = true;
	host->stopped = stopped;
	host->stopped_arg = arg;
	log_notice(
		"stopping: waiting up to %d s for running restarts", (int)(DRAIN / CLOCK_SECOND));
	spawn_cancel();
	worker_pool_drain(host->worker_pool, DRAIN, on_drained, host);
}

void host_free(struct host *host)
{
	if (host == NULL)
		return;
	stop_daemons(host);
	crash_marker_close();
	memory_on_end(NULL, NULL);
	child_kill_detached();
	host_unmount_status(host);
	daemon_list_clear(&host->daemon_list);
	pauses_free(host->pauses);
	days_free(host->days);
	boot_clock_free(host->boot_clock);
	store_close(host->store);
	worker_pool_free(host->worker_pool);
	services_free(host->services);
	state_free(host->state);
	slot_queue_free(host->slots);
	loop_free(host->loop);
	task_limit_close();
	plan_free(host->plan);
	modules_free(host->modules);
	free(host->file);
	free(host);
}

struct vigil_daemon *host_find(struct host *host, const char *name)
{
	return daemon_list_find(&host->daemon_list, name);
}

struct vigil_daemon *host_daemon_after(struct host *host, const char *name)
{
	return daemon_list_after(&host->daemon_list, name);
}

struct vigil_daemon *host_daemon(struct host *host, size_t index)
{
	return daemon_list_at(&host->daemon_list, index);
}

struct loop *host_loop(struct host *host)
{
	return host->loop;
}

struct state *host_state(struct host *host)
{
	return host->state;
}

struct modules *host_modules(struct host *host)
{
	return host->modules;
}

const struct config *host_config(const struct host *host)
{
	return host->plan->config;
}

struct pauses *host_pauses(struct host *host)
{
	return host->pauses;
}
