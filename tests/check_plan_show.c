/* check_plan_show: the effective configuration and the defaults of real modules. */
#include "host/plan_show.h"

#include "config/config_load.h"
#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct modules *modules;
static struct plan *plan;
static char *shown;

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	modules = modules_new();
}

static void teardown(void)
{
	free(shown);
	diagnostics_clear(&diagnostics);
	plan_free(plan);
	modules_free(modules);
	scratch_teardown();
}

static bool make(const char *rest)
{
	diagnostics_clear(&diagnostics);
	plan_free(plan);
	scratch_put("vigil.conf", 0644, "[vigil]\nmodules = %s/src/modules\n%s",
		getenv("top_builddir"), rest);
	plan = plan_make(scratch_path("vigil.conf"), modules, true, &diagnostics);
	return plan != NULL;
}

static const char *show(const char *rest)
{
	size_t size;
	FILE *to;

	ck_assert_msg(make(rest), "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	free(shown);
	to = open_memstream(&shown, &size);
	plan_show(plan, to);
	ck_assert_int_eq(fclose(to), 0);
	return shown;
}

static void shows(const char *text)
{
	ck_assert_msg(strstr(shown, text) != NULL, "%s\nis not in\n%s", text, shown);
}

START_TEST(each_value_has_its_place)
{
	char text[512];

	show("[module:service]\ninterval = 10s\n[daemons]\nnginx = service\nagent = yes\n"
	     "[daemon:agent]\nmodule = service\nservice = icinga2\nburst = 4\n");
	snprintf(text, sizeof(text),
		"\n[daemon:nginx]\n# %s:6\nmodule = service\nservice = nginx\n"
		"# %s:4 [module:service]\ninterval = 10s\n# default\nmanager = auto\n",
		scratch_path("vigil.conf"), scratch_path("vigil.conf"));
	shows(text);
	snprintf(text, sizeof(text), "# %s:10\nservice = icinga2\n", scratch_path("vigil.conf"));
	shows(text);
	shows("[daemons]\n");
	shows("\nlog_level = info\n");
}
END_TEST

START_TEST(an_excluded_value_is_not_shown)
{
	show("[module:exec]\ninterval = 10s\npause_during = Sun\n[daemons]\na = exec\n"
	     "[daemon:a]\ncommand = /bin/true\nevery = hourly\n");
	shows("\nevery = hourly\n");
	shows("\npause_during = Sun\n");
	ck_assert_ptr_null(strstr(shown, "\ninterval = "));
}
END_TEST

START_TEST(the_output_is_a_configuration_with_the_same_meaning)
{
	char *first;

	first = strdup(
		show("[module:service]\nbackoff = 7s\n[daemons]\na = service\nb = service\n"));
	scratch_put("vigil.conf", 0644, "%s", first);
	diagnostics_clear(&diagnostics);
	plan_free(plan);
	plan = plan_make(scratch_path("vigil.conf"), modules, true, &diagnostics);
	ck_assert_msg(plan != NULL, "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	ck_assert_uint_eq(plan->count, 2);
	ck_assert_double_eq(option_get(plan_find(plan, "b")->options, "backoff")->number, 7);
	free(first);
}
END_TEST

START_TEST(a_secret_is_not_shown)
{
	show("[daemons]\np = exec\n[daemon:p]\ncommand = /bin/true\nenvironment = KEY=hidden\n");
	ck_assert_ptr_null(strstr(shown, "hidden"));
	shows("environment = ***\n");
}
END_TEST

START_TEST(a_value_cannot_control_the_terminal)
{
	show("[daemons]\np = exec\n[daemon:p]\ncommand = /bin/echo \033[2J\n");
	ck_assert_ptr_null(strchr(shown, '\033'));
	shows("command = /bin/echo \\x1B[2J\n");
}
END_TEST

START_TEST(the_service_is_the_daemons_own_name)
{
	ck_assert(make("[daemons]\nnginx = service\n"));
	ck_assert_str_eq(option_get(plan_find(plan, "nginx")->options, "service")->text, "nginx");
	/* A name that no service can have is an error at the line of the daemon. */
	ck_assert(!make("[daemons]\nbackup.timer = service\n"));
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "vigil.conf:4: service = \"backup.timer\""));
}
END_TEST

START_TEST(an_invalid_default_is_one_error_for_all_daemons)
{
	ck_assert(!make("[module:service]\ninterval = soon\nintervall = 5s\n"
			"[daemons]\na = service\nb = service\nc = service\n"));
	ck_assert_uint_eq(diagnostics.count, 2);
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "vigil.conf:4: interval = \"soon\""));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[1].text, "[module:service]; did you mean"));
	/* also if no daemon uses them */
	ck_assert(!make("[module:service]\nintervall = 5s\n"));
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

START_TEST(sections_without_effect_are_noted)
{
	ck_assert(make("[module:nowhere]\nx = 1\n[daemons]\nb = no\n"
		       "[daemon:a]\nmodule = service\n[daemon:b]\nmodule = service\n"));
	ck_assert_uint_eq(diagnostics.count, 2);
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "vigil.conf:3: note: [module:nowhere]: "));
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[1].text, "vigil.conf:7: note: the daemon \"a\" is not "
						 "enabled, because [daemons] does not name "
						 "it"));
}
END_TEST

START_TEST(a_service_without_a_module_gets_a_hint)
{
	ck_assert(!make("[daemons]\nnginx = yes\n"));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "did you mean module = service"));
	ck_assert(!make("[daemons]\nnginx = nowhere\n"));
	ck_assert_ptr_null(strstr(diagnostics.list[0].text, "did you mean module = service"));
}
END_TEST

SUITE("plan_show", setup, teardown)
{
	TEST(each_value_has_its_place);
	TEST(an_excluded_value_is_not_shown);
	TEST(the_output_is_a_configuration_with_the_same_meaning);
	TEST(a_secret_is_not_shown);
	TEST(a_value_cannot_control_the_terminal);
	TEST(the_service_is_the_daemons_own_name);
	TEST(an_invalid_default_is_one_error_for_all_daemons);
	TEST(sections_without_effect_are_noted);
	TEST(a_service_without_a_module_gets_a_hint);
}
