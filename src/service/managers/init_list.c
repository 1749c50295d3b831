/*
 * init_list: see init_list.h.  A script is listed if it is an executable regular file.  It is run
 * only through the manager's own query, which checks first whether vigild may trust it.
 */
#include "service/managers/init_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "process/process.h"
#include "service/listing.h"
#include "service/managers/init_script.h"

#define QUERY_TIME (5 * CLOCK_SECOND) /* for one script */

/* The programs of init itself, which are in the same directory. */
static bool is_of_init(const char *name)
{
	static const char *const names[] = {"README", "functions", "functions.sh", "halt",
		"killall", "killprocs", "rc", "rc.local", "rcS", "reboot", "sendsigs", "single",
		"skeleton", "umountfs", "umountroot"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return strchr(name, '.') != NULL && strstr(name, ".dpkg-") != NULL;
}

char *init_list_read(const char *path)
{
	char *text = malloc(INIT_LIST_TEXT);

	if (text != NULL && process_read_file(AT_FDCWD, path, text, INIT_LIST_TEXT) >= 0)
		return text;
	free(text);
	return NULL;
}

/* When the process was started, in seconds since 1970; 0: unknown. */
static double process_since(pid_t pid)
{
	struct process process;

	if (pid <= 0 || process_read(pid, &process) != 0 || process.state == '\0')
		return 0;
	return clock_boot_time() + (double)process.ticks / (double)sysconf(_SC_CLK_TCK);
}

static void query(struct init_list *list, const char *name, vigil_service_entry *entry)
{
	uint64_t until = clock_now() + QUERY_TIME;
	const struct manager_request request = {.name = (char *)name,
		.manager = list->manager,
		.deadline = until < list->deadline ? until : list->deadline};
	struct manager_reply reply;

	manager_query(&request, &reply);
	entry->status = reply.status;
	entry->pid = reply.pid;
	entry->respawns = reply.respawns;
	entry->text = listing_text(list->listing, "%s", reply.text);
	if (reply.status == VIGIL_SERVICE_RUNNING && entry->since <= 0)
		entry->since = process_since(reply.pid);
}

static void add(struct init_list *list, const char *directory, const char *name)
{
	char path[INIT_SCRIPT_PATH], *text;
	vigil_service_entry *entry = NULL;
	struct stat st;

	if (name[0] == '.' || is_of_init(name) ||
		snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
		stat(path, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return;
	text = init_list_read(path);
	if (text != NULL)
		entry = listing_add(list->listing, list->manager->name, name);
	if (entry != NULL) {
		list->describe(list, name, text, entry);
		if (text_is_service_name(name) && list->is_queried(entry, text))
			query(list, name, entry);
	}
	free(text);
}

void init_list_scripts(struct init_list *list, const char *directory)
{
	DIR *scripts = opendir(directory);
	const struct dirent *file;

	if (scripts == NULL) {
		if (errno != ENOENT)
			listing_fault(list->listing, -errno, "%s: %s", directory, strerror(errno));
		return;
	}
	while ((file = readdir(scripts)) != NULL) {
		if (clock_now() >= list->deadline) {
			listing_fault(list->listing, -ETIMEDOUT,
				"%s: the deadline was over before all scripts were read",
				directory);
			break;
		}
		add(list, directory, file->d_name);
	}
	closedir(scripts);
}
