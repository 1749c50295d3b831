/*
 * host: see host.h.  Each reload makes a new plan from the configuration files.  If the plan has no
 * error, the host compares it with the running daemons (host_compare.c) and applies the difference
 * (host_apply.c).  A dry run ends after the comparison.
 *
 * The host tears the environment down in the opposite order: it rejects new work, then stops the
 * workers, then the daemons, then closes the store.
 */
#include "host/host_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#include "isolate/isolate.h"
#include "loop/loop.h"
#include "persist/callback_limit.h"
#include "persist/crash_marker.h"
#include "persist/event_log.h"
#include "persist/store.h"
#include "process/child.h"
#include "process/run_group.h"
#include "process/slot_queue.h"
#include "process/spawn.h"
#include "process/task_limit.h"
#include "service/manager.h"
#include "service/services.h"
#include "state/state.h"
#include "worker/worker_pool.h"

#define DRAIN (10 * CLOCK_SECOND)

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

/* Logs the notes.  Notes do not make a reload fail. */
static void log_notes(const struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		log_warn("%s", diagnostics->list[i].text);
}

/* Moves the notes to the result. */
static void move_notes(struct diagnostics *diagnostics, json_t *result)
{
	json_t *notes = json_array();

	for (size_t i = 0; i < diagnostics->count; i++)
		json_array_append_new(notes, json_string(diagnostics->list[i].text));
	if (diagnostics->count > 0)
		json_object_set(result, "notes", notes);
	json_decref(notes);
	diagnostics_clear(diagnostics);
}

/* The directories of the running configuration.  Making a plan has set those of the new one. */
static void restore_directories(struct host *host)
{
	modules_set_directories(host->modules,
		(const char *const *)config_vigil(host->plan->config, "modules")->list);
}

/* Modules are never unloaded, so a new file is used by the next vigild only. */
static void note_changed_module(
	const char *name, const char *path, const struct module *module, const char *why, void *arg)
{
	if (module != NULL && strcmp(path, module_path(module)) == 0 && module_has_changed(module))
		diagnostic_note(arg, NULL, 0,
			"module %s: %s has changed since vigild loaded it; restart vigild to use "
			"it",
			name, path);
}

static int refuse_reload(struct host *host, const struct diagnostics *diagnostics)
{
	host->reload_errors++;
	restore_directories(host);
	for (size_t i = 0; i < diagnostics->count; i++)
		log_error("%s", diagnostics->list[i].text);
	log_error("the configuration was not reloaded; the running daemons are unchanged");
	return -EINVAL;
}

/* False, with an error: the host is stopping, so that a reload is not possible. */
static bool may_reload(const struct host *host, struct diagnostics *diagnostics)
{
	LOOP_ASSERT_OWNER();
	if (host->stopping)
		diagnostic_add(diagnostics, NULL, 0, "vigild is stopping");
	return !host->stopping;
}

int host_dry_run(struct host *host, json_t **result, struct diagnostics *diagnostics)
{
	struct host_comparison comparison;
	struct plan *plan;

	*result = NULL;
	if (!may_reload(host, diagnostics))
		return -EINVAL;
	plan = plan_make(host->file, host->modules, false, diagnostics);
	restore_directories(host);
	if (plan_must_ask(&plan, diagnostics))
		return -EAGAIN;
	if (plan != NULL && host_check_log(host->plan->config, plan->config, diagnostics) == 0) {
		comparison = host_compare(host, plan);
		*result = host_comparison_end(&comparison);
		json_object_set_new(*result, "dry_run", json_true());
		move_notes(diagnostics, *result);
	}
	plan_free(plan);
	return *result != NULL ? 0 : -EINVAL;
}

/* The new log is open already, because a log that cannot be opened must not be noticed after the
 * daemons have taken their new options. */
static int offer_or_restore_log(struct host *host, const struct plan *plan,
	struct host_comparison *comparison, struct diagnostics *diagnostics)
{
	int err = host_offer(host, plan, comparison, diagnostics);

	if (err != 0)
		host_take_log(plan->config, host->plan->config, diagnostics);
	return err;
}

int host_reload(struct host *host, json_t **result, struct diagnostics *diagnostics)
{
	struct host_comparison comparison;
	struct plan *plan;

	*result = NULL;
	if (!may_reload(host, diagnostics))
		return -EINVAL;
	plan = plan_make(host->file, host->modules, false, diagnostics);
	if (plan_must_ask(&plan, diagnostics)) {
		restore_directories(host);
		return -EAGAIN;
	}
	if (plan == NULL) {
		/* The log is reopened even if the configuration is invalid, because the old file
		 * may have been rotated. */
		log_reopen();
		return refuse_reload(host, diagnostics);
	}
	comparison = host_compare(host, plan);
	if (host_check_log(host->plan->config, plan->config, diagnostics) != 0 ||
		host_take_log(host->plan->config, plan->config, diagnostics) != 0 ||
		offer_or_restore_log(host, plan, &comparison, diagnostics) != 0) {
		json_decref(host_comparison_end(&comparison));
		plan_free(plan);
		return refuse_reload(host, diagnostics);
	}
	host_take_settings(host, plan->config);
	host_apply(host, plan, &comparison);
	*result = host_comparison_end(&comparison);
	host_log_pending(*result);
	plan_free(host->plan);
	host->plan = plan;
	host->reloads++;
	host->generation++;
	host_announce_generation(host);
	modules_each(host->modules, note_changed_module, diagnostics);
	log_notes(diagnostics);
	move_notes(diagnostics, *result);
	log_result(*result);
	return 0;
}

/* --- start and stop --------------------------------------------------------------------------- */

int host_test(const char *file, FILE *show, struct diagnostics *diagnostics)
{
	struct modules *modules = plan_modules_new();
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
	if (host->store == NULL)
		return false;
	host->boot_clock = boot_clock_new(host->loop, host->store);
	quarantine_review(host->store, config_vigil(config, "state_dir")->text);
	host->isolate = isolate_new(
		host->loop, host->store, host_isolate_started, host_isolate_ended, host);
	modules_hold(host->modules, is_module_quarantined, is_daemon_quarantined, host);
	host->pauses = pauses_new(host->loop, host->store, daemon_at, host);
	host->days = days_new(host->loop, host->state, host->store,
		&(struct days_source){.find = find_by_name, .after = find_after, .arg = host});
	host->environment = (struct environment){.loop = host->loop,
		.state = host->state,
		.services = host->services,
		.store = host->store,
		.slots = host->slots,
		.isolate = host->isolate,
		.events = event_log_open(config_vigil(config, "state_dir")->text)};
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
	TAILQ_INIT(&host->askers);
	TAILQ_INIT(&host->starters);
	host->modules = plan_modules_new();
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
		log_notes(diagnostics);
		diagnostics_clear(diagnostics);
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
	struct host_comparison comparison = host_compare(host, host->plan);
	json_t *result;

	host_apply(host, host->plan, &comparison);
	result = host_comparison_end(&comparison);
	plan_ask_later(true); /* from now on daemons run, which must not wait, and must not crash */
	host->generation = 1;
	log_notice("vigil %s is up with %zu daemon%s, %zu of them failed", PACKAGE_VERSION,
		host->daemon_list.count, host->daemon_list.count == 1 ? "" : "s",
		json_object_size(json_object_get(result, "failed")));
	json_decref(result);
}

static void stop_daemons(struct host *host)
{
	while (host->daemon_list.count > 0)
		host_remove_daemon(
			host, daemon_list_at(&host->daemon_list, host->daemon_list.count - 1));
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
	child_drain(host->loop, on_children_ended, host);
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

bool host_is_stopping(const struct host *host)
{
	return host->stopping;
}

void host_free(struct host *host)
{
	if (host == NULL)
		return;
	stop_daemons(host);
	crash_marker_close();
	memory_on_end(NULL, NULL);
	plan_ask_later(false);
	host_isolate_clear(host);
	child_kill_detached();
	isolate_free(host->isolate);
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
	event_log_close(host->environment.events);
	callback_limit_clear();
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

struct event_log *host_event_log(struct host *host)
{
	return host->environment.events;
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

struct services *host_services(struct host *host)
{
	return host->services;
}
