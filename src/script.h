/* script: an init script: where it is, whether it may be run with vigild's rights, and whether
 * somebody is running it. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <sys/types.h>

struct manager_reply;

#define SCRIPT_PATH 4096

/* Puts the path of DIRECTORY/NAME together.  False, with the reply filled, where it cannot be
 * used: ABSENT where there is none, or a fault that says what is wrong with it. */
bool script_find(const char *directory, const char *name, char path[SCRIPT_PATH],
	struct manager_reply *reply);

#define SCRIPT_VERB 32

/* The process that runs the script for something else than its status, with what it was asked
 * for; 0: there is none that can be seen. */
pid_t script_runner(const char *path, char verb[SCRIPT_VERB]);

#endif
