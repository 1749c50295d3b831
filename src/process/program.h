/*
 * program: finds the helper programs that vigild and vigilctl start.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

/* The path of a helper program whose configured directory is installed; the caller frees it.  The
 * file need not exist. */
char *program_path(const char *installed, const char *name);

#endif
