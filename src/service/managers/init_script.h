/* init_script: finds an init script, says whether it may be run with vigild's rights, and who runs it. */
#ifndef INIT_SCRIPT_H
#define INIT_SCRIPT_H

#include <stdbool.h>
#include <sys/types.h>

struct manager_reply;

#define INIT_SCRIPT_PATH 4096
#define INIT_SCRIPT_VERB 32

/* Puts the path of DIRECTORY/NAME together.  False, with the reply filled, where it cannot be
 * used: ABSENT where there is none, or a fault that says what is wrong with it. */
bool init_script_find(const char *directory, const char *name, char path[INIT_SCRIPT_PATH],
	struct manager_reply *reply);

/* The process that runs the script at this moment, be it an admin's or a package's, for anything
 * but `status`, and what for; 0: none does; -errno: not all that run can be looked at. */
pid_t init_script_runner(const char *path, char verb[INIT_SCRIPT_VERB]);

/* Reads the real, effective, saved and file system user id from the content of /proc/PID/status.
 * Returns false where it is not what the kernel writes. */
bool init_script_uids(const char *status, uid_t uids[4]);
/* Finds the absolute path of the interpreter in a script's first line.  text: the script's
 * beginning.  Returns false, with an empty path, where there is none. */
bool init_script_interpreter(const char *text, char path[INIT_SCRIPT_PATH]);

#endif
