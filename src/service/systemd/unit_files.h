/*
 * unit_files: the unit files of services and the links that enable them, read from the file system.
 *
 * systemd can list them, too, but its answer takes a time that grows with the square of their
 * number: 1.3 s for 700 files, in which systemd does nothing else.
 */
#ifndef UNIT_FILES_H
#define UNIT_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listing;

struct unit_file {
	const char *name;
	/* As UnitFileState of systemd: "enabled", "enabled-runtime", "disabled", "static",
	 * "indirect", "masked", "masked-runtime", "generated", "transient". */
	const char *state;
	bool wanted; /* another unit wants or requires it */
};

/* Private to unit_files.c. */
struct unit_files_entry {
	const char *name;
	const char *path; /* NULL: a link that enables it */
	unsigned rank;    /* index of the directory; of a link: an enum place */
};

struct unit_files {
	struct listing *listing; /* its memory has the names */
	struct unit_files_entry *entries;
	size_t count, room;
	struct unit_file *list; /* sorted by name, without templates and aliases */
	size_t length, list_room;
};

/* Reads the directories, the most important one first, as systemd's property UnitPath lists them.
 * Directories that do not exist are ignored. */
void unit_files_read(struct unit_files *files, struct listing *listing,
	const char *const *directories, uint64_t deadline);
/* Finds a file.  An instance that is not enabled has the state of its template.  Returns false if
 * there is no such file. */
bool unit_files_find(const struct unit_files *files, const char *name, struct unit_file *file);
/* Frees what files owns. */
void unit_files_clear(struct unit_files *files);

/* The state of a unit file that is not enabled, from its text: "disabled", "indirect" or
 * "static". */
const char *unit_files_install_state(const char *text);

#endif
