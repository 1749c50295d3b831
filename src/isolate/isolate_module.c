/* isolate_module: see isolate_module.h. */
#include "isolate/isolate_module_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/option.h"
#include "daemon/module.h"
#include "isolate/isolate_link.h"

#define OPTIONS_MAX 1000

struct isolate_modules isolate_module_all;

/* --- options ---------------------------------------------------------------------------------- */

json_t *isolate_module_options(const struct option_set *options)
{
	json_t *list = json_array();
	const struct option_value *value;

	for (size_t i = 0; options != NULL && (value = option_set_given(options, i)) != NULL; i++)
		json_array_append_new(list, json_pack("[s,s]", value->schema->name,
						    value->text != NULL ? value->text : ""));
	return list;
}

const struct option_value *isolate_option(const struct option_set *options, const char *name)
{
	const struct option_value *value = option_get(options, name);

	return value != NULL && value->present ? value : NULL;
}

const char *isolate_user_of(const struct option_set *options)
{
	const struct option_value *value = isolate_option(options, "isolate_user");

	return value != NULL ? value->text : NULL;
}

double isolate_memory_of(const struct option_set *options)
{
	const struct option_value *value = isolate_option(options, "isolate_memory");

	return value != NULL ? (double)value->integer : 0;
}

static char *member(const json_t *object, const char *key)
{
	return memory_text(json_string_value(json_object_get(object, key)));
}

/* --- the description -------------------------------------------------------------------------- */

static void option_from(vigil_option *row, const json_t *from)
{
	*row = (vigil_option){.name = member(from, "name"),
		.type = (vigil_option_type)json_integer_value(json_object_get(from, "type")),
		.value = member(from, "value"),
		.help = member(from, "help"),
		.flags = (unsigned)json_integer_value(json_object_get(from, "flags")),
		.min = json_number_value(json_object_get(from, "min")),
		.max = json_number_value(json_object_get(from, "max")),
		.choices = member(from, "choices"),
		.needs = member(from, "needs"),
		.excludes = member(from, "excludes")};
	if (row->name == NULL)
		row->name = memory_text("");
}

void isolate_described_free(struct described *d)
{
	for (vigil_option *row = d->options; row != NULL && row->name != NULL; row++) {
		free((char *)row->name);
		free((char *)row->value);
		free((char *)row->help);
		free((char *)row->choices);
		free((char *)row->needs);
		free((char *)row->excludes);
	}
	free(d->options);
	free(d->dir);
	free(d->name);
	free(d->summary);
	free(d);
}

static int fill(struct described *d, const json_t *from, const struct reason *why)
{
	const json_t *options = json_object_get(from, "options");
	char *path;
	int err;

	if (json_array_size(options) > OPTIONS_MAX)
		return reason_set(why, -EPROTO, "the module %s has too many options", d->name);
	d->options = memory_zero((json_array_size(options) + 1) * sizeof(*d->options));
	for (size_t i = 0; i < json_array_size(options); i++)
		option_from(&d->options[i], json_array_get(options, i));
	path = module_file(d->dir, d->name);
	err = module_check_options(d->options, path, why->text, why->size);
	free(path);
	d->summary = member(from, "summary");
	d->descriptor = isolate_module_all.behaviour;
	d->descriptor.name = d->name;
	d->descriptor.summary = d->summary;
	d->descriptor.options = json_array_size(options) > 0 ? d->options : NULL;
	return err;
}

int isolate_described_take(struct described *d, const json_t *messages, const struct reason *why)
{
	const json_t *first = json_array_get(messages, 0);

	if (strcmp(isolate_text(first, 0), "described") == 0)
		return fill(d, json_array_get(first, 1), why);
	return reason_set(why, -ENOEXEC, "%s", isolate_text(first, 1));
}

static int ask(struct described *d, const struct option_set *options, const struct reason *why)
{
	const struct isolate_query query = {.dir = d->dir,
		.module = d->name,
		.user = isolate_user_of(options),
		.memory = isolate_memory_of(options)};
	json_t *messages = isolate_query(&query, why->text, why->size);
	int err = messages != NULL ? isolate_described_take(d, messages, why) : -ENOEXEC;

	json_decref(messages);
	return err;
}

/* The user does not matter for a description that has succeeded. */
static const vigil_module *on_load(void *arg, const char *dir, const char *name,
	const struct stat *file, const struct option_set *options, char *text, size_t size)
{
	const struct reason why = {text, size};
	struct isolate_modules *all = arg;
	struct described *d;

	SLIST_FOREACH(d, &all->list, link)
		if (strcmp(d->name, name) == 0 && strcmp(d->dir, dir) == 0 &&
			module_is_same_file(&d->file, file))
			return &d->descriptor;
	d = memory_zero(sizeof(*d));
	d->dir = memory_text(dir);
	d->name = memory_text(name);
	d->file = *file;
	if (all->collects) {
		isolate_want_description(d, options, &why);
		errno = ENOEXEC;
		return NULL;
	}
	if (ask(d, options, &why) != 0) {
		isolate_described_free(d);
		errno = ENOEXEC;
		return NULL;
	}
	SLIST_INSERT_HEAD(&all->list, d, link);
	return &d->descriptor;
}

static const vigil_module *on_find(void *arg, const char *name)
{
	const struct isolate_modules *all = arg;
	const struct described *d;

	SLIST_FOREACH(d, &all->list, link)
		if (strcmp(d->name, name) == 0)
			return &d->descriptor;
	return NULL;
}

static const struct described *described_of(const vigil_module *descriptor)
{
	return (const struct described *)descriptor;
}

const char *isolate_module_dir(const vigil_module *descriptor)
{
	return described_of(descriptor)->dir;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void on_free(void *arg)
{
	struct isolate_modules *all = arg;
	struct described *d;

	if (--all->users > 0)
		return;
	isolate_module_cancel();
	while ((d = SLIST_FIRST(&all->list)) != NULL) {
		SLIST_REMOVE_HEAD(&all->list, link);
		isolate_described_free(d);
	}
	json_decref(all->checks);
	json_decref(all->failed);
	all->checks = all->failed = NULL;
	all->collects = false;
}

void isolate_module_install(struct modules *modules, const vigil_module *behaviour)
{
	struct isolate_modules *all = &isolate_module_all;

	if (all->users++ == 0) {
		all->behaviour = *behaviour;
		all->behaviour.check = isolate_module_check;
		all->checks = json_object();
		all->failed = json_object();
		SLIST_INIT(&all->list);
		STAILQ_INIT(&all->wanted);
	}
	modules_set_isolation(
		modules, &(struct module_isolation){
				 .load = on_load, .find = on_find, .free = on_free, .arg = all});
}
