/*
 * host_apply: starts, changes and stops daemons, as a comparison with a plan (host_compare.c) says,
 * or as a release from quarantine does.  A daemon that the comparison keeps is not touched and
 * misses no tick.
 */
#include "host/host_internal.h"

#include "base/log.h"
#include "daemon/daemon.h"
#include "host/pause.h"
#include "host/plan.h"
#include "host/quarantine.h"

void host_remove_daemon(struct host *host, struct vigil_daemon *d)
{
	daemon_list_remove(&host->daemon_list, d);
	daemon_free(d);
}

static void add_daemon(struct host *host, const struct plan_daemon *pd)
{
	struct vigil_daemon *d =
		daemon_new(&host->environment, pd->name, pd->module, pd->descriptor, pd->options);
	char why[HOST_REFUSAL];

	daemon_list_add(&host->daemon_list, d);
	pause_restore(host->pauses, d);
	if (host_start_refusal(host, pd, why) != NULL)
		daemon_fail(d, "%s", why);
	else
		daemon_start(d);
}

static void apply_step(struct host *host, const struct plan_daemon *pd, enum host_step step)
{
	if (step == HOST_REPLACE)
		host_remove_daemon(host, host_find(host, pd->name));
	if (step == HOST_REPLACE || step == HOST_START)
		add_daemon(host, pd);
	else if (step == HOST_RECONFIGURE)
		daemon_reconfigure(host_find(host, pd->name), pd->options);
}

static void stop_daemons(struct host *host, json_t *names)
{
	json_t *name;
	size_t index;

	json_array_foreach(names, index, name) {
		log_write(LEVEL_NOTICE, json_string_value(name), "stopped: no longer watched");
		host_remove_daemon(host, host_find(host, json_string_value(name)));
	}
}

void host_apply(
	struct host *host, const struct plan *plan, const struct host_comparison *comparison)
{
	json_t *failed = json_object_get(comparison->result, "failed");

	stop_daemons(host, json_object_get(comparison->result, "stopped"));
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_daemon *pd = &plan->daemons[i];
		const char *reason;

		apply_step(host, pd, comparison->steps[i]);
		reason = daemon_reason(host_find(host, pd->name));
		if (reason[0] != '\0')
			json_object_set_new(failed, pd->name, json_string(reason));
	}
}

/* --- release from quarantine ------------------------------------------------------------------ */

/* The options must be checked now, because they were not checked while the daemon was in
 * quarantine. */
static void start_released(struct host *host, const struct plan_daemon *pd)
{
	struct diagnostics diagnostics = {0};

	if (plan_check_daemon(host->plan, pd, &diagnostics) == 0)
		apply_step(host, pd, host_step_of(host, pd));
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
