/*
 * check: what the schema of the options cannot see.
 */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include <vigil/vigil.h>

/* The module's check.  All that is wrong is diagnosed, and then it is -EINVAL. */
int http_check(vigil_daemon *d);

#endif
