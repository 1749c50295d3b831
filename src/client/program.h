/*
 * program: where the programs are that vigild and vigilctl start.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

/* The path of a program of vigil's in libexec, which the caller frees; it need not exist. */
char *program_path(const char *name);

#endif
