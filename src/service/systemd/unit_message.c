/* unit_message: see unit_message.h. */
#include "service/systemd/unit_message.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "service/systemd/unit_info.h"

int unit_rows_count(sd_bus_message *answer, unsigned *count)
{
	struct unit_row row;
	int r = unit_rows_enter(answer);

	*count = 0;
	while (r >= 0 && (r = unit_row_read(answer, &row)) > 0)
		++*count;
	return r < 0 ? r : sd_bus_message_rewind(answer, true);
}

/* --- PropertiesChanged ------------------------------------------------------------------------ */

/* Reads one entry of the dictionary of changed properties. */
static int read_entry(sd_bus_message *message, struct unit_change *change)
{
	const char *name, *value = NULL;
	uint32_t number = 0;
	int r = sd_bus_message_read_basic(message, 's', &name);

	if (r < 0)
		return r;
	if (strcmp(name, "ActiveState") == 0) {
		r = sd_bus_message_read(message, "v", "s", &value);
		change->active = value;
	} else if (strcmp(name, "SubState") == 0) {
		r = sd_bus_message_read(message, "v", "s", &value);
		change->sub = value;
	} else if (strcmp(name, "MainPID") == 0) {
		r = sd_bus_message_read(message, "v", "u", &number);
		change->pid = number <= INT_MAX ? (pid_t)number : -1;
	} else {
		r = sd_bus_message_skip(message, "v");
	}
	return r;
}

int unit_change_read(sd_bus_message *message, struct unit_change *change)
{
	int r = sd_bus_message_skip(message, "s");

	*change = (struct unit_change){.pid = -1};
	if (r >= 0)
		r = sd_bus_message_enter_container(message, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		r = read_entry(message, change);
		if (r >= 0)
			r = sd_bus_message_exit_container(message);
	}
	return r;
}

/* --- jobs and conditions ---------------------------------------------------------------------- */

const char *unit_job_result(sd_bus_message *message, const char *job)
{
	const char *path, *result;

	if (sd_bus_message_read(message, "uoss", NULL, &path, NULL, &result) <= 0)
		return NULL;
	return strcmp(path, job) == 0 ? result : NULL;
}

int unit_conditions_read(sd_bus_message *answer, unsigned *count, char *unmet, size_t size)
{
	const char *type, *parameter;
	int trigger, negate, state;
	int r = sd_bus_message_enter_container(answer, 'v', "a(sbbsi)");

	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'a', "(sbbsi)");
	while (r > 0 && (r = sd_bus_message_read(answer, "(sbbsi)", &type, &trigger, &negate,
				 &parameter, &state)) > 0) {
		++*count;
		if (state < 0 && unmet[0] == '\0')
			snprintf(unmet, size, "%s=%s%s%s", type, trigger ? "|" : "",
				negate ? "!" : "", parameter);
	}
	return r;
}
