/*
 * unit_program: finds out why systemd could not start the main process of a unit: its program
 * cannot be executed (203/EXEC), or a command that runs before it has failed.
 */
#ifndef UNIT_PROGRAM_H
#define UNIT_PROGRAM_H

#include <stddef.h>

#include "service/systemd/unit_gather.h"

/* If the last start of the unit has failed, adds to the death in the reply what is wrong with the
 * program, or which other command has failed.  Negative: -errno. */
int unit_program_explain(struct unit_gather *g);
/* Writes what is wrong with the program; "" if nothing is found. */
void unit_program_examine(const char *path, char *text, size_t size);

#endif
