/* error: decides whether vigild or the machine itself is the cause of an error. */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

/* Returns true if an error (an errno, negative or positive) means that vigild or the machine lacks
 * descriptors, memory, processes or threads.  An operation that failed with such an error has not
 * shown anything about a service, so its result is "unknown" and never a reason to restart.  The
 * function is for operations of vigild itself: starting a process or a thread, opening a file or a
 * socket, reading /proc.  It is not for the reply of a service: EAGAIN from connect() on a Unix
 * socket means that the backlog of the server is full.  0 is not an error.  Any thread. */
bool error_is_own(int error);

/* Returns true if the output of a script shows that its shell could not start a process.  The exit
 * status of such a script must be ignored.  Any thread. */
bool error_is_printed(const char *output);

#endif
