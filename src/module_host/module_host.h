/*
 * module_host: what the files of vigil-module-host share.
 *
 * The program links the files of daemon/ as they are.  In addition it has its own implementations
 * of the headers that they use to reach what only vigild has: services, slots, the store, the
 * history and the log.
 */
#ifndef MODULE_HOST_H
#define MODULE_HOST_H

#include <jansson.h>

#include "daemon/daemon_internal.h"

struct state;

/* What the callback that is about to run is, in words. */
const char *module_host_callback(void);
/* The persistent values of the daemon, by their paths.  Borrowed; it may be changed. */
json_t *module_host_kept(void);

/* crash_marker.c */
void module_host_catch_signals(void);

/* describe.c: the messages `described`, `diagnostic` and `checked`. */
json_t *module_host_describe(const vigil_module *descriptor);
/* Parses the options of a daemon, [[KEY, VALUE] ...].  NULL: they are not valid, and that has been
 * reported. */
struct option_set *module_host_options(
	const vigil_module *descriptor, const char *daemon, const json_t *options);
void module_host_check(const char *module, const vigil_module *descriptor, const char *daemon,
	const json_t *options);

/* report.c: what vigild must know about the daemon. */
void report_open(struct vigil_daemon *d, struct state *state);
/* Adds the messages about what has changed since the last call. */
void report_collect(void);
/* From now on nothing is reported, because the daemon has stopped. */
void report_close(void);

/* view.c: the state of others. */
void view_open(struct vigil_daemon *d, struct state *state);
void view_see(const char *pointer, bool subscribes);
void view_change(const char *pointer, json_t *value);

/* The members of an answer of vigild; a missing one is NULL or 0. */
static inline const char *module_host_text(const json_t *answer, const char *key)
{
	return json_string_value(json_object_get(answer, key));
}

static inline json_int_t module_host_number(const json_t *answer, const char *key)
{
	return json_integer_value(json_object_get(answer, key));
}

/* service.c, services.c, slot_queue.c: what vigild answers. */
void module_host_on_reply(const json_t *message);
void module_host_on_status(const json_t *message);
void module_host_on_entry(const json_t *message);
void module_host_on_entries_end(const json_t *message);
void module_host_on_services(const json_t *message);
void module_host_on_granted(json_int_t id);
/* The names of the service managers that vigild knows. */
void module_host_set_managers(const char *names);

#endif
