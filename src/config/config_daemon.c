/*
 * config_daemon: the options of every daemon; see config_daemon.h.
 *
 * A section has these options among those of the module.  They are taken out and checked by their
 * own schema, so that a change of them does not concern the module.
 */
#include "config/config_daemon.h"

#include <stdlib.h>

#include "base/memory.h"

const vigil_option config_daemon_schema[] = {
	VIGIL_OPTION("pause_during", VIGIL_CALENDAR, NULL,
		"windows of time; inside them the daemon is paused"),
	VIGIL_OPTION(
		"isolate", VIGIL_BOOL, NULL, "run the module in a process of its own; default: no"),
	VIGIL_OPTION("isolate_user", VIGIL_TEXT, NULL,
		"the user of that process; default: the user of vigild"),
	VIGIL_OPTION("isolate_memory", VIGIL_SIZE, NULL,
		"at most so much private memory for that process", .min = 4 << 20, .max = 1e15),
	VIGIL_OPTION("isolate_timeout", VIGIL_DURATION, NULL,
		"a callback that takes longer ends that process; default: 30s", .min = 1,
		.max = 86400),
	VIGIL_OPTION_END,
};

/* Returns the options that the schema has.  The texts are borrowed; the caller frees the list. */
static struct given ours(const struct given *options)
{
	struct given part = {.list = memory_zero((options->count + 1) * sizeof(*part.list))};

	for (size_t i = 0; i < options->count; i++)
		if (option_schema_has(config_daemon_schema, options->list[i].key))
			part.list[part.count++] = options->list[i];
	return part;
}

struct option_set *config_daemon_check(
	const struct config_daemon *cd, struct diagnostics *diagnostics)
{
	char *where = memory_format("[daemon:%s]", cd->name);
	struct given part = ours(&cd->options);
	struct option_set *set = option_set_new(config_daemon_schema, part.list, part.count, where,
		cd->file, cd->line, diagnostics);

	free(part.list);
	free(where);
	return set;
}

void config_daemon_check_defaults(
	const struct config_defaults *defaults, struct diagnostics *diagnostics)
{
	struct given part = ours(&defaults->options);

	option_check_given(
		config_daemon_schema, NULL, part.list, part.count, defaults->section, diagnostics);
	free(part.list);
}
