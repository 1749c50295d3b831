/*
 * check_unit_crash: what systemd does after `kill -9` of the main process, as a table of properties
 * and answers. tests/system/services-systemd.sh compares the answers with a real systemd.
 */
#include "service/systemd/unit_crash.h"

#include <string.h>

#include "suite.h"

#define MS     UINT64_C(1000)
#define SECOND (1000 * MS)

struct row {
	const char *what;
	struct unit_traits traits;
	vigil_service_crash crash;
	const char *text;
	double delay;
};

/* The row then gets systemd's defaults for the members that are not set. */
#define TRAITS(...)         \
	{                   \
		__VA_ARGS__ \
	}
#define NO_TIME   (UNIT_FOREVER - 1) /* instead of 0, which means the default */
#define DOWN      VIGIL_CRASH_DOWN
#define RESTARTED VIGIL_CRASH_RESTARTED

static const struct row rows[] = {
	{"no restart", TRAITS(.restart = "no"), DOWN, "stays failed", 0},
	{"always", TRAITS(.restart = "always"), RESTARTED, "restarted by systemd in 100 ms", 0.1},
	{"at once", TRAITS(.restart = "always", .delay = NO_TIME), RESTARTED,
		"restarted by systemd at once", 0},
	{"seconds", TRAITS(.restart = "always", .delay = 5 * SECOND), RESTARTED,
		"restarted by systemd in 5 s", 5},
	{"minutes", TRAITS(.restart = "always", .delay = 90 * SECOND), RESTARTED,
		"restarted by systemd in 1m30s", 90},
	{"on-failure", TRAITS(.restart = "on-failure"), RESTARTED, "restarted by systemd in 100 ms",
		0.1},
	{"on-abnormal", TRAITS(.restart = "on-abnormal"), RESTARTED,
		"restarted by systemd in 100 ms", 0.1},
	{"on-abort", TRAITS(.restart = "on-abort"), RESTARTED, "restarted by systemd in 100 ms",
		0.1},
	{"on-watchdog", TRAITS(.restart = "on-watchdog"), DOWN, "stays failed: Restart=on-watchdog",
		0},
	{"on-success", TRAITS(.restart = "on-success"), DOWN, "stays failed: Restart=on-success",
		0},
	{"a value of a later version", TRAITS(.restart = "on-full-moon"), DOWN,
		"stays failed: Restart=on-full-moon", 0},

	{"prevented", TRAITS(.restart = "always", .prevents = true), DOWN,
		"stays failed: RestartPreventExitStatus=SIGKILL", 0},
	{"prevention wins over force",
		TRAITS(.restart = "always", .prevents = true, .forces = true), DOWN,
		"stays failed: RestartPreventExitStatus=SIGKILL", 0},
	{"forced", TRAITS(.restart = "no", .forces = true), RESTARTED,
		"restarted by systemd in 100 ms", 0.1},
	{"a success, on-failure", TRAITS(.restart = "on-failure", .succeeds = true), DOWN,
		"stays down: SuccessExitStatus=SIGKILL", 0},
	{"a success, on-success", TRAITS(.restart = "on-success", .succeeds = true), RESTARTED,
		"restarted by systemd in 100 ms", 0.1},
	{"a success that remains", TRAITS(.restart = "always", .succeeds = true, .remains = true),
		DOWN, "stays down: RemainAfterExit=yes", 0},
	{"remaining does not matter for a failure", TRAITS(.restart = "always", .remains = true),
		RESTARTED, "restarted by systemd in 100 ms", 0.1},

	{"no main process, on-failure", TRAITS(.restart = "on-failure", .mainless = true), DOWN,
		"stays down: systemd does not know its main process", 0},
	{"no main process, always", TRAITS(.restart = "always", .mainless = true), RESTARTED,
		"restarted by systemd in 100 ms", 0.1},
	{"no main process, forced by a signal that systemd does not see",
		TRAITS(.restart = "no", .mainless = true, .forces = true), DOWN, "stays down", 0},
	{"a wrapped script",
		TRAITS(.type = "forking", .restart = "no", .mainless = true, .remains = true,
			.script = true),
		DOWN, "stays down", 0},
	{"a wrapped script whose daemon has ended",
		TRAITS(.type = "forking", .restart = "no", .exited = true, .remains = true,
			.script = true),
		DOWN, "stays failed", 0},

	{"an endless delay", TRAITS(.restart = "always", .delay = UNIT_FOREVER), DOWN,
		"stays down: RestartSec=infinity", 0},
	{"one start in an endless interval",
		TRAITS(.restart = "always", .burst = 1, .interval = UNIT_FOREVER), DOWN,
		"stays failed: StartLimitBurst=1", 0},
	{"the last start in an endless interval",
		TRAITS(.restart = "always", .burst = 3, .interval = UNIT_FOREVER, .respawns = 2),
		DOWN, "stays failed: StartLimitBurst=3", 0},
	{"starts left in an endless interval",
		TRAITS(.restart = "always", .burst = 3, .interval = UNIT_FOREVER, .respawns = 1),
		RESTARTED, "restarted by systemd in 100 ms", 0.1},
	{"the last start in a day, soon after the boot",
		TRAITS(.restart = "always", .burst = 2, .interval = 86400 * SECOND, .respawns = 1,
			.booted = 3600 * SECOND),
		DOWN, "stays failed: StartLimitBurst=2", 0},
	{"the last start in an hour, long after the boot",
		TRAITS(.restart = "always", .burst = 2, .interval = 3600 * SECOND, .respawns = 1,
			.booted = 86400 * SECOND),
		RESTARTED, "restarted by systemd in 100 ms", 0.1},
	{"one start in an hour, and it was now",
		TRAITS(.restart = "always", .burst = 1, .interval = 3600 * SECOND,
			.uptime = 60 * SECOND),
		DOWN, "stays failed: StartLimitBurst=1", 0},
	{"one start in an hour, and it was long ago",
		TRAITS(.restart = "always", .burst = 1, .interval = 3600 * SECOND,
			.uptime = 3601 * SECOND),
		RESTARTED, "restarted by systemd in 100 ms", 0.1},
	{"one start in ten seconds, and a delay that is longer",
		TRAITS(.restart = "always", .burst = 1, .delay = 20 * SECOND), RESTARTED,
		"restarted by systemd in 20 s", 20},
	{"no limit of starts", TRAITS(.restart = "always", .burst = 1, .interval = NO_TIME),
		RESTARTED, "restarted by systemd in 100 ms", 0.1},

	{"an active socket", TRAITS(.restart = "no", .triggered = true, .trigger = "a.socket"),
		VIGIL_CRASH_ON_DEMAND, "started by a.socket when needed", 0},
	{"an inactive socket", TRAITS(.restart = "no", .triggered = true), DOWN, "stays failed", 0},
	{"a socket and a restart",
		TRAITS(.restart = "always", .triggered = true, .trigger = "a.socket"), RESTARTED,
		"restarted by systemd in 100 ms", 0.1},
	{"D-Bus", TRAITS(.restart = "no", .by_bus = true), VIGIL_CRASH_ON_DEMAND,
		"started by D-Bus when needed", 0},
	{"upheld", TRAITS(.restart = "no", .upholder = "a.target"), RESTARTED,
		"restarted by systemd: a.target upholds it", 0},
	{"masked", TRAITS(.restart = "always", .masked = true), DOWN, "stays down: it is masked",
		0},
	{"a oneshot", TRAITS(.type = "oneshot", .restart = "on-failure"), VIGIL_CRASH_NONE,
		"a oneshot", 0},
	{"exited", TRAITS(.exited = true, .remains = true), VIGIL_CRASH_NONE, "has no process", 0},
	{"a login", TRAITS(.restart = "no", .by_login = true), VIGIL_CRASH_NONE,
		"ends when its user logs out", 0},
	{"nothing known", {.down = true}, DOWN, "stays failed", 0},
};

static uint64_t time_or(uint64_t time, uint64_t otherwise)
{
	return time == NO_TIME ? 0 : time != 0 ? time : otherwise;
}

START_TEST(each_row_is_answered)
{
	const struct row *row = &rows[_i];
	struct unit_traits traits = row->traits;
	char text[UNIT_CRASH_TEXT] = "";
	double delay = -1;
	vigil_service_crash crash;

	if (traits.type[0] == '\0')
		strcpy(traits.type, "simple");
	traits.delay = time_or(traits.delay, 100 * MS);
	traits.burst = traits.burst != 0 ? traits.burst : 5;
	traits.interval = time_or(traits.interval, 10 * SECOND);
	crash = unit_crash(&traits, text, &delay);
	ck_assert_msg(crash == row->crash, "%s: %s, not %s", row->what,
		vigil_service_crash_name(crash), vigil_service_crash_name(row->crash));
	ck_assert_msg(strcmp(text, row->text) == 0, "%s: \"%s\"", row->what, text);
	ck_assert_msg(delay == row->delay, "%s: %g s", row->what, delay);
}
END_TEST

static const struct {
	const char *state;
	bool wanted, masked;
	vigil_service_boot boot;
} boots[] = {
	{"enabled", false, false, VIGIL_BOOT_YES},
	{"enabled-runtime", false, false, VIGIL_BOOT_YES},
	{"disabled", true, false, VIGIL_BOOT_NO},
	{"static", true, false, VIGIL_BOOT_STATIC},
	{"indirect", false, false, VIGIL_BOOT_STATIC},
	{"generated", true, false, VIGIL_BOOT_YES},
	{"generated", false, false, VIGIL_BOOT_NO},
	{"transient", false, false, VIGIL_BOOT_NO},
	{"linked", false, false, VIGIL_BOOT_NO},
	{"masked", false, false, VIGIL_BOOT_NO},
	{"masked-runtime", false, true, VIGIL_BOOT_NO},
	{"enabled", false, true, VIGIL_BOOT_NO},
	{"bad", false, false, VIGIL_BOOT_UNKNOWN},
	{"", false, false, VIGIL_BOOT_UNKNOWN},
};

START_TEST(each_state_of_a_unit_file_is_known)
{
	struct unit_traits traits = {.wanted = boots[_i].wanted, .masked = boots[_i].masked};

	strcpy(traits.file_state, boots[_i].state);
	ck_assert_msg(unit_boot(&traits) == boots[_i].boot, "%s: %s", boots[_i].state,
		vigil_service_boot_name(unit_boot(&traits)));
}
END_TEST

static const struct {
	const char *what;
	struct unit_traits traits;
	bool daemon;
} daemons[] = {
	{"a simple unit", {.type = "simple"}, true},
	{"a oneshot", {.type = "oneshot"}, false},
	{"an enabled oneshot", {.type = "oneshot", .file_state = "enabled"}, false},
	{"a unit without a process", {.type = "forking", .exited = true}, false},
	{"a script whose daemon has ended", {.type = "forking", .exited = true, .script = true},
		true},
	{"a unit of a timer", {.type = "simple", .triggered = true, .file_state = "static"}, false},
	{"a unit of a socket", {.type = "notify", .triggered = true, .file_state = "disabled"},
		false},
	{"an enabled unit of a socket",
		{.type = "notify", .triggered = true, .file_state = "enabled"}, true},
	{"a unit of D-Bus", {.type = "dbus", .by_bus = true, .file_state = "static"}, false},
	{"an enabled unit of D-Bus", {.type = "dbus", .by_bus = true, .file_state = "enabled"},
		true},
	{"a login", {.type = "notify", .by_login = true}, false},
};

START_TEST(daemons_are_told_from_other_units)
{
	ck_assert_msg(
		unit_is_daemon(&daemons[_i].traits) == daemons[_i].daemon, "%s", daemons[_i].what);
}
END_TEST

SUITE("unit_crash", NULL, NULL)
{
	LOOP_TEST(each_row_is_answered, COUNT(rows));
	LOOP_TEST(each_state_of_a_unit_file_is_known, COUNT(boots));
	LOOP_TEST(daemons_are_told_from_other_units, COUNT(daemons));
}
