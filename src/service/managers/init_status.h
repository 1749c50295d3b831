/*
 * init_status: collects what an init script, its pidfile and the process table say about a
 * service.
 */
#ifndef INIT_STATUS_H
#define INIT_STATUS_H

#include <stdbool.h>

#include "service/manager.h"
#include "service/managers/init_script.h"

struct spawn_result;

/* Runs the script with the argument verb, until the request's deadline. direct: the script must
 * run itself and not redirect the request to systemctl. spare_group: the processes that the
 * script starts are to outlive it. Returns as manager_run does. */
int init_status_run(const struct manager_request *request, const char *script, const char *verb,
	bool direct, bool spare_group, struct spawn_result *result, struct manager_reply *reply);

/* Finds the pidfile and checks it. The path is the request's, else the one in the script's
 * header, else one of the two usual paths. Returns whether the path is known and not only
 * guessed; a guessed path is known if the file exists. */
bool init_status_pidfile(
	const struct manager_request *request, const char *script, struct pidfile *pidfile);

/* Runs the script with `status`, and checks the pidfile and the process table in addition. The
 * evidence refers to texts in the reply and in verb, which must outlive it. verb: a buffer of
 * INIT_SCRIPT_VERB bytes. */
void init_status_gather(const struct manager_request *request, const char *script, bool direct,
	char *verb, struct evidence *e, struct manager_reply *reply);

/* The number of bytes of a script that are searched for its header. */
#define INIT_STATUS_HEAD ((size_t)16 * 1024)

/* Finds the path in the line "# pidfile: /run/x.pid" of a script's header. text: the beginning
 * of the script, terminated by NUL. length: without the NUL, at most INIT_STATUS_HEAD. Returns
 * false if the header names no pidfile. */
bool init_status_header(const char *text, size_t length, char path[INIT_SCRIPT_PATH]);
/* Whether the output of a script is the usage message that it prints for an unknown argument. */
bool init_status_is_usage(const char *output);

#endif
