/*
 * check: validates what the schema of the options cannot express.
 */
#ifndef SERVICE_CHECK_H
#define SERVICE_CHECK_H

#include <vigil/vigil.h>

/* The module's check callback. It reports every problem with vigil_diagnose and returns 0 or
 * -EINVAL. */
int service_check(vigil_daemon *d);

#endif
