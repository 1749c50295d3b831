/*
 * check_death_output: the last output of a service in the records of its deaths: from the journal
 * or a file, bounded, and without a wait for its reader.
 */
#include "fixture_death.h"

START_TEST(hostile_output_is_bounded_and_valid)
{
	static char huge[1000000];
	vigil_service_death death = crash(5);
	const json_t *output;

	memset(huge, 'x', sizeof(huge));
	start();
	STATUS(RUNNING, .pid = 77);
	die(death);
	fake_pass(1);
	for (int i = 0; i < 500; i++)
		say("old");
	fake_child_line(huge, sizeof(huge));
	fake_child_line("a\0b\0\0", 5);
	fake_child_line("", 0);
	fake_child_exit((vigil_child_exit){0});
	output = json_object_get(record(0), "output");
	ck_assert_uint_eq(json_array_size(output), DEATH_LINES);
	ck_assert_uint_lt(strlen(line(0, 17)), DEATH_LINE);
	ck_assert_str_eq(line(0, 18), "a\\x00b\\x00\\x00");
	ck_assert_str_eq(line(0, 19), "");
	stop();
}
END_TEST

START_TEST(the_newest_lines_are_kept_if_all_are_long)
{
	static char longest[DEATH_LINE];
	json_t *lines = json_array(), *death = json_object();
	const json_t *output;

	memset(longest, '"', sizeof(longest)); /* JSON escapes it */
	for (int i = 0; i < 30; i++) {
		longest[0] = (char)('A' + i);
		death_add_line(lines, longest, sizeof(longest));
	}
	death_set_output(death, lines, "");
	output = json_object_get(death, "output");
	ck_assert_uint_gt(json_array_size(output), 2);
	ck_assert_uint_le(json_dumpb(output, NULL, 0, JSON_COMPACT), DEATH_OUTPUT);
	ck_assert_int_eq(json_string_value(json_array_get(output, json_array_size(output) - 1))[0],
		'A' + 29);
	json_decref(death);
}
END_TEST

START_TEST(a_reader_that_hangs_delays_nothing_and_blocks_the_next_one)
{
	vigil_service_death first = crash(5), second = crash(6);

	second.core = false;
	fake_option("log_file", "/nfs/web.log");
	start();
	STATUS(RUNNING, .pid = 77);
	die(first);
	fake_pass(0.1);
	ck_assert_ptr_eq(strstr(fake.command, "/lib/vigil-files last /nfs/web.log"), fake.command);
	fake_pass(10);
	ck_assert_uint_eq(fake.terminated, 1);
	ck_assert_uint_eq(fake.slots, 0);
	ck_assert_str_eq(member(record(0), "output_note"), "its output could not be read in time");
	die(second);
	ck_assert_ptr_nonnull(strstr(member(record(1), "output_note"), "was not read"));
	fake_child_exit((vigil_child_exit){.status = 9, .timed_out = true});
	ck_assert_uint_eq(json_array_size(deaths()), 2);
	stop();
}
END_TEST

START_TEST(two_deaths_in_a_moment_have_both_their_output)
{
	vigil_service_death first = crash(5), second = crash(6);

	second.journal = "fedcba98765432100123456789abcdef";
	start();
	STATUS(RUNNING, .pid = 77);
	die(first);
	fake_pass(0.2);
	die(second);
	fake_pass(0.5);
	say("one");
	fake_child_exit((vigil_child_exit){0});
	ck_assert_str_eq(line(0, 0), "one");
	fake_pass(0.6);
	ck_assert_ptr_nonnull(strstr(fake.command, second.journal));
	say("two");
	fake_child_exit((vigil_child_exit){0});
	ck_assert_str_eq(line(1, 0), "two");
	/* a third one ends the second reading of the second one */
	die(crash(7));
	fake_pass(0.6);
	ck_assert_ptr_nonnull(strstr(fake.command, ID));
	fake_child_exit((vigil_child_exit){0});
	ck_assert_uint_eq(json_array_size(deaths()), 3);
	ck_assert_str_eq(line(1, 0), "two");
	stop();
}
END_TEST

START_TEST(a_slot_that_is_never_free_is_said)
{
	fake.no_slots = true;
	start();
	STATUS(RUNNING, .pid = 77);
	die(crash(5));
	fake_pass(10);
	ck_assert_uint_eq(fake.slots, 0);
	ck_assert_uint_eq(fake.spawned, 0);
	ck_assert_ptr_nonnull(strstr(member(record(0), "output_note"), "exec_max"));
	stop();
}
END_TEST

START_TEST(a_journal_that_may_not_be_read_is_said_with_what_to_do)
{
	start();
	STATUS(RUNNING, .pid = 77);
	die(crash(5));
	fake_pass(1);
	fake_child_exit((vigil_child_exit){.status = 1 << 8,
		.errors = "No journal files were opened due to insufficient permissions.\n"});
	ck_assert_ptr_nonnull(strstr(member(record(0), "output_note"), "group systemd-journal"));
	stop();
}
END_TEST

START_TEST(the_next_reading_of_a_file_begins_where_the_last_one_ended)
{
	vigil_service_death first = crash(5), second = crash(6);

	second.core = false;
	fake_option("log_file", "/var/log/web.log");
	start();
	STATUS(RUNNING, .pid = 77);
	die(first);
	fake_pass(0.1);
	say("{\"end\": \"12:345\", \"note\": \"\"}");
	say("panic");
	fake_child_exit((vigil_child_exit){0});
	ck_assert_str_eq(line(0, 0), "panic");
	stop();
	fake.service = (struct vigil_service){.on_status = NULL};
	start();
	STATUS(RUNNING, .pid = 78, .death = &first);
	die(second);
	fake_pass(0.1);
	ck_assert_ptr_nonnull(strstr(fake.command, "/var/log/web.log 12:345 "));
	fake_child_exit((vigil_child_exit){0});
	ck_assert_ptr_nonnull(strstr(member(record(1), "output_note"), "vigil-files failed"));
	stop();
}
END_TEST

START_TEST(a_file_is_read_from_the_start_of_the_run_that_ended)
{
	vigil_service_death death = crash(5);

	death.ended = 1000000000; /* long ago, as when vigild was not running then */
	fake_option("log_file", "/var/log/web.log");
	start();
	STATUS(FAILED, .death = &death);
	fake_pass(0.1);
	ck_assert_ptr_nonnull(strstr(fake.command, "/var/log/web.log  999999987.500"));
	fake_child_exit((vigil_child_exit){0});
	stop();
}
END_TEST

SUITE("death_output", setup, fake_end)
{
	TEST(hostile_output_is_bounded_and_valid);
	TEST(the_newest_lines_are_kept_if_all_are_long);
	TEST(a_reader_that_hangs_delays_nothing_and_blocks_the_next_one);
	TEST(two_deaths_in_a_moment_have_both_their_output);
	TEST(a_slot_that_is_never_free_is_said);
	TEST(a_journal_that_may_not_be_read_is_said_with_what_to_do);
	TEST(the_next_reading_of_a_file_begins_where_the_last_one_ended);
	TEST(a_file_is_read_from_the_start_of_the_run_that_ended);
}
