/*
 * service_sight: what is known of a service without asking.
 *
 * A running service's process is kept in sight: its end is told of at once, and while it lives
 * nobody need be asked.  Of a unit, systemd itself tells what changes; so one without a process
 * of its own, as a oneshot that has done its work, needs no asking either while that line is up.
 * Both are trusted for a minute, and then somebody looks all the same.
 *
 * A sign, be it an end that was seen or a change that was told of, makes what is known doubtful
 * until the next look.
 */
#include "service/service_inside.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/sight.h"
#include "service/systemd_watch.h"

/* What is known without asking is asked about all the same after so long. */
#define CONFIRM (60 * CLOCK_SECOND)
/* A manager may need a moment to notice a death that we have seen. */
#define AGAIN      (10 * CLOCK_MS)
#define DEATHS_MAX 200

vigil_service_reply service_reply_of(const struct service *service)
{
	return (vigil_service_reply){.size = sizeof(vigil_service_reply),
		.name = service->request.name,
		.manager = "",
		.text = ""};
}

vigil_service_reply service_known_reply(const struct service *service)
{
	vigil_service_reply reply = service_reply_of(service);

	reply.manager = service->known.manager != NULL ? service->known.manager : "";
	reply.status = service->known.status;
	reply.pid = service->known.pid;
	reply.respawns = service->known.respawns;
	return reply;
}

bool service_is_known(const struct service *service)
{
	bool watched = service->sight != NULL ||
		       (service->view != NULL && systemd_view_is_sure(service->view));

	return watched && !service->doubt && service->known.status == VIGIL_SERVICE_RUNNING &&
	       clock_now() - service->known.when < CONFIRM;
}

/* --- signs ------------------------------------------------------------------------------------ */

/* Tells all who watch.  Any of them may be ended by what one is told, and with the last of them
 * the service be closed: so our place in the list is kept by an entry of our own, and the
 * service by a reference. */
static void tell(struct service *service, struct watch_list *list, const vigil_service_reply *reply)
{
	struct service_watch *watch = TAILQ_FIRST(list), here = {0};

	service->refs++;
	while (watch != NULL) {
		TAILQ_INSERT_AFTER(list, watch, &here, link);
		watch->fn(reply, watch->arg);
		watch = TAILQ_NEXT(&here, link);
		TAILQ_REMOVE(list, &here, link);
	}
	service_unref(service);
}

static void tell_sign(struct service *service, const char *text)
{
	vigil_service_reply reply = service_known_reply(service);

	reply.text = text;
	tell(service, &service->signs, &reply);
}

static void doubt(struct service *service)
{
	service->doubt = true;
	if (service->view != NULL)
		systemd_view_doubt(service->view);
}

static void on_again(uint64_t missed, void *arg);

static void on_death(void *arg)
{
	struct service *service = arg;
	pid_t pid = sight_pid(service->sight);
	char text[48];

	sight_close(service->sight);
	service->sight = NULL;
	service->deaths = pid == service->dead ? service->deaths + 1 : 0;
	service->dead = pid;
	doubt(service);
	snprintf(text, sizeof(text), "process %d has ended", (int)pid);
	if (service->deaths == 0)
		tell_sign(service, text);
	else if (service->deaths < DEATHS_MAX && service->again == NULL)
		service->again = loop_after(service->services->loop, AGAIN, on_again, service);
}

/* The manager still called a dead process the service's: it has not got round to it yet. */
static void on_again(uint64_t missed, void *arg)
{
	struct service *service = arg;

	loop_timer_free(service->again);
	service->again = NULL;
	tell_sign(service, "");
}

/* While it is restarted, all that changes is the restart's, and its end will be looked at. */
static void on_unit_sign(void *arg)
{
	struct service *service = arg;

	doubt(service);
	if (service->in_flight)
		service->sign_waits = true;
	else
		tell_sign(
			service, service->known.pid > 0 ? "" : "systemd says that it has changed");
}

void service_sign_late(struct service *service)
{
	if (!service->sign_waits || service->in_flight)
		return;
	service->sign_waits = false;
	doubt(service);
	tell_sign(service, "");
}

/* --- what a look has found -------------------------------------------------------------------- */

static void keep_in_sight(struct service *service)
{
	pid_t pid = service->known.status == VIGIL_SERVICE_RUNNING ? service->known.pid : 0;

	if (service->sight != NULL && sight_pid(service->sight) == pid)
		return;
	sight_close(service->sight);
	service->sight = NULL;
	/* Without one (no descriptors left, an old kernel) the looks go on as ever. */
	if (pid > 0)
		service->sight = sight_open(service->services->loop, pid, on_death, service);
	/* It may have died since the worker looked, and its number be another's. */
	if (service->sight != NULL && pid == service->request.seen.pid &&
		pidfile_is_another(&service->request.seen)) {
		sight_close(service->sight);
		service->sight = NULL;
	}
}

static void keep_in_view(struct service *service)
{
	const struct systemd_view_user user = {
		.on_sign = on_unit_sign, .on_answer = service_on_answer, .arg = service};
	const struct known *known = &service->known;
	bool is_unit = known->manager != NULL && strcmp(known->manager, "systemd") == 0;

	if (known->status == VIGIL_SERVICE_UNKNOWN)
		return; /* who could not be asked has not let go of it */
	if (!is_unit || known->status == VIGIL_SERVICE_ABSENT) {
		systemd_view_close(service->view);
		service->view = NULL;
	} else if (service->view == NULL && service->services->watch != NULL) {
		service->view =
			systemd_view_open(service->services->watch, service->request.name, &user);
	}
}

void service_learn(struct service *service, const vigil_service_reply *reply)
{
	bool changed = !service->known.seen || service->known.status != reply->status;

	service->known = (struct known){.seen = true,
		.status = reply->status,
		.manager = reply->manager,
		.pid = reply->pid,
		.respawns = reply->respawns,
		.when = clock_now()};
	service->doubt = false;
	if (reply->status != VIGIL_SERVICE_STOPPED)
		service->yields = 0;
	keep_in_sight(service);
	keep_in_view(service);
	if (changed)
		tell(service, &service->watches, reply);
}

void service_sight_close(struct service *service)
{
	sight_close(service->sight);
	loop_timer_free(service->again);
	systemd_view_close(service->view);
}
