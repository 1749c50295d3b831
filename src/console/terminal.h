/*
 * terminal: the modes of the console's terminal, its signals, and waiting for a key or for vigild.
 *
 * There is one terminal, standard input, so there is one state.  Of a script, only terminal_wait is used.
 */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Remembers the modes of the terminal, and sees to it that they are restored however the process ends.
 * host: the vigild to stop with the console at Ctrl-Z, or 0.  inherited: a descriptor that nobody else
 * is to keep open, or -1.  0 or -errno. */
int terminal_open(pid_t host, int inherited);
/* Restores the modes. */
void terminal_close(void);

/* The console has set modes of its own; or it has restored those from before, for which this is called in
 * terminal_stop, too. */
void terminal_take(void);

#define TERMINAL_INPUT     1u /* standard input can be read, or has ended */
#define TERMINAL_VIGILD    2u /* the other descriptor can be read, or has ended */
#define TERMINAL_INTERRUPT 4u /* Ctrl-C */
#define TERMINAL_STOP      8u /* Ctrl-Z: call terminal_stop */
#define TERMINAL_RESIZE    16u

/* Waits for one of these and returns all that have happened; 0: the deadline (by clock_now; 0: none) has
 * passed.  input: whether to wait for standard input.  vigild: a descriptor, or -1. */
unsigned terminal_wait(bool input, int vigild, uint64_t deadline);

/* Ctrl-Z: restores the modes and stops, the host, too; returns when the process goes on.  The caller sets
 * its own modes again. */
void terminal_stop(void);
/* What was typed and not read is thrown away. */
void terminal_flush(void);
/* The width; 80 where the terminal does not know it. */
size_t terminal_columns(void);

#endif
