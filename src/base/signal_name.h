/*
 * signal_name: the names of signals, for messages.
 */
#ifndef SIGNAL_NAME_H
#define SIGNAL_NAME_H

/* Room for "SIGKILL", or for "signal 64" if the signal has no name here, and the NUL. */
#define SIGNAL_NAME 20

/* Writes the name of a signal to name.  Returns name. */
const char *signal_name(int signo, char name[SIGNAL_NAME]);

#endif
