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

/* --- the fields of unit_exec and unit_states -------------------------------------------------- */

#define EXEC(type, name, member)                                     \
	{                                                            \
		name, type, true, offsetof(struct unit_exec, member) \
	}
#define STATE(type, name, member)                                       \
	{                                                               \
		name, type, false, offsetof(struct unit_states, member) \
	}

const struct unit_field unit_fields[] = {
	EXEC('t', "ExecMainExitTimestampMonotonic", exited),
	STATE('t', "ConditionTimestampMonotonic", conditions_checked),
	EXEC('u', "ExecMainPID", pid),
	EXEC('i', "ExecMainCode", code),
	EXEC('i', "ExecMainStatus", status),
	EXEC('t', "ExecMainStartTimestampMonotonic", started),
	EXEC('t', "ExecMainExitTimestamp", exited_at),
	EXEC('S', "Result", result),
	STATE('s', "ActiveState", active),
	STATE('s', "SubState", sub),
	STATE('t', "InactiveExitTimestampMonotonic", begun),
	STATE('t', "ActiveEnterTimestampMonotonic", entered),
	STATE('t', "ActiveExitTimestampMonotonic", left),
	STATE('t', "StateChangeTimestamp", changed_at),
	STATE('b', "ConditionResult", conditions),
	STATE('t', "ConditionTimestamp", conditions_checked_at),
	STATE('b', "AssertResult", asserts),
	STATE('t', "AssertTimestampMonotonic", asserts_checked),
	STATE('t', "AssertTimestamp", asserts_checked_at),
	STATE('a', "InvocationID", invocation),
	{NULL, '\0', false, 0},
};

/* Reads an array of 16 bytes as 32 digits. */
static int read_invocation(sd_bus_message *message, char *text)
{
	const unsigned char *bytes;
	const void *array;
	size_t size;
	int r = sd_bus_message_read_array(message, 'y', &array, &size);

	if (r < 0)
		return r;
	text[0] = '\0';
	bytes = array;
	for (size_t i = 0; size == 16 && i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return r;
}

int unit_field_read(const struct unit_field *field, sd_bus_message *message, void *to)
{
	const char basic = field->type == 'S' ? 's' : field->type;
	const char *types = basic == 'a' ? "ay" : (const char[]){basic, '\0'}, *text;
	void *value = (char *)to + field->offset;
	int r = sd_bus_message_enter_container(message, 'v', types);

	if (r < 0)
		return r;
	if (basic == 'a') {
		r = read_invocation(message, value);
	} else if (field->type == 'S') {
		r = sd_bus_message_read_basic(message, 's', &text);
		if (r > 0)
			snprintf(value, sizeof(((struct unit_exec *)0)->result), "%s", text);
	} else {
		r = sd_bus_message_read_basic(message, basic, value);
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

/* --- PropertiesChanged ------------------------------------------------------------------------ */

/* Reads a property that is in struct unit_change itself.  0: it is another one. */
static int read_own(sd_bus_message *message, const char *name, struct unit_change *change)
{
	uint32_t number = 0;
	int r;

	if (strcmp(name, "MainPID") == 0) {
		r = sd_bus_message_read(message, "v", "u", &number);
		change->pid = number <= INT_MAX ? (pid_t)number : -1;
	} else if (strcmp(name, "NRestarts") == 0) {
		r = sd_bus_message_read(message, "v", "u", &number);
		change->respawns = number;
	} else if (strcmp(name, "Job") == 0) {
		r = sd_bus_message_read(message, "v", "(uo)", &number, NULL);
		change->job = number;
	} else {
		return 0;
	}
	return r;
}

/* Reads one entry of the dictionary of changed properties. */
static int read_entry(sd_bus_message *message, struct unit_change *change)
{
	const struct unit_field *field = unit_fields;
	const char *name;
	int r = sd_bus_message_read_basic(message, 's', &name);

	if (r < 0)
		return r;
	r = read_own(message, name, change);
	if (r != 0)
		return r;
	while (field->name != NULL && strcmp(name, field->name) != 0)
		field++;
	if (field->name == NULL)
		return sd_bus_message_skip(message, "v");
	return unit_field_read(
		field, message, field->service ? (void *)&change->exec : (void *)&change->states);
}

int unit_change_read(sd_bus_message *message, struct unit_change *change)
{
	int r;

	*change = (struct unit_change){.pid = -1, .respawns = -1, .job = -1};
	r = sd_bus_message_read_basic(message, 's', &change->interface);
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

static int read_conditions(
	sd_bus_message *answer, bool all, unsigned *count, char *text, size_t size)
{
	const char *type, *parameter;
	int trigger, negate, state;
	int r = sd_bus_message_enter_container(answer, 'v', "a(sbbsi)");

	if (r > 0)
		r = sd_bus_message_enter_container(answer, 'a', "(sbbsi)");
	while (r > 0 && (r = sd_bus_message_read(answer, "(sbbsi)", &type, &trigger, &negate,
				 &parameter, &state)) > 0) {
		size_t n = strlen(text);

		++*count;
		if (all || (state < 0 && n == 0))
			snprintf(text + n, size - n, "%s%s=%s%s%s", n > 0 ? ", " : "", type,
				trigger ? "|" : "", negate ? "!" : "", parameter);
	}
	return r;
}

int unit_conditions_read(sd_bus_message *answer, unsigned *count, char *unmet, size_t size)
{
	return read_conditions(answer, false, count, unmet, size);
}

int unit_conditions_read_all(sd_bus_message *answer, unsigned *count, char *all, size_t size)
{
	return read_conditions(answer, true, count, all, size);
}
