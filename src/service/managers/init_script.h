/* init_script: finds an init script, checks whether vigild may run it, and finds the process
 * that runs it. */
#ifndef INIT_SCRIPT_H
#define INIT_SCRIPT_H

#include <stdbool.h>
#include <sys/types.h>

struct manager_reply;

#define INIT_SCRIPT_PATH 4096
#define INIT_SCRIPT_VERB 32

/* Sets path to DIRECTORY/NAME and checks the file. Returns false with the reply filled if it
 * cannot be used: status ABSENT if it does not exist, or a fault that says what is wrong with
 * it. */
bool init_script_find(const char *directory, const char *name, char path[INIT_SCRIPT_PATH],
	struct manager_reply *reply);

/* Returns the pid of a process, such as an admin's or a package's, that runs the script right
 * now with another argument than `status`; verb gets that argument. Returns 0 if there is none,
 * or -errno if not all processes can be checked. */
pid_t init_script_runner(const char *path, char verb[INIT_SCRIPT_VERB]);

/* Reads the real, effective, saved and file system user id from the content of /proc/PID/status.
 * Returns false if the content is not in the kernel's format. */
bool init_script_uids(const char *status, uid_t uids[4]);
/* Finds the absolute path of the interpreter in the first line of a script. text: the beginning
 * of the script. Returns false with an empty path if there is none. */
bool init_script_interpreter(const char *text, char path[INIT_SCRIPT_PATH]);

#endif
