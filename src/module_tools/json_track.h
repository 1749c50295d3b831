/*
 * json_track: finds references to values of jansson that a module never releases or releases too
 * often.
 *
 * It replaces the functions by which jansson allocates memory.  A block that jansson frees is
 * overwritten and kept, up to 64 MiB, so that a later use of it is noticed and does no harm.
 */
#ifndef JSON_TRACK_H
#define JSON_TRACK_H

#include <stdbool.h>

#include <jansson.h>

/* Called once, before the host is created. */
void json_track_start(void);
/* The number of the tick that runs; it is in the reports. */
void json_track_tick(long tick);
/* Checks that no value below `tree` has been released.  Prints the address of the first one that
 * has to stderr.  Returns whether there was one. */
bool json_track_state_broken(const json_t *tree);
/* Called when the host has been freed.  Prints to stderr which values the callbacks of the module
 * have made and not released, and which values were used after their release.  Returns whether
 * there was one. */
bool json_track_leaked(void);

#endif
