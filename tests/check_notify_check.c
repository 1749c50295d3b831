/* check_notify_check: values of `to` and `from` that never match, and invalid addresses. */
#include "modules/notify/send.h"
#include "modules/notify/watch.h"

#include "daemon/candidate.h"
#include "suite.h"

/* These functions replace those that watch.c would call to send changes. */
void send_change(struct send *send, json_t *change)
{
	json_decref(change);
}

void send_on_save(struct send *send, send_save_fn *fn, void *arg)
{
}

bool send_has(const struct send *send, const char *pointer)
{
	return false;
}

void send_save_soon(struct send *send)
{
}

static const vigil_option schema[] = {
	VIGIL_OPTION("watch", VIGIL_LIST, "/runs/*/health", "addresses"),
	VIGIL_OPTION("from", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION("to", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION_END,
};

static struct diagnostics diagnostics;

static void setup(void)
{
	diagnostics = (struct diagnostics){0};
}

static void teardown(void)
{
	diagnostics_clear(&diagnostics);
}

static const char *said_of(const char *watch, const char *key, const char *value)
{
	static const vigil_module module = {
		.name = "notify", .options = schema, .check = watch_check};
	const struct option_given given[] = {
		{key, value, "f", 2, NULL}, {"watch", watch, "f", 3, NULL}};
	struct candidate candidate = {.name = "a",
		.module = "notify",
		.descriptor = &module,
		.given = given,
		.count = watch != NULL ? 2 : 1,
		.file = "f",
		.line = 1};
	struct option_set *set;

	diagnostics_clear(&diagnostics);
	set = option_set_new(schema, given, candidate.count, "[daemon:a]", "f", 1, &diagnostics);
	if (set != NULL) {
		candidate.options = set;
		candidate_check(&candidate, &diagnostics);
		option_set_unref(set);
	}
	return diagnostics.count > 0 ? diagnostics.list[0].text : "";
}

struct row {
	const char *watch, *value, *words; /* words: "" if it is valid */
};

static void check_rows(const char *key, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *said = said_of(rows[i].watch, key, rows[i].value);

		ck_assert_msg(rows[i].words[0] != '\0' ? strstr(said, rows[i].words) != NULL
						       : said[0] == '\0',
			"%s: %s", rows[i].value, said);
	}
}

START_TEST(a_level_of_health_is_checked)
{
	static const struct row rows[] = {
		{NULL, "CRITICAL", ""},
		{NULL, "CRITICAL, OK, WARNING, UNKNOWN, absent", ""},
		{NULL, "CRIT*, ?K, [WU]*", ""},
		{NULL, "*", ""},
		{"/runs/web/health, /runs/*/health/level", "OK", ""},
		{NULL, "critical",
			"its element \"critical\" never matches; did you mean \"CRITICAL\"?"},
		{NULL, "Warning", "did you mean \"WARNING\"?"},
		{NULL, "OK, CRIT",
			"its element \"CRIT\" never matches; did you mean \"CRITICAL\"?"},
		{NULL, "CRTICAL", "did you mean \"CRITICAL\"?"},
		{NULL, "bad",
			"its element \"bad\" never matches; the words are: OK WARNING CRITICAL"},
		{NULL, "crit*", "its element \"crit*\" never matches"},
		{NULL, "CRITICAL WARNING",
			"its element \"CRITICAL WARNING\" never matches: separate words with "
			"commas"},
		{NULL, "CRITICAL;OK", "separate words with commas"},
		{NULL, "\"CRITICAL\"", "quotes around a value are not supported"},
		{NULL, "CRITICAL # only", "a comment after a value is not supported"},
		{NULL, "CRITICAL,, OK", "has an empty element"},
	};

	check_rows("to", rows, COUNT(rows));
	check_rows("from", rows, COUNT(rows));
}
END_TEST

START_TEST(values_of_other_pointers_are_not_levels)
{
	static const struct row rows[] = {
		{"/runs/*/status", "failed, paused", ""},
		{"/runs/*/status", "FAILED", "did you mean \"failed\"?"},
		{"/runs/*/status, /runs/*/health", "failed, CRITICAL", ""},
		{"/runs/x/paused", "yes", "never matches"},
		{"/daemons/*/service_state/restart_error", "[1-9]*", ""},
		{"/daemons/*/value, /runs/*/health", "anything", ""},
		{"/runs", "anything", ""},
	};

	check_rows("to", rows, COUNT(rows));
}
END_TEST

START_TEST(an_invalid_address_is_refused)
{
	ck_assert_ptr_nonnull(strstr(said_of(NULL, "watch", "runs/x"),
		"its element \"runs/x\" is not an address such as /runs/*/health"));
	ck_assert_ptr_nonnull(strstr(said_of(NULL, "watch", "/runs/x /runs/y"),
		"contains a blank or a quote; separate addresses with commas"));
	ck_assert_ptr_nonnull(strstr(said_of(NULL, "watch", ""), "is empty"));
	ck_assert_str_eq(said_of(NULL, "watch", "/, /runs/*"), "");
}
END_TEST

START_TEST(an_address_that_never_changes_is_refused)
{
	static const struct {
		const char *watch, *words;
	} rows[] = {
		{"/runs/d*/health", "its element \"/runs/d*/health\" never matches: a * matches"},
		{"/run/*/health", "an address begins with /runs, /daemons or /vigil"},
		{"/runs/*/healht", "of /runs/NAME only health, status and paused are announced"},
		{"/runs/web/errors", "only health, status and paused are announced"},
		{"/vigil/loop", "of /vigil only degraded is announced"},
		{"/runs/*/health/level, /vigil/degraded, /daemons/*/perfdata/*/value, /*/web", ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said = said_of(NULL, "watch", rows[i].watch);

		ck_assert_msg(rows[i].words[0] != '\0' ? strstr(said, rows[i].words) != NULL
						       : said[0] == '\0',
			"%s: %s", rows[i].watch, said);
	}
}
END_TEST

SUITE("notify_check", setup, teardown)
{
	TEST(a_level_of_health_is_checked);
	TEST(values_of_other_pointers_are_not_levels);
	TEST(an_invalid_address_is_refused);
	TEST(an_address_that_never_changes_is_refused);
}
