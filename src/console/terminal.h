/*
 * terminal: handles the modes and the signals of the console's terminal, and waits for a key or for
 * vigild.
 *
 * The state is static, because there is only one terminal, standard input.  A script uses only
 * terminal_wait.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Saves the modes of the terminal, and ensures that they are restored however the process ends.
 * host: the vigild that is stopped together with the console on Ctrl-Z, or 0. inherited: a
 * descriptor that no other process may keep open, or -1.  0 or -errno. */
int terminal_open(pid_t host, int inherited);
/* Restores the modes. */
void terminal_close(void);

/* Tells the keeper process that the console is about to change the modes, so that the keeper
 * restores them if the console crashes. terminal_stop does the same itself after it was
 * continued. */
void terminal_take(void);

#define TERMINAL_INPUT     1u /* standard input is readable or at its end */
#define TERMINAL_VIGILD    2u /* the other descriptor is readable or closed */
#define TERMINAL_INTERRUPT 4u /* Ctrl-C */
#define TERMINAL_STOP      8u /* Ctrl-Z: call terminal_stop */
#define TERMINAL_RESIZE    16u

/* Waits for at least one of these events and returns all that have happened.  0: the deadline (by
 * clock_now; 0: none) has passed. input: wait for standard input, too. vigild: a descriptor, or
 * -1. */
unsigned terminal_wait(bool input, int vigild, uint64_t deadline);

/* Handles Ctrl-Z: restores the modes and stops vigild (host) and this process.  Returns after the
 * process was continued.  The caller then sets its own modes again. */
void terminal_stop(void);
/* Discards input that was typed and not read. */
void terminal_flush(void);
/* The number of columns.  80: the terminal does not report its width. */
size_t terminal_columns(void);

#endif
