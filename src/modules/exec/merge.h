/*
 * merge: merges a JSON object that a program printed into the daemon's subtree of the state.
 *
 * The merge follows RFC 7396: members are set, objects are merged recursively, and null removes a
 * member. Keys that the module writes itself are ignored in the object.
 */
#ifndef MERGE_H
#define MERGE_H

#include <stddef.h>

#include <jansson.h>

#include <vigil/vigil.h>

#include "lenient.h"

/* Limits for what one daemon keeps. They are needed because the loop thread reads and dumps the
 * state, and a program may add members without end. */
#define MERGE_VALUES_MAX 10000
#define MERGE_BYTES_MAX  (1024 * 1024) /* of one daemon's subtree, as JSON; the default */
#define MERGE_MEMBER_MAX (64 * 1024)   /* of one member, as JSON; the default */

struct merge {
	size_t bytes_max, member_max;
	size_t values, bytes; /* upper bounds of what is kept; 0 at first */
	/* The time of the last exact count, by vigil_now, and how much was printed since. */
	double counted;
	size_t values_since, bytes_since;
};

/* Parses one JSON object and returns a new reference. `changed` describes the values that could not
 * be kept as they were printed. Returns NULL on failure, with the reason in `why`. */
json_t *merge_read(
	const char *text, size_t length, char *why, size_t size, struct lenient *changed);
/* Merges the whole object into the subtree of d, or nothing of it. Takes the reference to it.
 * Returns 0, or a negative errno with the reason in `why`: -EPROTO: a member that vigil reads has
 * the wrong type (known.h); -E2BIG: a member nests too deep; -ENOSPC: there would be too many
 * values; -EDQUOT: there would be too many bytes; -EFBIG: a member would be too large;
 * -ENAMETOOLONG, -EINVAL: the name of a member is too long or empty; -ENOMEM. */
int merge_set(struct merge *merge, vigil_daemon *d, json_t *object, char *why, size_t size);

#endif
