/* check_exec: the module exec marks the numbers of a program as stale when they are not current. */
#include "fake_vigil.h"
#include "suite.h"

#define EXITED(status) ((status) << 8)

/* --- the parts of vigil.h that only this module needs ----------------------------------------- */

int vigil_every_spread(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg)
{
	return vigil_every(d, interval, cb, arg);
}

int vigil_at(vigil_daemon *d, const char *option, vigil_tick_fn *cb, void *arg)
{
	return -ENOSYS;
}

bool vigil_next_time(vigil_daemon *d, const char *option, char text[VIGIL_TIMES_TEXT])
{
	text[0] = '\0';
	return false;
}

pid_t vigil_child_pid(const vigil_child *child)
{
	return 1;
}

pid_t vigil_child_given_up(vigil_daemon *d)
{
	return 0;
}

int vigil_on_left_behind(vigil_daemon *d, vigil_left_behind_fn *cb, void *arg)
{
	return 0;
}

int vigil_find_program(const char *program, char *why, size_t size)
{
	return 0;
}

int vigil_check_command(const vigil_child_spec *spec, char *why, size_t size)
{
	return 0;
}

char *vigil_sanitize_lines(char *clean, size_t size, const char *text)
{
	return vigil_sanitize(clean, size, text);
}

char *vigil_pointer_token(char *text, size_t size, const char *token)
{
	return vigil_sanitize(text, size, token);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void setup(void)
{
	fake_begin();
	fake.children = true;
	fake_option("command", "/bin/program");
	fake_option("interval", "10");
	fake_option("state_max", "65536");
	fake_option("member_max", "16384");
}

static void teardown(void)
{
	fake_timers_stop();
	fake_end();
}

static void begin(const char *option, const char *value)
{
	fake_option(option, value);
	ck_assert_int_eq(vigil_module_descriptor.start(&fake.daemon), 0);
}

/* The next run of the program ends. */
static void run(int status, const char *output)
{
	fake_pass(10);
	fake_child_exit((vigil_child_exit){
		.status = EXITED(status), .output = output, .length = strlen(output)});
}

static bool is_stale(void)
{
	/* the subscribers of the health have seen the same */
	ck_assert_int_eq(json_is_true(json_object_get(fake.state, "stale")), fake.health_stale);
	return fake.health_stale;
}

static json_int_t number(void)
{
	return json_integer_value(json_object_get(fake.state, "n"));
}

/* --- tests ------------------------------------------------------------------------------------ */

static const struct {
	int status;
	const char *output;
	vigil_health_level level;
} without_object[] = {
	{1, "", VIGIL_WARNING},
	{2, "cannot connect\n", VIGIL_CRITICAL},
	{1, "[1, 2]", VIGIL_WARNING},
	{2, "{\"output\": \"bad\", \"perfdata\": 5}", VIGIL_CRITICAL},
	{2, "{\"output\": 5}", VIGIL_UNKNOWN},
	{0, "nonsense", VIGIL_UNKNOWN},
	{3, "", VIGIL_UNKNOWN},
};

START_TEST(a_run_without_a_valid_object_makes_the_numbers_stale)
{
	begin("format", "json");
	run(0, "{\"n\": 5}");
	ck_assert(!is_stale());
	run(without_object[_i].status, without_object[_i].output);
	ck_assert_int_eq(fake.level, without_object[_i].level);
	ck_assert(is_stale());
	ck_assert_int_eq(number(), 5);
	run(1, "{\"n\": 6}");
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	ck_assert(!is_stale());
	ck_assert_int_eq(number(), 6);
}
END_TEST

START_TEST(a_truncated_object_makes_the_numbers_stale)
{
	begin("format", "json");
	run(0, "{\"n\": 5}");
	fake_pass(10);
	fake_child_exit((vigil_child_exit){
		.status = EXITED(1), .output = "{\"n\": 6}", .length = 8, .truncated = true});
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	ck_assert(is_stale());
	ck_assert_int_eq(number(), 5);
}
END_TEST

START_TEST(the_numbers_of_a_plugin_are_those_of_its_last_run)
{
	begin("format", "nagios");
	run(0, "fine | n=5");
	run(1, "");
	ck_assert_int_eq(fake.level, VIGIL_WARNING);
	ck_assert(!is_stale());
	ck_assert_uint_eq(json_object_size(json_object_get(fake.state, "perfdata")), 0);
	run(3, "cannot ask");
	ck_assert(is_stale());
	run(2, "bad | n=6");
	ck_assert(!is_stale());
}
END_TEST

START_TEST(the_numbers_of_a_stream_are_stale_until_its_next_child_prints_an_object)
{
	begin("mode", "stream");
	fake_pass(1);
	fake_child_line("{\"n\": 5}", 8);
	ck_assert(!is_stale());
	fake_child_exit((vigil_child_exit){.status = EXITED(7), .output = ""});
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
	ck_assert(is_stale());
	fake_pass(10);
	ck_assert(fake.child_runs);
	ck_assert(is_stale());
	fake_child_line("{\"n\": 6}", 8);
	ck_assert(!is_stale());
	ck_assert_int_eq(number(), 6);
}
END_TEST

SUITE("exec", setup, teardown)
{
	LOOP_TEST(a_run_without_a_valid_object_makes_the_numbers_stale, COUNT(without_object));
	TEST(a_truncated_object_makes_the_numbers_stale);
	TEST(the_numbers_of_a_plugin_are_those_of_its_last_run);
	TEST(the_numbers_of_a_stream_are_stale_until_its_next_child_prints_an_object);
}
