/*
 * unit_files: see unit_files.h.  All files and all links are collected first, and then sorted by
 * name.  Of several files with the same name, that in the first directory counts.  A unit is
 * enabled by a link in a directory such as multi-user.target.wants, or by a link with another name,
 * its alias.
 */
#include "service/systemd/unit_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "process/process.h"
#include "service/listing.h"

#define SUFFIX       ".service"
#define TEXT_SIZE    ((size_t)32 * 1024) /* of a unit file that is searched for [Install] */
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Where the link of a unit is: this decides whether it is enabled, and until when. */
enum place { PLACE_ADMIN, PLACE_RUNTIME, PLACE_VENDOR };

static enum place place_of(const char *path)
{
	if (strncmp(path, "/etc/", 5) == 0)
		return PLACE_ADMIN;
	return strncmp(path, "/run/", 5) == 0 ? PLACE_RUNTIME : PLACE_VENDOR;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), tail = strlen(end);

	return n > tail && strcmp(text + n - tail, end) == 0;
}

static bool is_template(const char *name)
{
	return ends_with(name, "@" SUFFIX);
}

/* --- reading ---------------------------------------------------------------------------------- */

/* path: NULL for a link, and rank is its place. */
static void add(struct unit_files *files, const char *name, const char *path, unsigned rank)
{
	if (files->count == files->room) {
		files->room = files->room != 0 ? 2 * files->room : 256;
		files->entries = memory_grow(files->entries, files->room, sizeof(*files->entries));
	}
	files->entries[files->count++] = (struct unit_files_entry){
		.name = listing_text(files->listing, "%s", name), .path = path, .rank = rank};
}

/* Reads a link that is an alias, or that has another directory.  Returns the last part of its
 * target, or "" if it is no link or the target is no service. */
static const char *alias_target(const char *path, const char *name, char target[PATH_MAX])
{
	ssize_t n = readlink(path, target, PATH_MAX - 1);
	char *base;

	if (n < 0)
		return "";
	target[n] = '\0';
	base = strrchr(target, '/');
	base = base != NULL ? base + 1 : target;
	return ends_with(base, SUFFIX) && strcmp(base, name) != 0 ? base : "";
}

static void take_file(
	struct unit_files *files, const char *directory, const char *name, unsigned rank)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *alias;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return;
	alias = alias_target(path, name, target);
	if (alias[0] != '\0')
		add(files, alias, NULL, (unsigned)place_of(directory));
	else
		add(files, name, listing_text(files->listing, "%s", path), rank);
}

/* Reads a directory such as multi-user.target.wants. */
static void take_links(struct unit_files *files, const char *directory, const char *name)
{
	char path[PATH_MAX];
	const struct dirent *link;
	DIR *links;

	if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path))
		return;
	links = opendir(path);
	while (links != NULL && (link = readdir(links)) != NULL)
		if (ends_with(link->d_name, SUFFIX))
			add(files, link->d_name, NULL, (unsigned)place_of(directory));
	if (links != NULL)
		closedir(links);
}

static void read_directory(struct unit_files *files, const char *directory, unsigned rank)
{
	static const char *const kinds[] = {".wants", ".requires", ".upholds"};
	const struct dirent *file;
	DIR *all = opendir(directory);

	while (all != NULL && (file = readdir(all)) != NULL) {
		if (ends_with(file->d_name, SUFFIX))
			take_file(files, directory, file->d_name, rank);
		for (size_t i = 0; i < COUNT(kinds); i++)
			if (ends_with(file->d_name, kinds[i]))
				take_links(files, directory, file->d_name);
	}
	if (all != NULL)
		closedir(all);
}

/* --- states ----------------------------------------------------------------------------------- */

static bool begins_with_key(const char *line, const char *key)
{
	size_t n = strlen(key);

	return strncasecmp(line, key, n) == 0 && line[n + strspn(line + n, " \t")] == '=';
}

const char *unit_files_install_state(const char *text)
{
	static const char *const keys[] = {"WantedBy", "RequiredBy", "UpheldBy", "Alias"};
	const char *state = "static";
	bool within = false;

	for (; text != NULL; text = strchr(text, '\n')) {
		text += strspn(text, " \t\r\n");
		if (*text == '[')
			within = strncmp(text, "[Install]", 9) == 0;
		for (size_t i = 0; within && i < COUNT(keys); i++)
			if (begins_with_key(text, keys[i]))
				return "disabled";
		if (within && begins_with_key(text, "Also"))
			state = "indirect";
	}
	return state;
}

static const char *install_state(const char *path)
{
	char *text = malloc(TEXT_SIZE);
	const char *state = "";

	if (text != NULL && process_read_file(AT_FDCWD, path, text, TEXT_SIZE) >= 0)
		state = unit_files_install_state(text);
	free(text);
	return state;
}

/* Whether the file is empty, or a link to /dev/null. */
static bool is_masked(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 &&
	       (S_ISCHR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size == 0));
}

/* link: the best place of a link to it; -1: there is none. */
static const char *state_of(const char *path, int link)
{
	enum place place = place_of(path);

	if (is_masked(path))
		return place == PLACE_RUNTIME ? "masked-runtime" : "masked";
	if (strncmp(path, "/run/systemd/generator", 22) == 0)
		return "generated";
	if (strncmp(path, "/run/systemd/transient", 22) == 0)
		return "transient";
	if (link == PLACE_ADMIN)
		return "enabled";
	return link == PLACE_RUNTIME ? "enabled-runtime" : install_state(path);
}

/* --- the list --------------------------------------------------------------------------------- */

/* By name; files before links; the most important one first. */
static int compare_entries(const void *a, const void *b)
{
	const struct unit_files_entry *left = a, *right = b;
	int order = strcmp(left->name, right->name);

	if (order == 0)
		order = (left->path == NULL) - (right->path == NULL);
	return order != 0 ? order : (left->rank > right->rank) - (left->rank < right->rank);
}

static void append(struct unit_files *files, const struct unit_file *file)
{
	if (files->length == files->list_room) {
		files->list_room = files->list_room != 0 ? 2 * files->list_room : 256;
		files->list = memory_grow(files->list, files->list_room, sizeof(*files->list));
	}
	files->list[files->length++] = *file;
}

/* The name of the template of an instance, such as "getty@.service"; false: it is no instance. */
static bool template_name(const char *name, char text[NAME_MAX + 1])
{
	const char *at = strchr(name, '@');

	if (at == NULL || is_template(name))
		return false;
	return snprintf(text, NAME_MAX + 1, "%.*s@" SUFFIX, (int)(at - name), name) <= NAME_MAX;
}

static const struct unit_files_entry *find_entry(const struct unit_files *files, const char *name)
{
	size_t low = 0, high = files->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(files->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == files->count || strcmp(files->entries[low].name, name) != 0 ||
		files->entries[low].path == NULL)
		return NULL;
	return &files->entries[low];
}

/* Adds the file of the entries with one name, which are next to each other.  A link to an instance
 * has the file of its template.  A link to a file that does not exist is ignored. */
static void merge(struct unit_files *files, const struct unit_files_entry *entries, size_t count)
{
	const struct unit_files_entry *file = entries[0].path != NULL ? entries : NULL;
	char template[NAME_MAX + 1];
	int link = -1;

	if (is_template(entries[0].name))
		return;
	for (size_t i = 0; i < count && link < 0; i++)
		if (entries[i].path == NULL)
			link = (int)entries[i].rank;
	if (file == NULL && template_name(entries[0].name, template))
		file = find_entry(files, template);
	if (file != NULL)
		append(files, &(struct unit_file){.name = entries[0].name,
				      .state = state_of(file->path, link),
				      .wanted = link >= 0});
}

void unit_files_read(struct unit_files *files, struct listing *listing,
	const char *const *directories, uint64_t deadline)
{
	size_t first = 0;

	*files = (struct unit_files){.listing = listing};
	for (unsigned rank = 0; directories[rank] != NULL && clock_now() < deadline; rank++)
		read_directory(files, directories[rank], rank);
	if (files->count > 1)
		qsort(files->entries, files->count, sizeof(*files->entries), compare_entries);
	for (size_t i = 1; i <= files->count; i++) {
		if (i < files->count &&
			strcmp(files->entries[i].name, files->entries[first].name) == 0)
			continue;
		merge(files, &files->entries[first], i - first);
		first = i;
	}
	if (clock_now() >= deadline)
		listing_fault(listing, -ETIMEDOUT,
			"systemd: the deadline was over before all unit files were read");
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct unit_file *)a)->name, ((const struct unit_file *)b)->name);
}

bool unit_files_find(const struct unit_files *files, const char *name, struct unit_file *file)
{
	const struct unit_file key = {.name = name}, *found = NULL;
	const struct unit_files_entry *entry;
	char template[NAME_MAX + 1];

	if (files->length > 0)
		found = bsearch(&key, files->list, files->length, sizeof(key), compare_files);
	if (found != NULL) {
		*file = *found;
		return true;
	}
	entry = template_name(name, template) ? find_entry(files, template) : NULL;
	if (entry != NULL)
		*file = (struct unit_file){.name = name, .state = state_of(entry->path, -1)};
	return entry != NULL;
}

void unit_files_clear(struct unit_files *files)
{
	free(files->entries);
	free(files->list);
	*files = (struct unit_files){0};
}
