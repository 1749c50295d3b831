/*
 * check: see check.h.
 *
 * Without this check, an invalid value would be found only when the service is down and the daemon
 * tries to use the value. So these options are checked before the daemon starts: probe targets,
 * programs, unit names, and options that belong to another manager.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "condition.h"
#include "modules/probe/probe_check.h"
#include "modules/usage/limits.h"
#include "options.h"

#define WHY 512

/* --- the name --------------------------------------------------------------------------------- */

static bool is_manager(vigil_daemon *d, const char *name)
{
	return strcmp(vigil_option_text(d, "manager"), name) == 0;
}

/* Returns the suffix of a name of a unit that is not a service, such as ".timer" of backup.timer.
 * NULL: the name is that of a service or has no unit suffix. */
static const char *foreign_suffix(const char *name)
{
	static const char *const types[] = {".automount", ".device", ".mount", ".path", ".scope",
		".slice", ".socket", ".swap", ".target", ".timer"};
	size_t length = strlen(name);

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		size_t n = strlen(types[i]);

		if (length > n && strcmp(name + length - n, types[i]) == 0)
			return name + length - n;
	}
	return NULL;
}

/* Returns whether the name is foo@ or foo@.service. */
static bool is_template(const char *name)
{
	const char *at = strchr(name, '@');

	return at != NULL && (at[1] == '\0' || strcmp(at + 1, ".service") == 0);
}

/* Checks the rules for systemd's unit names. Other managers have other naming rules. */
static int check_name(vigil_daemon *d)
{
	const char *name = vigil_option_text(d, "service"), *suffix;

	if (name == NULL || !(is_manager(d, "auto") || is_manager(d, "systemd")))
		return 0;
	suffix = foreign_suffix(name);
	if (suffix != NULL)
		return vigil_diagnose(d, "service",
			"is a systemd unit of another type; name a service: %.*s.service",
			(int)(suffix - name), name);
	if (is_template(name))
		return vigil_diagnose(d, "service",
			"is a template, not a service; name an instance: %.*s@INSTANCE",
			(int)strcspn(name, "@"), name);
	return 0;
}

/* --- commands --------------------------------------------------------------------------------- */

static bool is_given(vigil_daemon *d, const char *command)
{
	return vigil_option_list(d, command)[0] != NULL;
}

static int check_own_commands(vigil_daemon *d)
{
	int err = 0;

	if (!is_given(d, "status_command"))
		err = vigil_diagnose(d, "manager",
			"needs a status_command, which exits with 0 while the service runs and 3 "
			"while it does not");
	if (!is_given(d, "restart_command") &&
		strcmp(vigil_option_text(d, "restart_on"), "never") != 0)
		vigil_note(d, "manager",
			"restart_command is missing, so the service cannot be restarted; set it, "
			"or set restart_on = never");
	return err;
}

/* With another manager the command would never be run, because a manager restarts its services
 * itself. */
static int refuse_command(vigil_daemon *d, const char *command)
{
	if (!is_given(d, command))
		return 0;
	return vigil_diagnose(d, command, "is never run with manager = %s; set manager = command",
		vigil_option_text(d, "manager"));
}

/* A missing program is only a note, because it may be installed and removed together with the
 * service. The status_command reports with exit status 4 that the service is not installed. */
static int note_program(vigil_daemon *d, const char *command)
{
	const char *program = vigil_option_list(d, command)[0];
	char why[WHY];

	if (program == NULL)
		return 0;
	if (vigil_find_program(program, why, sizeof(why)) != 0)
		vigil_note(d, command, "%s", why);
	return probe_check_trust(d, command);
}

/* With manager = auto, the commands are for a service that no other manager knows. */
static int check_commands(vigil_daemon *d)
{
	static const char *const changes[] = {"restart_command", "start_command", "stop_command"};
	bool may_run = is_manager(d, "command") || is_manager(d, "auto");
	int own = is_manager(d, "command") ? check_own_commands(d) : 0;
	int status = may_run ? probe_check_program(d, "status_command")
			     : refuse_command(d, "status_command");
	bool valid = own == 0 && status == 0;

	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		valid &= (may_run ? note_program : refuse_command)(d, changes[i]) == 0;
	return valid ? 0 : -EINVAL;
}

/* --- the module's check ----------------------------------------------------------------------- */

static int check_respawn_max(vigil_daemon *d)
{
	const char *text = vigil_option_text(d, "respawn_max");
	unsigned count;
	double seconds;

	if (text == NULL || options_rate(text, &count, &seconds) == 0)
		return 0;
	return vigil_diagnose(d, "respawn_max",
		"is not a rate such as 3/10m (1 to 99 times in 1s to 1d); 0 is no limit");
}

static int check_limits(vigil_daemon *d)
{
	const char *memory = vigil_option_text(d, "memory_max");
	const char *pressure = vigil_option_text(d, "pressure_max");
	struct limits_memory limit;
	double percent;
	int err = 0;

	if (memory != NULL && limits_read_memory(memory, &limit) != 0)
		err = vigil_diagnose(d, "memory_max",
			"is not a size such as 512MiB or 2GiB, nor a percentage such as 80%%");
	if (pressure != NULL && limits_read_percent(pressure, &percent) != 0)
		err = vigil_diagnose(d, "pressure_max",
			"is not a percentage such as 20%% (more than 0, at most 100)");
	return err;
}

static int check_conditions(vigil_daemon *d)
{
	const char *const *text = vigil_option_list(d, "restart_when");
	struct condition condition;
	int err = 0;

	for (; *text != NULL; text++)
		if (condition_parse_option(&condition, *text, d) != 0)
			err = -EINVAL;
	return err;
}

int service_check(vigil_daemon *d)
{
	int name = check_name(d), commands = check_commands(d), probe = probe_check(d);
	int respawn = check_respawn_max(d), conditions = check_conditions(d);
	int limits = check_limits(d);

	return name == 0 && commands == 0 && probe == 0 && respawn == 0 && conditions == 0 &&
			       limits == 0
		       ? 0
		       : -EINVAL;
}
