/*
 * host_apply: starts, changes and stops daemons, as a comparison with a plan (host_compare.c) says,
 * or as a release from quarantine does.  A daemon that the comparison keeps, or of which only
 * options differ that the host uses, misses no tick.
 */
#include "host/host_internal.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
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
	daemon_set_host_options(d, pd->host_options);
	pause_refresh(host->pauses, d);
	if (host_start_refusal(host, pd, why) != NULL)
		daemon_fail(d, "%s", why);
	else
		daemon_start(d);
}

/* Equal options need not be taken, because the daemon has its own reference to the old ones. */
static void take_host_options(struct host *host, const struct plan_daemon *pd)
{
	struct vigil_daemon *d = host_find(host, pd->name);

	if (!host_options_changed(d, pd))
		return;
	daemon_set_host_options(d, pd->host_options);
	pause_refresh(host->pauses, d);
}

/* --- new options ------------------------------------------------------------------------------ */

static void give_back(struct vigil_daemon *d, struct option_set *old)
{
	if (daemon_reconfigure(d, old) == VIGIL_REFUSED)
		daemon_renew(d, old);
}

/* old: the options that the daemons had, for those that were asked.  A daemon whose reconfigure
 * failed may have changed half, so it is started with the old options. */
static void give_all_back(struct host *host, const struct plan *plan,
	const struct host_comparison *comparison, struct option_set **old)
{
	for (size_t i = 0; i < plan->count; i++)
		if (comparison->steps[i] == HOST_TAKEN)
			give_back(host_find(host, plan->daemons[i].name), old[i]);
		else if (comparison->steps[i] == HOST_RENEW && old[i] != NULL)
			daemon_renew(host_find(host, plan->daemons[i].name), old[i]);
}

static int offer(struct vigil_daemon *d, const struct plan_daemon *pd, enum host_step *step,
	struct diagnostics *diagnostics)
{
	int err = daemon_offer(d, pd->options);

	if (err == VIGIL_REFUSED) {
		diagnostic_add(diagnostics, NULL, 0,
			"the daemon \"%s\" refuses its new options: %s", pd->name,
			daemon_refusal(d));
		return -EINVAL;
	}
	*step = err == 0 ? HOST_TAKEN : HOST_RENEW;
	return 0;
}

int host_offer(struct host *host, const struct plan *plan, struct host_comparison *comparison,
	struct diagnostics *diagnostics)
{
	struct option_set **old = memory_zero((plan->count + 1) * sizeof(*old));
	int err = 0;

	/* A daemon in a process of its own answers later, so it is asked when no other refuses. */
	for (int apart = 0; apart < 2; apart++)
		for (size_t i = 0; i < plan->count && err == 0; i++) {
			const struct plan_daemon *pd = &plan->daemons[i];
			struct vigil_daemon *d = host_find(host, pd->name);

			if (comparison->steps[i] != HOST_RECONFIGURE ||
				plan_is_isolated(pd) != (apart == 1))
				continue;
			old[i] = option_set_ref((struct option_set *)daemon_options(d));
			err = offer(d, pd, &comparison->steps[i], diagnostics);
		}
	if (err != 0)
		give_all_back(host, plan, comparison, old);
	for (size_t i = 0; i < plan->count; i++)
		option_set_unref(old[i]);
	free(old);
	return err;
}

/* --- all daemons ------------------------------------------------------------------------------ */

static void apply_step(struct host *host, const struct plan_daemon *pd, enum host_step step)
{
	if (step == HOST_REPLACE)
		host_remove_daemon(host, host_find(host, pd->name));
	if (step == HOST_REPLACE || step == HOST_START)
		add_daemon(host, pd);
	else
		take_host_options(host, pd);
	if (step == HOST_ADJUST || step == HOST_KEEP)
		daemon_forget_refusal(host_find(host, pd->name));
	else if (step == HOST_RECONFIGURE)
		daemon_reconfigure(host_find(host, pd->name), pd->options);
	else if (step == HOST_RENEW)
		daemon_renew(host_find(host, pd->name), pd->options);
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
	host_isolate_check_starts(host);
}

/* --- release from quarantine ------------------------------------------------------------------ */

/* The options must be checked now, because they were not checked while the daemon was in
 * quarantine. */
static void start_released(struct host *host, const struct plan_daemon *pd)
{
	struct diagnostics diagnostics = {0};

	plan_ask_later(false); /* the last plan has asked a module in another process */
	if (plan_check_daemon(host->plan, pd, &diagnostics) == 0)
		apply_step(host, pd, host_step_of(host, pd));
	else
		daemon_fail(host_find(host, pd->name), "%s", diagnostics.list[0].text);
	plan_ask_later(true);
	diagnostics_clear(&diagnostics);
}

bool host_is_quarantined(struct host *host, const struct vigil_daemon *d)
{
	char why[HOST_REFUSAL];

	return quarantine_has(host->store, daemon_name(d), why, sizeof(why)) ||
	       quarantine_has_module(host->store, daemon_module(d), why, sizeof(why));
}

bool host_release(struct host *host, const char *name)
{
	const struct plan_daemon *pd = plan_find(host->plan, name);

	if (pd == NULL)
		return false;
	if (quarantine_release_module(host->store, pd->module)) {
		log_notice("the module %s is no longer quarantined", pd->module);
		return true;
	}
	if (quarantine_release(host->store, name)) {
		log_write(LEVEL_NOTICE, name, "no longer quarantined");
		start_released(host, pd);
	}
	return false;
}
