/*
 * shutdown: whether the machine is going down under sysvinit, OpenRC or runit.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

/* Why nothing is to be started any more ("the machine is shutting down (OpenRC)", static text); NULL:
 * the machine stays up, or this cannot be told.  root: "" for the machine itself, else a directory that
 * stands for /.  Any thread. */

/* By what OpenRC, runit and init note in files: a few small reads. */
const char *shutdown_announced(const char *root);
/* Also by the processes, where the script of the runlevel may be one of them.  Goes through /proc once,
 * so it is for workers. */
const char *shutdown_in_progress(const char *root);

#endif
