/*
 * check: checks the options that the option table cannot check.
 */
#ifndef HTTP_CHECK_H
#define HTTP_CHECK_H

#include <vigil/vigil.h>

/* The module's check function.  Reports all errors with vigil_diagnose, and then returns -EINVAL;
 * returns 0 if there is none. */
int http_check(vigil_daemon *d);

#endif
