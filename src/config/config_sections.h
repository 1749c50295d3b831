/*
 * config_sections: assigns the lines of the files to the sections of a configuration.
 */
#ifndef CONFIG_SECTIONS_H
#define CONFIG_SECTIONS_H

#include <jansson.h>

#include "base/diagnostic.h"
#include "config/config.h"
#include "config/given.h"
#include "config/ini.h"

struct config_builder {
	struct config *config;
	struct diagnostics *diagnostics;
	size_t room;           /* of config->daemons */
	json_t *index;         /* of config->daemons, by name in lower case */
	const char *file;      /* the file that is being read; one of config->files */
	struct given *options; /* of the section that is being read; NULL: its name is invalid */
	struct config_daemon *daemon; /* the daemon of that section; NULL: another section */
	const char *section;          /* its name, if it holds defaults; see option_given */
};

void config_begin_sections(
	struct config_builder *b, struct config *config, struct diagnostics *diagnostics);
/* Adds a line.  Lines come in the order of the files, and a later value replaces an earlier one. */
void config_take_line(struct config_builder *b, const struct ini_line *l);
/* Is called after the last line.  Decides the module of each daemon, gives it the defaults of its
 * module, and sorts the daemons by name. */
void config_finish_sections(struct config_builder *b);

#endif
