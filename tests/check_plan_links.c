/*
 * check_plan_links: options that name other daemons: unknown names and dependency cycles, with a
 * test module (peers, after) and the module service (after).
 */
#include "host/plan.h"

#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct modules *modules;

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	diagnostics = (struct diagnostics){0};
	modules = modules_new();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	modules_free(modules);
	scratch_teardown();
}

/* Adds an enabled daemon of the module "odd", in its own file, with these lines in its section. */
__attribute__((format(printf, 2, 3))) static void daemon_with(
	const char *name, const char *format, ...)
{
	char file[128], lines[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(lines, sizeof(lines), format, ap);
	va_end(ap);
	snprintf(file, sizeof(file), "conf.d/%s.conf", name);
	scratch_put(file, 0644,
		"[daemons]\n%s = yes\n[daemon:%s]\nmodule = odd\njournal = /j\n%s\n", name, name,
		lines);
}

static bool is_right(void)
{
	struct plan *plan;

	diagnostics_clear(&diagnostics);
	scratch_put("vigil.conf", 0644, "[vigil]\nmodules = %s/tests/modules, %s/src/modules\n",
		getenv("top_builddir"), getenv("top_builddir"));
	plan = plan_make(scratch_path("vigil.conf"), modules, false, &diagnostics);
	ck_assert_int_eq(plan == NULL, diagnostics.errors > 0);
	plan_free(plan);
	return diagnostics.errors == 0;
}

/* Asserts that this is the only diagnostic, in the file of this daemon. */
static void wrong(const char *name, int line, const char *words)
{
	char place[128];

	ck_assert(!is_right());
	ck_assert_uint_eq(diagnostics.count, 1);
	snprintf(place, sizeof(place), "conf.d/%s.conf:%d: ", name, line);
	ck_assert_msg(strstr(diagnostics.list[0].text, place) != NULL &&
			      strstr(diagnostics.list[0].text, words) != NULL,
		"%s", diagnostics.list[0].text);
}

/* --- names ------------------------------------------------------------------------------------ */

START_TEST(enabled_daemons_may_be_named)
{
	daemon_with("a", "after = b, c:serves\npeers = b");
	daemon_with("b", "peers = a, c");
	daemon_with("c", "%s", "");
	ck_assert(is_right());
	ck_assert_uint_eq(diagnostics.count, 0);
}
END_TEST

START_TEST(an_unknown_name_is_reported_with_a_similar_one)
{
	daemon_with("first", "after = secnd");
	daemon_with("second", "%s", "");
	wrong("first", 6, "after = \"secnd\": no such daemon \"secnd\"; did you mean \"second\"?");
	daemon_with("first", "word = x\npeers = second, other:thing");
	wrong("first", 7, "its element \"other:thing\" must be the name of a daemon alone");
	daemon_with("first", "word = x\npeers = second, quite-another");
	wrong("first", 7, "no such daemon \"quite-another\"");
	daemon_with("first", "after = second:done, secnd:done");
	wrong("first", 6, "no such daemon \"secnd\"; did you mean \"second\"?");
	daemon_with("first", "after = Second");
	wrong("first", 6, "no such daemon \"Second\"; did you mean \"second\"?");
}
END_TEST

START_TEST(a_daemon_that_is_not_enabled_is_unknown)
{
	daemon_with("a", "after = b");
	scratch_put("conf.d/b.conf", 0644,
		"[daemons]\nb = no\n[daemon:b]\nmodule = odd\njournal = /j\n");
	wrong("a", 6, "the daemon \"b\" is not enabled; enable it in [daemons]");
}
END_TEST

START_TEST(a_daemon_may_not_name_itself)
{
	daemon_with("a", "after = a");
	wrong("a", 6, "after = \"a\": the daemon \"a\" names itself");
	daemon_with("a", "peers = a");
	wrong("a", 6, "peers = \"a\": the daemon \"a\" names itself");
}
END_TEST

/* A daemon whose module is missing, or whose options are invalid, is still enabled. */
START_TEST(a_daemon_with_errors_may_be_named)
{
	daemon_with("a", "after = b");
	scratch_put("conf.d/b.conf", 0644, "[daemons]\nb = yes\n[daemon:b]\nmodule = nowhere\n");
	ck_assert(is_right());
	scratch_put("conf.d/b.conf", 0644,
		"[daemons]\nb = yes\n[daemon:b]\nmodule = odd\njournal = x\n");
	wrong("b", 5, "journal = \"x\": is not an absolute path");
}
END_TEST

/* --- cycles ----------------------------------------------------------------------------------- */

START_TEST(daemons_that_wait_for_each_other_are_reported)
{
	daemon_with("a", "after = b");
	daemon_with("b", "after = a:done");
	wrong("a", 6, "after = \"b\": dependency cycle: a -> b -> a");
	daemon_with("b", "after = c, d");
	daemon_with("c", "after = d");
	daemon_with("d", "%s", "");
	ck_assert(is_right()); /* two paths to one daemon are not a cycle */
	daemon_with("d", "after = b");
	wrong("b", 6, "dependency cycle: b -> c -> d -> b");
	/* Two cycles are two errors. */
	daemon_with("e", "after = f");
	daemon_with("f", "after = e, b");
	ck_assert(!is_right());
	ck_assert_uint_eq(diagnostics.count, 2);
}
END_TEST

/* Daemons may name each other in an option without the flag acyclic. */
START_TEST(only_acyclic_options_must_be_acyclic)
{
	daemon_with("a", "peers = b");
	daemon_with("b", "peers = a\nafter = a");
	ck_assert(is_right());
}
END_TEST

START_TEST(a_long_cycle_is_shortened)
{
	char name[16];

	for (int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "d%03d", i);
		daemon_with(name, "after = d%03d", (i + 1) % 400);
	}
	wrong("d000", 6, "d000 -> d001 -> d002 -> ");
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "d009 -> (390 more) -> d000"));
	daemon_with("d399", "%s", "");
	ck_assert(is_right());
}
END_TEST

/* Each daemon names all others.  Such a list in the defaults of a module took minutes. */
START_TEST(no_more_than_twenty_cycles_are_listed)
{
	static char all[4096];
	int cycles = 0, more = 0;
	char name[16];

	for (int i = 0; i < 20; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%sd%02d", i ? ", " : "", i);
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "d%02d", i);
		daemon_with(name, "%s", "");
	}
	scratch_put("conf.d/z.conf", 0644, "[module:odd]\nafter = %s\n", all);
	ck_assert(!is_right());
	for (size_t i = 0; i < diagnostics.count; i++) {
		cycles += strstr(diagnostics.list[i].text, "dependency cycle: ") != NULL;
		more += strstr(diagnostics.list[i].text, "cycles; only 20 are listed") != NULL;
	}
	ck_assert_int_eq(cycles, 20);
	ck_assert_int_eq(more, 1);
}
END_TEST

/* The daemons of a module share the line, so that they share the error, too. */
START_TEST(an_unknown_name_in_defaults_is_one_error)
{
	scratch_put("conf.d/a.conf", 0644,
		"[module:service]\nafter = first1\n"
		"[daemons]\nfirst = service\nfirst2 = service\nfirst3 = service\n");
	wrong("a", 2, "no such daemon \"first1\"; did you mean \"first");
}
END_TEST

START_TEST(the_service_module_checks_its_links)
{
	scratch_put("conf.d/a.conf", 0644,
		"[daemons]\na = yes\nb = yes\n[daemon:a]\nmodule = service\nservice = x\nafter = "
		"b\n"
		"[daemon:b]\nmodule = service\nservice = y\nafter = a\n");
	wrong("a", 7, "dependency cycle: a -> b -> a");
	scratch_put("conf.d/a.conf", 0644,
		"[daemons]\na = yes\n[daemon:a]\nmodule = service\nservice = x\nafter = nosuch\n");
	wrong("a", 6, "after = \"nosuch\": no such daemon \"nosuch\"");
}
END_TEST

/* Two daemons of the module service with these lines. */
static void services_with(const char *db, const char *web)
{
	scratch_put("conf.d/a.conf", 0644,
		"[daemons]\ndb = service\nweb = service\nplugin = yes\n"
		"[daemon:plugin]\nmodule = odd\njournal = /j\n"
		"[daemon:db]\nmodule = service\n%s\n[daemon:web]\nmodule = service\n%s\n",
		db, web);
}

START_TEST(the_named_daemon_must_have_what_the_word_needs)
{
	services_with("probe = tcp://127.0.0.1:1", "after = db:serves, db:done, plugin");
	ck_assert(is_right());
	services_with("interval = 5s", "after = db:runs, db:serves");
	wrong("a", 13, "\"db:serves\" needs the option probe of the daemon \"db\"; set it");
	services_with("interval = 5s", "after = plugin:done");
	wrong("a", 13,
		"\"plugin:done\" needs the option service, which the module \"odd\" of the "
		"daemon \"plugin\" does not have");
	services_with("interval = 5s", "restart_with = plugin");
	wrong("a", 13, "\"plugin\" needs the option service, which the module");
	services_with("interval = 5s", "restart_with = db:serves");
	wrong("a", 13, "must be the name of a daemon alone");
	services_with("interval = 5s", "after = db:served");
	wrong("a", 13, "unknown word after the \":\"; use one of: runs serves done");
}
END_TEST

/* A pointer names a daemon, which may be the daemon itself.  What else is wrong with a condition is
 * found by the module. */
START_TEST(the_daemons_in_pointers_must_be_enabled)
{
	services_with("interval = 5s",
		"restart_when = /daemons/db/service_state/restarts > 3, "
		"/daemons/web/service_state/restarts > 3, /daemons/plugin/a%20b < 1 for 3m");
	ck_assert(is_right());
	services_with("interval = 5s", "restart_when = /daemons/plugni/depth > 3 for 5m");
	wrong("a", 13,
		"restart_when = \"/daemons/plugni/depth > 3 for 5m\": no such daemon \"plugni\"; "
		"did you mean \"plugin\"?");
	services_with("restart_when = /daemons/x/a%20b > 3", "interval = 5s");
	wrong("a", 10, "no such daemon \"x\"");
	services_with("interval = 5s", "restart_when = /daemons/wbe/service_state/restarts > 3");
	wrong("a", 13, "no such daemon \"wbe\"; did you mean \"web\"?");
	services_with("interval = 5s", "restart_when = /runs/db/errors > 3");
	wrong("a", 13, "let a daemon of the module average sample it");
	services_with("interval = 5s", "restart_when = /daemons/db/x >> 3, /daemons/db/y > 3");
	wrong("a", 13, "its element \"/daemons/db/x >> 3\" has the comparison \">>\"");
}
END_TEST

/* "web" is started before "db" and is restarted with it, so neither order would be right. */
START_TEST(a_cycle_may_go_through_several_options)
{
	services_with("interval = 5s", "restart_with = db\nafter = db");
	ck_assert(is_right());
	services_with("restart_with = web", "restart_with = db");
	wrong("a", 10, "restart_with = \"web\": dependency cycle: db -> web -> db");
	ck_assert_ptr_null(strstr(diagnostics.list[0].text, " (by "));
	services_with("after = web", "restart_with = db");
	wrong("a", 10,
		"after = \"web\": dependency cycle: db -> web -> db (by after and "
		"restart_with)");
}
END_TEST

SUITE("plan_links", setup, teardown)
{
	TEST(enabled_daemons_may_be_named);
	TEST(an_unknown_name_is_reported_with_a_similar_one);
	TEST(a_daemon_that_is_not_enabled_is_unknown);
	TEST(a_daemon_may_not_name_itself);
	TEST(a_daemon_with_errors_may_be_named);
	TEST(daemons_that_wait_for_each_other_are_reported);
	TEST(only_acyclic_options_must_be_acyclic);
	TEST(a_long_cycle_is_shortened);
	TEST(no_more_than_twenty_cycles_are_listed);
	TEST(an_unknown_name_in_defaults_is_one_error);
	TEST(the_service_module_checks_its_links);
	TEST(the_named_daemon_must_have_what_the_word_needs);
	TEST(the_daemons_in_pointers_must_be_enabled);
	TEST(a_cycle_may_go_through_several_options);
}
