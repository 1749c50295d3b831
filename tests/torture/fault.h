/*
 * fault: one fault in one phase of a vigild's life, and whether what came of it is bearable.
 *
 * A phase is a stretch of its life: its boot, its stop, a request of the control protocol or
 * what a request sets off.  How the fault is made is another's affair: it is armed before the
 * phase and disarmed after it.  A vigild that lives on is used for the next point; one that ended is
 * started anew.
 *
 * Broken is: an end by a signal; an end without a word; anything that hangs; a reply that is torn,
 * that is not the same kind of thing as the reply without a fault, or whose error blames the
 * client; a vigild that afterwards does not answer; a state file that is not whole.  Each is said
 * in a line that begins so.
 */
#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "vigild_process.h"

struct fault {
	void (*arm_boot)(void);          /* for a subject that is about to be started */
	void (*arm)(void);               /* for the one that runs */
	bool (*disarm)(void);            /* whether there was something to fail */
	const char *(*crashed_in)(void); /* the library that crashed by itself; NULL: none did */
	bool may_be_speechless;          /* its last words may be what failed */
};

extern struct judge {
	const struct fault *fault;
	struct vigild subject;
	const char *phase, *mode;
	const char *what; /* fails, as the lines are to name it; NULL: it goes without saying */
	bool must_live;   /* an end is no answer to this fault */
	uint64_t plan;    /* which of the calls fails */
	unsigned points, ended, lived, broken;
} judge;

/* One point of judge.phase; true while there was something to fail. */
bool judge_point(void);
/* Ends the subject as it is meant to be ended. */
void judge_stop(void);
void judge_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));
int judge_list_phases(void);
bool judge_alike(const json_t *a, const json_t *b);
/* Whenever it has ended. */
void remains_check(void);

#endif
