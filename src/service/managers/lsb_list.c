/*
 * lsb_list: see lsb_list.h.  A script is enabled if init starts it in the default runlevel or in
 * the runlevel S, that is, if a link /etc/rcN.d/SNNNAME leads to it.  The status of a script is
 * queried only if the script handles `status`.
 */
#include "service/managers/lsb_list.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/listing.h"
#include "service/managers/init_list.h"
#include "service/managers/init_text.h"

#define LEVELS "2345"

/* The list, which must be the first member, and the runlevels of the machine. */
struct lsb_list {
	struct init_list list;
	char level; /* the default runlevel; '\0': unknown, and each of 2 to 5 counts */
};

/* Reads the default runlevel from a line such as id:2:initdefault: of /etc/inittab. */
static char default_level(void)
{
	char *text = init_list_read("/etc/inittab"), *line, *rest = text, level = '\0';

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		const char *field = strchr(line, ':');

		if (line[0] != '#' && field != NULL && isdigit((unsigned char)field[1]) &&
			strncmp(field + 2, ":initdefault:", 13) == 0)
			level = field[1];
	}
	free(text);
	return level;
}

/* Whether init starts the script in the runlevel. */
static bool is_started_in(char level, const char *name)
{
	char path[32];
	const struct dirent *file;
	bool found = false;
	DIR *links;

	snprintf(path, sizeof(path), "/etc/rc%c.d", level);
	links = opendir(path);
	if (links == NULL) {
		snprintf(path, sizeof(path), "/etc/rc.d/rc%c.d", level);
		links = opendir(path);
	}
	while (links != NULL && !found && (file = readdir(links)) != NULL) {
		const char *rest = file->d_name + 1;

		found = file->d_name[0] == 'S' &&
			strcmp(rest + strspn(rest, "0123456789"), name) == 0;
	}
	if (links != NULL)
		closedir(links);
	return found;
}

static vigil_service_boot boot(const struct lsb_list *list, const char *name)
{
	const char *level = LEVELS;

	if (is_started_in('S', name))
		return VIGIL_BOOT_YES;
	if (list->level != '\0')
		return is_started_in(list->level, name) ? VIGIL_BOOT_YES : VIGIL_BOOT_NO;
	while (*level != '\0' && !is_started_in(*level, name))
		level++;
	return *level != '\0' ? VIGIL_BOOT_YES : VIGIL_BOOT_NO;
}

static void describe(
	struct init_list *list, const char *name, const char *text, vigil_service_entry *entry)
{
	entry->boot = boot((struct lsb_list *)list, name);
	entry->daemon = init_text_is_daemon(text);
	entry->crash = entry->daemon ? VIGIL_CRASH_DOWN : VIGIL_CRASH_NONE;
	if (entry->daemon)
		entry->crash_text = "stays down: init does not watch it";
	if (!init_text_has_status(text))
		entry->text = "not queried: the script has no \"status\" action";
}

static bool is_queried(const vigil_service_entry *entry, const char *text)
{
	return entry->daemon && init_text_has_status(text);
}

void lsb_list_scripts(const struct manager *manager, const char *directory, struct listing *listing,
	uint64_t deadline)
{
	struct lsb_list list = {.list = {.manager = manager,
					.listing = listing,
					.deadline = deadline,
					.describe = describe,
					.is_queried = is_queried},
		.level = default_level()};

	init_list_scripts(&list.list, directory);
}
