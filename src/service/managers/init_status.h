/*
 * init_status: what an init script, its pidfile and the process table say about a service.
 */
#ifndef INIT_STATUS_H
#define INIT_STATUS_H

#include <stdbool.h>

#include "service/manager.h"
#include "service/managers/init_script.h"

struct spawn_result;

/* Runs the script with that argument, until the request's deadline.  direct: the script itself is
 * meant, so it must not hand the request over to systemctl.  spare_group: what it starts outlives
 * it.  Returns as manager_run does. */
int init_status_run(const struct manager_request *request, const char *script, const char *verb,
	bool direct, bool spare_group, struct spawn_result *result, struct manager_reply *reply);

/* Finds the pidfile and judges it: the request's own, else the one that the script's header names,
 * else one where most scripts keep it.  Returns whether it is known where it is, not only guessed. */
bool init_status_pidfile(
	const struct manager_request *request, const char *script, struct pidfile *pidfile);

/* Asks the script for its status, and looks at everything beside it.  The evidence borrows from
 * the reply and from verb, which must outlive it. */
void init_status_gather(const struct manager_request *request, const char *script, bool direct,
	char *verb, struct evidence *e, struct manager_reply *reply);

/* Bytes of a script that are read for its header. */
#define INIT_STATUS_HEAD ((size_t)16 * 1024)

/* Finds the path in the line "# pidfile: /run/x.pid" of a script's header.  text: the beginning of the
 * script, with a NUL behind it; length: without that, at most INIT_STATUS_HEAD.  Returns false where the
 * header names none. */
bool init_status_header(const char *text, size_t length, char path[INIT_SCRIPT_PATH]);
/* Whether the output of a script is what it prints where it does not know the verb. */
bool init_status_is_usage(const char *output);

#endif
