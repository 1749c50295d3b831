/*
 * shutdown: whether the machine is going down under sysvinit, OpenRC or runit.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

/* Why nothing is to be started any more ("the machine is shutting down (OpenRC)", static text); NULL:
 * the machine stays up, or this cannot be told.  root: "" for the machine itself, else a directory that
 * stands for /.  Any thread.  It reads a few small files and, on a machine of sysvinit or runit, goes
 * through /proc once. */
const char *shutdown_in_progress(const char *root);

#endif
