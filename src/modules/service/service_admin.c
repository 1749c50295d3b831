/*
 * service_admin: the verbs start, stop and restart of an admin.
 *
 * A verb ignores the backoff, the burst limit, the calendar and a pause. It has ended when the
 * service serves: after a start or a restart, when it runs and its tests have passed, or when a
 * oneshot service has ended well; after a stop, when it is down.
 *
 * The calls to a service are made one after the other, so that a start waits for a stop that is in
 * flight, and a stop for a restart. A stop ends the wait for an earlier start or restart. vigild
 * pauses a daemon before it calls the verb "stop", and keeps that pause. This file only remembers
 * that the service is down because of the stop, for the reports.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "modules/policy/interned.h"
#include "modules/policy/reply.h"
#include "service.h"

/* Seconds between the checks while a verb waits for its service. */
#define WAIT_CHECK 1.0

#define STOPPED PLACE "stopped_by_admin"

/* --- the end of a verb ------------------------------------------------------------------------ */

static void end(struct instance *self, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Reports the end of the start or restart, if the admin has requested one. */
static void end(struct instance *self, int error, const char *format, ...)
{
	const char *verb = self->admin.verb;
	char text[400];
	va_list ap;

	if (verb == NULL)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	self->admin.verb = NULL;
	self->admin.answered = false;
	vigil_verb_done(self->daemon, verb, error, text);
}

/* Checks again while a verb waits, because the interval may be long. */
static void on_wait(vigil_daemon *d, void *arg)
{
	struct instance *self = arg;
	vigil_service_status status = self->seen.status;

	if (!self->admin.answered)
		return;
	if (vigil_now() >= self->admin.late && status != VIGIL_SERVICE_RUNNING) {
		end(self, -ETIMEDOUT, "still %s after %.0f s", vigil_service_status_name(status),
			vigil_option_seconds(d, "restart_timeout"));
		return;
	}
	instance_check(self);
	vigil_after(d, WAIT_CHECK, on_wait, self);
}

/* The manager has done its part. The next check shows whether the service serves. */
static void await_service(struct instance *self)
{
	if (self->admin.verb == NULL)
		return;
	self->admin.answered = true;
	self->admin.late = vigil_now() + vigil_option_seconds(self->daemon, "restart_timeout");
	instance_check(self);
	vigil_cancel(self->daemon, on_wait, self);
	vigil_after(self->daemon, WAIT_CHECK, on_wait, self);
}

static void evaluate_running(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict)
{
	if (verdict->sick != NULL)
		end(self, -EIO, "running, but %s", verdict->sick);
	else if (verdict->unprobed != NULL)
		end(self, -EIO, "running, but vigild could not probe it: %s", verdict->unprobed);
	else if (verdict->proven && r->pid > 0)
		end(self, 0, "running, pid %d", (int)r->pid);
	else if (verdict->proven)
		end(self, 0, "running");
}

static void evaluate_down(struct instance *self, const vigil_service_reply *r)
{
	char text[256];

	if (reply_is_idle(r))
		end(self, 0, "ended well: idle, %s", r->idle);
	else
		end(self, -EIO, "%s%s%s", vigil_service_status_name(r->status),
			r->text[0] != '\0' ? ": " : "",
			vigil_sanitize(text, sizeof(text), r->text));
}

void admin_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict)
{
	struct admin *admin = &self->admin;

	if (admin->stopped && r->status == VIGIL_SERVICE_RUNNING && !admin->stopping)
		admin_forget_stop(self);
	if (!admin->answered || admin_under_way(self) != NULL)
		return;
	switch (r->status) {
	case VIGIL_SERVICE_RUNNING: evaluate_running(self, r, verdict); break;
	case VIGIL_SERVICE_STOPPED:
	case VIGIL_SERVICE_FAILED: evaluate_down(self, r); break;
	case VIGIL_SERVICE_ABSENT: end(self, -ENOENT, "not installed"); break;
	default: break; /* on_wait limits the time */
	}
}

/* Reports a call that the manager has rejected or that has failed. */
static void report_failure(
	struct instance *self, const vigil_service_reply *r, const char *verb, const char *done)
{
	const char *kind = vigil_service_fault_name(r->fault);
	char text[256];

	vigil_sanitize(text, sizeof(text), r->text);
	if (r->fault == VIGIL_FAULT_REFUSED) {
		vigil_event(self->daemon, "not %s: %s", done, text);
		vigil_log(self->daemon, VIGIL_WARN, "%s is not %s: %s",
			instance_subject(self, r->name), done, text);
		return;
	}
	record_error(self, r);
	vigil_event(self->daemon, "%s: %s: %s", verb, kind, text);
	vigil_error(self->daemon, "%s could not be %s (%s): %s", instance_subject(self, r->name),
		done, kind, text);
}

static void end_failed(struct instance *self, const vigil_service_reply *r)
{
	char text[256];

	end(self, r->error, "%s", vigil_sanitize(text, sizeof(text), r->text));
}

/* --- restart ---------------------------------------------------------------------------------- */

void admin_restarted(struct instance *self, const vigil_service_reply *r)
{
	if (!self->attempt.by_admin || self->admin.verb == NULL ||
		strcmp(self->admin.verb, "restart") != 0)
		return; /* vigild has decided to restart it, or a stop was requested since */
	if (r->error != 0)
		end_failed(self, r);
	else
		await_service(self);
}

static void announce(struct instance *self, const char *verb, const char *doing)
{
	vigil_event(self->daemon, "%s requested by an admin", verb);
	vigil_log(self->daemon, VIGIL_NOTICE, "%s %s, requested by an admin", doing,
		instance_subject(self, vigil_service_name(self->service)));
}

/* The restart that is under way because of restart_with is the one that the admin has requested,
 * such as of both services. */
static int join_restart(struct instance *self)
{
	self->attempt.by_admin = true;
	self->admin.verb = "restart";
	return VIGIL_VERB_STARTED;
}

/* The callback of `vigilctl restart`. */
static int on_restart(vigil_daemon *d, void *arg)
{
	struct instance *self = arg;

	if (self->attempt.under_way && self->attempt.with_peer && self->admin.verb == NULL)
		return join_restart(self);
	if (admin_under_way(self) != NULL)
		return -EALREADY;
	end(self, -ECANCELED, "a restart was requested");
	interned_drop(&self->attempt.refusal);
	announce(self, "restart", "restarting");
	if (!restart_begin(self))
		return -EAGAIN;
	deaths_request(&self->deaths, DEATHS_BY_ADMIN);
	self->attempt.by_admin = true;
	self->admin.verb = "restart";
	return VIGIL_VERB_STARTED;
}

/* --- start ------------------------------------------------------------------------------------ */

static void on_started(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;

	self->admin.starting = false;
	admin_forget_stop(self);
	if (r->error != 0) {
		report_failure(self, r, "start", "started");
		if (r->fault != VIGIL_FAULT_REFUSED)
			restart_step_back(self);
	} else {
		if (self->seen.status != VIGIL_SERVICE_RUNNING)
			instance_reset(self);
		vigil_event(self->daemon, "start worked after %.2f s: %s", r->seconds,
			vigil_service_status_name(r->status));
		vigil_log(self->daemon, VIGIL_NOTICE, "%s is %s, started in %.2f s",
			instance_subject(self, r->name), vigil_service_status_name(r->status),
			r->seconds);
	}
	record_reply(self, r);
	peers_observe(self, r);
	instance_review(self, r, false);
	peers_notify(self, r);
	if (r->error != 0)
		end_failed(self, r);
	else
		await_service(self);
}

/* The setbacks and the burst limit are about the time before the start. */
static void forget_restarts(struct instance *self)
{
	struct recent *recent = &self->recent;

	interned_drop(&self->attempt.refusal);
	recent->restarts.count = 0;
	recent->setbacks = 0;
	recent->next_try = recent->restarted = 0;
	recent_save(recent);
}

/* The callback of `vigilctl start`. */
static int on_start(vigil_daemon *d, void *arg)
{
	struct instance *self = arg;
	int err = self->admin.verb != NULL ? -EALREADY
					   : vigil_service_start(self->service, on_started, self);

	if (err != 0)
		return err == -EBUSY ? -EALREADY : err;
	self->admin.starting = true;
	self->admin.verb = "start";
	self->seen.ran = 0;
	forget_restarts(self);
	admin_forget_stop(self);
	announce(self, "start", "starting");
	return VIGIL_VERB_STARTED;
}

/* --- stop ------------------------------------------------------------------------------------- */

void admin_forget_stop(struct instance *self)
{
	if (!self->admin.stopped)
		return;
	self->admin.stopped = false;
	vigil_state_unset(self->daemon, STOPPED);
}

static void note_stopped(struct instance *self, const vigil_service_reply *r)
{
	self->admin.stopped = true;
	vigil_state_set(self->daemon, STOPPED, vigil_time());
	peers_forget_restart(self);
	self->attempt.starting = false;
	self->recent.next_try = self->recent.restarted = 0;
	recent_save(&self->recent);
	interned_drop(&self->attempt.refusal);
	instance_reset(self);
	vigil_event(self->daemon, "stopped by an admin with vigilctl stop in %.2f s", r->seconds);
	vigil_log(self->daemon, VIGIL_NOTICE, "%s was stopped in %.2f s, requested by an admin",
		instance_subject(self, r->name), r->seconds);
}

static void on_stopped(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;
	char text[256];

	self->admin.stopping = false;
	if (r->error == 0)
		note_stopped(self, r);
	else
		report_failure(self, r, "stop", "stopped");
	record_reply(self, r);
	peers_observe(self, r);
	instance_review(self, r, false);
	peers_notify(self, r);
	vigil_verb_done(self->daemon, "stop", r->error,
		r->error == 0 ? vigil_service_status_name(r->status)
			      : vigil_sanitize(text, sizeof(text), r->text));
}

/* The callback of `vigilctl stop`. */
static int on_stop(vigil_daemon *d, void *arg)
{
	struct instance *self = arg;
	int err = vigil_service_stop(self->service, on_stopped, self);

	if (err != 0)
		return err == -EBUSY ? -EALREADY : err;
	end(self, -ECANCELED, "a stop was requested");
	self->admin.stopping = true;
	deaths_request(&self->deaths, DEATHS_BY_ADMIN);
	announce(self, "stop", "stopping");
	return VIGIL_VERB_STARTED;
}

void admin_open(struct instance *self)
{
	vigil_daemon *d = self->daemon;

	vigil_persist(d, STOPPED);
	self->admin.stopped = vigil_state_get(d, STOPPED) != NULL;
	vigil_on_verb(d, "restart", on_restart, self);
	vigil_on_verb(d, "start", on_start, self);
	vigil_on_verb(d, "stop", on_stop, self);
}
