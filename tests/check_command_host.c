/* check_command_host: the verbs about the configuration and about vigild itself. */
#include "command/command.h"

#include "daemon/daemon.h"
#include "fixture_command.h"
#include "suite.h"

START_TEST(list_includes_daemons_that_are_not_enabled)
{
	ck_assert_int_eq(run("list", NULL), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 3);
	ck_assert_str_eq(text_at("/0/name"), "broken");
	ck_assert_str_eq(text_at("/1/name"), "spare");
	ck_assert(json_is_false(json_pointer_follow(reply.result, "/1/enabled")));
	ck_assert_str_eq(text_at("/2/name"), "web");
	ck_assert(json_is_true(json_pointer_follow(reply.result, "/2/enabled")));
	ck_assert_str_eq(text_at("/2/module"), "service");
	ck_assert_str_eq(text_at("/2/options/service"), "web-server");
	ck_assert_str_eq(text_at("/2/options/interval"), "1h");
	ck_assert_ptr_null(json_pointer_follow(reply.result, "/2/options/module"));
	ck_assert_str_eq(text_at("/2/file"), scratch_path("vigil.conf"));
	ck_assert_int_eq(number_at("/2/line"), 9);
}
END_TEST

START_TEST(modules_are_listed_with_their_errors)
{
	bool found = false;

	ck_assert_int_eq(run("modules", NULL), 0);
	for (size_t i = 0; i < json_array_size(reply.result); i++) {
		json_t *row = json_array_get(reply.result, i);
		const char *name = json_string_value(json_object_get(row, "name"));

		/* vigild does not open modules of no daemon.  If vigil is installed, its vigild
		 * examines them; else their rows say why not. */
		ck_assert_int_eq(json_is_false(json_object_get(row, "loaded")),
			strcmp(name, "service") != 0);
		if (strcmp(name, "service") != 0)
			continue;
		found = true;
		ck_assert(json_is_true(json_object_get(row, "loaded")));
		ck_assert(json_is_string(json_object_get(row, "summary")));
	}
	ck_assert(found);
}
END_TEST

START_TEST(reload_is_all_or_nothing)
{
	write_config("[daemons]\nweb = yes\nspare = yes\n"
		     "[daemon:web]\nmodule = service\nservice = web-server\n"
		     "manager = command\nstatus_command = /bin/false\ninterval = 1h\n"
		     "[daemon:spare]\nmodule = service\nservice = x\nmanager = command\n"
		     "status_command = /bin/true\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_str_eq(text_at("/started/0"), "spare");
	ck_assert_str_eq(text_at("/stopped/0"), "broken");
	ck_assert_str_eq(text_at("/changed/0"), "web");
	ck_assert_int_eq(number_at("/kept"), 0);
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_int_eq(number_at("/kept"), 2);

	write_config("[daemons]\nweb = maybe?\nspare = yess\n");
	ck_assert_int_eq(run("reload", NULL), COMMAND_REFUSED);
	ck_assert_uint_ge(json_array_size(json_object_get(reply.data, "complaints")), 2);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_pointer_follow(reply.data, "/complaints/0")),
			"vigil.conf:6: "));
	ck_assert_int_eq(run("status", NULL), 0);
	ck_assert_uint_eq(json_array_size(reply.result), 2);
	ck_assert_str_eq(text_at("/0/status"), "running");
	ck_assert_str_eq(text_at("/1/status"), "running");
}
END_TEST

START_TEST(a_dry_run_of_reload_only_reports)
{
	const struct peer member = {.uid = 12345, .reader = true};
	const char *dry = "{\"dry_run\":true}";
	json_t *params;

	write_config("[daemons]\nweb = yes\nspare = yes\n"
		     "[daemon:web]\nmodule = service\nservice = web-server\n"
		     "manager = command\nstatus_command = /bin/true\ninterval = 2h\n"
		     "[daemon:spare]\nmodule = service\nservice = x\nmanager = command\n"
		     "status_command = /bin/true\n");
	ck_assert_int_eq(run("reload", dry), 0);
	ck_assert_str_eq(text_at("/started/0"), "spare");
	ck_assert_str_eq(text_at("/stopped/0"), "broken");
	ck_assert_str_eq(text_at("/changes/web/interval/old"), "1h");
	ck_assert_str_eq(text_at("/changes/web/interval/new"), "2h");
	ck_assert(json_is_true(json_pointer_follow(reply.result, "/dry_run")));
	ck_assert_int_eq(run("status", "{\"name\":\"spare\"}"), COMMAND_NOT_FOUND);
	ck_assert_int_eq(run("reload", "{\"dry_run\":false}"), 0);
	ck_assert_ptr_null(json_pointer_follow(reply.result, "/dry_run"));
	ck_assert_str_eq(text_at("/changes/web/interval/new"), "2h");
	ck_assert_int_eq(run("status", "{\"name\":\"spare\"}"), 0);

	write_config("[daemons]\nweb = maybe?\n");
	ck_assert_int_eq(run("reload", dry), COMMAND_REFUSED);
	ck_assert_uint_ge(json_array_size(json_object_get(reply.data, "complaints")), 1);
	params = json_loads(dry, 0, NULL);
	forget();
	command_run(host, &member, "reload", params, &reply);
	ck_assert_int_eq(reply.code, COMMAND_DENIED);
	json_decref(params);
	ck_assert_int_eq(run("reload", "{\"dry_run\":\"yes\"}"), COMMAND_PARAMS);
	ck_assert_int_eq(run("reload", "{\"dry-run\":true}"), COMMAND_PARAMS);
}
END_TEST

START_TEST(the_log_level_is_set_and_the_version_is_returned)
{
	ck_assert_int_eq(run("log", "{\"level\":\"debug\"}"), 0);
	ck_assert_str_eq(text_at("/level"), "debug");
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
	ck_assert_int_eq(run("log", "{\"level\":\"error\"}"), 0);
	ck_assert_int_eq(log_level(), LEVEL_ERROR);
	ck_assert_int_eq(run("log", "{\"level\":\"loud\"}"), COMMAND_PARAMS);
	ck_assert_int_eq(log_level(), LEVEL_ERROR);
	ck_assert_int_eq(run("version", NULL), 0);
	ck_assert_str_eq(text_at("/version"), PACKAGE_VERSION);
	ck_assert_int_eq(number_at("/pid"), getpid());
	ck_assert_str_eq(text_at("/config"), scratch_path("vigil.conf"));
	/* a verb without a handler is refused */
	ck_assert_int_eq(run("watch", NULL), COMMAND_NO_METHOD);
	ck_assert_int_eq(run("help", NULL), COMMAND_NO_METHOD);
}
END_TEST

/* Starts the host as after three crashes while it opened the module service. */
static void start_with_quarantined_module(void)
{
	struct diagnostics diagnostics = {0};

	host_free(host);
	scratch_put(
		"state/state.json", 0600, "{\"crashed\":{\"service\":{\"opened_in_a_row\":3}}}");
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_ptr_nonnull(host);
	diagnostics_clear(&diagnostics);
	host_start(host);
	ck_assert_ptr_nonnull(strstr(daemon_reason(host_find(host, "web")), "quarantined"));
}

/* The module is opened by a reload, so an error anywhere in the configuration prevents it. */
START_TEST(a_resume_that_cannot_open_the_module_reports_why)
{
	const char *web = "{\"names\":[\"web\"]}";

	start_with_quarantined_module();
	write_config("[daemons]\nweb = maybe?\n");
	ck_assert_int_eq(run("resume", web), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message,
		"the daemons are no longer quarantined, but the configuration was not reloaded; "
		"correct it and run vigilctl reload");
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_pointer_follow(reply.data, "/complaints/0")),
			"vigil.conf:6: "));
	ck_assert_int_eq(daemon_status(host_find(host, "web")), DAEMON_FAILED);

	write_config(daemons);
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_int_eq(daemon_status(host_find(host, "web")), DAEMON_RUNNING);
}
END_TEST

START_TEST(a_resume_opens_the_module_again)
{
	start_with_quarantined_module();
	ck_assert_int_eq(run("resume", "{\"names\":[\"web\"]}"), 0);
	ck_assert_str_eq(text_at("/resumed/0"), "web");
	ck_assert_int_eq(daemon_status(host_find(host, "web")), DAEMON_RUNNING);
}
END_TEST

static void on_stopped(void *arg)
{
	*(bool *)arg = true;
}

static const char registration[] =
	"{\"name\":\"x\",\"options\":[\"module=service\",\"service=x\",\"manager=command\","
	"\"status_command=/bin/true\"]}";

static bool has_complaint(const char *part)
{
	json_t *complaint;
	size_t index;

	json_array_foreach(json_object_get(reply.data, "complaints"), index, complaint)
		if (strstr(json_string_value(complaint), part) != NULL)
			return true;
	return false;
}

START_TEST(a_daemon_is_registered_and_unregistered)
{
	ck_assert_int_eq(run("register", registration), 0);
	ck_assert_str_eq(text_at("/started/0"), "x");
	ck_assert(scratch_has("conf.d/x.conf"));
	ck_assert_int_eq(run("register", "{\"name\":\"y\",\"options\":[\"module=servise\"]}"),
		COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "the daemon was not registered; nothing was changed");
	ck_assert_int_eq(run("unregister", "{\"name\":\"x\"}"), 0);
	ck_assert_str_eq(text_at("/stopped/0"), "x");
	ck_assert(!scratch_has("conf.d/x.conf"));
}
END_TEST

/* The log is checked by a reload, and not by the check of the drop-in file. */
START_TEST(a_refused_reload_after_a_register_names_the_file)
{
	char log[128];

	snprintf(log, sizeof(log), "%s", scratch_path("log"));
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/src/modules\nstate_dir = %s\nlog = %s\n%s",
		getenv("top_builddir"), scratch_path("state"), log, daemons);
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_int_eq(link(log, scratch_path("second")), 0);

	ck_assert_int_eq(run("register", registration), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message,
		"conf.d/x.conf was written, but the reload was refused; correct the errors and run "
		"vigilctl reload");
	ck_assert(has_complaint("more than one hard link"));
	ck_assert(scratch_has("conf.d/x.conf"));
	ck_assert_ptr_null(host_find(host, "x"));

	ck_assert_int_eq(run("unregister", "{\"name\":\"x\"}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message,
		"conf.d/x.conf was removed, but the reload was refused; correct the errors and run "
		"vigilctl reload");
	ck_assert(!scratch_has("conf.d/x.conf"));
}
END_TEST

START_TEST(a_vigild_that_stops_registers_nothing)
{
	bool stopped = false;

	ck_assert_int_eq(run("register", registration), 0);
	host_stop(host, on_stopped, &stopped);
	ck_assert_int_eq(run("unregister", "{\"name\":\"x\"}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "vigild is stopping; nothing was changed");
	ck_assert(scratch_has("conf.d/x.conf"));
	ck_assert_int_eq(unlink(scratch_path("conf.d/x.conf")), 0);
	ck_assert_int_eq(run("register", registration), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "vigild is stopping; nothing was changed");
	ck_assert(!scratch_has("conf.d/x.conf"));
	RUN_UNTIL(host_loop(host), stopped);
}
END_TEST

static void write_odd(const char *lines)
{
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/tests/modules\nstate_dir = %s\nlog = stderr\n"
		"[daemons]\nodd = yes\n[daemon:odd]\njournal = %s\nreconfigure = yes\n%s",
		getenv("top_builddir"), scratch_path("state"), scratch_path("journal"), lines);
}

/* The option of vigild changes without an offer to the daemon, which had refused other options. */
START_TEST(a_reload_does_not_report_an_earlier_refusal)
{
	write_odd("word = before\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	write_odd("word = after\nstart = refuse\n");
	ck_assert_int_eq(run("reload", NULL), COMMAND_REFUSED);
	ck_assert(has_complaint("the word is kept"));

	write_odd("word = before\npause_during = Mon..Sun\n");
	ck_assert_int_eq(run("reload", NULL), 0);
	ck_assert_str_eq(text_at("/changed/0"), "odd");
	ck_assert_str_eq(daemon_refusal(host_find(host, "odd")), "");
}
END_TEST

SUITE("command_host", bring_up, take_down)
{
	TIMEOUT(300);
	TEST(list_includes_daemons_that_are_not_enabled);
	TEST(modules_are_listed_with_their_errors);
	TEST(reload_is_all_or_nothing);
	TEST(a_dry_run_of_reload_only_reports);
	TEST(the_log_level_is_set_and_the_version_is_returned);
	TEST(a_resume_that_cannot_open_the_module_reports_why);
	TEST(a_resume_opens_the_module_again);
	TEST(a_daemon_is_registered_and_unregistered);
	TEST(a_refused_reload_after_a_register_names_the_file);
	TEST(a_vigild_that_stops_registers_nothing);
	TEST(a_reload_does_not_report_an_earlier_refusal);
}
