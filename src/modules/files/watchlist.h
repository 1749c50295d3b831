/*
 * watchlist: what the program vigil-files watches: the paths and limits of one daemon, and what the
 * daemon kept from an earlier run. The module writes it as one JSON object to the stdin of the
 * program.
 */
#ifndef WATCHLIST_H
#define WATCHLIST_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#define PATHS_MAX 64 /* the sets of paths are bits of a uint64_t */

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_UNKNOWN };

/* A limit that is not set is negative, NULL or false. */
struct limits {
	bool absent;                     /* the path must not exist */
	bool newest;                     /* of several files, the limits apply to the newest one */
	char *type;                      /* a name of facts_type */
	double max_age, max_age_warning; /* seconds */
	double min_size, max_size;       /* bytes */
	double min_count, max_count;
	int mode;
	char *owner, *group;
	enum level level; /* of a limit that is exceeded */
	bool changed;     /* compute checksums */
	bool match;       /* follow new lines */
	regex_t wanted;
	bool has_unwanted;
	regex_t unwanted; /* a line that matches it, too, does not count */
};

struct path {
	char *pattern;
	bool is_glob;
	json_t *bookmarks; /* by name of the file */
	json_t *sums;
	bool summed;   /* its checksums were read before */
	bool followed; /* its lines were read before */
};

struct watchlist {
	struct limits limits;
	struct path paths[PATHS_MAX];
	size_t count;
};

/* Reads a list. Returns false, with the reason in why, if the text is not one. */
bool watchlist_read(
	struct watchlist *list, const char *text, size_t length, char *why, size_t size);
void watchlist_free(struct watchlist *list);
/* Returns whether a path has characters that glob(7) expands. */
bool watchlist_is_glob(const char *path);

#endif
