/*
 * check_death: the records of deaths of the module service, with a fake service, a fake clock and
 * children that the test plays.
 */
#include "fixture_death.h"

START_TEST(a_death_has_what_the_manager_reports_and_its_last_output)
{
	vigil_service_death death = crash(0xdeadbeefdeadbeef);

	start();
	STATUS(RUNNING, .pid = 77);
	STATUS(FAILED, .death = &death, .unit = "web.service");
	ck_assert(fake.service.on_restarted != NULL); /* the restart does not wait for the output */
	fake_pass(1);
	ck_assert_ptr_eq(
		strstr(fake.command,
			"journalctl -n 20 -o cat --no-pager --quiet _SYSTEMD_INVOCATION_ID=" ID
			" + _SYSTEMD_UNIT=web.service _PID=77 _BOOT_ID="),
		fake.command);
	ck_assert(!fake_said("death:"));
	say("first");
	fake_child_exit((vigil_child_exit){0});
	ck_assert_str_eq(line(0, 0), "first"); /* shown at once, although more may come */
	ck_assert(!fake_said("death:"));
	for (int i = 0; i < 2; i++) {
		fake_pass(1);
		say("first");
		say("last");
		fake_child_exit((vigil_child_exit){0});
	}
	ck_assert_uint_eq(fake.slots, 0);
	ck_assert_uint_eq(fake.spawned, 3);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_str_eq(member(record(0), "reason"), "killed by SIGSEGV after 12 s, core dumped");
	ck_assert_str_eq(member(record(0), "signal"), "SIGSEGV");
	ck_assert_str_eq(member(record(0), "result"), "core-dump");
	ck_assert(json_is_true(json_object_get(record(0), "core")));
	ck_assert_ptr_null(json_object_get(record(0), "oom"));
	ck_assert_ptr_null(json_object_get(record(0), "exit_status"));
	ck_assert_double_eq(json_number_value(json_object_get(record(0), "ran_seconds")), 12.5);
	ck_assert_str_eq(line(0, 0), "first");
	ck_assert_str_eq(line(0, 1), "last");
	ck_assert(fake_said("death: killed by SIGSEGV after 12 s, core dumped"));
	ck_assert(json_equal(json_object_get(fake.detail, "death"), record(0)));
	stop();
}
END_TEST

START_TEST(the_health_has_the_last_death_while_the_service_is_down_and_for_an_hour)
{
	vigil_service_death death = crash(5);

	start();
	STATUS(RUNNING, .pid = 77);
	ck_assert_str_eq(fake.long_health, "");
	STATUS(FAILED, .death = &death);
	ck_assert_ptr_nonnull(strstr(fake.long_health, "killed by SIGSEGV after 12 s"));
	fake_pass(1);
	say("cannot open /etc/web.conf");
	fake_child_exit((vigil_child_exit){0});
	STATUS(FAILED, .death = &death);
	ck_assert_ptr_nonnull(strstr(fake.long_health, "\n  cannot open /etc/web.conf"));
	fake_answer(&fake.service.on_restarted,
		(vigil_service_reply){RUNNING, .pid = 7, .death = &death});
	ck_assert_int_eq(fake.level, VIGIL_OK);
	ck_assert_ptr_nonnull(strstr(fake.long_health, "cannot open"));
	fake_pass(3700);
	STATUS(RUNNING, .pid = 7, .death = &death);
	ck_assert_int_eq(fake.level, VIGIL_OK);
	ck_assert_str_eq(fake.long_health, "");
	stop();
}
END_TEST

START_TEST(what_becomes_known_of_a_death_later_completes_its_record)
{
	vigil_service_death death = crash(5);

	death.text = "could not be started: 203/EXEC";
	death.core = false;
	start();
	STATUS(RUNNING, .pid = 77);
	STATUS(FAILED, .death = &death);
	death.text = "could not be started: 203/EXEC (/usr/sbin/web does not exist)";
	STATUS(FAILED, .death = &death);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_str_eq(member(record(0), "reason"), death.text);
	ck_assert_ptr_nonnull(strstr(fake.long_health, "does not exist"));
	stop();
}
END_TEST

START_TEST(one_death_is_recorded_once)
{
	vigil_service_death death = crash(5);

	start();
	STATUS(RUNNING, .pid = 77);
	for (int i = 0; i < 5; i++)
		die(death);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_ptr_null(json_object_get(record(0), "more"));
	stop();
}
END_TEST

START_TEST(a_death_before_the_first_check_of_a_running_service_is_not_recorded)
{
	vigil_service_death old = crash(5), new = crash(6);

	start();
	STATUS(RUNNING, .pid = 77, .death = &old);
	STATUS(RUNNING, .pid = 77, .death = &old);
	ck_assert_uint_eq(json_array_size(deaths()), 0);
	STATUS(RUNNING, .pid = 78, .death = &new); /* its manager has restarted it */
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	stop();
}
END_TEST

START_TEST(records_survive_a_restart_of_vigild_and_a_death_meanwhile_is_recorded)
{
	vigil_service_death first = crash(5), second = crash(6);

	start();
	STATUS(RUNNING, .pid = 77);
	die(first);
	fake_pass(1);
	say("only once");
	stop(); /* while the output is being read */
	fake.child_runs = false;
	ck_assert(fake_said("death: killed by SIGSEGV"));
	ck_assert_ptr_nonnull(strstr(member(record(0), "output_note"), "the daemon was stopped"));
	fake.service = (struct vigil_service){.on_status = NULL};
	start();
	STATUS(RUNNING, .pid = 78, .death = &first);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	STATUS(RUNNING, .pid = 79, .death = &second);
	ck_assert_uint_eq(json_array_size(deaths()), 2);
	ck_assert_str_eq(member(record(1), "id"), "6");
	stop();
}
END_TEST

START_TEST(many_deaths_of_one_cause_share_records_and_start_few_programs)
{
	unsigned events;

	start();
	STATUS(RUNNING, .pid = 77);
	for (unsigned i = 1; i <= 3600; i++) {
		fake.event_count = 0;
		die(crash(i));
		fake_pass(1);
		if (fake.child_runs)
			fake_child_exit((vigil_child_exit){0});
	}
	events = fake.spawned; /* each record without output is tried twice */
	ck_assert_uint_le(events, 24);
	ck_assert_uint_le(json_array_size(deaths()), DEATHS_MAX);
	ck_assert_int_gt(
		json_integer_value(json_object_get(record(json_array_size(deaths()) - 1), "more")),
		60);
	ck_assert_ptr_nonnull(strstr(fake.long_health, "more in the same way until"));
	stop();
}
END_TEST

START_TEST(many_deaths_of_different_causes_start_few_programs)
{
	vigil_service_death death;
	size_t bytes;

	start();
	STATUS(RUNNING, .pid = 77);
	for (unsigned i = 1; i <= 100; i++) {
		fake.event_count = 0;
		death = crash(i);
		death.exit_status = (int)i;
		die(death);
		fake_pass(1);
		for (int n = 0; fake.child_runs && n < 20; n++)
			say("1234567890123456789012345678901234567890123456789012345678901234567890"
			    "1"
			    "1234567890123456789012345678901234567890123456789012345678901234567890"
			    "1"
			    "1234567890123456789012345678901234567890123456789012345678901234567890"
			    "1"
			    "1234567890123456789012345678901234567890123456789012345678901234567890"
			    "1");
		if (fake.child_runs)
			fake_child_exit((vigil_child_exit){0});
		bytes = json_dumpb(deaths(), NULL, 0, JSON_COMPACT);
		ck_assert_uint_le(bytes, DEATHS_BYTES);
	}
	ck_assert_uint_le(fake.spawned, 2 * (3 + 2));
	ck_assert_uint_eq(json_array_size(deaths()), DEATHS_MAX);
	ck_assert_ptr_nonnull(strstr(member(record(DEATHS_MAX - 1), "output_note"), "too often"));
	stop();
}
END_TEST

START_TEST(a_stop_of_an_admin_is_no_death_unless_it_ends_badly)
{
	vigil_service_death clean = crash(5), killed = crash(6);

	clean.core = killed.core = false;
	clean.signal = 15;
	killed.signal = 9;
	start();
	STATUS(RUNNING, .pid = 77);
	ck_assert_int_eq(fake_verb("stop"), VIGIL_VERB_STARTED);
	fake_answer(&fake.service.on_stopped, (vigil_service_reply){STOPPED, .death = &clean});
	ck_assert_uint_eq(json_array_size(deaths()), 0);
	vigil_module_descriptor.resumed(&fake.daemon);
	STATUS(RUNNING, .pid = 78, .death = &clean);
	ck_assert_int_eq(fake_verb("stop"), VIGIL_VERB_STARTED);
	fake_answer(&fake.service.on_stopped, (vigil_service_reply){FAILED, .death = &killed});
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_ptr_nonnull(strstr(member(record(0), "reason"), "by an admin: killed"));
	stop();
}
END_TEST

START_TEST(a_oneshot_that_ends_well_has_not_died)
{
	vigil_service_death end = {.size = sizeof(end),
		.id = 9,
		.ran = 1,
		.text = "exited with status 0",
		.result = "success",
		.journal = ID};

	start();
	STATUS(RUNNING, .pid = 77);
	STATUS(STOPPED, .idle = "started by backup.timer", .death = &end);
	ck_assert_uint_eq(json_array_size(deaths()), 0);
	end.id = 10;
	end.exit_status = 3;
	STATUS(STOPPED, .idle = "started by backup.timer", .death = &end);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	stop();
}
END_TEST

START_TEST(a_death_that_the_manager_does_not_report_is_recorded_from_the_checks)
{
	start();
	STATUS(RUNNING, .pid = 77);
	fake_pass(30);
	STATUS(FAILED, .text = "dead, but its pidfile exists\nweb: cannot bind\nweb: giving up");
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_str_eq(
		member(record(0), "reason"), "it was found failed: dead, but its pidfile exists");
	ck_assert_double_ge(json_number_value(json_object_get(record(0), "ran_seconds")), 29);
	ck_assert_str_eq(line(0, 2), "web: giving up");
	STATUS(FAILED);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	fake_answer(&fake.service.on_restarted,
		(vigil_service_reply){FAILED, .error = -EIO, .fault = VIGIL_FAULT_FAILED,
			.text = "exit status 1\nno such user"});
	ck_assert_uint_eq(json_array_size(deaths()), 2);
	ck_assert_str_eq(member(record(1), "reason"), "it could not be started: exit status 1");
	ck_assert_str_eq(line(1, 1), "no such user");
	stop();
}
END_TEST

START_TEST(a_restart_by_a_manager_that_reports_nothing_is_recorded)
{
	start();
	STATUS(RUNNING, .pid = 77, .run = 1);
	STATUS(RUNNING, .pid = 78, .run = 1); /* it has handed over to a successor */
	ck_assert_uint_eq(json_array_size(deaths()), 0);
	STATUS(RUNNING, .pid = 79, .run = 2);
	ck_assert_uint_eq(json_array_size(deaths()), 1);
	ck_assert_str_eq(member(record(0), "reason"), "it ended, and its manager brought it back");
	STATUS(.status = VIGIL_SERVICE_STARTING);
	ck_assert_uint_eq(json_array_size(deaths()), 2);
	STATUS(RUNNING, .pid = 80, .run = 3);
	ck_assert_uint_eq(json_array_size(deaths()), 2);
	stop();
}
END_TEST

SUITE("death", setup, fake_end)
{
	TEST(a_death_has_what_the_manager_reports_and_its_last_output);
	TEST(the_health_has_the_last_death_while_the_service_is_down_and_for_an_hour);
	TEST(what_becomes_known_of_a_death_later_completes_its_record);
	TEST(one_death_is_recorded_once);
	TEST(a_death_before_the_first_check_of_a_running_service_is_not_recorded);
	TEST(records_survive_a_restart_of_vigild_and_a_death_meanwhile_is_recorded);
	TEST(many_deaths_of_one_cause_share_records_and_start_few_programs);
	TEST(many_deaths_of_different_causes_start_few_programs);
	TEST(a_stop_of_an_admin_is_no_death_unless_it_ends_badly);
	TEST(a_oneshot_that_ends_well_has_not_died);
	TEST(a_death_that_the_manager_does_not_report_is_recorded_from_the_checks);
	TEST(a_restart_by_a_manager_that_reports_nothing_is_recorded);
}
