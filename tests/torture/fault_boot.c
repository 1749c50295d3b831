/* fault_boot: starts a vigild without a fault, for the phases that need one that runs. */
#include "fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void fault_give_up(const char *what)
{
	bool ended = vigild_has_ended(&test.vigild);

	printf("broken: %s, %s %llu: %s (%s, %x)\n%s\n", test.phase, test.mode,
		(unsigned long long)test.plan, what, ended ? "vigild has exited" : "vigild runs",
		ended ? (unsigned)test.vigild.status : 0, test.vigild.said);
	vigild_kill(&test.vigild);
	exit(EXIT_FAILURE);
}

void fault_ask_well(const char *method, const char *params)
{
	json_t *reply;
	enum vigild_answer answer = vigild_ask(&test.vigild, method, params, &reply);

	if (answer != ANSWERED)
		fault_give_up(answer == CLOSED ? "vigild closes a connection without a fault"
					       : "vigild does not reply without a fault");
	json_decref(reply);
}

static bool has(const char *pointer)
{
	char params[256];
	json_t *reply;
	bool found;

	snprintf(params, sizeof(params), "{\"pointer\":\"%s\"}", pointer);
	vigild_ask(&test.vigild, "get", params, &reply);
	found = json_object_get(reply, "result") != NULL;
	json_decref(reply);
	return found;
}

/* Removes the stored events.  With them the replies grow from start to start, and a long reply is
 * sent in parts, of which the last ones may be missing if there is no memory. */
static void remove_events(void)
{
	char path[4096];
	DIR *dir;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/state/events", test.vigild.work);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL)
		(void)!unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

/* Starts vigild, if it does not run, and waits until each daemon that the file `ready` names has
 * ticked once, so that replies do not change on their own.  A line of `ready` has NAME POINTER; the
 * pointer exists after the first tick. */
void fault_boot_well(void)
{
	char path[4096], name[64], pointer[128], params[128];
	bool hung;
	FILE *file;

	if (test.vigild.pid > 0)
		return;
	remove_events();
	if (!vigild_boot(&test.vigild, &hung))
		fault_give_up("vigild does not start without a fault");
	fault_ask_well("resume", "{\"all\":true}");
	snprintf(path, sizeof(path), "%s/ready", test.vigild.work);
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%63s %127s", name, pointer) == 2) {
		snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
		fault_ask_well("run", params);
		for (int n = 0; !has(pointer); n++, usleep(5000))
			if (n == 20000)
				fault_give_up(pointer);
	}
	if (file != NULL)
		fclose(file);
}
