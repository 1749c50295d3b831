/*
 * daemon_names: finds the daemons that a request names.
 *
 * A request may name a daemon, or the service that a daemon watches.  The name of a daemon has
 * precedence.  A pattern names several daemons: a glob for names, or @GROUP for the daemons that
 * have the group in their option `group`.
 */
#ifndef DAEMON_NAMES_H
#define DAEMON_NAMES_H

#include <stdbool.h>

#include <stddef.h>

#include <jansson.h>

struct command_reply;
struct host;
struct vigil_daemon;

/* Finds the one daemon of that name (not a pattern), or the one that watches the service of that
 * name. NULL: there is none, or several daemons watch the service; the reply has the error. */
struct vigil_daemon *daemon_names_find(
	struct host *host, const char *name, struct command_reply *reply);
/* Returns whether a text names several daemons: a glob or a group. */
bool daemon_names_is_pattern(const char *text);
/* Returns whether the pattern matches the daemon, the name of its service or one of its groups. The
 * name of a daemon matches that daemon alone, because another daemon may watch a service of that
 * name. */
bool daemon_names_match(struct host *host, const struct vigil_daemon *d, const char *pattern);
/* Returns how many daemons the pattern matches. */
size_t daemon_names_count(struct host *host, const char *pattern);
/* Returns one flag for each daemon, in the order of host_daemon: whether a name or pattern of the
 * array matches it.  The caller frees the flags.  NULL: one of the names matches no daemon, or the
 * array is empty or has an element that is not a text; the reply has the error. */
bool *daemon_names_choose(struct host *host, json_t *names, struct command_reply *reply);
/* The service that the daemon watches; the first one if it watches several.  One that has failed or
 * is in quarantine has opened none, so its option counts.  NULL: none. */
const char *daemon_names_service(const struct vigil_daemon *d);
/* Sets the error of a name that matches nothing.  It suggests a similar name if there is one. */
void daemon_names_fail(struct host *host, const char *name, struct command_reply *reply);

#endif
