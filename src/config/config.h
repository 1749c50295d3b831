/*
 * config: INI files into one checked, immutable snapshot.
 *
 * Reads the main file, then conf.d/NAME.conf beside it in sorted order; a later file wins.  What
 * is known without any module is checked here: syntax, sections, the keys of [vigil], names.
 * The options of the daemons are checked against their modules' schemas by whoever has the
 * modules; until then the snapshot keeps them as they were written, each with its place.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "config/option.h"

struct config_daemon {
	char *name;
	char *module;     /* the daemon's own name unless the section says otherwise */
	bool enabled;     /* [daemons] NAME = yes */
	const char *file; /* where its section stands, or else where it is enabled */
	int line;
	struct option_given *options; /* without `module`; none after config_drop_written */
	size_t count;
	struct option_set *checked; /* owned; NULL: not checked yet, or wrong */
};

struct config {
	char *file;                    /* the main file, as it was named */
	char *dropin;                  /* its conf.d */
	struct option_set *vigil;      /* the [vigil] section, by config_schema */
	struct config_daemon *daemons; /* sorted by name; enabled or with a section */
	size_t count;
	char **files; /* every file read, ended by NULL; the places point into it */
};

/* The schema of [vigil]: modules socket pipe state_dir group log log_level workers workers_max
 * exec_max restart_rate deny ... */
extern const vigil_option config_schema[];

/* Reads, parses and checks.  All that is wrong goes to the diagnostics: all of the syntax, or
 * where that is right all of the meaning.  NULL when there was a diagnostic. */
struct config *config_load(const char *file, struct diagnostics *diagnostics);

/* A drop-in as it is going to be. */
struct config_draft {
	const char *name; /* its file name in conf.d */
	const char *path; /* where its text lies now; NULL: it is going to be removed */
};
/* The same as if the draft were in place already. */
struct config *config_load_draft(
	const char *file, const struct config_draft *draft, struct diagnostics *diagnostics);
/* The same without judging the files: for a client that only seeks the socket in it, and runs nothing of
 * what it says. */
struct config *config_load_untrusted(const char *file, struct diagnostics *diagnostics);
/* The conf.d that belongs to a main file; to be freed. */
char *config_dropin(const char *file);
void config_free(struct config *config);

/* Frees what was written for the daemons whose options are checked. */
void config_drop_written(struct config *config);

const struct config_daemon *config_find(const struct config *config, const char *name);
/* The first after that name, be there one of it or not; NULL at the end. */
const struct config_daemon *config_after(const struct config *config, const char *name);
/* A value of [vigil]. */
const struct option_value *config_vigil(const struct config *config, const char *key);
/* restart_rate as N restarts in so many seconds; checked at load.  0 restarts: no limit. */
void config_restart_rate(const struct config *config, unsigned *count, double *seconds);

#endif
