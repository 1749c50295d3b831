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

/* A program that adds for ever ends at these: what a daemon keeps is read and dumped on the loop. */
#define MERGE_VALUES_MAX 10000
#define MERGE_BYTES_MAX  (1024 * 1024) /* below one daemon, as JSON; the default */
#define MERGE_MEMBER_MAX (64 * 1024)   /* of one member, likewise */

struct merge {
	size_t bytes_max, member_max;
	size_t values, bytes; /* no more than so many are kept; 0 at first */
	/* Since they were last counted exactly: when that was, and how many were printed. */
	double counted;
	size_t values_since, bytes_since;
};

/* Reads one JSON object; changed: what of it could not be kept as it was printed.  NULL, and why in
 * words. */
json_t *merge_read(
	const char *text, size_t length, char *why, size_t size, struct lenient *changed);
/* Takes the reference.  0; -E2BIG: it nests too deep, -ENOSPC: there would be too many values, -EDQUOT:
 * too many bytes, -EFBIG: a member would be too large; then nothing, or not all, has been set. */
int merge_set(struct merge *merge, vigil_daemon *d, json_t *object);
/* What such a failure means, in words. */
const char *merge_error(int err);

#endif
