/*
 * check_candidate: what the check function of a module may do and report, and what happens if it
 * does more.
 */
#include "daemon/candidate.h"

#include "daemon/daemon_internal.h"
#include "fixture_environment.h"

static const vigil_option schema[] = {
	VIGIL_OPTION("word", VIGIL_TEXT, "some", "any"),
	VIGIL_OPTION("list", VIGIL_LIST, NULL, "any"),
	VIGIL_OPTION("none", VIGIL_PATH, NULL, "any"),
	VIGIL_OPTION_END,
};

static struct diagnostics diagnostics;
static int (*in_check)(vigil_daemon *d);
static struct vigil_daemon *seen;

/* On a busy machine a check may also take long, which is logged. */
static unsigned lines_said(void)
{
	return logged_lines - log_holds("a callback took ");
}

static int check(vigil_daemon *d)
{
	seen = d;
	return in_check(d);
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.options = schema,
	.check = check};

/* There is no loop, state or store, because `vigild -t` has none either. */
static void setup(void)
{
	log_set_sink(on_log, NULL);
	logged_lines = 0;
	diagnostics = (struct diagnostics){0};
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
	log_set_sink(NULL, NULL);
}

/* Checks a candidate with the options "word" and "list", on lines 7 and 8 of a file. */
static int run(const vigil_module *descriptor, int (*how)(vigil_daemon *d))
{
	const struct option_given given[] = {{"word", "\"x\"", "conf.d/a.conf", 7, NULL},
		{"list", "a, b", "conf.d/a.conf", 8, NULL}};
	struct diagnostics notes = {0};
	struct option_set *set =
		option_set_new(schema, given, 2, "[daemon:a]", "vigil.conf", 3, &notes);
	const struct candidate candidate = {.name = "a",
		.module = "test",
		.descriptor = descriptor,
		.options = set,
		.given = given,
		.count = 2,
		.file = "vigil.conf",
		.line = 3};
	int err;

	ck_assert_ptr_nonnull(set);
	diagnostics_clear(&notes);
	in_check = how;
	diagnostics_clear(&diagnostics);
	err = candidate_check(&candidate, &diagnostics);
	option_set_unref(set);
	ck_assert_int_eq(err != 0, diagnostics.errors > 0);
	return err;
}

static void said(size_t i, const char *text)
{
	ck_assert_uint_lt(i, diagnostics.count);
	ck_assert_str_eq(diagnostics.list[i].text, text);
}

/* --- what a check may do ---------------------------------------------------------------------- */

static int read_all(vigil_daemon *d)
{
	char *memory = vigil_alloc(d, 65536);

	ck_assert_ptr_nonnull(memory);
	for (size_t i = 0; i < 65536; i++)
		ck_assert_int_eq(memory[i], 0);
	ck_assert_str_eq(vigil_name(d), "a");
	ck_assert_str_eq(vigil_option_text(d, "word"), "\"x\"");
	ck_assert_str_eq(vigil_option_list(d, "list")[1], "b");
	ck_assert(!vigil_option_given(d, "none"));
	return 0;
}

START_TEST(a_candidate_has_a_name_options_and_memory)
{
	static const vigil_module without = {.name = "test", .options = schema};

	ck_assert_int_eq(run(&module, read_all), 0);
	ck_assert_ptr_nonnull(seen);
	ck_assert_uint_eq(diagnostics.count, 0);
	ck_assert_uint_eq(lines_said(), 0);
	seen = NULL;
	ck_assert_int_eq(run(&without, NULL), 0);
	ck_assert_ptr_null(seen);
}
END_TEST

/* --- diagnostics ------------------------------------------------------------------------------ */

static int diagnose(vigil_daemon *d)
{
	ck_assert_int_eq(vigil_diagnose(d, "list", "%d is wrong", 5), -EINVAL);
	ck_assert_int_eq(vigil_diagnose(d, "word", "is no word"), -EINVAL);
	vigil_diagnose(d, "none", "is needed");
	vigil_diagnose(d, NULL, "they do not go together");
	vigil_diagnose(d, "unknown", "is not in the schema");
	vigil_diagnose(d, "list", "\x1b[2J");
	return 0;
}

START_TEST(a_diagnostic_names_the_line_of_its_option)
{
	ck_assert_int_eq(run(&module, diagnose), -EINVAL);
	said(0, "conf.d/a.conf:8: list = \"a, b\": 5 is wrong");
	said(1, "conf.d/a.conf:7: word = \"\"x\"\": is no word; quotes around a value are not "
		"supported: remove them");
	said(2, "vigil.conf:3: none: is needed");
	said(3, "vigil.conf:3: they do not go together");
	said(4, "vigil.conf:3: unknown: is not in the schema");
	said(5, "conf.d/a.conf:8: list = \"a, b\": \\x1B[2J");
	ck_assert_uint_eq(diagnostics.count, 6);
}
END_TEST

static int note(vigil_daemon *d)
{
	vigil_note(d, "list", "looks odd");
	return 0;
}

START_TEST(a_note_is_not_an_error)
{
	ck_assert_int_eq(run(&module, note), 0);
	said(0, "conf.d/a.conf:8: note: list = \"a, b\": looks odd");
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

static int fail_plainly(vigil_daemon *d)
{
	return -ENXIO;
}

static int fail_oddly(vigil_daemon *d)
{
	return 7;
}

static int fail_with_reason(vigil_daemon *d)
{
	return vigil_diagnose(d, "list", "is wrong");
}

START_TEST(a_check_that_fails_without_a_diagnostic_gets_one)
{
	ck_assert_int_eq(run(&module, fail_plainly), -EINVAL);
	said(0, "vigil.conf:3: daemon \"a\": the check of module test returned -6 (No such device "
		"or "
		"address) without a reason");
	ck_assert_int_eq(run(&module, fail_oddly), -EINVAL);
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "returned 7"));
	ck_assert_int_eq(run(&module, fail_with_reason), -EINVAL);
	ck_assert_uint_eq(diagnostics.count, 1);
}
END_TEST

/* --- what a check may not do ------------------------------------------------------------------ */

static void on_tick(vigil_daemon *d, void *arg)
{
}

static void on_fd(vigil_daemon *d, int fd, unsigned what, void *arg)
{
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
}

static int on_verb(vigil_daemon *d, void *arg)
{
	return 0;
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
}

static int be_careless(vigil_daemon *d)
{
	const vigil_child_spec child = {.size = sizeof(child),
		.argv = (const char *const[]){"/bin/false", NULL},
		.on_exit = on_exit_told};
	const vigil_service_spec service = {.size = sizeof(service), .name = "x"};
	json_t *value = json_object();

	ck_assert_int_eq(vigil_every(d, 1, on_tick, NULL), -EPERM);
	ck_assert_int_eq(vigil_after(d, 1, on_tick, NULL), -EPERM);
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), -EPERM);
	errno = 0;
	ck_assert_ptr_null(vigil_spawn(d, &child));
	ck_assert_int_eq(errno, EPERM);
	errno = 0;
	ck_assert_ptr_null(vigil_service_open(d, &service));
	ck_assert_int_eq(errno, EPERM);
	ck_assert_ptr_null(vigil_base(d));
	ck_assert_int_eq(vigil_state_set(d, "x", json_incref(value)), -EPERM);
	ck_assert_int_eq(vigil_state_add(d, "x", json_incref(value)), -EPERM);
	ck_assert_uint_eq(value->refcount, 1); /* both calls released their reference */
	json_decref(value);
	ck_assert_int_eq(vigil_state_unset(d, "x"), -EPERM);
	ck_assert_ptr_null(vigil_state_get(d, "/vigil"));
	ck_assert_int_eq(vigil_persist(d, "x"), -EPERM);
	ck_assert_int_eq(vigil_on_change(d, "/vigil", on_change, NULL), -EPERM);
	ck_assert_int_eq(vigil_watch_fd(d, 0, VIGIL_READ, on_fd, NULL), -EPERM);
	ck_assert_int_eq(vigil_unwatch_fd(d, 0), -EPERM);
	ck_assert_int_eq(vigil_on_verb(d, "x", on_verb, NULL), -EPERM);
	vigil_set_data(d, d);
	ck_assert_ptr_null(vigil_data(d));
	ck_assert(!vigil_paused(d));
	ck_assert_int_eq(vigil_fail(d, "no"), -EPERM);
	vigil_log(d, VIGIL_ERROR, "it speaks");
	vigil_health(d, VIGIL_OK, "it is well");
	vigil_event(d, "it acts");
	vigil_error(d, "it errs");
	ck_assert(TAILQ_EMPTY(&d->resources));
	return 0;
}

START_TEST(forbidden_calls_in_a_check_do_nothing_and_are_logged_once)
{
	ck_assert_int_eq(run(&module, be_careless), 0);
	ck_assert_uint_eq(diagnostics.count, 0);
	ck_assert_uint_eq(lines_said(), 1);
	ck_assert_uint_eq(log_holds("a: the check of module test calls vigil_every, which does "
				    "nothing before the daemon is started"),
		1);
}
END_TEST

/* --- in start --------------------------------------------------------------------------------- */

static int start(vigil_daemon *d)
{
	vigil_note(d, "list", "is noted nowhere");
	return vigil_diagnose(d, "word", "is wrong");
}

static const vigil_module starting = {.name = "test", .options = schema, .start = start};

START_TEST(in_start_a_diagnostic_is_the_reason_of_the_failure)
{
	static const char *const pairs[] = {"word=x # y", NULL};
	struct option_set *set;
	struct vigil_daemon *d;

	environment_setup();
	set = options_of(schema, pairs);
	d = daemon_new(&environment, "a", "test", &starting, set);
	ck_assert_int_eq(daemon_start(d), -EINVAL);
	ck_assert_str_eq(daemon_reason(d), "word = \"x # y\": is wrong; a comment after a value is "
					   "not supported: write it on a separate line");
	daemon_free(d);
	option_set_unref(set);
	environment_teardown();
}
END_TEST

SUITE("candidate", setup, teardown)
{
	TEST(a_candidate_has_a_name_options_and_memory);
	TEST(a_diagnostic_names_the_line_of_its_option);
	TEST(a_note_is_not_an_error);
	TEST(a_check_that_fails_without_a_diagnostic_gets_one);
	TEST(forbidden_calls_in_a_check_do_nothing_and_are_logged_once);
	TEST(in_start_a_diagnostic_is_the_reason_of_the_failure);
}
