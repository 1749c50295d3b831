/*
 * check: what the schema of the options cannot see.
 */
#ifndef SERVICE_CHECK_H
#define SERVICE_CHECK_H

#include <vigil/vigil.h>

/* The module's check.  All that is wrong is diagnosed, and then it is not 0. */
int service_check(vigil_daemon *d);

#endif
