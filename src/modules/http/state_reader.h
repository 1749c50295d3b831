/*
 * state_reader: what is found in the state, by the shapes that its interface promises.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>

#include <vigil/vigil.h>

#define READER_POINTER 1024            /* as long as an address may be, its NUL included */
#define READER_SERVICE "service_state" /* where a daemon keeps what it knows of a service */

/* Appends "/step", escaped; false where it does not fit, and nothing is appended. */
bool reader_step(char pointer[READER_POINTER], const char *step);
/* Follows "/a/b" (nothing escaped in it) from an object: borrowed, NULL where nothing stands. */
const json_t *reader_follow(const json_t *from, const char *address);
/* A member that is text, or "". */
const char *reader_text(const json_t *object, const char *key);

/* As plugins exit. */
enum reader_level { READER_OK, READER_WARNING, READER_CRITICAL, READER_UNKNOWN, READER_SILENT };

/* Of the health in a daemon's account. */
enum reader_level reader_level(const json_t *account);

/* Lent as vigil_state_get lends. */
struct reader_service {
	const json_t *state; /* all of it */
	const char *name;    /* of the service; the daemon's own where it is not told */
	const char *value, *manager;
	json_int_t restarts, restart_errors;
};

/* Whether the daemon keeps a service, and how it is; false while that is not installed. */
bool reader_service(vigil_daemon *d, const char *daemon, struct reader_service *service);

#endif
