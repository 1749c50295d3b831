/*
 * fault: makes one fault in one phase of a vigild's life, and checks its consequences.
 *
 * A phase is a part of its life: its start, its stop, or a request with the changes that it causes.
 * The caller says how the fault is armed before the phase and disarmed after it.  A vigild that
 * still runs is used for the next point; one that has exited is started again.
 *
 * These are broken promises, and each is printed in a line that begins with `broken: `: an exit by
 * a signal; an exit without a message; anything that hangs; an incomplete reply; a reply of another
 * shape than without the fault; an error that blames the client; a vigild that does not answer
 * afterwards; and an incomplete state file.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "vigild_process.h"

struct fault {
	void (*arm_boot)(void);          /* for a vigild that is about to be started */
	void (*arm)(void);               /* for the vigild that runs */
	bool (*disarm)(void);            /* returns whether a call has failed */
	const char *(*crashed_in)(void); /* the library whose code crashed; NULL: none */
	bool may_be_speechless;          /* the fault may prevent its last message */
};

extern struct fault_test {
	const struct fault *fault;
	struct vigild vigild;
	const char *phase, *mode;
	const char *what; /* the call that fails, for messages; NULL: not needed */
	bool must_live;   /* this fault must not end vigild */
	uint64_t plan;    /* the number of the call that fails */
	unsigned points, ended, lived, broken;
} test;

/* Runs one point of test.phase; true while there was a call that failed. */
bool fault_point(void);
/* Prints what went wrong without a fault, and ends the program. */
void fault_give_up(const char *what);
/* Sends a request without a fault; a missing answer ends the program. */
void fault_ask_well(const char *method, const char *params);
/* Starts vigild without a fault, if it does not run, and waits until its daemons have ticked. */
void fault_boot_well(void);
/* Stops vigild with SIGTERM. */
void fault_stop_vigild(void);
void fault_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
int fault_list_phases(void);
bool same_shape(const json_t *a, const json_t *b);
/* The members that contain the differences found so far, from the inside out. */
extern char same_shape_path[256];
/* Checks the files and processes that a vigild has left, after each exit. */
void leftovers_check(void);

#endif
