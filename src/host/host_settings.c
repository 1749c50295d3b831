/*
 * host_settings: applies the section [vigil] at the start and at each reload.
 */
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "host/host_internal.h"
#include "persist/callback_limit.h"
#include "process/cpu_count.h"
#include "process/slot_queue.h"
#include "service/services.h"
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

/* Settings that are not applied here need a restart: see host_setting_is_fixed. */
void host_take_settings(struct host *host, const struct config *config)
{
	const struct worker_pool_limits limits = host_limits(config);
	unsigned restarts;
	double seconds;
	int err;

	worker_pool_set_limits(host->worker_pool, &limits);
	slot_queue_set_most(host->slots, exec_max(config));
	config_restart_rate(config, &restarts, &seconds);
	services_set_policy(host->services, (const char *const *)config_vigil(config, "deny")->list,
		restarts, seconds);
	services_set_upgrade_wait(host->services, config_vigil(config, "upgrade_wait")->number);
	err = callback_limit_set(host->loop, config_vigil(config, "callback_max")->number);
	if (err != 0)
		log_warn("callback_max has no effect: %s", strerror(-err));
}

bool host_setting_is_fixed(const char *option)
{
	static const char *const fixed[] = {"socket", "pipe", "state_dir", "group"};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(*fixed); i++)
		if (strcmp(fixed[i], option) == 0)
			return true;
	return false;
}

/* They are logged, so that the user does not assume that they were applied. */
void host_log_pending(json_t *result)
{
	json_t *option;
	size_t index;

	json_array_foreach(json_object_get(result, "restart_needed"), index, option)
		log_warn("[vigil] %s has changed; the change takes effect when vigild is restarted",
			json_string_value(option));
}

static bool is_new_log(const struct config *old, const struct config *new)
{
	return old == NULL || option_set_differs(old->vigil, new->vigil, "log");
}

/* Adds a diagnostic, unless err is 0.  Returns err. */
static int diagnose_log(const struct config *config, int err, struct diagnostics *diagnostics)
{
	const char *log = config_vigil(config, "log")->text;

	if (err != 0)
		diagnostic_add(
			diagnostics, config->file, 0, "log = \"%s\": %s", log, log_trouble(err));
	return err;
}

int host_take_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics)
{
	enum log_level level = log_level();
	int err;

	/* A level that `vigilctl log` has set stays until the value in the file changes. */
	if (old == NULL || option_set_differs(old->vigil, new->vigil, "log_level"))
		log_level_parse(config_vigil(new, "log_level")->text, &level);
	if (is_new_log(old, new))
		err = log_open(config_vigil(new, "log")->text, level);
	else
		err = log_reopen();
	if (err == 0)
		log_set_level(level);
	return diagnose_log(new, err, diagnostics);
}

int host_check_log(
	const struct config *old, const struct config *new, struct diagnostics *diagnostics)
{
	const char *log = config_vigil(new, "log")->text;
	/* A target that is not a file is not opened again. */
	int err = is_new_log(old, new) || log[0] == '/' ? log_check(log) : 0;

	return diagnose_log(new, err, diagnostics);
}
