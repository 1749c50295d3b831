/*
 * remote: probes servers on any host, without a service to restart.
 *
 * Each tick begins a round, in which each target is due once. The targets are spread over the
 * interval, in their order, so that each keeps its phase; the first round, and one that an admin
 * begins with `vigilctl run`, is spread over one second. A target that is due while `parallel`
 * others are being probed waits until one of them has its result.
 */
#include "remote.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Seconds. */
#define QUICK_ROUND 1.0
/* How long results are collected before the health of all targets is computed from them. */
#define COLLECT 0.05

/* --- probes ----------------------------------------------------------------------------------- */

static void try_target(struct remote_target *target)
{
	target->waiting = false;
	target->remote->busy++;
	probe_try(target->probe);
}

/* Probes targets that wait, the longest first, because they begin to wait in their order. */
static void try_waiting(struct remote *remote)
{
	for (size_t i = 0; i < remote->count && remote->busy < remote->parallel; i++) {
		size_t at = (remote->next + i) % remote->count;

		if (!remote->targets[at]->waiting)
			continue;
		remote->next = at + 1;
		try_target(remote->targets[at]);
	}
}

static void on_waiting(vigil_daemon *d, void *arg)
{
	try_waiting(arg);
}

static void on_collected(vigil_daemon *d, void *arg)
{
	struct remote *remote = arg;

	remote->collecting = false;
	report_health(remote);
}

/* The next probe begins from a timer, because a probe that fails at once would otherwise call this
 * function inside itself, once for each target. */
static void on_result(vigil_daemon *d, const struct probe_result *result, void *arg)
{
	struct remote_target *target = arg;
	struct remote *remote = target->remote;

	remote->busy--;
	report_result(target, result);
	if (!remote->collecting)
		vigil_after(d, COLLECT, on_collected, remote);
	remote->collecting = true;
	vigil_cancel(d, on_waiting, remote);
	vigil_after(d, 0, on_waiting, remote);
}

static void on_due(vigil_daemon *d, void *arg)
{
	struct remote_target *target = arg;

	if (probe_is_busy(target->probe) || target->waiting)
		return;
	target->waiting = true;
	if (target->remote->busy < target->remote->parallel)
		try_target(target);
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* A result is not current if a probe and the one after it should have ended since: the probes
 * wait too long for each other, or vigild did not run. */
static void find_stale(struct remote *remote)
{
	double oldest = vigil_now() - 2 * (remote->interval + remote->timeout);
	bool found = false;

	for (size_t i = 0; i < remote->count; i++) {
		struct remote_target *target = remote->targets[i];

		if (target->state != REMOTE_KNOWN || target->last >= oldest)
			continue;
		report_stale(target);
		found = true;
	}
	if (found)
		report_health(remote);
}

static void on_round(vigil_daemon *d, void *arg)
{
	struct remote *remote = arg;
	double now = vigil_now(), span = remote->interval;

	if (remote->last_round == 0 || now - remote->last_round < remote->interval * 0.9)
		span = fmin(span, QUICK_ROUND);
	remote->last_round = now;
	find_stale(remote);
	for (size_t i = 0; i < remote->count; i++) {
		struct remote_target *target = remote->targets[i];

		vigil_cancel(d, on_due, target);
		vigil_after(d, span * (double)i / (double)remote->count, on_due, target);
	}
}

/* --- start and stop --------------------------------------------------------------------------- */

static int add_target(
	struct remote *remote, const char *name, const struct probe_settings *settings)
{
	struct remote_target *target = vigil_alloc(remote->d, sizeof(*target));

	target->remote = remote;
	target->certificate = NAN;
	strncpy(target->name, name, sizeof(target->name) - 1);
	target->probe = probe_new(remote->d, settings, on_result, target);
	if (target->probe == NULL)
		return -EINVAL;
	remote->targets[remote->count++] = target;
	return 0;
}

static int add_targets(struct remote *remote)
{
	const char *const *list = vigil_option_list(remote->d, "targets");
	struct probe_settings settings;
	char name[REMOTE_NAME];

	probe_settings_read(remote->d, &settings);
	if (settings.target != NULL)
		return add_target(remote, vigil_name(remote->d), &settings);
	for (; *list != NULL && remote->count < REMOTE_TARGETS; list++) {
		settings.target = remote_split(*list, name);
		if (settings.target == NULL)
			return vigil_fail(remote->d, "targets: \"%.128s\" is invalid", *list);
		if (add_target(remote, name, &settings) != 0)
			return -EINVAL;
	}
	return 0;
}

static int start(vigil_daemon *d)
{
	struct remote *remote = vigil_alloc(d, sizeof(*remote));

	remote->d = d;
	vigil_set_data(d, remote);
	remote->interval = vigil_option_seconds(d, "probe_interval");
	remote->timeout = vigil_option_seconds(d, "probe_timeout");
	remote->certificate_warn = vigil_option_seconds(d, "probe_certificate_warn");
	remote->failures_max = (unsigned)vigil_option_int(d, "probe_failures");
	remote->parallel = (unsigned)vigil_option_int(d, "parallel");
	if (add_targets(remote) != 0)
		return -EINVAL;
	report_health(remote);
	return vigil_every(d, remote->interval, on_round, remote);
}

static void stop(vigil_daemon *d)
{
	struct remote *remote = vigil_data(d);

	for (size_t i = 0; i < remote->count; i++)
		probe_close(remote->targets[i]->probe);
}

VIGIL_MODULE(.name = "remote", .summary = "probes servers, certificates and sites on any host",
	.options = remote_options, .check = remote_check, .start = start, .stop = stop);
