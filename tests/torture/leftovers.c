/*
 * leftovers: what a vigild leaves behind when it ends: its state, whole; and no process.
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

	snprintf(path, sizeof(path), "%s/state/%s", judge.subject.work, name);
	if (access(path, F_OK) != 0) {
		if (must)
			judge_broken("there is no %s", name);
		return;
	}
	doc = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json_object_get(doc, "kept")))
		judge_broken("%s is not whole", name);
	json_decref(doc);
}

/* What never ends by itself was ended with it, and holds its lock no more. */
static void check_children(void)
{
	char path[4096], pid[16] = "";
	int fd, waited;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/held", judge.subject.work);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* it never began */
	for (waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += 5) {
		usleep(5000);
		if (waited < SUBJECT_PATIENCE)
			continue;
		n = read(fd, pid, sizeof(pid) - 1);
		judge_broken("it left a process behind: %s", pid);
		if (n > 0 && atoi(pid) > 1)
			kill(atoi(pid), SIGKILL);
		break;
	}
	close(fd);
}

/* A state file that the disk does not give is set aside, whole as it is; and put back here, as an
 * admin would, once the disk is well. */
static void put_back(void)
{
	char from[4096], to[4096];

	if (!vigild_said(&judge.subject, " was renamed to "))
		return;
	snprintf(from, sizeof(from), "%s/state/state.json.bad", judge.subject.work);
	snprintf(to, sizeof(to), "%s/state/state.json", judge.subject.work);
	if (rename(from, to) < 0)
		judge_broken("what it has set aside is not there");
}

void remains_check(void)
{
	put_back();
	check_file("state.json", true);
	check_file("state.json.old", false);
	check_children();
}
