/*
 * host_settings: applies the section [vigil] at the start and at each reload.
 */
#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "host/host_internal.h"
#include "process/cpu_count.h"
#include "process/slot_queue.h"
#include "service/service.h"
#include "worker/worker_pool.h"

#define QUEUE_MAX 10000
#define GRACE     (5 * CLOCK_SECOND)

struct worker_pool_limits host_limits(const struct config *config)
{
	return (struct worker_pool_limits){
		.workers = (unsigned)config_vigil(config, "workers")->integer,
		.workers_max = (unsigned)config_vigil(config, "workers_max")->integer,
		.queue_max = QUEUE_MAX,
		.grace = GRACE,
	};
}

/* The default is a few programs for each CPU, because most programs wait for the network most of
 * the time.  Programs that hang must not keep the other programs waiting. */
static unsigned exec_max(const struct config *config)
{
	int64_t given = config_vigil(config, "exec_max")->integer;

	return given > 0 ? (unsigned)given : 4 + 4 * cpu_count();
}

/* Settings that are not applied here need a restart: see host_report_pending. */
void host_take_settings(struct host *host, const struct config *config)
{
	const struct worker_pool_limits limits = host_limits(config);
	unsigned restarts;
	double seconds;

	worker_pool_set_limits(host->worker_pool, &limits);
	slot_queue_set_most(host->slots, exec_max(config));
	config_restart_rate(config, &restarts, &seconds);
	services_set_policy(host->services, (const char *const *)config_vigil(config, "deny")->list,
		restarts, seconds);
	services_set_upgrade_wait(host->services, config_vigil(config, "upgrade_wait")->number);
}

/* Reports the changed settings that need a restart, so that the user does not assume that they were
 * applied. */
void host_report_pending(const struct config *old, const struct config *new, json_t *result)
{
	static const char *const fixed[] = {"socket", "pipe", "state_dir", "group"};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++) {
		if (!option_set_differs(old->vigil, new->vigil, fixed[i]))
			continue;
		json_array_append_new(
			json_object_get(result, "restart_needed"), json_string(fixed[i]));
		log_warn("[vigil] %s has changed; the change takes effect when vigild is restarted",
			fixed[i]);
	}
}

int host_take_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics)
{
	enum log_level level = log_level();
	int err;

	/* A level that `vigilctl log` has set stays until the value in the file changes. */
	if (old == NULL || option_set_differs(old->vigil, new->vigil, "log_level"))
		log_level_parse(config_vigil(new, "log_level")->text, &level);
	if (old == NULL || option_set_differs(old->vigil, new->vigil, "log"))
		err = log_open(config_vigil(new, "log")->text, level);
	else
		err = log_reopen();
	if (err != 0) {
		diagnostic_add(diagnostics, new->file, 0, "log = \"%s\": %s",
			config_vigil(new, "log")->text, log_trouble(err));
		return err;
	}
	log_set_level(level);
	return 0;
}
