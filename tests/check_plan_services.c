/* check_plan_services: daemons that watch the same service, under one name or under two. */
#include "host/plan_internal.h"

#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct modules *modules;
static struct plan *plan;

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
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

/* Makes a plan with two daemons, a and b, with these lines. The units of systemd are in two
 * directories in the scratch directory. Returns the number of notes. */
static size_t notes(const char *a, const char *b)
{
	const char *dirs[] = {scratch_path("etc"), scratch_path("lib"), NULL};

	plan_free(plan);
	diagnostics_clear(&diagnostics);
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/src/modules\n[daemons]\na = yes\nb = yes\n"
		"[daemon:a]\nmodule = service\n%s\n[daemon:b]\nmodule = service\n%s\n",
		getenv("top_builddir"), a, b);
	plan = plan_make(scratch_path("vigil.conf"), modules, false, &diagnostics);
	ck_assert_msg(plan != NULL, "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
	plan_note_services(plan, dirs, &diagnostics);
	ck_assert_uint_eq(diagnostics.errors, 0);
	return diagnostics.count;
}

static void said(const char *words)
{
	ck_assert_msg(
		strstr(diagnostics.list[0].text, words) != NULL, "%s", diagnostics.list[0].text);
}

START_TEST(the_same_name_is_the_same_service)
{
	ck_assert_uint_eq(notes("service = x", "service = y"), 0);
	ck_assert_uint_eq(notes("service = x", "service = x"), 1);
	said("note: the daemons \"a\" and \"b\" watch the same service x: one of them is enough");
	ck_assert_uint_eq(notes("service = x", "service = x.service"), 1);
	said("x and x.service are both x.service");
	ck_assert_uint_eq(notes("service = x@1", "service = x@1.service"), 1);
	ck_assert_uint_eq(notes("service = x@1", "service = x@2"), 0);
	ck_assert_uint_eq(notes("service = x\nmanager = systemd", "service = x"), 1);
}
END_TEST

START_TEST(under_two_managers_it_is_not_the_same_service)
{
	ck_assert_uint_eq(
		notes("service = x\nmanager = runit", "service = x\nmanager = systemd"), 0);
	ck_assert_uint_eq(notes("service = x\nmanager = runit\nservice_dir = /a",
				  "service = x\nmanager = runit\nservice_dir = /b"),
		0);
	ck_assert_uint_eq(notes("service = x\nmanager = lsb", "service = x\nmanager = lsb"), 1);
	/* The name does not tell which service a command watches. */
	ck_assert_uint_eq(notes("service = x\nmanager = command\nstatus_command = /bin/true",
				  "service = x\nmanager = command\nstatus_command = /bin/false"),
		0);
}
END_TEST

START_TEST(an_alias_is_the_same_service)
{
	ck_assert_int_eq(mkdir(scratch_path("etc"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("lib"), 0755), 0);
	scratch_put("lib/ssh.service", 0644, "%s", "");
	ck_assert_int_eq(
		symlink(scratch_path("lib/ssh.service"), scratch_path("etc/sshd.service")), 0);
	ck_assert_int_eq(symlink("ssh.service", scratch_path("lib/openssh.service")), 0);
	ck_assert_int_eq(symlink("/dev/null", scratch_path("etc/masked.service")), 0);
	ck_assert_int_eq(symlink("nowhere.service", scratch_path("etc/dead.service")), 0);
	ck_assert_uint_eq(notes("service = ssh", "service = sshd"), 1);
	said("ssh and sshd are both ssh.service; one of them is enough");
	ck_assert_uint_eq(notes("service = sshd.service", "service = openssh"), 1);
	ck_assert_uint_eq(notes("service = masked", "service = ssh"), 0);
	ck_assert_uint_eq(notes("service = dead", "service = ssh"), 0);
	/* The first directory wins. */
	scratch_put("etc/openssh.service", 0644, "%s", "");
	ck_assert_uint_eq(notes("service = ssh", "service = openssh"), 0);
}
END_TEST

START_TEST(a_test_of_the_configuration_reports_it)
{
	struct diagnostics c = {0};
	struct plan *strict;

	notes("service = x", "service = x");
	strict = plan_make(scratch_path("vigil.conf"), modules, true, &c);
	ck_assert_ptr_nonnull(strict);
	ck_assert_uint_eq(c.count, 1);
	/* with the line of the second daemon's option */
	ck_assert_ptr_nonnull(strstr(c.list[0].text, "vigil.conf:11: note: "));
	diagnostics_clear(&c);
	plan_free(strict);
}
END_TEST

SUITE("plan_services", setup, teardown)
{
	TEST(the_same_name_is_the_same_service);
	TEST(under_two_managers_it_is_not_the_same_service);
	TEST(an_alias_is_the_same_service);
	TEST(a_test_of_the_configuration_reports_it);
}
