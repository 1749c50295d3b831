/*
 * process_guard: notices when a module or one of its libraries changes what belongs to the whole
 * process, and restores it.
 *
 * A library that handles SIGTERM itself makes vigild unstoppable, one that ignores SIGCHLD makes
 * all exit statuses of children disappear, and a forked child that returns into the loop works on
 * the sockets and files of its parent.
 *
 * Signals that vigild depends on are always checked, but at most ten times a second, because each
 * check is a few system calls.  After the first change, every callback is checked, so that the next
 * report names the right daemon.  A strict guard, for tests of modules and for debug builds, also
 * checks all other signals, the working directory and the umask; a test of a module checks after
 * each callback from the start.  All functions belong to the loop
 * thread.
 */
#ifndef PROCESS_GUARD_H
#define PROCESS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROCESS_GUARD_TEXT 256

/* Records how the process is now.  strict: check everything.  exact: check after each callback. */
void process_guard_start(bool strict, bool exact);
void process_guard_stop(void);

extern uint64_t process_guard_due;
extern const volatile unsigned char *process_guard_page;

/* Whether it is time for the next check.  now is by clock_now.  early: check now, if the guard has
 * been started. */
static inline bool process_guard_is_due(uint64_t now, bool early)
{
	return now >= process_guard_due || (early && process_guard_due != UINT64_MAX);
}
/* Whether each callback is checked. */
bool process_guard_is_exact(void);
/* Checks and restores.  Returns true if something was different, and describes it in text, such as
 * "the handler of SIGTERM and the signal mask". */
bool process_guard_check(uint64_t now, char text[PROCESS_GUARD_TEXT]);
/* The number of changes that process_guard_check has found. */
unsigned process_guard_found(void);

/* Whether this process is a child that was forked after process_guard_start. */
static inline bool process_guard_is_child(void)
{
	return process_guard_page != NULL && *process_guard_page == 0;
}
/* Ends such a child.  name: the daemon whose callback has forked it. */
__attribute__((noreturn)) void process_guard_end_child(const char *name);

#endif
