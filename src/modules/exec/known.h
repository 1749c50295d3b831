/*
 * known: checks the types of the members that vigil reads in an object of a program.
 *
 * All other members may have any type.
 */
#ifndef KNOWN_H
#define KNOWN_H

#include <stddef.h>

#include <jansson.h>

/* Checks output, long_output and perfdata. null is allowed, because it removes a member. Returns 0,
 * or -EPROTO with the reason in `why`. */
int known_check(json_t *object, char *why, size_t size);

#endif
