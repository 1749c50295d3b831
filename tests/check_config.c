/* check_config: the configuration that all files make together, and the errors in it. */
#include "config/config.h"
#include "config/config_load.h"
#include "config/config_vigil.h"

#include <errno.h>
#include <fcntl.h>

#include "scratch.h"
#include "base/text.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct config *config;

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	diagnostics = (struct diagnostics){0};
	config = NULL;
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	config_free(config);
	scratch_teardown();
}

static struct config *load(void)
{
	diagnostics_clear(&diagnostics);
	config_free(config);
	config = config_load(scratch_path("vigil.conf"), &diagnostics);
	ck_assert((config == NULL) == (diagnostics.errors > 0));
	return config;
}

/* Returns all diagnostics, one a line, without the scratch directory. */
static const char *said(void)
{
	static char buf[8192];
	size_t n = 0, prefix = strlen(scratch) + 1;

	buf[0] = '\0';
	for (size_t i = 0; i < diagnostics.count; i++) {
		const char *text = diagnostics.list[i].text;

		ck_assert_int_eq(strncmp(text, scratch, prefix - 1), 0);
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s\n", text + prefix);
		ck_assert_uint_lt(n, sizeof(buf));
	}
	return buf;
}

static void check_good(const char *text)
{
	scratch_put("vigil.conf", 0644, "%s", text);
	ck_assert_msg(load() != NULL, "%s", said());
}

static void check_bad(const char *text, const char *expected)
{
	scratch_put("vigil.conf", 0644, "%s", text);
	ck_assert_ptr_null(load());
	ck_assert_str_eq(said(), expected);
}

START_TEST(an_empty_configuration_is_valid)
{
	unsigned count = 0;
	double seconds = 0;

	check_good("");
	ck_assert_uint_eq(config->count, 0);
	ck_assert_ptr_null(config_find(config, "x"));
	ck_assert_str_eq(config->file, scratch_path("vigil.conf"));
	ck_assert_str_eq(config->dropin, scratch_path("conf.d"));
	ck_assert_str_eq(config->files[0], config->file);
	ck_assert_ptr_null(config->files[1]);

	ck_assert_str_eq(config_vigil(config, "modules")->list[0], MODULEDIR);
	ck_assert_str_eq(config_vigil(config, "socket")->text, RUNSTATEDIR "/vigil/control.sock");
	ck_assert_str_eq(config_vigil(config, "pipe")->text, RUNSTATEDIR "/vigil/control.pipe");
	ck_assert_str_eq(config_vigil(config, "state_dir")->text, LOCALSTATEDIR "/lib/vigil");
	ck_assert_str_eq(config_vigil(config, "group")->text, "vigil");
	ck_assert_str_eq(config_vigil(config, "log")->text, "auto");
	ck_assert_str_eq(config_vigil(config, "log_level")->text, "info");
	ck_assert_int_eq(config_vigil(config, "workers")->integer, 4);
	ck_assert_int_eq(config_vigil(config, "workers_max")->integer, 32);
	ck_assert_ptr_null(config_vigil(config, "deny")->list[0]);
	ck_assert_ptr_null(config_vigil(config, "none"));
	config_restart_rate(config, &count, &seconds);
	ck_assert_uint_eq(count, 20);
	ck_assert_double_eq(seconds, 10);
}
END_TEST

START_TEST(the_schema_of_vigil_is_valid)
{
	char why[256] = "";

	ck_assert_msg(option_schema_check(config_schema, why, sizeof(why)) == 0, "%s", why);
}
END_TEST

/* The example of the manual. */
START_TEST(the_example_of_the_manual_is_read)
{
	const struct config_daemon *cd;
	char *path;

	check_good("# where modules lie\n[vigil]\nmodules = /a, /b c\nlog = /var/log/v.log\n"
		   "log_level = debug\nworkers = 33\nworkers_max = 33\nrestart_rate = 5/1m\n"
		   "deny = dbus, systemd-*\n\n[daemons]\nbackup-check = no\nagentservice = yes\n"
		   "plain = on\n\n[daemon:agentservice]\nmodule = service\nservice = icinga2\n"
		   "interval = 5s\n\n[daemon:spare]\nx = 1\n");
	path = scratch_path("vigil.conf");
	ck_assert_str_eq(config_vigil(config, "modules")->list[1], "/b c");
	ck_assert_str_eq(config_vigil(config, "deny")->list[1], "systemd-*");
	ck_assert(config_vigil(config, "log")->given);

	ck_assert_uint_eq(config->count, 4);
	ck_assert_str_eq(config->daemons[0].name, "agentservice");
	ck_assert_str_eq(config->daemons[1].name, "backup-check");
	ck_assert_str_eq(config->daemons[2].name, "plain");
	ck_assert_str_eq(config->daemons[3].name, "spare");

	cd = config_find(config, "agentservice");
	ck_assert(cd == &config->daemons[0] && cd->enabled && cd->line == 16);
	ck_assert_str_eq(cd->module, "service");
	ck_assert_str_eq(cd->file, path);
	ck_assert_uint_eq(cd->options.count, 2);
	ck_assert_str_eq(cd->options.list[0].key, "service");
	ck_assert_str_eq(cd->options.list[0].value, "icinga2");
	ck_assert_str_eq(cd->options.list[1].key, "interval");
	ck_assert_int_eq(cd->options.list[1].line, 19);
	ck_assert_str_eq(cd->options.list[1].file, path);

	/* One daemon is enabled without a section, one has a section and is not enabled, one is
	 * neither. */
	cd = config_find(config, "plain");
	ck_assert(cd->enabled && cd->line == 14 && cd->options.count == 0);
	ck_assert_str_eq(cd->module, "plain");
	cd = config_find(config, "spare");
	ck_assert(!cd->enabled && cd->line == 21 && cd->options.count == 1);
	ck_assert(!config_find(config, "backup-check")->enabled);
	ck_assert_ptr_null(config_find(config, "Plain"));
}
END_TEST

START_TEST(later_files_override_earlier_ones)
{
	const struct config_daemon *cd;

	scratch_put("vigil.conf", 0644,
		"[vigil]\nlog = stderr\nworkers = 5\n[daemons]\na = yes\nb = yes\n"
		"[daemon:a]\nmodule = m\nx = 1\ny = 1\n");
	scratch_put("conf.d/20.conf", 0644, "[daemon:a]\nx = 20\nz = 20\n[daemons]\nb = no\n");
	scratch_put(
		"conf.d/10.conf", 0644, "[vigil]\nlog = syslog\n[daemon:a]\nx = 10\nmodule = n\n");
	scratch_put("conf.d/A.conf", 0644, "[daemon:c]\n");
	/* These are not read. */
	scratch_put("conf.d/.hidden.conf", 0644, "junk");
	scratch_put("conf.d/30.conf.bak", 0644, "junk");
	scratch_put("conf.d/conf", 0644, "junk");
	ck_assert_msg(load() != NULL, "%s", said());

	ck_assert_str_eq(config->files[1], scratch_path("conf.d/10.conf"));
	ck_assert_str_eq(config->files[2], scratch_path("conf.d/20.conf"));
	ck_assert_str_eq(config->files[3], scratch_path("conf.d/A.conf"));
	ck_assert_ptr_null(config->files[4]);
	ck_assert_str_eq(config_vigil(config, "log")->text, "syslog");
	ck_assert_int_eq(config_vigil(config, "workers")->integer, 5);

	cd = config_find(config, "a");
	ck_assert_str_eq(cd->module, "n");
	ck_assert_str_eq(cd->file, config->files[2]);
	ck_assert_int_eq(cd->line, 1);
	ck_assert_uint_eq(cd->options.count, 3);
	ck_assert_str_eq(cd->options.list[0].value, "20");
	ck_assert_ptr_eq(cd->options.list[0].file, config->files[2]);
	ck_assert_int_eq(cd->options.list[0].line, 2);
	ck_assert_str_eq(cd->options.list[1].key, "y");
	ck_assert_ptr_eq(cd->options.list[1].file, config->files[0]);
	ck_assert_str_eq(cd->options.list[2].key, "z");
	ck_assert(!config_find(config, "b")->enabled);
	ck_assert(!config_find(config, "c")->enabled);
}
END_TEST

START_TEST(syntax_errors_hide_other_errors)
{
	/* While any file has syntax errors, the contents of the other files are not checked. */
	scratch_put("conf.d/a.conf", 0644, "junk\n[vigil]\nlog = x\nlog = y\n");
	scratch_put("conf.d/b.conf", 0644, "[nonsense]\n");
	scratch_put("conf.d/c.conf", 0644, "\n[x\n");
	check_bad("[nonsense]\n[vigil]\nworkers\n",
		"vigil.conf:3: missing \"=\"; a comment begins with # or ;\nconf.d/a.conf:1: "
		"missing \"=\"; a comment begins with # or ;\nconf.d/a.conf:4: duplicate key "
		"\"log\" (first defined at line 3)\nconf.d/c.conf:2: missing ] after the section "
		"name\n");
}
END_TEST

START_TEST(errors_are_reported_in_the_order_of_the_files)
{
	/* All errors, in the order of the files. */
	scratch_put("conf.d/a.conf", 0644, "[daemons]\nx = yep\n-y = yes\n[vigil]\nworkers = 0\n");
	check_bad("[deamons]\na = yes\n[vigil]\nintervall = 3\nrestart_rate = 20\nlog = sylog\n"
		  "modules = /a, b\nlog_level = inf\nworkers = x\n[daemon:a b]\nx = 1\ny = 2\n"
		  "[daemon:c]\nmodule = ../evil\n",
		"vigil.conf:1: unknown section [deamons]; did you mean [daemons]?\nvigil.conf:4: "
		"unknown option \"intervall\" in [vigil]\nvigil.conf:5: restart_rate = \"20\": is "
		"not N/DURATION, such as 20/10s, or 0\nvigil.conf:6: log = \"sylog\": is not auto, "
		"stderr, syslog, journal or an absolute path\nvigil.conf:7: modules = \"/a, b\": "
		"its element \"b\" is not an absolute path\nvigil.conf:8: log_level = \"inf\": is "
		"not one of: error warning notice info debug; did you mean "
		"\"info\"?\nvigil.conf:10: invalid daemon name \"a b\": use up to 64 letters, "
		"digits and _ . @ -, and begin with a letter, a digit or _\nvigil.conf:14: module "
		"= \"../evil\": invalid module name\nconf.d/a.conf:2: x = \"yep\": invalid value; "
		"did you mean "
		"\"yes\"?\nconf.d/a.conf:3: invalid daemon name \"-y\": use up to 64 letters, "
		"digits and _ . @ -, and begin with a letter, a digit or _\nconf.d/a.conf:5: "
		"workers = \"0\": must be from 1 to 64\n");
}
END_TEST

START_TEST(section_names_are_checked)
{
	static const char *const rows[][2] = {
		{"Vigil", "did you mean [vigil]?"},
		{"deamons", "did you mean [daemons]?"},
		{"daemon", "did you mean [daemon:NAME]?"},
		{"deamon:x", "did you mean [daemon:x]?"},
		{"Daemon:x.y", "did you mean [daemon:x.y]?"},
		{"vigil:x", "the sections are [vigil], [daemons], [daemon:NAME] and [module:NAME]"},
		{"default", "the sections are [vigil], [daemons], [daemon:NAME] and [module:NAME]"},
		{"service:x",
			"the sections are [vigil], [daemons], [daemon:NAME] and [module:NAME]"},
	};
	char expected[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		scratch_put("vigil.conf", 0644, "\n[%s]\nkey = 1\nother = 2\n", rows[i][0]);
		ck_assert_ptr_null(load());
		snprintf(expected, sizeof(expected), "vigil.conf:2: unknown section [%s]; %s\n",
			rows[i][0], rows[i][1]);
		ck_assert_str_eq(said(), expected);
	}
}
END_TEST

/* The values of [vigil], one by one. */
START_TEST(values_are_checked)
{
	static const char *const good[] = {"restart_rate = 0", "restart_rate = 1/0.5s",
		"deny =", "deny = a", "deny = dbus, systemd-*, *", "deny = ?x@1:2\\x2d.service",
		"log = journal", "workers = 64\nworkers_max = 256", "group = g",
		"socket = /run/x.sock"};
	static const char *const bad[][2] = {
		{"restart_rate = /10s", "is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate = 5/", "is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate = 5/0", "is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate = -5/10s", "is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate = 5/10s/3", "is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate = 99999999999999999999/1s",
			"is not N/DURATION, such as 20/10s, or 0"},
		{"restart_rate =", "is not N/DURATION, such as 20/10s, or 0"},
		{"modules =", "names no directory"},
		{"modules = ,", "has an empty element"},
		{"modules = /a, b", "its element \"b\" is not an absolute path"},
		{"modules = /a # b", "a comment after a value is not supported"},
		{"deny = mydb # never", "its element \"mydb # never\" seems to contain quotes or a "
					"comment; a comment after a value is not supported"},
		{"deny = \"mydb\"", "quotes around a value are not supported: remove them"},
		{"deny = 'a', b", "its element \"'a'\" seems to contain quotes"},
		{"deny = \"a, b\"", "seems to contain quotes"},
		{"deny = mydb dbus", "its element \"mydb dbus\" contains a blank"},
		{"deny = a, mydb;dbus", "its element \"mydb;dbus\" can match no service"},
		{"deny = mydb ; dbus", "a comment after a value is not supported"},
		{"deny = a,,b", "has an empty element; remove the extra comma"},
		{"deny = a, b,", "has an empty element"},
		{"deny = , a", "has an empty element"},
		{"deny = -x", "its element \"-x\" can match no service"},
		{"deny = a/b", "its element \"a/b\" can match no service"},
		{"deny = ../x", "its element \"../x\" can match no service"},
		{"deny = a..b", "its element \"a..b\" can match no service"},
		{"deny = [ab]*", "a glob has * and ? only"},
		{"deny = \xc3\xa4*", "can match no service"},
		{"group = \"adm\"",
			"is not a valid group name; quotes around a value are not supported"},
		{"group = adm # readers",
			"is not a valid group name; a comment after a value is not supported"},
		{"group = adm, wheel", "is not a valid group name"},
		{"restart_rate = \"20/10s\"",
			"such as 20/10s, or 0; quotes around a value are not supported"},
		{"workers = 4 # four",
			"is not a whole number; a comment after a value is not supported"},
		{"log_level = 'info'", "quotes around a value are not supported"},
		{"socket = /run/x.sock # mine",
			"seems to contain a comment; a comment after a value"},
		{"group =", "is empty; remove the line to use the default"},
		{"log =", "is not auto, stderr, syslog, journal or an absolute path"},
		{"socket =", "socket is empty in [vigil]; remove the line to use the default"},
		{"socket = x", "is not an absolute path"},
		{"log = x", "is not auto, stderr, syslog, journal or an absolute path"},
		{"workers = 65", "must be from 1 to 64"},
		{"workers_max = 257", "must be from 1 to 256"},
		{"workers = 33", "is more than workers_max, which is 32"},
		{"workers_max = 3", "is less than workers, which is 4"},
	};
	char text[512];

	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(text, sizeof(text), "[vigil]\n%s\n", good[i]);
		check_good(text);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		scratch_put("vigil.conf", 0644, "[vigil]\n%s\n", bad[i][0]);
		ck_assert_msg(load() == NULL, "%s", bad[i][0]);
		ck_assert_msg(diagnostics.count == 1, "%s: %s", bad[i][0], said());
		ck_assert_msg(strstr(said(), bad[i][1]) != NULL, "%s: %s", bad[i][0], said());
		ck_assert_int_eq(diagnostics.list[0].line, 2);
	}
}
END_TEST

START_TEST(the_length_of_socket_is_checked)
{
	char text[256];

	/* 107 bytes fit into sun_path, 108 do not. */
	snprintf(text, sizeof(text), "[vigil]\nsocket = /%0106d\n", 0);
	check_good(text);
	ck_assert_uint_eq(strlen(config_vigil(config, "socket")->text), 107);
	snprintf(text, sizeof(text), "[vigil]\nsocket = /%0107d\n", 0);
	scratch_put("vigil.conf", 0644, "%s", text);
	ck_assert_ptr_null(load());
	ck_assert_ptr_nonnull(strstr(said(), "is too long for a socket, at most 107 bytes"));
}
END_TEST

START_TEST(rates_are_checked)
{
	unsigned count;
	double seconds;

	check_good("[vigil]\nrestart_rate = 0\n");
	config_restart_rate(config, &count, &seconds);
	ck_assert_uint_eq(count, 0);
	check_good("[vigil]\nrestart_rate = 7/1h30m\n");
	config_restart_rate(config, &count, &seconds);
	ck_assert_uint_eq(count, 7);
	ck_assert_double_eq(seconds, 5400);
}
END_TEST

/* Two spellings of one name are reported once for each place. */
START_TEST(names_that_differ_only_by_case_are_refused)
{
	const char *path = scratch_path("vigil.conf");
	char expected[1024];

	scratch_put(
		"conf.d/a.conf", 0644, "[daemon:AGENT]\nx = 1\ny = 2\n[daemons]\nagenT = yes\n");
	scratch_put("vigil.conf", 0644, "[daemons]\nagent = yes\n[daemon:Agent]\nx = 1\n");
	ck_assert_ptr_null(load());
	snprintf(expected, sizeof(expected),
		"vigil.conf:3: \"Agent\" and \"agent\" (%s:2) differ only in case, which is not "
		"allowed\nconf.d/a.conf:1: \"AGENT\" and \"agent\" (%s:2) differ only in case, "
		"which is not allowed\nconf.d/a.conf:5: \"agenT\" and \"agent\" (%s:2) differ only "
		"in case, which is not allowed\n",
		path, path, path);
	ck_assert_str_eq(said(), expected);
}
END_TEST

START_TEST(missing_files_are_reported)
{
	ck_assert_ptr_null(load());
	ck_assert_str_eq(said(), "vigil.conf: no such file; name the configuration with -c FILE\n");

	/* conf.d need not exist, but it must be a directory and its links must be valid. */
	ck_assert_int_eq(rmdir(scratch_path("conf.d")), 0);
	check_good("");
	scratch_put("conf.d", 0644, "x");
	check_bad("", "conf.d: cannot be read: Not a directory\n");
	ck_assert_int_eq(unlink(scratch_path("conf.d")), 0);
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	ck_assert_int_eq(symlink("nowhere", scratch_path("conf.d/x.conf")), 0);
	check_bad("", "conf.d/x.conf: no such file: the symbolic link is broken, or the file was "
		      "just removed\n");
	ck_assert_int_eq(unlink(scratch_path("conf.d/x.conf")), 0);
	ck_assert_int_eq(mkdir(scratch_path("conf.d/d.conf"), 0755), 0);
	check_bad("", "conf.d/d.conf: it is not a regular file\n");
}
END_TEST

/* A name without a slash is relative to the working directory. */
START_TEST(a_relative_path_is_read)
{
	int back = open(".", O_RDONLY | O_DIRECTORY);

	scratch_put("v.conf", 0644, "[daemons]\na = yes\n");
	scratch_put("conf.d/b.conf", 0644, "[daemons]\nb = yes\n");
	ck_assert_int_ge(back, 0);
	ck_assert_int_eq(chdir(scratch), 0);
	config = config_load("v.conf", &diagnostics);
	ck_assert_int_eq(fchdir(back), 0);
	close(back);
	ck_assert_ptr_nonnull(config);
	ck_assert_str_eq(config->dropin, "conf.d");
	ck_assert_uint_eq(config->count, 2);
}
END_TEST

/* Diagnostics of the caller are kept, and the configuration is valid. */
START_TEST(diagnostics_of_the_caller_are_kept)
{
	scratch_put("vigil.conf", 0644, "[daemons]\na = yes\n");
	diagnostic_add(&diagnostics, "other", 1, "before");
	config = config_load(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_ptr_nonnull(config);
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

START_TEST(five_thousand_daemons_are_read)
{
	FILE *file = fopen(scratch_path("vigil.conf"), "w");
	char name[32];

	ck_assert_ptr_nonnull(file);
	fputs("[daemons]\n", file);
	/* Neither sorted nor in the order of the sections. */
	for (unsigned i = 0; i < 5000; i++)
		fprintf(file, "daemon%u = %s\n", i * 7919 % 5000, i % 2 ? "yes" : "no");
	for (unsigned i = 0; i < 5000; i++)
		fprintf(file, "[daemon:daemon%u]\nx = %u\n", i, i);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_msg(load() != NULL, "%s", said());
	ck_assert_uint_eq(config->count, 5000);
	for (unsigned i = 0; i < 5000; i++) {
		const struct config_daemon *cd;

		snprintf(name, sizeof(name), "daemon%u", i * 7919 % 5000);
		cd = config_find(config, name);
		ck_assert_ptr_nonnull(cd);
		ck_assert_int_eq(cd->enabled, i % 2);
		ck_assert_str_eq(cd->options.list[0].value, name + 6);
	}
}
END_TEST

SUITE("config", setup, teardown)
{
	TEST(an_empty_configuration_is_valid);
	TEST(the_schema_of_vigil_is_valid);
	TEST(the_example_of_the_manual_is_read);
	TEST(later_files_override_earlier_ones);
	TEST(syntax_errors_hide_other_errors);
	TEST(errors_are_reported_in_the_order_of_the_files);
	TEST(section_names_are_checked);
	TEST(values_are_checked);
	TEST(the_length_of_socket_is_checked);
	TEST(rates_are_checked);
	TEST(names_that_differ_only_by_case_are_refused);
	TEST(missing_files_are_reported);
	TEST(a_relative_path_is_read);
	TEST(diagnostics_of_the_caller_are_kept);
	TEST(five_thousand_daemons_are_read);
}
