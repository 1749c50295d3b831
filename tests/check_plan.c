/*
 * check_plan: the daemons that the configuration and the modules define, and the daemon or file
 * that each error names.
 */
#include "host/plan.h"

#include "config/config_load.h"
#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct modules *modules;
static struct plan *plan;

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	diagnostics = (struct diagnostics){0};
	modules = modules_new();
	plan = NULL;
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	plan_free(plan);
	modules_free(modules);
	scratch_teardown();
}

static void write_config(const char *rest)
{
	scratch_put("vigil.conf", 0644, "[vigil]\nmodules = %s/src/modules\n%s",
		getenv("top_builddir"), rest);
}

static void forget(void)
{
	diagnostics_clear(&diagnostics);
	plan_free(plan);
	plan = NULL;
}

static bool make(const char *rest, bool strict)
{
	forget();
	write_config(rest);
	plan = plan_make(scratch_path("vigil.conf"), modules, strict, &diagnostics);
	ck_assert_int_eq(plan == NULL, diagnostics.errors > 0);
	return plan != NULL;
}

/* Makes a plan as if the drop-in `name` had the contents `draft`; NULL: as if it was removed. */
static bool make_draft(const char *file, const char *draft, const char *name)
{
	const struct config_draft in_place = {.name = file,
		.path = draft != NULL ? scratch_put("draft", 0644, "%s", draft) : NULL};

	forget();
	plan = plan_make_draft(scratch_path("vigil.conf"), &in_place, name, modules, &diagnostics);
	ck_assert_int_eq(plan == NULL, diagnostics.errors > 0);
	return plan != NULL;
}

/* Asserts that a diagnostic has this place, "FILE:LINE: ...", and these words. */
static void complains(size_t i, const char *place, const char *words)
{
	ck_assert_uint_lt(i, diagnostics.count);
	ck_assert_msg(strstr(diagnostics.list[i].text, place) != NULL &&
			      strstr(diagnostics.list[i].text, words) != NULL,
		"%s", diagnostics.list[i].text);
}

START_TEST(a_plan_may_have_no_daemons)
{
	ck_assert(make("", true));
	ck_assert_uint_eq(plan->count, 0);
	ck_assert_ptr_null(plan_find(plan, "x"));
	ck_assert_ptr_nonnull(plan->config);
	ck_assert(make("[daemons]\na = no\n[daemon:a]\nmodule = service\nservice = x\n", true));
	ck_assert_uint_eq(plan->count, 0);
	ck_assert_ptr_null(plan_find(plan, "a"));
	plan_free(NULL);
}
END_TEST

START_TEST(enabled_daemons_are_sorted_by_name_and_have_options)
{
	const struct plan_daemon *pd;

	ck_assert(make("[daemons]\nzeta = yes\nservice = yes\nBeta = yes\nspare = no\n"
		       "[daemon:zeta]\nmodule = exec\ncommand = /bin/true 'a b'\n"
		       "[daemon:service]\nservice = x\n"
		       "[daemon:Beta]\nmodule = service\nservice = y\ninterval = 2m\n"
		       "[daemon:spare]\nmodule = service\nservice = z\n",
		true));
	ck_assert_uint_eq(plan->count, 3);
	for (size_t i = 0; i < plan->count; i++) {
		pd = &plan->daemons[i];
		ck_assert(i == 0 || strcmp(plan->daemons[i - 1].name, pd->name) < 0);
		ck_assert_ptr_eq(plan_find(plan, pd->name), pd);
		ck_assert_ptr_null(pd->why);
		ck_assert_str_eq(pd->descriptor->name, pd->module);
		ck_assert_ptr_nonnull(pd->options);
	}
	ck_assert_str_eq(plan_find(plan, "service")->module, "service"); /* the default */
	ck_assert_ptr_null(plan_find(plan, "spare"));
	ck_assert_ptr_null(plan_find(plan, "beta"));
	ck_assert_double_eq(option_get(plan_find(plan, "Beta")->options, "interval")->number, 120);
	ck_assert_str_eq(option_get(plan_find(plan, "zeta")->options, "command")->list[1], "a b");
	/* both daemons have the descriptor of one module */
	ck_assert_ptr_eq(
		plan_find(plan, "Beta")->descriptor, plan_find(plan, "service")->descriptor);
}
END_TEST

START_TEST(a_missing_module_is_an_error_of_one_daemon)
{
	static const char both[] = "[daemons]\nlost = yes\nwell = yes\n"
				   "[daemon:lost]\nmodule = nowhere\nanything = 1\n"
				   "[daemon:well]\nmodule = service\nservice = x\n";
	const struct plan_daemon *pd;

	ck_assert(make(both, false));
	ck_assert_uint_eq(plan->count, 2);
	pd = plan_find(plan, "lost");
	ck_assert_str_eq(pd->module, "nowhere");
	ck_assert_ptr_null(pd->descriptor);
	ck_assert_ptr_null(pd->options);
	ck_assert_ptr_nonnull(strstr(pd->why, "no such module \"nowhere\""));
	ck_assert_ptr_null(plan_find(plan, "well")->why);

	ck_assert(!make(both, true));
	ck_assert_uint_eq(diagnostics.count, 1);
	complains(0, "vigil.conf:6: ", "daemon \"lost\": no such module \"nowhere\"");
	ck_assert(!make("[daemons]\nweb = exce\n", true));
	complains(0, "vigil.conf:4: ", "/modules; did you mean \"exec\"?");
	/* a service may be called like a module */
	ck_assert(!make("[daemons]\nhttpd = yes\n", true));
	complains(0, "vigil.conf:4: ", "/modules; did you mean module = service, for a service");
	ck_assert(make("[module:exce]\ntimeout = 1s\n", true));
	complains(0, "vigil.conf:3: note: [module:exce]: ", "did you mean \"exec\"?");
	/* the module of a daemon that is not enabled may be missing */
	ck_assert(make("[daemons]\nlost = no\n[daemon:lost]\nmodule = nowhere\n", true));
}
END_TEST

START_TEST(all_errors_are_reported_at_once)
{
	ck_assert(!make("[daemons]\na = yes\nb = no\nc = yes\n"
			"[daemon:a]\nmodule = service\nservice = x\nintervall = 5s\n"
			"[daemon:b]\nmodule = service\nservice = ../x\n"
			"[daemon:c]\nmodule = exec\n"
			"[daemon:d]\nmodule = service\nservice = x\nburst = many\n",
		false));
	ck_assert_uint_eq(diagnostics.count, 4);
	complains(0, "vigil.conf:10: ", "interval");
	complains(1, "vigil.conf:13: ", "service");
	complains(2, "vigil.conf:14: ", "command"); /* required: the section's line */
	complains(3, "vigil.conf:19: ", "burst");
}
END_TEST

/* Among the defaults of the module, interval and every are ignored if the daemon sets the other. */
START_TEST(an_option_of_a_daemon_excludes_a_default_of_its_module)
{
	const struct option_set *options;

	ck_assert(make("[module:exec]\ninterval = 30s\n[daemons]\na = exec\nb = exec\n"
		       "[daemon:a]\ncommand = /bin/true\nevery = hourly\n"
		       "[daemon:b]\ncommand = /bin/true\n",
		true));
	options = plan_find(plan, "a")->options;
	ck_assert(option_get(options, "every")->given);
	ck_assert(!option_get(options, "interval")->given);
	ck_assert(option_get(plan_find(plan, "b")->options, "interval")->given);
	ck_assert(make("[module:exec]\nevery = daily\n[daemons]\na = exec\n"
		       "[daemon:a]\ncommand = /bin/true\ninterval = 2s\n",
		true));
	options = plan_find(plan, "a")->options;
	ck_assert(!option_get(options, "every")->present);
	ck_assert_double_eq(option_get(options, "interval")->number, 2);
	ck_assert(!make("[daemons]\na = exec\n"
			"[daemon:a]\ncommand = /bin/true\ninterval = 2s\nevery = daily\n",
		true));
	complains(0, "vigil.conf:8: every = ", "cannot be set together with interval (");
	ck_assert(!make("[module:exec]\nevery = daily\ninterval = 5s\n", true));
	complains(0, "vigil.conf:4: every = ", "cannot be set together with interval (");
	ck_assert(!make("[daemons]\na = exec\n[daemon:a]\ncommand = /bin/true\nmode = stream\n"
			"every = daily\n",
		true));
	complains(0, "vigil.conf:8: every = ", "mode = stream has no runs");
	ck_assert(make("[daemons]\na = exec\n[daemon:a]\ncommand = /bin/true\n"
		       "every = 2020-01-01 03:00\n",
		true));
	complains(0, "vigil.conf:7: note: every = ", "no such time comes any more");
}
END_TEST

START_TEST(each_daemon_has_the_options_of_the_host)
{
	ck_assert(make("[module:exec]\npause_during = Sun\n[daemons]\na = exec\nb = exec\n"
		       "c = service\n"
		       "[daemon:a]\ncommand = /bin/true\npause_during = 02:00-04:00\n"
		       "[daemon:b]\ncommand = /bin/true\n",
		true));
	ck_assert_str_eq(option_get(plan_find(plan, "a")->host_options, "pause_during")->text,
		"02:00-04:00");
	ck_assert_str_eq(
		option_get(plan_find(plan, "b")->host_options, "pause_during")->text, "Sun");
	ck_assert(!option_get(plan_find(plan, "c")->host_options, "pause_during")->present);
	ck_assert_ptr_null(option_get(plan_find(plan, "a")->options, "pause_during"));
	/* also if the module is missing */
	ck_assert(!make("[daemons]\na = nowhere\n[daemon:a]\npause_during = Sum\n", false));
	complains(0, "vigil.conf:6: pause_during = \"Sum\"", "is not a weekday");
	ck_assert(!make("[module:exec]\npause_during = Sum\n", false));
	complains(0, "vigil.conf:4: pause_during = \"Sum\"", "is not a weekday");
	ck_assert(!make("[module:exec]\npause_durin = Sun\n", false));
	complains(0, "vigil.conf:4: unknown option", "did you mean \"pause_during\"?");
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

START_TEST(a_file_that_cannot_be_read_makes_no_plan)
{
	ck_assert(!make("[daemons\n", false));
	forget();
	plan = plan_make(scratch_path("none.conf"), modules, false, &diagnostics);
	ck_assert_ptr_null(plan);
	ck_assert_uint_eq(diagnostics.count, 1);
	complains(0, "none.conf: ", "no such file");
}
END_TEST

START_TEST(only_the_errors_of_the_draft_are_reported)
{
	static const char good[] = "[daemons]\nnew = yes\n[daemon:new]\nmodule = service\n"
				   "service = x\n";

	write_config("[daemons]\nlost = yes\n[daemon:lost]\nmodule = nowhere\n");
	ck_assert(make_draft("new.conf", good, "new"));
	ck_assert_uint_eq(plan->count, 2);
	ck_assert_ptr_null(plan_find(plan, "new")->why);
	ck_assert_ptr_nonnull(plan_find(plan, "lost")->why);

	ck_assert(!make_draft(
		"new.conf", "[daemons]\nnew = yes\n[daemon:new]\nmodule = gone\n", "new"));
	ck_assert_uint_eq(diagnostics.count, 1);
	/* with the name that the file will have */
	complains(0, "conf.d/new.conf:3: ", "daemon \"new\": no such module \"gone\"");

	scratch_put("conf.d/new.conf", 0644, "%s", good);
	ck_assert(make_draft("new.conf", NULL, "new"));
	ck_assert_ptr_null(plan_find(plan, "new"));
	ck_assert(make_draft("other.conf", "[daemon:new]\ninterval = 1h\n", "new"));
	ck_assert_double_eq(option_get(plan_find(plan, "new")->options, "interval")->number, 3600);
}
END_TEST

START_TEST(module_directories_come_from_the_configuration)
{
	const char *elsewhere[] = {"/nowhere", NULL};

	modules_set_directories(modules, elsewhere);
	ck_assert(make("[daemons]\na = yes\n[daemon:a]\nmodule = service\nservice = x\n", true));
	ck_assert_str_ne(modules_directories(modules)[0], "/nowhere");
}
END_TEST

SUITE("plan", setup, teardown)
{
	TEST(a_plan_may_have_no_daemons);
	TEST(enabled_daemons_are_sorted_by_name_and_have_options);
	TEST(a_missing_module_is_an_error_of_one_daemon);
	TEST(all_errors_are_reported_at_once);
	TEST(an_option_of_a_daemon_excludes_a_default_of_its_module);
	TEST(each_daemon_has_the_options_of_the_host);
	TEST(a_file_that_cannot_be_read_makes_no_plan);
	TEST(only_the_errors_of_the_draft_are_reported);
	TEST(module_directories_come_from_the_configuration);
}
