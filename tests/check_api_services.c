/*
 * check_api_services: the services of a machine that has 1,200 directories of runit and no other
 * manager. The test has its own mount namespace, in which these are in /run/runit/service.
 */
#include <vigil/vigil.h>

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon/candidate.h"
#include "fixture_daemon.h"
#include "service/service_internal.h"

#define SERVICES 1200

struct result {
	unsigned entries, ends;
	int error;
	char first[64], last[64], text[512];
	bool stop; /* stop the daemon in the first callback */
	useconds_t work;
};

static struct result result;

/* Hides a directory that the machine has. */
static void mount_over(const char *name, const char *target)
{
	if (access(target, F_OK) == 0)
		ck_assert_int_eq(mount(scratch_path(name), target, "none", MS_BIND, NULL), 0);
}

static void put_services(unsigned first, unsigned count)
{
	char name[64];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(name, sizeof(name), "run/runit/service/s%05u", i);
		ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
		snprintf(name, sizeof(name), "run/runit/service/s%05u/run", i);
		scratch_put(name, 0755, "#!/bin/sh\nexec sleep 1000\n");
	}
}

static void setup(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	up();
	result = (struct result){.entries = 0};
	ck_assert_int_eq(mkdir(scratch_path("empty"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("run"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("run/runit"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("run/runit/service"), 0755), 0);
	put_services(0, SERVICES);
	mount_over("empty", "/etc/service");
	mount_over("empty", "/etc/init.d");
	mount_over("run", "/run");
}

static void teardown(void)
{
	ck_assert_int_eq(umount2("/run", MNT_DETACH), 0);
	umount2("/etc/init.d", MNT_DETACH);
	umount2("/etc/service", MNT_DETACH);
	down();
}

static void on_entry(vigil_daemon *daemon, const vigil_service_entry *entry, void *arg)
{
	struct result *r = arg;

	ck_assert_uint_eq(r->ends, 0);
	ck_assert_uint_eq(entry->size, sizeof(*entry));
	ck_assert_str_eq(entry->manager, "runit");
	ck_assert_int_lt(strcmp(r->last, entry->name), 0); /* sorted, and none twice */
	snprintf(r->last, sizeof(r->last), "%s", entry->name);
	if (r->entries++ == 0)
		strcpy(r->first, r->last);
	if (r->work > 0)
		usleep(r->work);
}

static void on_end(vigil_daemon *daemon, int error, const char *text, void *arg)
{
	struct result *r = arg;

	r->ends++;
	r->error = error;
	snprintf(r->text, sizeof(r->text), "%s", text);
}

static int each(const char *const *only)
{
	/* An emulated processor needs more than 30 s for 10,000 services. */
	const vigil_services_spec spec = {.size = sizeof(spec), .only = only, .timeout = 600};

	return vigil_services_each(d, &spec, on_entry, on_end, &result);
}

START_TEST(each_service_is_reported_once_and_sorted)
{
	ck_assert_int_eq(vigil_services_each(d, NULL, on_entry, on_end, &result), 0);
	ck_assert_uint_eq(result.entries, 0); /* never inside the call */
	TURN_UNTIL(result.ends == 1);
	ck_assert_int_eq(result.error, 0);
	ck_assert_str_eq(result.text, "");
	ck_assert_uint_eq(result.entries, SERVICES);
	ck_assert_str_eq(result.first, "s00000");
	ck_assert_str_eq(result.last, "s01199");
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(result.ends, 1);
}
END_TEST

START_TEST(globs_choose_the_services)
{
	static const char *const only[] = {"s0001?", "s01199", "absent", NULL};
	char copy[] = "s0001?";
	const char *changing[] = {copy, "s01199", "absent", NULL};

	ck_assert_int_eq(each(changing), 0);
	strcpy(copy, "x"); /* the globs were copied */
	TURN_UNTIL(result.ends == 1);
	ck_assert_uint_eq(result.entries, 11);
	result = (struct result){.entries = 0};
	ck_assert_int_eq(each(only + 2), 0);
	TURN_UNTIL(result.ends == 1);
	ck_assert_uint_eq(result.entries, 0);
	ck_assert_int_eq(result.error, 0);
}
END_TEST

static unsigned other_events;

static void on_other(uint64_t missed, void *arg)
{
	other_events++;
	loop_timer_rearm(*(struct loop_timer **)arg, 0);
}

START_TEST(other_events_run_while_the_entries_are_delivered)
{
	struct loop_timer *timer = NULL;
	unsigned before;

	result.work = 100; /* the callbacks take 120 ms in all */
	ck_assert_int_eq(each(NULL), 0);
	TURN_UNTIL(environment.services->list.in_flight == false);
	before = result.entries;
	timer = loop_after(environment.loop, 0, on_other, &timer);
	TURN_UNTIL(result.ends == 1);
	ck_assert_uint_eq(result.entries, SERVICES);
	ck_assert_msg(other_events >= (SERVICES - before) / 50,
		"only %u other events ran during %u entries", other_events, SERVICES - before);
	loop_timer_free(timer);
}
END_TEST

START_TEST(a_daemon_has_one_listing_at_a_time)
{
	ck_assert_int_eq(each(NULL), 0);
	ck_assert_int_eq(each(NULL), -EBUSY);
	TURN_UNTIL(result.ends == 1);
	result = (struct result){.entries = 0};
	ck_assert_int_eq(each(NULL), 0);
	TURN_UNTIL(result.ends == 1);
	ck_assert_uint_eq(result.entries, SERVICES);
}
END_TEST

START_TEST(daemons_share_a_job)
{
	struct vigil_daemon *other = daemon_new(&environment, "other", "test", &module, NULL);
	struct result second = {.entries = 0};

	ck_assert_int_eq(daemon_start(other), 0);
	ck_assert_int_eq(each(NULL), 0);
	ck_assert_int_eq(vigil_services_each(other, NULL, on_entry, on_end, &second), 0);
	TURN_UNTIL(result.ends == 1 && second.ends == 1);
	ck_assert_uint_eq(result.entries, SERVICES);
	ck_assert_uint_eq(second.entries, SERVICES);
	ck_assert_uint_eq(environment.services->list.jobs, 1);
	daemon_free(other);
}
END_TEST

START_TEST(a_stopped_daemon_is_not_called)
{
	ck_assert_int_eq(each(NULL), 0);
	daemon_stop(d);
	TURN_UNTIL(environment.services->list.in_flight == false);
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(result.entries, 0);
	ck_assert_uint_eq(result.ends, 0);
}
END_TEST

static void on_entry_stop(vigil_daemon *daemon, const vigil_service_entry *entry, void *arg)
{
	result.entries++;
}

START_TEST(a_daemon_may_stop_between_two_portions)
{
	const vigil_services_spec spec = {.size = sizeof(spec)};

	result.work = 100;
	ck_assert_int_eq(vigil_services_each(d, &spec, on_entry, on_end, &result), 0);
	TURN_UNTIL(result.entries > 0);
	daemon_stop(d);
	result.work = 0;
	ck_assert_uint_lt(result.entries, SERVICES);
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(result.ends, 0);
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_services_each(d, &spec, on_entry_stop, on_end, &result), 0);
	TURN_UNTIL(result.ends == 1);
}
END_TEST

START_TEST(a_list_that_is_too_long_is_cut_and_says_so)
{
	put_services(SERVICES, VIGIL_SERVICES_MAX + 1 - SERVICES);
	ck_assert_int_eq(each(NULL), 0);
	TURN_UNTIL(result.ends == 1);
	ck_assert_uint_eq(result.entries, VIGIL_SERVICES_MAX);
	ck_assert_int_eq(result.error, -E2BIG);
	ck_assert_ptr_nonnull(strstr(result.text, "10000"));
}
END_TEST

START_TEST(a_listing_that_cannot_be_complete_says_why)
{
	const vigil_services_spec spec = {.size = sizeof(spec), .timeout = 1e-9};

	ck_assert_int_eq(vigil_services_each(d, &spec, on_entry, on_end, &result), 0);
	TURN_UNTIL(result.ends == 1);
	ck_assert_int_eq(result.error, -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(result.text, "deadline"));
}
END_TEST

START_TEST(invalid_calls_are_refused)
{
	const vigil_services_spec unsized = {.only = NULL},
				  endless = {.size = sizeof(endless), .timeout = 1e300};

	ck_assert_int_eq(vigil_services_each(d, NULL, NULL, on_end, NULL), -EINVAL);
	ck_assert_int_eq(vigil_services_each(d, NULL, on_entry, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_services_each(d, &unsized, on_entry, on_end, NULL), -EINVAL);
	ck_assert_int_eq(vigil_services_each(d, &endless, on_entry, on_end, NULL), -EINVAL);
	worker_pool_drain(worker_pool, 0, NULL, NULL);
	ck_assert_int_eq(each(NULL), -ECANCELED);
}
END_TEST

static unsigned set_changes, others;

static void on_set(vigil_daemon *daemon, const char *manager, const char *name, void *arg)
{
	ck_assert(name == NULL);
	set_changes++;
}

static void on_set_stop(vigil_daemon *daemon, const char *manager, const char *name, void *arg)
{
	others++;
	daemon_stop(daemon);
}

START_TEST(a_directory_that_is_added_or_removed_changes_the_set)
{
	char path[256];

	set_changes = others = 0;
	ck_assert_int_eq(vigil_services_on_change(d, NULL, NULL), -EINVAL);
	ck_assert_int_eq(vigil_services_on_change(d, on_set, NULL), 0);
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(set_changes, 0);
	put_services(SERVICES, 1);
	TURN_UNTIL(set_changes > 0);
	turn_for(20 * CLOCK_MS);
	set_changes = 0;
	snprintf(path, sizeof(path), "%s", scratch_path("run/runit/service/s01200"));
	ck_assert_int_eq(rename(path, scratch_path("s01200")), 0);
	TURN_UNTIL(set_changes > 0);
	/* a callback may stop the daemon, which frees its observers */
	ck_assert_int_eq(vigil_services_on_change(d, on_set_stop, NULL), 0);
	ck_assert_int_eq(vigil_services_on_change(d, on_set_stop, NULL), 0);
	put_services(SERVICES + 1, 1);
	TURN_UNTIL(others == 1);
	turn_for(20 * CLOCK_MS);
	ck_assert_uint_eq(others, 1);
}
END_TEST

SUITE("api_services", setup, teardown)
{
	if (geteuid() != 0)
		suite_skip("root, for a mount namespace");
	TEST(each_service_is_reported_once_and_sorted);
	TEST(globs_choose_the_services);
	TEST(other_events_run_while_the_entries_are_delivered);
	TEST(a_daemon_has_one_listing_at_a_time);
	TEST(daemons_share_a_job);
	TEST(a_stopped_daemon_is_not_called);
	TEST(a_daemon_may_stop_between_two_portions);
	TEST(a_list_that_is_too_long_is_cut_and_says_so);
	TEST(a_listing_that_cannot_be_complete_says_why);
	TEST(invalid_calls_are_refused);
	TEST(a_directory_that_is_added_or_removed_changes_the_set);
}
