/*
 * request: a copy of a service's configuration that can be passed to a worker.
 *
 * A request owns all its texts. The struct is defined in manager.h.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

#include "service/manager.h"

/* Returns 0; -EINVAL if the name is not valid for a manager; -ENOTSUP if this build has no such
 * manager. */
int request_from_spec(struct manager_request *request, const vigil_service_spec *spec);
void request_copy(struct manager_request *to, const struct manager_request *from);
bool request_equal(const struct manager_request *a, const struct manager_request *b);
/* Frees what the request owns, but not the struct. */
void request_clear(struct manager_request *request);
/* Copies a NULL-terminated array; the result is freed with free. Returns NULL for NULL. */
char **request_argv(const char *const *argv);

#endif
