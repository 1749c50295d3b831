/*
 * merge: a JSON object that a program printed, into the daemon's subtree.
 *
 * By RFC 7396: members are set, objects go into objects, null removes.  The keys that the
 * module itself keeps are not for the program to set.
 */
#ifndef MERGE_H
#define MERGE_H

#include <stddef.h>

#include <jansson.h>

#include <vigil/vigil.h>

#include "lenient.h"

#define MERGE_VALUES_MAX 10000 /* below one daemon; a program that adds for ever ends there */

struct merge {
	size_t values; /* at most so many stand there; 0 at first */
};

/* Reads one JSON object; changed: what of it could not be kept as it was printed.  NULL, and why in
 * words. */
json_t *merge_read(
	const char *text, size_t length, char *why, size_t size, struct lenient *changed);
/* Takes the reference.  0; -E2BIG: it nests too deep, -ENOSPC: there would be too many values;
 * then nothing, or not all, has been set. */
int merge_set(struct merge *merge, vigil_daemon *d, json_t *object);
/* What such a failure means, in words. */
const char *merge_error(int err);

#endif
