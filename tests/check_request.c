/*
 * check_request: the request for a worker is a complete and independent copy, and is valid for a
 * manager.
 */
#include "service/request.h"

#include <errno.h>
#include <string.h>

#include "suite.h"

static const char *const status[] = {"/bin/status", "a b", NULL};
static const char *const restart[] = {"/bin/restart", NULL};
static const char *const start[] = {"/bin/start", NULL}, *const stop[] = {"/bin/stop", NULL};
static vigil_service_spec spec;
static struct manager_request request;

static void setup(void)
{
	spec = (vigil_service_spec){.size = sizeof(spec),
		.name = "svc",
		.manager = "command",
		.init_dir = "/init",
		.service_dir = "/service",
		.pidfile = "/pid",
		.status_command = status,
		.restart_command = restart,
		.reset_failed = true,
		.start_command = start,
		.stop_command = stop};
	memset(&request, 0, sizeof(request));
}

static void teardown(void)
{
	request_clear(&request);
}

/* Asserts that a text was copied. */
static void own(const char *theirs, const char *ours)
{
	ck_assert_str_eq(theirs, ours);
	ck_assert_ptr_ne(theirs, ours);
}

START_TEST(all_fields_are_copied)
{
	struct manager_request copy;

	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
	ck_assert_ptr_eq(request.manager, &manager_command);
	request_copy(&copy, &request);
	ck_assert(request_equal(&copy, &request));
	request_clear(&request);
	memset(&request, 0, sizeof(request));
	own(copy.name, spec.name);
	own(copy.init_dir, spec.init_dir);
	own(copy.service_dir, spec.service_dir);
	own(copy.pidfile, spec.pidfile);
	own(copy.status_command[0], status[0]);
	own(copy.status_command[1], status[1]);
	ck_assert_ptr_null(copy.status_command[2]);
	own(copy.restart_command[0], restart[0]);
	own(copy.start_command[0], start[0]);
	own(copy.stop_command[0], stop[0]);
	ck_assert(copy.reset_failed);
	ck_assert_uint_eq(copy.deadline, 0); /* set when a worker begins */
	request_clear(&copy);
}
END_TEST

START_TEST(unset_fields_are_null)
{
	spec = (vigil_service_spec){.size = sizeof(spec), .name = "svc"};
	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
	ck_assert_ptr_null(request.manager);
	ck_assert_ptr_null(request.init_dir);
	ck_assert_ptr_null(request.status_command);
	ck_assert_ptr_null(request_argv(NULL));
	request_clear(&request);
	spec.manager = "auto";
	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
	ck_assert_ptr_null(request.manager);
}
END_TEST

START_TEST(an_empty_command_remains_one)
{
	static const char *const empty[] = {NULL};

	spec.status_command = empty;
	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
	ck_assert_ptr_nonnull(request.status_command);
	ck_assert_ptr_null(request.status_command[0]);
}
END_TEST

START_TEST(an_invalid_name_is_refused)
{
	static const char *const names[] = {
		"", "-H", "../x", "a/b", "a b", "a\nb", "a;b", ".x", "--force", "x..y", NULL};
	char longer[300];

	for (size_t i = 0; i < COUNT(names); i++) {
		spec.name = names[i];
		ck_assert_int_eq(request_from_spec(&request, &spec), -EINVAL);
		ck_assert_ptr_null(request.name); /* nothing was allocated */
	}
	memset(longer, 'x', sizeof(longer));
	longer[256] = '\0';
	spec.name = longer;
	ck_assert_int_eq(request_from_spec(&request, &spec), -EINVAL);
	longer[255] = '\0';
	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
}
END_TEST

START_TEST(an_unknown_manager_is_refused)
{
	static const char *const names[] = {"", "upstart", "Command", "auto "};

	for (size_t i = 0; i < COUNT(names); i++) {
		spec.manager = names[i];
		ck_assert_int_eq(request_from_spec(&request, &spec), -ENOTSUP);
		ck_assert_ptr_null(request.name);
	}
}
END_TEST

/* Daemons share the calls of a service only if all fields are equal. */
START_TEST(a_difference_in_any_field_is_found)
{
	static const char *const other[] = {"/bin/status", NULL};
	const vigil_service_spec before = spec;
	struct manager_request changed;

	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
#define DIFFERS(field, value)                                              \
	do {                                                               \
		spec = before;                                             \
		spec.field = (value);                                      \
		ck_assert_int_eq(request_from_spec(&changed, &spec), 0);   \
		ck_assert_msg(!request_equal(&request, &changed), #field); \
		ck_assert_msg(!request_equal(&changed, &request), #field); \
		ck_assert(request_equal(&changed, &changed));              \
		request_clear(&changed);                                   \
	} while (0)
	DIFFERS(name, "other");
	DIFFERS(manager, "lsb");
	DIFFERS(manager, NULL);
	DIFFERS(init_dir, NULL);
	DIFFERS(init_dir, "/other");
	DIFFERS(service_dir, NULL);
	DIFFERS(pidfile, "/other");
	DIFFERS(status_command, NULL);
	DIFFERS(status_command, other);
	DIFFERS(restart_command, status);
	DIFFERS(reset_failed, false);
	DIFFERS(start_command, stop);
	DIFFERS(stop_command, NULL);
}
END_TEST

/* A module that was compiled with an older header has a shorter struct. */
START_TEST(a_shorter_spec_has_no_commands_to_start_and_stop)
{
	spec.size = offsetof(vigil_service_spec, start_command);
	ck_assert_int_eq(request_from_spec(&request, &spec), 0);
	ck_assert(request.reset_failed);
	ck_assert_ptr_null(request.start_command);
	ck_assert_ptr_null(request.stop_command);
}
END_TEST

SUITE("request", setup, teardown)
{
	TEST(all_fields_are_copied);
	TEST(unset_fields_are_null);
	TEST(an_empty_command_remains_one);
	TEST(an_invalid_name_is_refused);
	TEST(an_unknown_manager_is_refused);
	TEST(a_difference_in_any_field_is_found);
	TEST(a_shorter_spec_has_no_commands_to_start_and_stop);
}
