/* describe: what vigil-module-host says about a module and about the options of its daemons. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_daemon.h"
#include "daemon/candidate.h"
#include "isolate/isolate_link.h"
#include "module_host/module_host.h"
#include "module_host/parent.h"

/* A text of a module may have any bytes. */
static json_t *text_json(const char *text)
{
	char *clean;
	json_t *json;
	size_t size;

	if (text == NULL)
		return NULL;
	size = 4 * strlen(text) + 1;
	clean = memory_zero(size);
	json = json_string(text_escape(clean, size, text, strlen(text)));
	free(clean);
	return json;
}

static json_t *option_json(const vigil_option *row)
{
	return json_pack("{s:o,s:i,s:o*,s:o*,s:i,s:f,s:f,s:o*,s:o*,s:o*}", "name",
		text_json(row->name), "type", (int)row->type, "value", text_json(row->value),
		"help", text_json(row->help), "flags", (int)row->flags, "min", row->min, "max",
		row->max, "choices", text_json(row->choices), "needs", text_json(row->needs),
		"excludes", text_json(row->excludes));
}

json_t *module_host_describe(const vigil_module *descriptor)
{
	json_t *options = json_array();

	for (const vigil_option *row = descriptor->options; row != NULL && row->name != NULL; row++)
		json_array_append_new(options, option_json(row));
	return json_pack("[s,{s:o*,s:o}]", "described", "summary", text_json(descriptor->summary),
		"options", options);
}

/* --- options ---------------------------------------------------------------------------------- */

/* The texts are borrowed.  The line is the number of the option, so that a diagnostic names it. */
static struct option_given *given_from(const json_t *options)
{
	size_t count = json_array_size(options);
	struct option_given *given = memory_zero((count + 1) * sizeof(*given));

	for (size_t i = 0; i < count; i++)
		given[i] = (struct option_given){.key = isolate_text(json_array_get(options, i), 0),
			.value = isolate_text(json_array_get(options, i), 1),
			.line = (int)i + 1};
	return given;
}

static void report(const struct diagnostics *diagnostics)
{
	static const char note[] = "note: ";

	for (size_t i = 0; i < diagnostics->count; i++) {
		const struct diagnostic *diagnostic = &diagnostics->list[i];
		const char *text = diagnostic->text;

		if (diagnostic->note && strncmp(text, note, strlen(note)) == 0)
			text += strlen(note);
		parent_tell(json_pack(
			"[s,i,b,s]", "diagnostic", diagnostic->line - 1, diagnostic->note, text));
	}
}

static struct option_set *parse(const vigil_module *descriptor, const char *daemon,
	const struct option_given *given, size_t count, struct diagnostics *diagnostics)
{
	char *where = memory_format("[daemon:%s]", daemon);
	struct option_set *set = option_set_new_besides(descriptor->options, config_daemon_schema,
		given, count, where, NULL, 0, diagnostics);

	free(where);
	return set;
}

struct option_set *module_host_options(
	const vigil_module *descriptor, const char *daemon, const json_t *options)
{
	struct option_given *given = given_from(options);
	struct diagnostics diagnostics = {0};
	struct option_set *set =
		parse(descriptor, daemon, given, json_array_size(options), &diagnostics);

	if (set == NULL)
		parent_tell(json_pack("[s,s]", "failed", diagnostics.list[0].text));
	diagnostics_clear(&diagnostics);
	free(given);
	return set;
}

void module_host_check(const char *module, const vigil_module *descriptor, const char *daemon,
	const json_t *options)
{
	struct diagnostics diagnostics = {0};
	struct candidate candidate = {.name = daemon,
		.module = module,
		.descriptor = descriptor,
		.given = given_from(options),
		.count = json_array_size(options)};

	candidate.options =
		parse(descriptor, daemon, candidate.given, candidate.count, &diagnostics);
	if (candidate.options != NULL)
		candidate_check(&candidate, &diagnostics);
	report(&diagnostics);
	parent_tell(json_pack("[s]", "checked"));
	option_set_unref(candidate.options);
	diagnostics_clear(&diagnostics);
	free((struct option_given *)candidate.given);
}
