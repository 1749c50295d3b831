/* unit_crash: see unit_crash.h. */
#include "service/systemd/unit_crash.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
#define SECOND       1e6 /* microseconds */

vigil_service_boot unit_boot(const struct unit_traits *traits)
{
	static const struct {
		const char *state;
		vigil_service_boot boot;
	} states[] = {
		{"enabled", VIGIL_BOOT_YES},
		{"enabled-runtime", VIGIL_BOOT_YES}, /* often the link of a generator */
		{"static", VIGIL_BOOT_STATIC},
		{"indirect", VIGIL_BOOT_STATIC},
		{"disabled", VIGIL_BOOT_NO},
		{"linked", VIGIL_BOOT_NO},
		{"linked-runtime", VIGIL_BOOT_NO},
		{"masked", VIGIL_BOOT_NO},
		{"masked-runtime", VIGIL_BOOT_NO},
		{"transient", VIGIL_BOOT_NO},
	};

	if (traits->masked)
		return VIGIL_BOOT_NO;
	if (strcmp(traits->file_state, "generated") == 0)
		return traits->wanted ? VIGIL_BOOT_YES : VIGIL_BOOT_NO;
	for (size_t i = 0; i < COUNT(states); i++)
		if (strcmp(traits->file_state, states[i].state) == 0)
			return states[i].boot;
	return VIGIL_BOOT_UNKNOWN;
}

bool unit_is_daemon(const struct unit_traits *traits)
{
	bool on_demand = traits->triggered || traits->by_bus;

	if (strcmp(traits->type, "oneshot") == 0 || traits->by_login)
		return false;
	if (traits->exited && !traits->script)
		return false;
	return !on_demand || unit_boot(traits) == VIGIL_BOOT_YES;
}

/* --- the decision ----------------------------------------------------------------------------- */

/* Whether systemd takes the end for a success.  If it does not know the main process, it notices
 * only that no process is left. */
static bool ends_well(const struct unit_traits *t)
{
	return t->succeeds || t->mainless;
}

static bool is(const struct unit_traits *t, const char *restart)
{
	return strcmp(t->restart, restart) == 0;
}

bool unit_is_restarted(const struct unit_traits *t)
{
	/* The unit then stays "active (exited)". */
	if (ends_well(t) && t->remains)
		return false;
	if (!t->mainless) { /* else systemd does not see the signal */
		if (t->prevents)
			return false;
		if (t->forces)
			return true;
	}
	if (is(t, "always"))
		return true;
	if (is(t, "on-success"))
		return ends_well(t);
	return !ends_well(t) && (is(t, "on-failure") || is(t, "on-abnormal") || is(t, "on-abort"));
}

/* Whether the next start exceeds the limit of starts.  systemd does not report when it has counted
 * the starts.  But a single start, or an interval that began before the boot, can be judged without
 * that. */
static bool is_limited(const struct unit_traits *t)
{
	if (t->burst == 0 || t->interval == 0)
		return false;
	if (t->interval == UNIT_FOREVER || (t->booted != 0 && t->booted < t->interval))
		return t->respawns + 1 >= t->burst;
	return t->burst == 1 && !t->down && t->uptime < t->interval &&
	       t->delay < t->interval - t->uptime;
}

/* --- the words -------------------------------------------------------------------------------- */

/* Formats microseconds: "100 ms", "5 s", "2m30s". */
static const char *format_time(char text[TEXT_AGE], uint64_t usec)
{
	if (usec < 1000000)
		snprintf(text, TEXT_AGE, "%g ms", (double)usec / 1e3);
	else if (usec < 60000000)
		snprintf(text, TEXT_AGE, "%g s", (double)usec / SECOND);
	else
		text_format_age(text, (double)usec / SECOND);
	return text;
}

static vigil_service_crash restarted(
	const struct unit_traits *t, char text[UNIT_CRASH_TEXT], double *delay)
{
	char time[TEXT_AGE];

	if (t->delay == UNIT_FOREVER) {
		snprintf(text, UNIT_CRASH_TEXT, "stays down: RestartSec=infinity");
		return VIGIL_CRASH_DOWN;
	}
	if (is_limited(t)) {
		snprintf(text, UNIT_CRASH_TEXT, "stays failed: StartLimitBurst=%u", t->burst);
		return VIGIL_CRASH_DOWN;
	}
	*delay = (double)t->delay / SECOND;
	if (t->delay == 0)
		snprintf(text, UNIT_CRASH_TEXT, "restarted by systemd at once");
	else
		snprintf(text, UNIT_CRASH_TEXT, "restarted by systemd in %s",
			format_time(time, t->delay));
	return VIGIL_CRASH_RESTARTED;
}

static void say_why_down(const struct unit_traits *t, char text[UNIT_CRASH_TEXT])
{
	const char *state = ends_well(t) ? "stays down" : "stays failed";

	if (is(t, "no") || t->restart[0] == '\0')
		snprintf(text, UNIT_CRASH_TEXT, "%s", state);
	else if (t->prevents && !t->mainless)
		snprintf(text, UNIT_CRASH_TEXT, "%s: RestartPreventExitStatus=SIGKILL", state);
	else if (ends_well(t) && t->remains)
		snprintf(text, UNIT_CRASH_TEXT, "%s: RemainAfterExit=yes", state);
	else if (t->succeeds)
		snprintf(text, UNIT_CRASH_TEXT, "%s: SuccessExitStatus=SIGKILL", state);
	else if (ends_well(t))
		snprintf(
			text, UNIT_CRASH_TEXT, "%s: systemd does not know its main process", state);
	else
		snprintf(text, UNIT_CRASH_TEXT, "%s: Restart=%s", state, t->restart);
}

/* Why the unit has no process that can crash; NULL: it can. */
static const char *is_safe(const struct unit_traits *t)
{
	if (strcmp(t->type, "oneshot") == 0)
		return "a oneshot";
	if (t->by_login)
		return "ends when its user logs out";
	return t->exited && !t->script ? "has no process" : NULL;
}

vigil_service_crash unit_crash(
	const struct unit_traits *t, char text[UNIT_CRASH_TEXT], double *delay)
{
	const char *safe = is_safe(t);

	*delay = 0;
	if (safe != NULL) {
		snprintf(text, UNIT_CRASH_TEXT, "%s", safe);
		return VIGIL_CRASH_NONE;
	}
	if (t->masked) {
		snprintf(text, UNIT_CRASH_TEXT, "stays down: it is masked");
		return VIGIL_CRASH_DOWN;
	}
	if (unit_is_restarted(t))
		return restarted(t, text, delay);
	if (t->upholder[0] != '\0') {
		snprintf(text, UNIT_CRASH_TEXT, "restarted by systemd: %s upholds it", t->upholder);
		return VIGIL_CRASH_RESTARTED;
	}
	if (t->trigger[0] != '\0' || t->by_bus) {
		snprintf(text, UNIT_CRASH_TEXT, "started by %s when needed",
			t->trigger[0] != '\0' ? t->trigger : "D-Bus");
		return VIGIL_CRASH_ON_DEMAND;
	}
	say_why_down(t, text);
	return VIGIL_CRASH_DOWN;
}
