/*
 * host_compare: compares a plan with the running daemons, and changes nothing.
 *
 * A reload applies the result, and a dry run only reports it, so both decide in the same way.  A
 * daemon that has failed is always started again, because the reason of its failure may be gone.
 */
#include "host/host_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config.h"
#include "config/config_daemon.h"
#include "config/config_vigil.h"
#include "host/plan.h"
#include "host/quarantine.h"

/* --- options ---------------------------------------------------------------------------------- */

static const char *shown(const struct option_value *value)
{
	return value != NULL && value->present ? option_shown(value->schema, value->text) : "";
}

static void add_change(json_t *changes, const char *option, const char *old, const char *new)
{
	json_object_set_new(changes, option, json_pack("{s:s,s:s}", "old", old, "new", new));
}

/* Adds the options that differ: "option":{"old","new"}. */
static void add_changes(json_t *changes, const vigil_option *schema, const struct option_set *old,
	const struct option_set *new)
{
	for (const vigil_option *row = schema; row != NULL && row->name != NULL; row++)
		if (option_set_differs(old, new, row->name))
			add_change(changes, row->name, shown(option_get(old, row->name)),
				shown(option_get(new, row->name)));
}

/* The options of two modules are not compared, because the same name may mean different things. */
static json_t *daemon_changes(const struct vigil_daemon *d, const struct plan_daemon *pd)
{
	const struct option_set *old = daemon_options(d), *ours = daemon_host_options(d);
	json_t *changes = json_object();

	if (strcmp(daemon_module(d), pd->module) != 0)
		add_change(changes, "module", daemon_module(d), pd->module);
	else if (old != NULL && pd->options != NULL) /* else its module could not be loaded */
		add_changes(changes, pd->descriptor->options, old, pd->options);
	if (ours != NULL)
		add_changes(changes, config_daemon_schema, ours, pd->host_options);
	return changes;
}

/* --- daemons ---------------------------------------------------------------------------------- */

/* Whether the daemon must be started again because of its options about its process. */
static bool isolation_differs(const struct vigil_daemon *d, const struct plan_daemon *pd)
{
	static const char *const options[] = {
		"isolate", "isolate_user", "isolate_memory", "isolate_timeout"};
	const struct option_set *old = daemon_host_options(d);

	for (size_t i = 0; old != NULL && i < sizeof(options) / sizeof(*options); i++)
		if (option_set_differs(old, pd->host_options, options[i]))
			return true;
	return false;
}

/* The descriptor differs if the module was or becomes isolated, or if its file has changed. */
static bool is_same(const struct vigil_daemon *d, const struct plan_daemon *pd)
{
	return strcmp(daemon_module(d), pd->module) == 0 && pd->descriptor != NULL &&
	       daemon_descriptor(d) == pd->descriptor && daemon_options(d) != NULL &&
	       !isolation_differs(d, pd);
}

bool host_options_changed(const struct vigil_daemon *d, const struct plan_daemon *pd)
{
	const struct option_set *old = daemon_host_options(d);

	return old == NULL || !option_set_equal(old, pd->host_options);
}

enum host_step host_step_of(struct host *host, const struct plan_daemon *pd)
{
	const struct vigil_daemon *d = host_find(host, pd->name);

	if (d == NULL)
		return HOST_START;
	if (daemon_status(d) == DAEMON_FAILED || !is_same(d, pd))
		return HOST_REPLACE;
	if (!option_set_equal(daemon_options(d), pd->options))
		return HOST_RECONFIGURE;
	return host_options_changed(d, pd) ? HOST_ADJUST : HOST_KEEP;
}

const char *host_start_refusal(
	struct host *host, const struct plan_daemon *pd, char why[HOST_REFUSAL])
{
	if (pd->why != NULL)
		snprintf(why, HOST_REFUSAL, "%s", pd->why);
	else if (!quarantine_has(host->store, pd->name, why, HOST_REFUSAL))
		return NULL;
	return why;
}

/* --- the result ------------------------------------------------------------------------------- */

static void list_name(json_t *result, const char *key, const char *name)
{
	json_array_append_new(json_object_get(result, key), json_string(name));
}

static void add_step(
	struct host *host, const struct plan_daemon *pd, enum host_step step, json_t *result)
{
	static const char *const lists[] = {[HOST_START] = "started",
		[HOST_REPLACE] = "changed",
		[HOST_RECONFIGURE] = "changed",
		[HOST_ADJUST] = "changed"};
	char why[HOST_REFUSAL];

	list_name(result, lists[step], pd->name);
	if (step != HOST_START)
		json_object_set_new(json_object_get(result, "changes"), pd->name,
			daemon_changes(host_find(host, pd->name), pd));
	if ((step == HOST_START || step == HOST_REPLACE) &&
		host_start_refusal(host, pd, why) != NULL)
		json_object_set_new(json_object_get(result, "failed"), pd->name, json_string(why));
}

static void add_daemons(
	struct host *host, const struct plan *plan, struct host_comparison *comparison)
{
	json_t *result = comparison->result;
	json_int_t kept = 0;

	for (size_t i = host->daemon_list.count; i-- > 0;) {
		const char *name = daemon_name(daemon_list_at(&host->daemon_list, i));

		if (plan_find(plan, name) == NULL)
			list_name(result, "stopped", name);
	}
	for (size_t i = 0; i < plan->count; i++) {
		comparison->steps[i] = host_step_of(host, &plan->daemons[i]);
		if (comparison->steps[i] == HOST_KEEP)
			kept++;
		else
			add_step(host, &plan->daemons[i], comparison->steps[i], result);
	}
	json_object_set_new(result, "kept", json_integer(kept));
}

static void add_settings(const struct config *old, const struct config *new,
	const struct host_comparison *comparison)
{
	json_t *changes = json_object(), *change;
	const char *option;

	add_changes(changes, config_schema, old->vigil, new->vigil);
	json_object_foreach(changes, option, change)
		if (host_setting_is_fixed(option))
			list_name(comparison->result, "restart_needed", option);
	json_object_set_new(comparison->result, "vigil_changes", changes);
}

struct host_comparison host_compare(struct host *host, const struct plan *plan)
{
	struct host_comparison comparison = {
		.steps = memory_zero((plan->count + 1) * sizeof(*comparison.steps)),
		.result = json_pack("{s:[],s:[],s:[],s:i,s:{},s:[],s:{}}", "started", "stopped",
			"changed", "kept", 0, "failed", "restart_needed", "changes")};

	add_daemons(host, plan, &comparison);
	add_settings(host->plan->config, plan->config, &comparison);
	return comparison;
}

json_t *host_comparison_end(struct host_comparison *comparison)
{
	json_t *result = comparison->result;

	free(comparison->steps);
	*comparison = (struct host_comparison){0};
	return result;
}
