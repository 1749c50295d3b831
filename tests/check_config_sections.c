/* check_config_sections: a module that [daemons] names, and the defaults of a module. */
#include "config/config_load.h"

#include "scratch.h"
#include "suite.h"

static struct diagnostics diagnostics;
static struct config *config;

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	config_free(config);
	scratch_teardown();
}

/* Loads a main file.  Returns the first diagnostic, or "". */
static const char *load(const char *text)
{
	diagnostics_clear(&diagnostics);
	config_free(config);
	scratch_put("vigil.conf", 0644, "%s", text);
	config = config_load(scratch_path("vigil.conf"), &diagnostics);
	return diagnostics.count > 0 ? diagnostics.list[0].text : "";
}

static void load_valid(const char *text)
{
	const char *error = load(text);

	ck_assert_msg(config != NULL, "%s", error);
}

static void fails_with(const char *text, const char *message)
{
	const char *error = load(text);

	ck_assert_ptr_null(config);
	ck_assert_msg(strstr(error, message) != NULL, "%s", error);
}

static const char *value_of(const char *daemon, const char *key)
{
	const struct option_given *given = given_find(&config_find(config, daemon)->options, key);

	return given != NULL ? given->value : "";
}

START_TEST(a_line_with_a_module_is_a_daemon)
{
	const struct config_daemon *cd;

	load_valid("[daemons]\nnginx = service\nsystem = yes\nold = no\n");
	cd = config_find(config, "nginx");
	ck_assert(cd->enabled);
	ck_assert_str_eq(cd->module, "service");
	ck_assert(cd->names_module);
	ck_assert_int_eq(cd->line, 2);
	cd = config_find(config, "system");
	ck_assert_str_eq(cd->module, "system");
	ck_assert(!cd->names_module);
	ck_assert(!config_find(config, "old")->enabled);
}
END_TEST

START_TEST(a_section_may_add_options_to_it)
{
	load_valid("[daemons]\nnginx = service\n[daemon:nginx]\ninterval = 3s\n");
	ck_assert_str_eq(config_find(config, "nginx")->module, "service");
	ck_assert_str_eq(value_of("nginx", "interval"), "3s");
	load_valid("[daemons]\nnginx = service\n[daemon:nginx]\nmodule = service\n");
}
END_TEST

START_TEST(two_modules_for_one_daemon_are_an_error)
{
	fails_with("[daemons]\nnginx = service\n[daemon:nginx]\nmodule = exec\n",
		"vigil.conf:2: nginx = service, but module = exec in [daemon:nginx] (");
}
END_TEST

START_TEST(a_later_file_replaces_the_module)
{
	scratch_put("conf.d/a.conf", 0644, "[daemons]\nnginx = exec\n");
	load_valid("[daemons]\nnginx = service\n");
	ck_assert_str_eq(config_find(config, "nginx")->module, "exec");
}
END_TEST

START_TEST(a_later_file_disables_the_daemon_and_keeps_its_module)
{
	scratch_put("conf.d/a.conf", 0644, "[daemons]\nnginx = no\n");
	load_valid("[daemons]\nnginx = service\n");
	ck_assert(!config_find(config, "nginx")->enabled);
	ck_assert_str_eq(config_find(config, "nginx")->module, "service");
}
END_TEST

START_TEST(a_value_that_is_neither_is_an_error)
{
	static const struct {
		const char *value, *message;
	} rows[] = {
		{"yse", "invalid value; did you mean \"yes\"?"},
		{"ture", "invalid value; did you mean \"true\"?"},
		{"a module", "invalid value; use yes, no or the name of a module"},
		{"../x", "invalid value; use yes, no or the name of a module"},
		{"", "invalid value; use yes, no or the name of a module"},
	};
	char text[64];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "[daemons]\nnginx = %s\n", rows[i].value);
		fails_with(text, rows[i].message);
	}
	load_valid("[daemons]\nlogs = files\n"); /* is like "false", but a module */
	ck_assert_str_eq(config_find(config, "logs")->module, "files");
}
END_TEST

START_TEST(defaults_apply_to_each_daemon_of_the_module)
{
	const struct option_given *given;

	load_valid("[module:service]\ninterval = 10s\nburst = 3\n"
		   "[daemons]\na = service\nb = yes\nc = exec\n"
		   "[daemon:b]\nmodule = service\nburst = 5\n");
	ck_assert_str_eq(value_of("a", "interval"), "10s");
	ck_assert_str_eq(value_of("b", "interval"), "10s");
	ck_assert_str_eq(value_of("b", "burst"), "5");
	ck_assert_str_eq(value_of("c", "interval"), "");
	given = given_find(&config_find(config, "a")->options, "burst");
	ck_assert_int_eq(given->line, 3);
	ck_assert_str_eq(given->section, "[module:service]");
	ck_assert_ptr_null(given_find(&config_find(config, "b")->options, "burst")->section);
}
END_TEST

/* The daemon's own section has precedence also if the defaults are in a later file. */
START_TEST(later_defaults_replace_defaults_and_nothing_else)
{
	scratch_put("conf.d/a.conf", 0644, "[module:service]\ninterval = 1m\nburst = 9\n");
	load_valid("[module:service]\ninterval = 10s\n"
		   "[daemons]\na = service\n[daemon:a]\nburst = 5\n");
	ck_assert_str_eq(value_of("a", "interval"), "1m");
	ck_assert_str_eq(value_of("a", "burst"), "5");
}
END_TEST

START_TEST(an_invalid_or_misspelled_section_is_one_error)
{
	fails_with("[module:../x]\na = 1\nb = 2\n",
		"vigil.conf:1: [module:../x]: invalid module name");
	ck_assert_uint_eq(diagnostics.count, 1);
	scratch_put("conf.d/a.conf", 0644, "[module:Service]\ninterval = 1m\n");
	fails_with("[module:service]\ninterval = 10s\n",
		"conf.d/a.conf:1: [module:Service] and [module:service] (");
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert_int_eq(unlink(scratch_path("conf.d/a.conf")), 0);
	fails_with("[modul:service]\na = 1\n", "did you mean [module:service]?");
	ck_assert_uint_eq(diagnostics.count, 1);
	fails_with("[module]\na = 1\n", "did you mean [module:NAME]?");
}
END_TEST

START_TEST(daemons_are_sorted_by_name_however_many_there_are)
{
	FILE *file = fopen(scratch_path("vigil.conf"), "w");
	char *error;

	ck_assert_ptr_nonnull(file);
	fputs("[daemons]\n", file);
	for (int i = 20000; i > 0; i--)
		fprintf(file, "d%d = service\n", i);
	fclose(file);
	config = config_load(scratch_path("vigil.conf"), &diagnostics);
	error = diagnostics.count > 0 ? diagnostics.list[0].text : "";
	ck_assert_msg(config != NULL, "%s", error);
	ck_assert_uint_eq(config->count, 20000);
	for (size_t i = 1; i < config->count; i++)
		ck_assert_int_lt(strcmp(config->daemons[i - 1].name, config->daemons[i].name), 0);
	ck_assert_str_eq(config_find(config, "d777")->module, "service");
}
END_TEST

SUITE("config_sections", setup, teardown)
{
	TEST(a_line_with_a_module_is_a_daemon);
	TEST(a_section_may_add_options_to_it);
	TEST(two_modules_for_one_daemon_are_an_error);
	TEST(a_later_file_replaces_the_module);
	TEST(a_later_file_disables_the_daemon_and_keeps_its_module);
	TEST(a_value_that_is_neither_is_an_error);
	TEST(defaults_apply_to_each_daemon_of_the_module);
	TEST(later_defaults_replace_defaults_and_nothing_else);
	TEST(an_invalid_or_misspelled_section_is_one_error);
	TEST(daemons_are_sorted_by_name_however_many_there_are);
}
