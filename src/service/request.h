/*
 * request: what a manager is asked, copied so that it can travel to a worker.
 *
 * A request owns all its texts.  The struct itself stands in manager.h, with those who read it.
 */
#ifndef REQUEST_H
#define REQUEST_H

#include <stdbool.h>

#include "service/manager.h"

/* -EINVAL: the name is not fit for a manager; -ENOTSUP: there is no such manager here. */
int request_from_spec(struct manager_request *request, const vigil_service_spec *spec);
void request_copy(struct manager_request *to, const struct manager_request *from);
bool request_equal(const struct manager_request *a, const struct manager_request *b);
/* Frees what it owns, not the struct. */
void request_clear(struct manager_request *request);
/* A copy of a NULL-ended array, to be freed with free; NULL of NULL. */
char **request_argv(const char *const *argv);

#endif
