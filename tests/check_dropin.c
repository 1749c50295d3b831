/*
 * check_dropin: the file of a daemon that `vigilctl register` writes, which is either complete and
 * correct or not written.
 */
#include "host/dropin.h"

#include <dirent.h>
#include <errno.h>

#include "host/plan.h"
#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static char *main_file;

static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	diagnostics = (struct diagnostics){0};
	main_file = strdup(scratch_put(
		"vigil.conf", 0644, "[vigil]\nmodules = %s/src/modules\n", getenv("top_builddir")));
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	free(main_file);
	scratch_teardown();
}

static int add(const char *name, ...)
{
	char *pairs[16] = {NULL};
	va_list ap;
	int err;

	va_start(ap, name);
	for (int i = 0; i < 15 && (pairs[i] = va_arg(ap, char *)) != NULL; i++)
		;
	va_end(ap);
	diagnostics_clear(&diagnostics);
	err = dropin_add(main_file, name, pairs, &diagnostics);
	ck_assert_int_le(err, 0);
	ck_assert_int_eq(err == 0, diagnostics.errors == 0);
	return err;
}

static int remove_it(const char *name)
{
	int err;

	diagnostics_clear(&diagnostics);
	err = dropin_remove(main_file, name, &diagnostics);
	ck_assert_int_eq(err == 0, diagnostics.errors == 0);
	return err;
}

static void complains(const char *words)
{
	ck_assert_uint_gt(diagnostics.count, 0);
	ck_assert_msg(
		strstr(diagnostics.list[0].text, words) != NULL, "%s", diagnostics.list[0].text);
}

/* Returns the contents of the file; "": there is none. */
static const char *text_of(const char *name)
{
	static char text[4096];
	FILE *file = fopen(scratch_path(name), "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	text[n] = '\0';
	return text;
}

/* Returns the number of files in conf.d, including temporary ones. */
static unsigned files(void)
{
	DIR *dir = opendir(scratch_path("conf.d"));
	unsigned count = 0;

	while (dir != NULL && readdir(dir) != NULL)
		count++;
	if (dir != NULL)
		closedir(dir);
	return count > 2 ? count - 2 : 0;
}

/* Returns if the option of the daemon has this value in the present configuration. */
static bool has(const char *name, const char *key, const char *value)
{
	struct modules *modules = modules_new();
	struct diagnostics wrong = {0};
	struct plan *plan = plan_make(main_file, modules, true, &wrong);
	const struct plan_daemon *pd = plan != NULL ? plan_find(plan, name) : NULL;
	const struct option_value *option = pd != NULL ? option_get(pd->options, key) : NULL;
	bool equal = option != NULL && option->text != NULL && strcmp(option->text, value) == 0;

	ck_assert_msg(plan != NULL, "%s", wrong.count > 0 ? wrong.list[0].text : "");
	plan_free(plan);
	modules_free(modules);
	diagnostics_clear(&wrong);
	return equal;
}

START_TEST(a_daemon_is_registered_changed_and_removed)
{
	struct stat st;

	ck_assert_int_eq(add("web", "module=service", "service=nginx", "interval=7s", NULL), 0);
	ck_assert_str_eq(text_of("conf.d/web.conf"),
		"# written by vigilctl register; vigilctl unregister web removes it\n"
		"[daemons]\nweb = yes\n\n[daemon:web]\nmodule = service\nservice = nginx\n"
		"interval = 7s\n");
	ck_assert_int_eq(stat(scratch_path("conf.d/web.conf"), &st), 0);
	ck_assert_int_eq(st.st_mode & 0022, 0);
	ck_assert_int_eq(chmod(main_file, 0640), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(chown(main_file, (uid_t)-1, 12345), 0);
	ck_assert_int_eq(add("web", "module=service", "service=nginx", "interval=7s", NULL), 0);
	ck_assert_int_eq(stat(scratch_path("conf.d/web.conf"), &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(st.st_gid, geteuid() == 0 ? 12345 : getegid());
	ck_assert(has("web", "service", "nginx"));
	ck_assert_uint_eq(files(), 1);
	/* a second registration replaces the first */
	ck_assert_int_eq(add("web", "module=service", "service=apache2", NULL), 0);
	ck_assert(has("web", "service", "apache2"));
	ck_assert(has("web", "interval", "5s"));
	ck_assert_uint_eq(files(), 1);
	ck_assert_int_eq(remove_it("web"), 0);
	ck_assert_uint_eq(files(), 0);
	ck_assert(!has("web", "service", "apache2"));
	ck_assert_int_eq(remove_it("web"), -ENOENT);
	complains("was not registered with vigilctl");
}
END_TEST

/* The file contains what was given and nothing else, so that [module:service] decides the rest. */
START_TEST(a_registered_daemon_has_the_defaults_of_its_module)
{
	ck_assert_int_eq(add("web", "module=service", NULL), 0);
	ck_assert(has("web", "restart_on", "stopped"));
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/src/modules\n[module:service]\nrestart_on = failed\n",
		getenv("top_builddir"));
	ck_assert(has("web", "restart_on", "failed"));
	ck_assert_int_eq(add("db", "module=service", "restart_on=never", NULL), 0);
	ck_assert(has("db", "restart_on", "never"));
}
END_TEST

/* The option "module" may be omitted if the daemon has the name of the module. A value may contain
 * any printable text. */
START_TEST(a_value_is_read_as_it_was_written)
{
	static const char *const values[] = {"/bin/sh -c 'a = b; # no comment'", "/bin/echo [x]",
		"/bin/echo \"%s %n\"", "/bin/echo \xc3\xa4", "/x=y=z"};
	char pair[128];

	for (size_t i = 0; i < COUNT(values); i++) {
		snprintf(pair, sizeof(pair), "command=%s", values[i]);
		ck_assert_msg(add("exec", pair, NULL) == 0, "%s: %s", values[i],
			diagnostics.count > 0 ? diagnostics.list[0].text : "");
		ck_assert(has("exec", "command", values[i]));
	}
	ck_assert_int_eq(add("exec", "command=/bin/true", "user=", NULL), 0);
}
END_TEST

static void refused(const char *pair, const char *words)
{
	ck_assert_int_lt(add("web", "module=service", "service=nginx", pair, NULL), 0);
	complains(words);
	ck_assert_str_eq(text_of("conf.d/web.conf"), "");
	ck_assert_uint_eq(files(), 0);
}

START_TEST(an_error_leaves_no_file)
{
	refused("intervall=5s", "did you mean \"interval\"");
	refused("interval=soon", "conf.d/web.conf:8: ");
	refused("service=two", "service"); /* a duplicate key */
	refused("=x", "an argument has no key before the =");
	refused("word", "is not key=value");
	refused("", "is not key=value");
	refused("a b=c", "invalid option name");
	refused("[daemon:x]=y", "invalid option name");
	refused("#x=y", "invalid option name");
	refused("probe=x\n[daemon:evil]\nmodule = exec", "control character");
	refused("probe=x\ry", "control character");
	refused("module=nowhere", "module"); /* a duplicate key */
	ck_assert_int_lt(add("web", "module=nowhere", NULL), 0);
	complains("no such module \"nowhere\"");
	ck_assert_int_lt(add("web", NULL), 0); /* there is no module "web" */
	complains("no such module \"web\"");
	ck_assert_uint_eq(files(), 0);
}
END_TEST

START_TEST(an_error_leaves_the_old_file)
{
	char before[4096];

	ck_assert_int_eq(add("web", "module=service", "service=nginx", NULL), 0);
	snprintf(before, sizeof(before), "%s", text_of("conf.d/web.conf"));
	ck_assert_int_lt(add("web", "module=service", "service=../x", NULL), 0);
	ck_assert_str_eq(text_of("conf.d/web.conf"), before);
	ck_assert_uint_eq(files(), 1);
}
END_TEST

START_TEST(an_invalid_name_is_refused)
{
	static const char *const names[] = {"", "../web", "a/b", ".web", "-x", "a b", "a]b", "a\nb",
		"0123456789012345678901234567890123456789012345678901234567890123456789"};

	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(add(names[i], "module=service", "service=x", NULL), -EINVAL);
		complains("invalid daemon name");
		ck_assert_int_eq(remove_it(names[i]), -EINVAL);
	}
	ck_assert_uint_eq(files(), 0);
}
END_TEST

START_TEST(a_daemon_defined_in_another_file_is_not_changed)
{
	ck_assert_int_eq(add("first", "module=service", "service=x", NULL), 0);
	scratch_put("conf.d/zz.conf", 0644,
		"[daemons]\nother = yes\n[daemon:other]\nmodule = service\nservice = y\n");
	ck_assert_int_eq(add("other", "module=service", "service=z", NULL), -EEXIST);
	complains("zz.conf:3: ");
	complains("\"other\" is already defined here");
	/* not enabled, but with a section */
	scratch_put("conf.d/zz.conf", 0644, "[daemon:other]\nmodule = service\nservice = y\n");
	ck_assert_int_eq(add("other", "module=service", "service=z", NULL), -EEXIST);
	/* a name that differs only by case is the same name */
	ck_assert_int_lt(add("OTHER", "module=service", "service=z", NULL), 0);
	complains("differ only in case");
	ck_assert_uint_eq(files(), 2);
	ck_assert_int_eq(remove_it("other"), -ENOENT);
}
END_TEST

/* The file that is read last wins, so a registration would have no effect. */
/* A file that an administrator wrote may have the name of a daemon that is registered. */
START_TEST(a_file_with_other_daemons_is_neither_replaced_nor_removed)
{
	static const char text[] = "[daemons]\nnginx = exec\nphp = exec\n[module:exec]\n"
				   "command = /bin/true\n";

	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	scratch_put("conf.d/web.conf", 0644, "%s", text);
	ck_assert_int_eq(add("web", "module=exec", "command=/bin/true", NULL), -EEXIST);
	complains("web.conf:2: this file also defines something other than \"web\"");
	ck_assert_int_eq(remove_it("web"), -EEXIST);
	complains("web.conf:2: this file also defines something other than \"web\"");
	ck_assert_str_eq(text_of("conf.d/web.conf"), text);
	scratch_put("conf.d/web.conf", 0644, "[daemon:web\n");
	ck_assert_int_lt(add("web", "module=exec", "command=/bin/true", NULL), 0);
	ck_assert_int_lt(remove_it("web"), 0);
	/* a file about this daemon alone is replaced */
	scratch_put("conf.d/web.conf", 0644, "[daemons]\nweb = no\n");
	ck_assert_int_eq(add("web", "module=exec", "command=/bin/true", NULL), 0);
	ck_assert_int_eq(remove_it("web"), 0);
}
END_TEST

START_TEST(a_daemon_that_a_later_file_disables_is_not_registered)
{
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	scratch_put("conf.d/zz.conf", 0644, "[daemons]\nweb = no\n");
	ck_assert_int_lt(add("web", "module=service", "service=x", NULL), 0);
	complains("zz.conf:2: ");
	ck_assert_uint_eq(files(), 1);
	/* a file that is read earlier does not disable it */
	ck_assert_int_eq(rename(scratch_path("conf.d/zz.conf"), scratch_path("conf.d/aa.conf")), 0);
	ck_assert_int_eq(add("web", "module=service", "service=x", NULL), 0);
	ck_assert(has("web", "service", "x"));
}
END_TEST

/* An error in another file prevents a registration. A daemon that fails does not. */
START_TEST(an_error_in_another_file_prevents_a_registration)
{
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	scratch_put("conf.d/broken.conf", 0644, "[daemons]\nlost = yes\n");
	ck_assert_int_eq(add("web", "module=service", "service=x", NULL), 0);
	scratch_put("conf.d/broken.conf", 0644, "[daemons\n");
	ck_assert_int_lt(add("new", "module=service", "service=x", NULL), 0);
	complains("broken.conf:1: ");
	ck_assert_uint_eq(files(), 2);
	/* but a daemon can be removed */
	ck_assert_int_eq(remove_it("web"), 0);
}
END_TEST

START_TEST(a_daemon_that_another_one_names_is_not_removed)
{
	ck_assert_int_eq(add("db", "module=service", "service=db", NULL), 0);
	ck_assert_int_eq(add("web", "module=service", "service=web", "after=db", NULL), 0);
	ck_assert_int_eq(remove_it("db"), -EBUSY);
	complains("web.conf:8: after = \"db\": no such daemon \"db\"");
	ck_assert(scratch_has("conf.d/db.conf"));
	ck_assert_int_eq(remove_it("web"), 0);
	ck_assert_int_eq(remove_it("db"), 0);
	/* and a daemon that names a missing one is not registered */
	ck_assert_int_eq(add("web", "module=service", "service=web", "after=db", NULL), -EINVAL);
	complains("no such daemon \"db\"");
	ck_assert(!scratch_has("conf.d/web.conf"));
}
END_TEST

/* An error elsewhere must not prevent the removal of a daemon that may have caused it. */
START_TEST(a_daemon_can_be_removed_from_an_invalid_configuration)
{
	ck_assert_int_eq(add("db", "module=service", "service=db", NULL), 0);
	ck_assert_int_eq(add("web", "module=service", "service=web", "after=db", NULL), 0);
	scratch_put("conf.d/wrong.conf", 0644, "[nonsense]\n");
	ck_assert_int_eq(remove_it("db"), 0);
	ck_assert(!scratch_has("conf.d/db.conf"));
}
END_TEST

/* An error of the module's check prevents the registration, a note does not. */
START_TEST(the_check_of_the_module_may_refuse)
{
	ck_assert_int_eq(add("x", "module=service", "service=backup.timer", NULL), -EINVAL);
	complains("name a service: backup.service");
	ck_assert_int_eq(files(), 0);
	ck_assert_int_eq(add("x", "module=service", "service=one", NULL), 0);
	ck_assert_int_eq(add("y", "module=service", "service=one.service", NULL), 0);
	ck_assert_uint_eq(diagnostics.count, 1);
	complains("note: the daemons \"x\" and \"y\" watch the same service");
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_reported)
{
	scratch_put("conf.d", 0644, "a file\n");
	ck_assert_int_lt(add("web", "module=service", "service=x", NULL), 0);
	complains("conf.d");
	ck_assert_int_lt(remove_it("web"), 0);
	free(main_file);
	main_file = strdup(scratch_path("none/vigil.conf"));
	ck_assert_int_lt(add("web", "module=service", "service=x", NULL), 0);
	complains("none/");
}
END_TEST

SUITE("dropin", setup, teardown)
{
	TEST(a_daemon_is_registered_changed_and_removed);
	TEST(a_registered_daemon_has_the_defaults_of_its_module);
	TEST(a_value_is_read_as_it_was_written);
	TEST(an_error_leaves_no_file);
	TEST(an_error_leaves_the_old_file);
	TEST(an_invalid_name_is_refused);
	TEST(a_daemon_defined_in_another_file_is_not_changed);
	TEST(a_file_with_other_daemons_is_neither_replaced_nor_removed);
	TEST(a_daemon_that_a_later_file_disables_is_not_registered);
	TEST(an_error_in_another_file_prevents_a_registration);
	TEST(a_daemon_that_another_one_names_is_not_removed);
	TEST(a_daemon_can_be_removed_from_an_invalid_configuration);
	TEST(the_check_of_the_module_may_refuse);
	TEST(a_directory_that_cannot_be_written_is_reported);
}
