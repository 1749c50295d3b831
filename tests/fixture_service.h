/*
 * fixture_service: services with real scripts, and services of a fake manager, whose calls return
 * only when the test permits it.
 */
#ifndef FIXTURE_SERVICE_H
#define FIXTURE_SERVICE_H

#include <semaphore.h>
#include <stdatomic.h>

#include "fixture_environment.h"
#include "service/manager.h"
#include "service/service_internal.h"

/* --- the fake manager ------------------------------------------------------------------------- */

static atomic_uint queries, changes[MANAGER_RELOAD + 1]; /* that have begun */
static atomic_uint at_once, most_at_once;
static atomic_int answer; /* a status */
static atomic_int answer_pid;
static sem_t gate; /* one count for each call that may return */

static void pass_gate(atomic_uint *counter)
{
	unsigned now = ++at_once;

	++*counter;
	if (now > most_at_once)
		most_at_once = now;
	while (sem_wait(&gate) < 0)
		;
	at_once--;
}

static void fake_systemd_query(const struct manager_request *request, struct manager_reply *reply)
{
	pass_gate(&queries);
	reply->status = (vigil_service_status)(int)answer;
	reply->pid = answer_pid;
}

static void fake_systemd_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	pass_gate(&changes[change]);
}

static const struct manager fake_systemd = {
	.name = "stand-in", .query = fake_systemd_query, .apply = fake_systemd_apply};

static void let_back(unsigned count)
{
	while (count-- > 0)
		sem_post(&gate);
}

/* --- replies ---------------------------------------------------------------------------------- */

static char order[256]; /* a letter for each reply, in order */
static vigil_service_reply last;
static char last_text[512], last_manager[32], last_name[300];
static bool inside; /* a call of service_ask is in progress */

static void note(const vigil_service_reply *reply, void *arg)
{
	size_t n = strlen(order);

	ck_assert(!inside);
	ck_assert_uint_lt(n, sizeof(order) - 1);
	order[n] = *(const char *)arg;
	order[n + 1] = '\0';
	last = *reply;
	snprintf(last_text, sizeof(last_text), "%s", reply->text);
	snprintf(last_manager, sizeof(last_manager), "%s", reply->manager);
	snprintf(last_name, sizeof(last_name), "%s", reply->name);
	ck_assert_int_eq(reply->error == 0, reply->fault == VIGIL_FAULT_NONE);
	ck_assert_uint_eq(reply->size, sizeof(*reply));
}

static struct service_call *ask_with(
	struct service *service, enum service_verb verb, service_reply_fn *fn, const void *arg)
{
	struct service_call *call;

	inside = true;
	call = service_ask(service, verb, fn, (void *)arg);
	inside = false;
	return call;
}

static struct service_call *ask(struct service *service, enum service_verb verb, const char *letter)
{
	struct service_call *call = ask_with(service, verb, note, letter);

	ck_assert_ptr_nonnull(call);
	return call;
}

/* Waits until there are this many replies. */
static void await(size_t answers)
{
	TURN_UNTIL(strlen(order) >= answers);
	ck_assert_uint_eq(strlen(order), answers);
}

/* --- services --------------------------------------------------------------------------------- */

static vigil_service_spec spec;
static const char *status[2], *restart[2];
static struct service *service;

static void setup(void)
{
	environment_setup();
	sem_init(&gate, 0, 0);
	status[0] =
		strdup(scratch_put("status", 0755, "#!/bin/sh\necho asked >>%s\nexit $(cat %s)\n",
			scratch_path("journal"), scratch_path("answer")));
	restart[0] =
		strdup(scratch_put("restart", 0755, "#!/bin/sh\necho restarted >>%s\necho 0 >%s\n",
			scratch_path("journal"), scratch_path("answer")));
	scratch_put("answer", 0644, "0\n");
	spec = (vigil_service_spec){.size = sizeof(spec),
		.name = "svc",
		.manager = "command",
		.status_command = status,
		.restart_command = restart};
	answer = VIGIL_SERVICE_RUNNING;
}

static void teardown(void)
{
	let_back(1000);
	service_close(service);
	environment_teardown();
	free((char *)status[0]);
	free((char *)restart[0]);
}

static void open_it(void)
{
	service = service_open(environment.services, &spec);
	ck_assert_ptr_nonnull(service);
}

/* Opens a service with the fake manager. */
static struct service *open_stand_in(const char *name)
{
	struct service *opened;

	spec.name = name;
	opened = service_open(environment.services, &spec);
	ck_assert_ptr_nonnull(opened);
	opened->request.manager = &fake_systemd;
	return opened;
}

static struct service_call *victim;

static void close_it(const vigil_service_reply *reply, void *arg)
{
	note(reply, arg);
	service_close(service);
	service = NULL;
}

static void on_timer(uint64_t missed, void *arg)
{
	++*(unsigned *)arg;
}

static unsigned again_and_again;

__attribute__((unused)) static void insist(const vigil_service_reply *reply, void *arg)
{
	ck_assert(!inside);
	ck_assert_uint_lt(again_and_again, 1000000); /* otherwise the loop is blocked */
	again_and_again++;
	inside = true;
	victim = service_ask(service, *(enum service_verb *)arg, insist, arg);
	inside = false;
	ck_assert_ptr_nonnull(victim);
}

/* Runs the loop until a timer has fired, which the repeated requests must not prevent. */
__attribute__((unused)) static void the_loop_goes_on(void)
{
	struct loop_timer *timer;
	unsigned fired = 0;

	timer = loop_every(environment.loop, 10 * CLOCK_MS, 0, on_timer, &fired);
	turn_for(100 * CLOCK_MS);
	ck_assert_uint_gt(fired, 0);
	ck_assert_uint_gt(again_and_again, 1);
	loop_timer_free(timer);
	service_cancel(victim); /* the latest of the repeated requests */
}

/* A reply that cancels another call. */
__attribute__((unused)) static void cancel_victim(const vigil_service_reply *reply, void *arg)
{
	note(reply, arg);
	service_cancel(victim);
}

#endif
