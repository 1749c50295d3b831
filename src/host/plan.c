/* plan: see plan.h. */
#include "host/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "config/config_daemon.h"
#include "config/config_load.h"
#include "daemon/candidate.h"
#include "daemon/module_trial.h"
#include "host/plan_internal.h"
#include "isolate/isolate.h"
#include "isolate/isolate_module.h"

struct modules *plan_modules_new(void)
{
	struct modules *modules = modules_new();

	isolate_module_install(modules, &isolate_behaviour);
	modules_try(modules, module_trial);
	return modules;
}

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
	struct maker *m, struct config_daemon *cd, const vigil_module *descriptor)
{
	const vigil_option *schema = descriptor->options;
	char *where = memory_format("[daemon:%s]", cd->name);
	struct option_set *set;

	set_own_names(cd, schema);
	given_drop_excluded(&cd->options, schema);
	set = option_set_new_besides(schema, config_daemon_schema, cd->options.list,
		cd->options.count, where, cd->file, cd->line, m->diagnostics);
	free(where);
	return set;
}

static void add(struct maker *m, const struct config_daemon *cd, const vigil_module *descriptor,
	const char *why)
{
	struct plan *plan = m->plan;

	plan->daemons = memory_grow(plan->daemons, plan->count + 1, sizeof(*plan->daemons));
	plan->daemons[plan->count++] = (struct plan_daemon){
		.name = cd->name,
		.module = cd->module,
		.descriptor = descriptor,
		.options = cd->checked,
		.host_options = cd->host,
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
		.host_options = pd->host_options,
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

/* Whether a section says that the module runs in a process of its own. */
static bool says_isolate(const struct given *options)
{
	const struct option_given *given = given_find(options, "isolate");
	bool isolate = false;

	return given != NULL && text_bool(given->value, &isolate) == 0 && isolate;
}

/* Whether a module is not to be loaded into this process to check a section that runs nothing: its
 * daemons that run have processes of their own. */
static bool is_kept_out(const struct maker *m, const char *module)
{
	const struct config *config = m->plan->config;
	bool isolated = false;

	for (size_t i = 0; i < config->count; i++) {
		if (!config->daemons[i].enabled || strcmp(config->daemons[i].module, module) != 0)
			continue;
		if (!says_isolate(&config->daemons[i].options))
			return false;
		isolated = true;
	}
	return isolated && !modules_has_loaded(m->modules, module);
}

/* Returns the descriptor of a module, NULL with the reason in why and errno.  options: of
 * config_daemon_schema; NULL only if the module is not isolated. */
static const vigil_module *load(struct maker *m, const char *name, bool isolated,
	const struct option_set *options, char *why, size_t size)
{
	struct module *module;

	if (isolated)
		return modules_load_isolated(m->modules, name, options, why, size);
	module = module_load(m->modules, name, why, size);
	return module != NULL ? module_descriptor(module) : NULL;
}

static void plan_one(struct maker *m, struct config_daemon *cd)
{
	char why[512];
	bool isolated = says_isolate(&cd->options) || (!cd->enabled && is_kept_out(m, cd->module));
	const vigil_module *descriptor;

	cd->host = config_daemon_check(cd, m->diagnostics);
	note_unnamed(m, cd);
	if (isolated && cd->host == NULL)
		return; /* it has a diagnostic; the user of the process is not known */
	descriptor = load(m, cd->module, isolated, cd->host, why, sizeof(why));
	if (descriptor == NULL) {
		if (cd->enabled)
			add_without_module(m, cd, errno, why);
		return;
	}
	cd->checked = check_options(m, cd, descriptor);
	if (cd->enabled)
		add(m, cd, descriptor, NULL);
}

/* Returns the first enabled daemon of a module; NULL: there is none. */
static const struct config_daemon *first_daemon(const struct config *config, const char *module)
{
	for (size_t i = 0; i < config->count; i++)
		if (config->daemons[i].enabled && strcmp(config->daemons[i].module, module) == 0)
			return &config->daemons[i];
	return NULL;
}

/* Loads the module of a section of defaults.  In another process, the user is that of a daemon of
 * the module, or the one that the section names. */
static const vigil_module *load_for_defaults(
	struct maker *m, const struct config_defaults *defaults, char *why, size_t size)
{
	const struct config_daemon alone = {.name = defaults->module,
		.options = defaults->options,
		.file = defaults->file,
		.line = defaults->line};
	const struct config_daemon *cd = first_daemon(m->plan->config, defaults->module);
	bool isolated = says_isolate(&defaults->options) || is_kept_out(m, defaults->module);
	struct diagnostics ignored = {0}; /* the section itself is checked below */
	struct option_set *options =
		isolated ? config_daemon_check(cd != NULL ? cd : &alone, &ignored) : NULL;
	const vigil_module *descriptor = NULL;
	int err = EINVAL;

	if (isolated && options == NULL) {
		snprintf(why, size, "%s", ignored.list[0].text);
	} else {
		descriptor = load(m, defaults->module, isolated, options, why, size);
		err = errno;
	}
	option_set_unref(options);
	diagnostics_clear(&ignored);
	errno = err;
	return descriptor;
}

/* Checks the defaults of a module.  An error there is reported once, and not for each daemon. */
static void check_defaults(struct maker *m, const struct config_defaults *defaults)
{
	char why[512], *hint;
	const vigil_module *descriptor = load_for_defaults(m, defaults, why, sizeof(why));

	config_daemon_check_defaults(defaults, m->diagnostics);
	if (descriptor != NULL) {
		option_check_given(descriptor->options, config_daemon_schema,
			defaults->options.list, defaults->options.count, defaults->section,
			m->diagnostics);
	} else if (m->strict) {
		hint = hint_of_module(m, defaults->module, errno);
		diagnostic_note(m->diagnostics, defaults->file, defaults->line, "%s: %s%s",
			defaults->section, why, hint);
		free(hint);
	}
}

bool plan_is_isolated(const struct plan_daemon *pd)
{
	const struct option_value *value =
		pd->host_options != NULL ? option_get(pd->host_options, "isolate") : NULL;

	return value != NULL && value->boolean;
}

/* Runs the modules' checks of each daemon, then the checks that compare all daemons.  The check of
 * a daemon in quarantine is skipped, unless it runs in another process. */
static void check_meaning(struct maker *m)
{
	for (size_t i = 0; i < m->plan->count; i++)
		if (plan_is_isolated(&m->plan->daemons[i]) ||
			!modules_check_is_held(m->modules, m->plan->daemons[i].name))
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

void plan_ask_later(bool later)
{
	isolate_module_collect(later);
	module_trial_collect(later);
}

void plan_ask(struct loop *loop, void (*ready)(void *arg), void *arg)
{
	if (isolate_module_is_wanted())
		isolate_module_ask(loop, ready, arg);
	if (module_trial_is_wanted())
		module_trial_ask(loop, ready, arg);
}

void plan_settle(void)
{
	isolate_module_settle();
	module_trial_settle();
}

void plan_cancel(void)
{
	isolate_module_cancel();
	module_trial_cancel();
}

bool plan_must_ask(struct plan **plan, struct diagnostics *diagnostics)
{
	if (!isolate_module_is_wanted() && !module_trial_is_wanted())
		return false;
	plan_free(*plan);
	*plan = NULL;
	diagnostics_clear(diagnostics);
	return true;
}
