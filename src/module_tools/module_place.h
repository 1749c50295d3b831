/*
 * module_place: where the module of `vigilctl module test` is, and the configuration of the test,
 * which is in a temporary directory.
 */
#ifndef MODULE_PLACE_H
#define MODULE_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct diagnostics;
struct module;
struct modules;

struct module_place {
	const char *module, *file; /* as given; borrowed */
	json_t *options;           /* likewise */
	char folder[PATH_MAX];     /* directory of NAME/; "": use the configuration */
	const char *name;
	char *scratch; /* temporary directory, owned */
};

/* Finds the module and creates the directory.  module: its folder or name; file: the configuration
 * that has the directories in which a name is searched; options: "key=value" texts.  Returns 0, or
 * a negative errno after printing the reason. */
int module_place_open(
	struct module_place *place, const char *module, const char *file, json_t *options);
/* Removes the directory. */
void module_place_close(struct module_place *place);

/* Loads the module.  NULL: failed, with the reason in why. */
struct module *module_place_load(
	struct module_place *place, struct modules *modules, char *why, size_t size);
/* Whether there are options to check, on the command line or in the sample. */
bool module_place_has_options(const struct module_place *place);
/* Writes a temporary configuration with the given options.  Without options, it includes the sample
 * file that is next to the module.  Returns its path, which the caller frees. */
char *module_place_write_conf(const struct module_place *place);
/* Prints and clears the diagnostics about that configuration. */
void module_place_print(const struct module_place *place, struct diagnostics *diagnostics);

#endif
