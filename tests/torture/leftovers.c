/*
 * leftovers: checks what a vigild leaves when it exits: a complete state file, and no process.
 */
#include "fault.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void check_file(const char *name, bool must)
{
	char path[4096];
	json_t *doc;

	snprintf(path, sizeof(path), "%s/state/%s", test.vigild.work, name);
	if (access(path, F_OK) != 0) {
		if (must)
			fault_broken("there is no %s", name);
		return;
	}
	doc = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json_object_get(doc, "kept")))
		fault_broken("%s is incomplete", name);
	json_decref(doc);
}

/* The daemon `lasting` never exits on its own, so vigild must have ended it, which releases its
 * lock. */
static void check_children(void)
{
	char path[4096], pid[16] = "";
	int fd, waited;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/held", test.vigild.work);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* it was never started */
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 5) {
		usleep(5000);
		if (waited < VIGILD_PATIENCE)
			continue;
		n = read(fd, pid, sizeof(pid) - 1);
		fault_broken("vigild left process %s", pid);
		if (n > 0 && atoi(pid) > 1)
			kill(atoi(pid), SIGKILL);
		break;
	}
	close(fd);
}

/* A state file that cannot be read is set aside, complete as it is.  It is put back here, as an
 * admin would do when the disk works again. */
static void put_back(void)
{
	static const char *const names[] = {"state.json.bad", "state.json.lost"};
	char from[4096], to[4096];
	bool found = false;

	if (!vigild_said(&test.vigild, " was renamed to "))
		return;
	snprintf(to, sizeof(to), "%s/state/state.json", test.vigild.work);
	for (size_t i = 0; i < 2; i++) {
		snprintf(from, sizeof(from), "%s/state/%s", test.vigild.work, names[i]);
		found = rename(from, to) == 0 || found;
	}
	if (!found)
		fault_broken("the state file that was set aside does not exist");
}

void leftovers_check(void)
{
	put_back();
	check_file("state.json", true);
	check_file("state.json.old", false);
	check_children();
}
