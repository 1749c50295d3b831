/*
 * plan_show: prints the effective configuration.
 *
 * The place of a value is a comment above it, because vigil.conf has no comments after values.  A
 * comment applies to all values up to the next one.
 */
#include "host/plan_show.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_daemon.h"
#include "config/config_vigil.h"

struct show {
	FILE *to;
	char *place; /* the last place that was printed; owned */
};

/* Prints text of a file so that it cannot control a terminal. */
static void put_clean(const struct show *show, const char *text)
{
	size_t size = 4 * strlen(text) + 8;
	char *clean = memory_zero(size);

	fputs(text_escape_keep(clean, size, text, strlen(text), "\\"), show->to);
	free(clean);
}

static void put_section(struct show *show, const char *kind, const char *name)
{
	fprintf(show->to, "\n[%s%s]\n", kind, name);
	free(show->place);
	show->place = NULL;
}

/* Takes the place. */
static void put_place(struct show *show, char *place)
{
	if (show->place == NULL || strcmp(show->place, place) != 0) {
		fputs("# ", show->to);
		put_clean(show, place);
		fputc('\n', show->to);
	}
	free(show->place);
	show->place = place;
}

static void put_value(struct show *show, const char *key, const char *value, char *place)
{
	put_place(show, place);
	fprintf(show->to, "%s = ", key);
	put_clean(show, value);
	fputc('\n', show->to);
}

static char *place_of_given(const struct option_given *given)
{
	return memory_format("%s:%d%s%s", given->file, given->line,
		given->section != NULL ? " " : "", given->section != NULL ? given->section : "");
}

/* The raw options first, in the order of the schema, and then the defaults. */
static void put_options(struct show *show, const vigil_option *schema, const struct given *options)
{
	const struct option_given *given;
	const vigil_option *row;

	for (row = schema; row != NULL && row->name != NULL; row++) {
		given = given_find(options, row->name);
		if (given != NULL)
			put_value(show, row->name, option_shown(row, given->value),
				place_of_given(given));
	}
	for (row = schema; row != NULL && row->name != NULL; row++)
		if (given_find(options, row->name) == NULL && row->value != NULL &&
			row->value[0] != '\0' && !given_is_excluded(options, schema, row->name))
			put_value(show, row->name, option_shown(row, row->value),
				memory_text("default"));
}

static void put_daemon(
	struct show *show, const struct config_daemon *cd, const struct plan_daemon *pd)
{
	const struct config_place *module = cd->module_at.file != NULL ? &cd->module_at
					    : cd->short_module != NULL ? &cd->named
								       : NULL;

	put_section(show, "daemon:", cd->name);
	put_value(show, "module", cd->module,
		module != NULL ? memory_format("%s:%d", module->file, module->line)
			       : memory_text("the name of the daemon"));
	put_options(show, config_daemon_schema, &cd->options);
	put_options(show, pd->descriptor->options, &cd->options);
}

void plan_show(const struct plan *plan, FILE *to)
{
	const struct config *config = plan->config;
	struct show show = {.to = to};

	fputs("[vigil]\n", to);
	put_options(&show, config_schema, &config->vigil_given);
	put_section(&show, "", "daemons");
	for (size_t i = 0; i < config->count; i++)
		if (config->daemons[i].named.file != NULL)
			put_value(&show, config->daemons[i].name,
				config->daemons[i].enabled ? "yes" : "no",
				memory_format("%s:%d", config->daemons[i].named.file,
					config->daemons[i].named.line));
	for (size_t i = 0; i < plan->count; i++)
		put_daemon(&show, config_find(config, plan->daemons[i].name), &plan->daemons[i]);
	free(show.place);
}
