/* error: whose failure an error number stands for. */
#ifndef ERROR_H
#define ERROR_H

#include <stdbool.h>

/* Whether an error (an errno, negative or positive) says that vigild or the machine lacks descriptors,
 * memory, processes or threads.  What failed with such an error says nothing about a service, so the
 * result is "unknown" and never a reason to restart.  It is meant for what vigild does on its own
 * account: starting a process or a thread, opening a file or a socket, reading /proc.  It is not meant
 * for the answer of a service: EAGAIN from connect() on a Unix socket says that the backlog of the
 * server is full.  0 is no error.  Any thread. */
bool error_is_own(int error);

/* Whether the output of a script says that its shell could start no process.  What such a script exits
 * with is no answer.  Any thread. */
bool error_is_printed(const char *output);

#endif
