/* check_host_checks: the modules' checks of options, at the start and at a reload. */
#include "host/host.h"

#include <errno.h>
#include <sys/resource.h>

#include "fixture_host.h"
#include "suite.h"

START_TEST(a_failed_check_prevents_the_start)
{
	config_vigil_lines("");
	config_odd("a", "check = diagnose\nword = w");
	config_odd("b", "check = diagnose-only");
	config_odd("c", "check = silent");
	config_odd("d", "check = ok");
	ck_assert(!make());
	ck_assert_uint_eq(diagnostics.errors, 3);
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[0].text, "a.conf:7: word = \"w\": the word of a is wrong"));
	ck_assert_ptr_nonnull(strstr(diagnostics.list[1].text, "b.conf:3: the section is wrong"));
	ck_assert_ptr_nonnull(
		strstr(diagnostics.list[2].text, "c.conf:3: daemon \"c\": the check of "
						 "module odd returned -6"));
	ck_assert_uint_eq(journal_holds("check"), 4);
	ck_assert_uint_eq(journal_holds("start"), 0);
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), NULL, &diagnostics), -EINVAL);
	ck_assert_uint_eq(diagnostics.errors, 3);
}
END_TEST

START_TEST(a_failed_check_at_a_reload_changes_nothing)
{
	config_vigil_lines("");
	config_odd("a", "word = w");
	bring_up();
	forget_journal();
	for (int i = 0; i < 3; i++) {
		static const char *const how[] = {"diagnose", "diagnose-only", "silent"};
		char lines[64];

		snprintf(lines, sizeof(lines), "check = %s", how[i]);
		config_vigil_lines("");
		config_odd("a", "word = w");
		config_odd("b", lines);
		config_odd("c", "");
		ck_assert_int_eq(reload(), -EINVAL);
		ck_assert_uint_eq(log_holds(diagnostics.list[0].text), 1);
		ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
		ck_assert_ptr_null(host_find(host, "c"));
	}
	/* not even the running daemon whose option is invalid */
	config_vigil_lines("");
	config_odd("a", "word = w\ncheck = diagnose");
	ck_assert_int_eq(reload(), -EINVAL);
	ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
	ck_assert_uint_eq(journal_holds("stop") + journal_holds("start"), 0);
	ck_assert_str_eq(state_at("/vigil/reload_errors"), "4");
	config_vigil_lines("");
	config_odd("a", "word = v\ncheck = ok");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("changed"), "[\"a\"]");
}
END_TEST

START_TEST(a_note_is_logged_and_returned)
{
	config_vigil_lines("");
	config_odd("a", "check = note\nword = w");
	bring_up();
	ck_assert_uint_eq(log_holds("a.conf:7: note: word = \"w\": the word looks wrong"), 1);
	ck_assert_int_eq(reload(), 0);
	ck_assert_uint_eq(log_holds("the word looks wrong"), 2);
	ck_assert_ptr_nonnull(strstr(said("notes"), "the word looks wrong"));
	ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
	config_vigil_lines("");
	config_odd("a", "word = w");
	ck_assert_int_eq(reload(), 0);
	ck_assert_ptr_null(json_object_get(result, "notes"));
}
END_TEST

START_TEST(forbidden_calls_in_a_check_have_no_effect)
{
	config_vigil_lines("");
	config_odd("a", "check = careless\ninterval = 1h");
	bring_up();
	ck_assert_uint_eq(log_holds("the check of module odd calls vigil_every"), 1);
	ck_assert_uint_eq(log_holds("a candidate"), 0);
	ck_assert_str_eq(state_at("/runs/a/errors"), "0");
	ck_assert_str_eq(state_at("/daemons/a"), "{\"starts\":1}");
}
END_TEST

/* A check that crashes vigild would crash it at each start, and no daemon would run. */
START_TEST(a_daemon_whose_check_crashes_vigild_is_quarantined)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	config_vigil_lines("");
	config_odd("a", "check = abort");
	config_odd("b", "");
	for (int i = 0; i < 3; i++)
		start_in_a_child();
	ck_assert_uint_eq(journal_holds("check a"), 3);
	bring_up();
	ck_assert_uint_eq(
		log_holds("a: the previous vigild crashed in a callback of this daemon: signal 6"),
		1);
	ck_assert_uint_eq(journal_holds("check a"), 3);
	ck_assert_str_eq(state_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(state_at("/runs/a/reason"), "quarantined"));
	ck_assert_str_eq(state_at("/runs/b/status"), "\"running\"");
	/* After its release, the daemon is checked before it starts. */
	config_vigil_lines("");
	config_odd("a", "check = diagnose");
	config_odd("b", "");
	ck_assert_int_eq(reload(), 0);
	host_release(host, "a");
	ck_assert_str_eq(state_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(state_at("/runs/a/reason"), "the word of a is wrong"));
	ck_assert_uint_eq(journal_holds("start a"), 0);
}
END_TEST

/* A module that was built before the field `check` existed has no check, whatever follows its
 * descriptor in memory. */
START_TEST(an_older_module_has_no_check)
{
	config_vigil_lines("");
	config_daemon_lines("older", "");
	bring_up();
	ck_assert_str_eq(state_at("/daemons/older/started"), "true");
}
END_TEST

SUITE("host_checks", setup, teardown)
{
	TEST(a_failed_check_prevents_the_start);
	TEST(a_failed_check_at_a_reload_changes_nothing);
	TEST(a_note_is_logged_and_returned);
	TEST(forbidden_calls_in_a_check_have_no_effect);
	TEST(a_daemon_whose_check_crashes_vigild_is_quarantined);
	TEST(an_older_module_has_no_check);
}
