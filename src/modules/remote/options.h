/*
 * options: the options of the module remote, and the list of its targets.
 */
#ifndef REMOTE_OPTIONS_H
#define REMOTE_OPTIONS_H

#include <stddef.h>

#include <vigil/vigil.h>

#define REMOTE_NAME    64  /* the longest name of a target, and a NUL */
#define REMOTE_TARGETS 500 /* the most targets of one daemon */

extern const vigil_option remote_options[];

/* The module's check: see vigil_module. */
int remote_check(vigil_daemon *d);

/* Splits an element of the option targets, "NAME TARGET". Returns the target, which is a part of
 * the element; NULL: the element has another form or the name is invalid. */
const char *remote_split(const char *element, char name[REMOTE_NAME]);

#endif
