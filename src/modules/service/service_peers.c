/*
 * service_peers: what the daemons of this module tell each other about their services, for the
 * options `after` and `restart_with`.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dependency.h"
#include "modules/policy/recent.h"
#include "modules/policy/reply.h"
#include "modules/usage/usage.h"
#include "service.h"
#include "wave.h"

#define TORN PLACE "torn"

static void on_peer(void *arg)
{
	struct instance *self = arg;

	self->peers.news = true;
	instance_check(self);
}

/* Another service waits until this one serves. */
static void on_hurry(void *arg)
{
	struct instance *self = arg;

	serving_hurry(self->serving);
}

/* The next vigild must know it, too, if it is about the same service since the same boot. */
static json_t *torn_mark(vigil_daemon *d)
{
	return json_pack(
		"{s:s?,s:s}", "service", vigil_option_text(d, "service"), "boot", recent_boot_id());
}

static bool read_torn(vigil_daemon *d)
{
	json_t *mark = torn_mark(d);
	bool torn = json_equal(mark, vigil_state_get(d, TORN));

	json_decref(mark);
	return torn;
}

void peers_join(struct instance *self)
{
	vigil_daemon *d = self->daemon;

	vigil_persist(d, TORN);
	self->peers.torn = read_torn(d);
	if (!self->peers.torn)
		vigil_state_unset(d, TORN);
	self->peer = (struct peer){.daemon = d,
		.check = on_peer,
		.hurry = on_hurry,
		.arg = self,
		.text = self->peer.text,
		.after = dependency_read_after(d),
		.restart_with = dependency_read_restart_with(d)};
	peer_join(&self->peer);
}

void peers_leave(struct instance *self)
{
	peer_leave(&self->peer);
}

/* --- restarts --------------------------------------------------------------------------------- */

static void set_torn(struct instance *self, bool torn)
{
	if (torn == self->peers.torn)
		return;
	self->peers.torn = torn;
	if (torn)
		vigil_state_set(self->daemon, TORN, torn_mark(self->daemon));
	else
		vigil_state_unset(self->daemon, TORN);
}

void peers_forget_restart(struct instance *self)
{
	set_torn(self, false);
}

void peers_observe(struct instance *self, const vigil_service_reply *r)
{
	struct run *run = &self->peers.run;

	if (reply_ends_torn(r))
		set_torn(self, false);
	if (!run_observe(run, r, self->seen.when, usage_process_age))
		return;
	snprintf(self->peer.how, sizeof(self->peer.how), "%s", run->how);
}

/* The restart failed and may have stopped the service. An admin who has started a stopped service
 * learns of the failure. */
static bool is_torn(const struct instance *self, const vigil_service_reply *r)
{
	const struct run *run = &self->peers.run;
	bool tried = r->fault == VIGIL_FAULT_FAILED || r->fault == VIGIL_FAULT_TIMEOUT;
	bool ran = run->seen && !run->interrupted;

	return r->error != 0 && tried && (ran || !self->attempt.by_admin);
}

void peers_restarted(struct instance *self, const vigil_service_reply *r)
{
	struct peers *peers = &self->peers;

	set_torn(self, is_torn(self, r));
	if (r->error != 0)
		return;
	run_interrupt(&peers->run, self->attempt.began);
	peers->tried = self->attempt.began;
}

/* The service was started at this time, or vigild has restarted it since. */
static double started(const struct peers *peers)
{
	return fmax(peers->run.started, peers->tried);
}

/* --- what the peers say ----------------------------------------------------------------------- */

static bool is_repeated(const struct peer_status *status, double healthy_after)
{
	return status->before > 0 && status->restarted < status->before + healthy_after;
}

/* Adds the restart of another service, with which this one is to be restarted. If that service is
 * restarted again before it has run for healthy_after, this one waits until it has. Returns when
 * the other service was restarted; 0: there is none. */
static double add_wave(struct instance *self, struct facts *facts)
{
	struct peers *peers = &self->peers;
	struct peer *cause = NULL;

	if (facts->status == VIGIL_SERVICE_RUNNING && peers->run.seen)
		cause = wave_cause(self->peer.restart_with, started(peers));
	if (cause == NULL)
		return 0;
	if (peers->why == NULL)
		peers->why = vigil_alloc(self->daemon, PEER_TEXT);
	snprintf(peers->why, PEER_TEXT, "%s was restarted (%s)", vigil_name(cause->daemon),
		cause->how);
	facts->wave = peers->why;
	facts->wave_by = vigil_name(cause->daemon);
	if (is_repeated(&cause->status, self->rules.healthy_after))
		facts->wave_opens = cause->status.restarted + self->rules.healthy_after;
	facts->deferred = vigil_service_deferred(self->service);
	return cause->status.restarted;
}

/* Reasons to withhold a restart while which the service need not wait, because the restart will not
 * be made soon. */
static bool is_left_alone(enum withheld withheld)
{
	return withheld == WITHHELD_PAUSED || withheld == WITHHELD_STOPPED ||
	       withheld == WITHHELD_NEVER || withheld == WITHHELD_CLEAN_STOP ||
	       withheld == WITHHELD_CALENDAR;
}

void peers_add_facts(struct instance *self, struct facts *facts)
{
	struct decision decision;
	double since;

	self->peers.news = false;
	if (self->peer.after == NULL && self->peer.restart_with == NULL)
		return;
	since = add_wave(self, facts);
	decide(&self->rules, facts, &decision);
	if (decision.need == NEED_RESTART && !is_left_alone(decision.withheld)) {
		if (since == 0)
			since = self->seen.since;
		facts->awaited = dependency_awaited(&self->peer, since);
		facts->awaited_since = self->peer.restart_with != NULL ? since : 0;
		return;
	}
	dependency_end(&self->peer);
	if (facts->status == VIGIL_SERVICE_RUNNING)
		facts->lacking = dependency_lacking(&self->peer);
}

/* --- what the peers learn --------------------------------------------------------------------- */

void peers_decided(struct instance *self, const struct decision *decision)
{
	bool needs = decision->need == NEED_RESTART;

	self->peers.due = needs && decision->withheld == WITHHELD_NOT;
	self->peers.withheld = needs && decision->withheld != WITHHELD_NOT &&
			       decision->withheld != WITHHELD_AWAITED;
}

static bool is_changing(vigil_service_status status)
{
	return status == VIGIL_SERVICE_STARTING || status == VIGIL_SERVICE_STOPPING;
}

static struct peer_status status_of(struct instance *self, const vigil_service_reply *r)
{
	const struct peers *peers = &self->peers;
	bool idle = reply_is_idle(r);
	struct peer_status status = {.status = r->status,
		.coming = peers->due || admin_under_way(self) != NULL || self->admin.verb != NULL ||
			  is_changing(r->status),
		.withheld = peers->withheld,
		.started = started(peers),
		.before = peers->run.before,
		.restarted = peers->run.restarted};

	status.fulfils[AWAIT_RUNS] = idle || r->status == VIGIL_SERVICE_RUNNING;
	status.fulfils[AWAIT_SERVES] = idle || serving_serves(self->serving);
	status.fulfils[AWAIT_DONE] = r->done;
	return status;
}

void peers_notify(struct instance *self, const vigil_service_reply *r)
{
	const struct peer *peer = &self->peer;
	struct peer_status status = status_of(self, r);

	if (!peer->checked || peer->asked || !status.fulfils[AWAIT_RUNS] ||
		!peer_status_equals(&peer->status, &status))
		peer_publish(&self->peer, &status);
}
