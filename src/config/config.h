/*
 * config: one checked, immutable configuration.
 *
 * config_load.h reads it, and checks everything that needs no module: the syntax, the sections, the
 * keys of [vigil], the names.  The code that has loaded the modules checks the options of the
 * daemons by the modules' schemas.  Until then the configuration keeps these options as raw text,
 * each with its file and line.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/given.h"
#include "config/option.h"

struct config_place {
	const char *file; /* NULL: nowhere */
	int line;
};

struct config_daemon {
	char *name;
	char *module;       /* the daemon's name, unless its section or [daemons] names another */
	char *short_module; /* [daemons] NAME = MODULE; NULL: yes, no or nothing */
	bool names_module;  /* module is not only the daemon's name */
	bool enabled;       /* [daemons] NAME = yes or MODULE */
	const char *file;   /* of its section, or else of the line that enables it */
	int line;
	struct config_place named;     /* the line in [daemons] */
	struct config_place module_at; /* the line `module` of its section */
	/* Without `module`, and with the defaults of its module; empty after config_drop_written.
	 */
	struct given options;
	struct option_set *checked; /* owned; NULL: not checked yet, or invalid */
	struct option_set *host;    /* the options of config_daemon_schema; the same */
};

/* A section [module:NAME]. */
struct config_defaults {
	char *module;
	char *section; /* its header, for messages */
	const char *file;
	int line;
	struct given options;
};

struct config {
	char *file;                    /* the main file, as named by the caller */
	char *dropin;                  /* its conf.d directory */
	struct option_set *vigil;      /* the [vigil] section, checked by config_schema */
	struct given vigil_given;      /* its raw options; empty after config_drop_written */
	struct config_daemon *daemons; /* sorted by name; all that are enabled or have a section */
	size_t count;
	struct config_defaults *defaults;
	size_t defaults_count;
	char **files; /* all files, ends with NULL; each `file` points into it */
};

/* NULL: does nothing. */
void config_free(struct config *config);

/* Frees the raw options of all daemons whose options have been checked. */
void config_drop_written(struct config *config);

const struct config_daemon *config_find(const struct config *config, const char *name);
/* Returns the place where an option of a daemon is set, or else the place of the daemon. */
struct config_place config_place_of(const struct config_daemon *cd, const char *key);
/* Returns the first daemon whose name sorts after that name, which need not exist; NULL at the
 * end. */
const struct config_daemon *config_after(const struct config *config, const char *name);
/* Returns a value of [vigil]. */
const struct option_value *config_vigil(const struct config *config, const char *key);
/* Returns restart_rate as a number of restarts and of seconds.  It was checked when the
 * configuration was loaded.  0 restarts: no limit. */
void config_restart_rate(const struct config *config, unsigned *count, double *seconds);

#endif
