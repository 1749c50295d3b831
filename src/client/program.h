/*
 * program: finds the helper programs that vigild and vigilctl start.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

/* The path of a helper program in libexec; the caller frees it.  The file need not exist. */
char *program_path(const char *name);

#endif
