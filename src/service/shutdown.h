/*
 * shutdown: whether the machine is going down under sysvinit, OpenRC or runit.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

/* Both functions return the reason why no service may be started any more ("the machine is
 * shutting down (OpenRC)", static text), or NULL if the machine stays up or this cannot be
 * determined. root: "" for this machine, else a directory that is used as /. They may be called
 * from any thread. */

/* Checks the files in which OpenRC, runit and init record a shutdown: a few small reads. */
const char *shutdown_announced(const char *root);
/* Checks the processes, too, if the script of the runlevel may be one of them. For workers only,
 * because this reads /proc once. */
const char *shutdown_in_progress(const char *root);

#endif
