/* plan: see plan.h. */
#include "host/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config_load.h"
#include "daemon/candidate.h"
#include "host/plan_internal.h"

struct maker {
	struct plan *plan;
	struct modules *modules;
	bool strict;
	const char *only; /* strict for this daemon alone; NULL: for all */
	struct diagnostics *diagnostics;
};

/* Sets the options whose default is the name of the daemon. */
static void set_own_names(struct config_daemon *cd, const vigil_option *row)
{
	for (; row != NULL && row->name != NULL; row++)
		if (row->flags & VIGIL_OWN_NAME && given_find(&cd->options, row->name) == NULL)
			given_set(&cd->options, &(struct option_given){.key = row->name,
							.value = cd->name,
							.file = cd->file,
							.line = cd->line});
}

static struct option_set *check_options(
	struct maker *m, struct config_daemon *cd, const struct module *module)
{
	const vigil_option *schema = module_descriptor(module)->options;
	char *where = memory_format("[daemon:%s]", cd->name);
	struct option_set *set;

	set_own_names(cd, schema);
	set = option_set_new(schema, cd->options.list, cd->options.count, where, cd->file, cd->line,
		m->diagnostics);
	free(where);
	return set;
}

static void add(struct maker *m, const struct config_daemon *cd, const struct module *module,
	const char *why)
{
	struct plan *plan = m->plan;

	plan->daemons = memory_grow(plan->daemons, plan->count + 1, sizeof(*plan->daemons));
	plan->daemons[plan->count++] = (struct plan_daemon){
		.name = cd->name,
		.module = cd->module,
		.descriptor = module != NULL ? module_descriptor(module) : NULL,
		.options = cd->checked,
		.why = memory_text(why),
	};
}

int plan_check_daemon(
	const struct plan *plan, const struct plan_daemon *pd, struct diagnostics *diagnostics)
{
	const struct config_daemon *cd = config_find(plan->config, pd->name);
	const struct candidate candidate = {.name = pd->name,
		.module = pd->module,
		.descriptor = pd->descriptor,
		.options = pd->options,
		.given = cd->options.list,
		.count = cd->options.count,
		.file = cd->file,
		.line = cd->line};

	return pd->options != NULL ? candidate_check(&candidate, diagnostics) : 0;
}

/* The hint about a module that was not found, or "".  The caller frees it. */
static char *hint_of_module(const struct maker *m, const char *module, int err)
{
	char *similar = err == ENOENT ? modules_similar(m->modules, module) : NULL;
	char *hint = similar != NULL ? memory_format("; did you mean \"%s\"?", similar)
				     : memory_text("");

	free(similar);
	return hint;
}

/* A daemon that names no module has a module of its own name; mostly a service was meant, such as
 * httpd and not the module http. */
static char *hint_of_daemon(const struct maker *m, const struct config_daemon *cd, int err)
{
	if (err == ENOENT && !cd->names_module)
		return memory_text("; did you mean module = service, for a service of this name?");
	return hint_of_module(m, cd->module, err);
}

/* An enabled daemon whose module cannot be loaded. */
static void add_without_module(struct maker *m, struct config_daemon *cd, int err, const char *why)
{
	char *hint;

	if (m->strict && (m->only == NULL || strcmp(m->only, cd->name) == 0)) {
		hint = hint_of_daemon(m, cd, err);
		diagnostic_add(m->diagnostics, cd->file, cd->line, "daemon \"%s\": %s%s", cd->name,
			why, hint);
		free(hint);
	}
	add(m, cd, NULL, why);
}

/* A section of a daemon that [daemons] does not name was probably forgotten there. */
static void note_unnamed(struct maker *m, const struct config_daemon *cd)
{
	if (m->strict && cd->named.file == NULL)
		diagnostic_note(m->diagnostics, cd->file, cd->line,
			"the daemon \"%s\" is not enabled, because [daemons] does not name it",
			cd->name);
}

static void plan_one(struct maker *m, struct config_daemon *cd)
{
	char why[512];
	struct module *module = module_load(m->modules, cd->module, why, sizeof(why));

	note_unnamed(m, cd);
	if (module == NULL) {
		if (cd->enabled)
			add_without_module(m, cd, errno, why);
		return;
	}
	cd->checked = check_options(m, cd, module);
	if (cd->enabled)
		add(m, cd, module, NULL);
}

/* Checks the defaults of a module.  An error there is reported once, and not for each daemon. */
static void check_defaults(struct maker *m, const struct config_defaults *defaults)
{
	char why[512], *hint;
	struct module *module = module_load(m->modules, defaults->module, why, sizeof(why));

	if (module != NULL) {
		option_check_given(module_descriptor(module)->options, defaults->options.list,
			defaults->options.count, defaults->section, m->diagnostics);
	} else if (m->strict) {
		hint = hint_of_module(m, defaults->module, errno);
		diagnostic_note(m->diagnostics, defaults->file, defaults->line, "%s: %s%s",
			defaults->section, why, hint);
		free(hint);
	}
}

/* Runs the modules' checks of each daemon, then the checks that compare all daemons.  The check of
 * a daemon in quarantine is skipped. */
static void check_meaning(struct maker *m)
{
	for (size_t i = 0; i < m->plan->count; i++)
		if (!modules_check_is_held(m->modules, m->plan->daemons[i].name))
			plan_check_daemon(m->plan, &m->plan->daemons[i], m->diagnostics);
	plan_check_links(m->plan, m->diagnostics);
	if (m->strict)
		plan_note_services(m->plan, NULL, m->diagnostics);
}

static struct plan *make(struct maker *m, struct config *config)
{
	if (config == NULL)
		return NULL;
	m->plan = memory_zero(sizeof(*m->plan));
	m->plan->config = config;
	modules_set_directories(
		m->modules, (const char *const *)config_vigil(config, "modules")->list);
	for (size_t i = 0; i < config->defaults_count; i++)
		check_defaults(m, &config->defaults[i]);
	for (size_t i = 0; i < config->count; i++)
		plan_one(m, &config->daemons[i]);
	check_meaning(m);
	diagnostics_sort(m->diagnostics);
	if (m->diagnostics->errors == 0) {
		if (!m->strict)
			config_drop_written(config);
		return m->plan;
	}
	plan_free(m->plan);
	return NULL;
}

struct plan *plan_make(
	const char *file, struct modules *modules, bool strict, struct diagnostics *diagnostics)
{
	return plan_make_of(config_load(file, diagnostics), modules, strict, diagnostics);
}

struct plan *plan_make_of(struct config *config, struct modules *modules, bool strict,
	struct diagnostics *diagnostics)
{
	struct maker m = {.modules = modules, .strict = strict, .diagnostics = diagnostics};

	return make(&m, config);
}

struct plan *plan_make_draft(const char *file, const struct config_draft *draft, const char *name,
	struct modules *modules, struct diagnostics *diagnostics)
{
	struct maker m = {
		.modules = modules, .strict = true, .only = name, .diagnostics = diagnostics};

	return make(&m, config_load_draft(file, draft, diagnostics));
}

void plan_free(struct plan *plan)
{
	if (plan == NULL)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free(plan->daemons[i].why);
	free(plan->daemons);
	config_free(plan->config);
	free(plan);
}

static int by_name(const void *key, const void *row)
{
	return strcmp(key, ((const struct plan_daemon *)row)->name);
}

const struct plan_daemon *plan_find(const struct plan *plan, const char *name)
{
	if (plan->count == 0)
		return NULL;
	return bsearch(name, plan->daemons, plan->count, sizeof(*plan->daemons), by_name);
}
