/* children: kills and reaps the child processes of a test. */
#ifndef CHILDREN_H
#define CHILDREN_H

#include <check.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((unused)) static void kill_and_reap(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* Kills all children, then the processes that they leave to a test that is a subreaper. */
__attribute__((unused)) static void kill_and_reap_all(void)
{
	FILE *children;
	int pid;

	do {
		children = fopen("/proc/thread-self/children", "r");
		while (children != NULL && fscanf(children, "%d", &pid) == 1)
			kill(pid, SIGKILL);
		if (children != NULL)
			fclose(children);
	} while (waitpid(-1, NULL, 0) > 0);
}

/* Returns if the process ends or becomes a zombie within 10 s. */
__attribute__((unused)) static bool dies(pid_t pid)
{
	char path[32], text[256], *paren;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 1000; i++, usleep(10000)) {
		file = fopen(path, "r");
		if (file == NULL)
			return true;
		paren = fgets(text, sizeof(text), file) != NULL ? strrchr(text, ')') : NULL;
		fclose(file);
		if (paren == NULL || paren[2] == 'Z')
			return true;
	}
	return false;
}

#endif
