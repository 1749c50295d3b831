/*
 * state_reader: reads the accounts and the services of daemons from the state.
 */
#ifndef READER_H
#define READER_H

#include <stdbool.h>

#include <vigil/vigil.h>

#define READER_POINTER 1024            /* bytes of the longest JSON pointer, with its NUL */
#define READER_SERVICE "service_state" /* the key of a daemon's service */

/* Appends "/step" to the pointer, escaped.  Returns false and appends nothing if it does not
 * fit. */
bool reader_step(char pointer[READER_POINTER], const char *step);
/* Returns the value at "/a/b" below an object; the path has no escapes.  Borrowed; NULL: no
 * value. */
const json_t *reader_follow(const json_t *from, const char *address);
/* Returns the text of a member, or "" if it is missing or not a string. */
const char *reader_text(const json_t *object, const char *key);

/* The first four are the exit codes of monitoring plugins. */
enum reader_level { READER_OK, READER_WARNING, READER_CRITICAL, READER_UNKNOWN, READER_SILENT };

/* Returns the level of the health in a daemon's account.  READER_SILENT: the daemon reported
 * none. */
enum reader_level reader_level(const json_t *account);

/* All pointers are borrowed, as with vigil_state_get. */
struct reader_service {
	const json_t *state; /* the whole object */
	const char *name;    /* the name of the service, or of the daemon if it is missing */
	const char *value, *manager;
};

/* Reads the service of a daemon.  Returns whether the daemon has a service whose state is known; it
 * is not known, for example, while the service is not installed. */
bool reader_service(vigil_daemon *d, const char *daemon, struct reader_service *service);
/* Calls fn for each service of a daemon that has many: /daemons/NAME/services/MANAGER/SERVICE. */
typedef void reader_service_fn(const struct reader_service *service, void *arg);
void reader_services_each(vigil_daemon *d, const char *daemon, reader_service_fn *fn, void *arg);
/* Returns whether a value is the state of a service. */
bool reader_is_service(const json_t *value);

#endif
