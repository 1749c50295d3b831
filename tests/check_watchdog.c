/*
 * check_watchdog: the module watchdog on a file in place of the fake.  The file records what is
 * written to it; open and ioctl are made up.  tests/system/vm shows the module with a real driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include "fixture_environment.h"

/* --- the device ------------------------------------------------------------------------------- */

static struct {
	bool busy, is_watchdog;
	uint32_t features;
	int timeout_max, timeout, pretimeout, status;
} fake;

static int fake_open(const char *path, int flags)
{
	if (fake.busy && strcmp(path, scratch_path("watchdog")) == 0) {
		errno = EBUSY;
		return -1;
	}
	return open(path, flags);
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	struct watchdog_info info = {.options = fake.features, .identity = "fake timer"};

	if (!fake.is_watchdog)
		return refuse(ENOTTY);
	switch (request) {
	case WDIOC_GETSUPPORT: memcpy(arg, &info, sizeof(info)); return 0;
	case WDIOC_SETTIMEOUT:
		if (*(int *)arg > fake.timeout_max)
			return refuse(EINVAL);
		fake.timeout = *(int *)arg;
		return 0;
	case WDIOC_GETTIMEOUT: *(int *)arg = fake.timeout; return 0;
	case WDIOC_SETPRETIMEOUT:
		if (!(fake.features & WDIOF_PRETIMEOUT))
			return refuse(EOPNOTSUPP);
		fake.pretimeout = *(int *)arg;
		return 0;
	case WDIOC_GETBOOTSTATUS: *(int *)arg = fake.status; return 0;
	default: return refuse(ENOTTY);
	}
}

#define open(path, flags)         fake_open(path, flags)
#define ioctl(fd, request, value) fake_ioctl(fd, request, value)
#include "../src/modules/watchdog/watchdog.c"
#undef open
#undef ioctl

static const char *written(void)
{
	static char bytes[4096];
	FILE *file = fopen(scratch_path("watchdog"), "r");
	size_t n = fread(bytes, 1, sizeof(bytes) - 1, file);

	fclose(file);
	bytes[n] = '\0';
	for (size_t i = 0; i < n; i++)
		if (bytes[i] == '\0')
			bytes[i] = '.';
	return bytes;
}

static size_t feeds(void)
{
	return strlen(written());
}

/* --- a daemon --------------------------------------------------------------------------------- */

static struct vigil_daemon *daemon_up;

static const char *web_level; /* of the health of the daemon web */
static bool web_paused;

/* As in vigild, each answer about a daemon is made when it is read, and freed at the next one. */
static json_t *compute_web(const char *rest, void *arg)
{
	if (web_level == NULL)
		return NULL;
	if (strcmp(rest, "/web/paused") == 0)
		return json_boolean(web_paused);
	ck_assert_str_eq(rest, "/web/health");
	return json_pack("{s:s,s:s}", "level", web_level, "text", "it is down");
}

static void set_health(const char *level)
{
	web_level = level;
}

static void setup(void)
{
	environment_setup();
	fake.busy = false;
	fake.is_watchdog = true;
	fake.features = WDIOF_MAGICCLOSE | WDIOF_SETTIMEOUT | WDIOF_PRETIMEOUT;
	fake.timeout_max = 100;
	fake.timeout = 30;
	fake.pretimeout = fake.status = 0;
	web_level = NULL;
	web_paused = false;
	ck_assert_int_eq(state_mount(environment.state, "/runs", compute_web, NULL), 0);
	scratch_put("watchdog", 0600, "%s", "");
}

static void teardown(void)
{
	if (daemon_up != NULL)
		daemon_free(daemon_up);
	daemon_up = NULL;
	environment_teardown();
}

static int start_daemon(const char *const *more)
{
	char path[300];
	const char *pairs[8] = {path, "timeout=1", "tolerance=0.3", "needs=web"};
	struct option_set *set;

	snprintf(path, sizeof(path), "device=%s", scratch_path("watchdog"));
	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		pairs[1 + i] = more[i];
	set = options_of(options, pairs);
	daemon_up = daemon_new(&environment, "test", "watchdog", &vigil_module_descriptor, set);
	option_set_unref(set);
	return daemon_start(daemon_up);
}

#define START_WITH(...) start_daemon((const char *const[]){__VA_ARGS__, NULL})

static bool health_is(const char *level, const char *text)
{
	return strcmp(health_text(daemon_up, "level"), level) == 0 &&
	       strstr(health_text(daemon_up, "text"), text) != NULL;
}

static const char *reason(void)
{
	return state_at("/daemons/test/boot/reset_reason");
}

START_TEST(a_daemon_feeds_until_a_clean_stop)
{
	ck_assert_int_eq(start_daemon(NULL), 0);
	ck_assert_int_eq(fake.timeout, 1);
	TURN_UNTIL(feeds() >= 3);
	ck_assert(health_is("OK", "the watchdog is fed, timeout 1 s"));
	ck_assert_str_eq(state_at("/daemons/test/device/identity"), "\"fake timer\"");
	ck_assert_str_eq(state_at("/daemons/test/boot/armed"), "true");
	ck_assert_ptr_null(strchr(written(), 'V'));
	daemon_stop(daemon_up);
	ck_assert_str_eq(strchr(written(), 'V'), "V");
	ck_assert(json_is_false(
		json_object_get(store_get(environment.store, "kept", "test", "boot"), "armed")));
}
END_TEST

START_TEST(a_daemon_that_stays_critical_stops_feeding)
{
	size_t fed;

	set_health("CRITICAL"); /* it does not count before it was OK once */
	ck_assert_int_eq(start_daemon(NULL), 0);
	TURN_UNTIL(feeds() >= 4);
	set_health("OK");
	fed = feeds();
	TURN_UNTIL(feeds() > fed);
	set_health("UNKNOWN");
	fed = feeds();
	TURN_UNTIL(feeds() >= fed + 4);
	set_health("CRITICAL");
	TURN_UNTIL(health_is("CRITICAL", "web was CRITICAL: it is down"));
	ck_assert_str_eq(
		state_at("/daemons/test/boot/withheld"), "\"web was CRITICAL: it is down\"");
	fed = feeds();
	turn_for(CLOCK_SECOND);
	ck_assert_uint_eq(feeds(), fed);
	set_health("WARNING");
	TURN_UNTIL(feeds() > fed);
	TURN_UNTIL(health_is("OK", "the watchdog is fed"));
	ck_assert_str_eq(state_at("/daemons/test/boot/withheld"), "\"\"");
}
END_TEST

START_TEST(a_short_failure_is_tolerated)
{
	size_t fed;

	set_health("OK");
	ck_assert_int_eq(START_WITH("timeout=1", "tolerance=1h", "needs=web"), 0);
	TURN_UNTIL(feeds() >= 1);
	set_health("CRITICAL");
	fed = feeds();
	TURN_UNTIL(feeds() >= fed + 4);
}
END_TEST

START_TEST(a_paused_daemon_feeds)
{
	size_t fed;

	set_health("OK");
	ck_assert_int_eq(start_daemon(NULL), 0);
	TURN_UNTIL(feeds() >= 1);
	set_health("CRITICAL");
	TURN_UNTIL(strcmp(state_at("/daemons/test/boot/withheld"), "\"\"") != 0);
	daemon_pause(daemon_up, 0, "", "");
	fed = feeds();
	TURN_UNTIL(feeds() >= fed + 4);
	daemon_resume(daemon_up);
	TURN_UNTIL(strcmp(state_at("/daemons/test/boot/withheld"), "\"\"") != 0);
}
END_TEST

START_TEST(a_needed_daemon_that_is_paused_does_not_count)
{
	size_t fed;

	set_health("OK");
	ck_assert_int_eq(start_daemon(NULL), 0);
	TURN_UNTIL(feeds() >= 1);
	web_paused = true;
	set_health("CRITICAL");
	fed = feeds();
	TURN_UNTIL(feeds() >= fed + 4);
	web_paused = false;
	TURN_UNTIL(strcmp(state_at("/daemons/test/boot/withheld"), "\"\"") != 0);
}
END_TEST

static void set_lag(double lag)
{
	ck_assert_int_eq(
		state_set(environment.state, "/vigil/loop/lag_seconds/p99", json_real(lag)), 0);
}

START_TEST(a_loop_that_stays_slow_stops_feeding)
{
	set_lag(0.01);
	ck_assert_int_eq(START_WITH("timeout=1", "tolerance=0.3", "max_lag=2"), 0);
	TURN_UNTIL(feeds() >= 2);
	set_lag(2.5);
	TURN_UNTIL(health_is("CRITICAL", "the loop of vigild was late by 2.5 s"));
	set_lag(1.5);
	TURN_UNTIL(health_is("OK", "the watchdog is fed"));
}
END_TEST

/* --- resets ----------------------------------------------------------------------------------- */

START_TEST(the_next_boot_says_why_the_machine_was_reset)
{
	static const struct {
		int status;
		bool armed;
		const char *withheld, *reason;
	} rows[] = {
		{0, false, "", ""},
		{0, true, "", "vigild was not stopped before the machine was reset or lost power"},
		{0, true, "web was CRITICAL",
			"the machine was probably reset by the watchdog; vigild had stopped "
			"feeding "
			"it: web was CRITICAL"},
		{WDIOF_CARDRESET, true, "", "the machine was reset by the watchdog"},
		{WDIOF_CARDRESET, false, "", "the machine was reset by the watchdog"},
		{WDIOF_CARDRESET, true, "web was CRITICAL",
			"the machine was reset by the watchdog; vigild had stopped feeding it: web "
			"was CRITICAL"},
		{WDIOF_OVERHEAT | WDIOF_POWEROVER, true, "",
			"the machine was reset by overheating and a high voltage"},
		{WDIOF_FANFAULT, false, "", "the machine was reset by a failed fan"},
		{WDIOF_EXTERN1, false, "", "the machine was reset by external relay 1"},
		{WDIOF_EXTERN2, false, "", "the machine was reset by external relay 2"},
		{WDIOF_POWERUNDER, false, "", "the machine was reset by a low voltage"},
		{WDIOF_SETTIMEOUT | WDIOF_MAGICCLOSE | WDIOF_KEEPALIVEPING, false, "", ""},
	};
	char wanted[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		store_put_new(environment.store, "kept", "test", "boot",
			json_pack("{s:s,s:b,s:s}", "id", "another boot", "armed", rows[i].armed,
				"withheld", rows[i].withheld));
		fake.status = rows[i].status;
		ck_assert_int_eq(START_WITH("reset_warning=365d"), 0);
		snprintf(wanted, sizeof(wanted), "\"%s\"", rows[i].reason);
		ck_assert_str_eq(reason(), wanted);
		TURN_UNTIL(health_is(rows[i].reason[0] != '\0' ? "WARNING" : "OK", rows[i].reason));
		daemon_free(daemon_up);
		daemon_up = NULL;
	}
}
END_TEST

START_TEST(a_restart_of_vigild_keeps_the_reason)
{
	store_put_new(environment.store, "kept", "test", "boot",
		json_pack("{s:s,s:b}", "id", "another boot", "armed", 1));
	ck_assert_int_eq(START_WITH("reset_warning=0"), 0);
	ck_assert_ptr_nonnull(strstr(reason(), "vigild was not stopped"));
	TURN_UNTIL(health_is("OK", "the watchdog is fed"));
	daemon_stop(daemon_up);
	ck_assert_int_eq(daemon_start(daemon_up), 0);
	ck_assert_ptr_nonnull(strstr(reason(), "vigild was not stopped"));
}
END_TEST

START_TEST(the_first_start_knows_no_reset)
{
	ck_assert_int_eq(start_daemon(NULL), 0);
	ck_assert_str_eq(reason(), "\"\"");
}
END_TEST

/* --- devices ---------------------------------------------------------------------------------- */

START_TEST(a_device_that_is_in_use_is_refused)
{
	fake.busy = true;
	ck_assert_int_ne(start_daemon(NULL), 0);
	ck_assert_ptr_nonnull(strstr(daemon_reason(daemon_up), "busy"));
	ck_assert_ptr_nonnull(strstr(daemon_reason(daemon_up), "RuntimeWatchdogSec"));
}
END_TEST

START_TEST(a_missing_device_is_refused)
{
	ck_assert_int_eq(unlink(scratch_path("watchdog")), 0);
	ck_assert_int_ne(start_daemon(NULL), 0);
	ck_assert_ptr_nonnull(strstr(daemon_reason(daemon_up), "No such file"));
}
END_TEST

START_TEST(what_is_no_watchdog_is_not_written)
{
	fake.is_watchdog = false;
	ck_assert_int_ne(start_daemon(NULL), 0);
	ck_assert_ptr_nonnull(strstr(daemon_reason(daemon_up), "is not a watchdog"));
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(the_times_are_those_of_the_driver)
{
	ck_assert_int_eq(START_WITH("timeout=20.2", "pretimeout=5"), 0);
	ck_assert_int_eq(fake.timeout, 21);
	ck_assert_int_eq(fake.pretimeout, 5);
	ck_assert_str_eq(state_at("/daemons/test/device/pretimeout_seconds"), "5");
	daemon_free(daemon_up);
	ck_assert_int_eq(START_WITH("timeout=200"), 0); /* the driver refuses it, and keeps 21 */
	ck_assert_str_eq(state_at("/daemons/test/device/timeout_seconds"), "21");
	TURN_UNTIL(health_is("OK", "timeout 21 s"));
}
END_TEST

START_TEST(what_the_driver_lacks_is_a_warning)
{
	fake.features = WDIOF_MAGICCLOSE;
	ck_assert_int_eq(START_WITH("timeout=20", "pretimeout=5"), 0);
	TURN_UNTIL(health_is("WARNING", "does not accept the pre-timeout"));
	ck_assert_str_eq(state_at("/daemons/test/device/pretimeout_seconds"), "0");
	daemon_free(daemon_up);
	fake.features = 0;
	ck_assert_int_eq(START_WITH("timeout=20"), 0);
	TURN_UNTIL(health_is("WARNING", "a crash of vigild stops it"));
}
END_TEST

SUITE("watchdog", setup, teardown)
{
	TEST(a_daemon_feeds_until_a_clean_stop);
	TEST(a_daemon_that_stays_critical_stops_feeding);
	TEST(a_short_failure_is_tolerated);
	TEST(a_paused_daemon_feeds);
	TEST(a_needed_daemon_that_is_paused_does_not_count);
	TEST(a_loop_that_stays_slow_stops_feeding);
	TEST(the_next_boot_says_why_the_machine_was_reset);
	TEST(a_restart_of_vigild_keeps_the_reason);
	TEST(the_first_start_knows_no_reset);
	TEST(a_device_that_is_in_use_is_refused);
	TEST(a_missing_device_is_refused);
	TEST(what_is_no_watchdog_is_not_written);
	TEST(the_times_are_those_of_the_driver);
	TEST(what_the_driver_lacks_is_a_warning);
}
