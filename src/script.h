/* script: finds an init script, and says whether it may be run with vigild's rights. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>

struct manager_reply;

#define SCRIPT_PATH 4096

/* Puts the path of DIRECTORY/NAME together.  False, with the reply filled, where it cannot be
 * used: ABSENT where there is none, or a fault that says what is wrong with it. */
bool script_find(const char *directory, const char *name, char path[SCRIPT_PATH],
	struct manager_reply *reply);

#endif
