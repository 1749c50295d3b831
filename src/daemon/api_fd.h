/*
 * api_fd: watches of descriptors that a module has closed.
 */
#ifndef API_FD_H
#define API_FD_H

struct vigil_daemon;

/* Ends the watches of descriptors that the module has closed.  Each call looks at a few of them. */
void api_fd_sweep(struct vigil_daemon *d);
/* vigild has opened a descriptor and is about to watch it.  A watch of a daemon for the same number
 * is stale, and ends with an error of that daemon. */
void api_fd_opened(int fd);

#endif
