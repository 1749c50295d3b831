/*
 * view: what is found in the state, by the shapes that its interface promises.
 */
#ifndef VIEW_H
#define VIEW_H

#include <stdbool.h>

#include <vigil/vigil.h>

#define VIEW_POINTER 1024            /* as long as an address may be, its NUL included */
#define VIEW_SERVICE "service_state" /* where a daemon keeps what it knows of a service */

/* Appends "/step", escaped; false where it does not fit, and nothing is appended. */
bool view_step(char pointer[VIEW_POINTER], const char *step);
/* Follows "/a/b" (nothing escaped in it) from an object: borrowed, NULL where nothing stands. */
const json_t *view_follow(const json_t *from, const char *address);
/* A member that is text, or "". */
const char *view_text(const json_t *object, const char *key);

/* As plugins exit. */
enum view_level { VIEW_OK, VIEW_WARNING, VIEW_CRITICAL, VIEW_UNKNOWN, VIEW_SILENT };

/* Of the health in a daemon's account. */
enum view_level view_level(const json_t *account);

/* Lent as vigil_state_get lends. */
struct view_service {
	const json_t *state; /* all of it */
	const char *name;    /* of the service; the daemon's own where it is not told */
	const char *value, *manager;
	json_int_t restarts, restart_errors;
};

/* Whether the daemon keeps a service, and how it is; false while that is not installed. */
bool view_service(vigil_daemon *d, const char *daemon, struct view_service *service);

#endif
