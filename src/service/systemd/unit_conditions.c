/*
 * unit_conditions: see unit_conditions.h.  systemd checks the conditions of a unit when it is asked
 * to start the unit, and keeps the result until the next start.
 */
#include "service/systemd/unit_conditions.h"

#include <stdio.h>

#include "service/systemd/unit_message.h"

static int read_conditions(struct systemd_call *call, const char *path, const char *property,
	unsigned *count, char *unmet, size_t size)
{
	sd_bus_message *answer = NULL;
	int r = systemd_get(call, &answer, path, SYSTEMD_UNIT, property);

	if (r > 0)
		r = unit_conditions_read(answer, count, unmet, size);
	sd_bus_message_unref(answer);
	return r;
}

static const struct {
	const char *list, *result, *when, *what;
} condition_kinds[] = {
	{"Conditions", "ConditionResult", "ConditionTimestampMonotonic", "condition"},
	{"Asserts", "AssertResult", "AssertTimestampMonotonic", "assertion"},
};

static int find_unmet(
	struct systemd_call *call, const char *path, size_t kind, char *text, size_t size)
{
	char unmet[UNIT_SAID] = "";
	uint64_t when = 0;
	unsigned count = 0;
	bool met = true;
	int r = systemd_get_number(call, path, SYSTEMD_UNIT, condition_kinds[kind].when, &when);

	if (r >= 0)
		r = systemd_get_bool(call, path, SYSTEMD_UNIT, condition_kinds[kind].result, &met);
	if (r < 0 || met || when == 0)
		return r;
	r = read_conditions(call, path, condition_kinds[kind].list, &count, unmet, sizeof(unmet));
	if (unmet[0] != '\0')
		snprintf(text, size, "its %s %s is not met", condition_kinds[kind].what, unmet);
	else /* ExecCondition=, or systemd does not know any more which one */
		snprintf(text, size, "one of its %ss is not met", condition_kinds[kind].what);
	return r;
}

int unit_conditions_unmet(struct systemd_call *call, const char *path, char *text, size_t size)
{
	int r = 0;

	text[0] = '\0';
	for (size_t i = 0; r >= 0 && i < sizeof(condition_kinds) / sizeof(*condition_kinds); i++)
		if (text[0] == '\0')
			r = find_unmet(call, path, i, text, size);
	return r;
}

int unit_conditions_count(struct systemd_call *call, const char *path, unsigned *count)
{
	char unmet[UNIT_SAID] = "";
	int r = 0;

	*count = 0;
	for (size_t i = 0; r >= 0 && i < sizeof(condition_kinds) / sizeof(*condition_kinds); i++)
		r = read_conditions(
			call, path, condition_kinds[i].list, count, unmet, sizeof(unmet));
	return r;
}

int unit_conditions_list(struct systemd_call *call, const char *path, char *text, size_t size)
{
	sd_bus_message *answer = NULL;
	char all[UNIT_SAID] = "";
	unsigned count = 0;
	int r = systemd_get(call, &answer, path, SYSTEMD_UNIT, condition_kinds[0].list);

	if (r > 0)
		r = unit_conditions_read_all(answer, &count, all, sizeof(all));
	if (count == 1)
		snprintf(text, size, "its %s %s is not met", condition_kinds[0].what, all);
	else if (count > 1)
		snprintf(text, size, "one of its %ss is not met: %s", condition_kinds[0].what, all);
	sd_bus_message_unref(answer);
	return r;
}
