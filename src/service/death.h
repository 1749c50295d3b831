/*
 * death: how a run of a service ended, or why its start did not happen.
 *
 * Several sources know a part of it: the service manager, the kernel (pidfd, control group), and
 * vigild, which stopped the service or saw it end.  death_merge combines what they say about the
 * same death.  The functions are pure, and may be called on any thread.
 */
#ifndef DEATH_H
#define DEATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <vigil/vigil.h>

enum death_kind {
	DEATH_NONE,      /* no death is known */
	DEATH_END,       /* the run has ended */
	DEATH_REQUESTED, /* it was stopped on request */
	DEATH_START,     /* the start has failed */
	DEATH_SKIPPED    /* no process was started */
};

#define DEATH_TEXT   384
#define DEATH_DETAIL 192

/* As vigil_service_death.  Zeroed: none.  Otherwise begin with death_of. */
struct death {
	enum death_kind kind;
	uint64_t id;
	double ended, ran;
	int exit_status, signal;
	bool core, oom;
	bool vague; /* only used if nothing else is known about the service's last end */
	pid_t pid;
	char result[32];
	char word[32];             /* of systemd for the exit status, such as "EXEC"; "": none */
	char detail[DEATH_DETAIL]; /* more about the cause, in words; "": nothing */
	char journal[40];
};

/* Returns a death of which nothing else is known. */
struct death death_of(enum death_kind kind);
/* Sets exit status, signal and core from a wait status, as from waitpid.  Negative: unknown. */
void death_set_wait_status(struct death *death, int wait_status);
bool death_is_explained(const struct death *death);

/* Results of a death of the kind SKIPPED. */
#define DEATH_CONDITION  "condition"
#define DEATH_ASSERT     "assert"
#define DEATH_DEPENDENCY "dependency"
/* Whether systemd did not start it because of a dependency. */
bool death_is_dependency(const struct death *death);

/* Whether systemd could not execute its program (203/EXEC). */
bool death_is_unexecuted(const struct death *death);
/* Whether it was stopped on request, and ended well. */
bool death_is_wanted(const struct death *death);

/* Adds what another source says.  Its news may be about the known death, about a later one, which
 * then replaces the known one, or about an earlier one, which is ignored.  Returns whether it
 * was used. */
bool death_merge(struct death *known, const struct death *news);

/* Writes all of it in words.  Returns text. */
const char *death_describe(const struct death *death, char text[DEATH_TEXT]);

#endif
