/*
 * deaths_internal: what the files of deaths share.
 */
#ifndef DEATHS_INTERNAL_H
#define DEATHS_INTERNAL_H

#include "deaths.h"

#define DEATHS_TOKENS 3 /* at most so many outputs are read in a row */

/* Returns the newest record, borrowed; NULL: there is none. */
json_t *deaths_newest(const struct deaths *deaths);
/* Adds a death to the records. Takes over the reference. started: when the run began, in seconds
 * since 1970; 0: not known. output: text that is known to be its output; "": it is to be read. */
void deaths_add(struct deaths *deaths, json_t *record, double started, const char *output);
/* Writes the records to the state, after a change of one of them. */
void deaths_save(struct deaths *deaths);
/* Reads the records that an earlier daemon of this name has kept. */
void deaths_restore(struct deaths *deaths);
/* Ends the records that wait for their output. */
void deaths_end_reading(struct deaths *deaths);

#endif
