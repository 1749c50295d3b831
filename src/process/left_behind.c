/* left_behind: the log lines and the counter; loop thread only. */
#include "process/left_behind.h"

#include "base/clock.h"
#include "base/log.h"

#define QUIET (600 * CLOCK_SECOND) /* the least time between two log lines */

static uint64_t killed, logged;

void left_behind_note(const char *owner, pid_t pid, const char *comm, uint64_t count)
{
	uint64_t now = clock_now();

	killed += count;
	if (owner == NULL) {
		log_notice("programs of an earlier vigild left %ju processes behind, such as %d "
			   "(%s): killing them",
			(uintmax_t)count, (int)pid, comm);
		return;
	}
	if (logged != 0 && now - logged < QUIET)
		return;
	logged = now;
	log_write(LEVEL_WARN, owner,
		"its program exited and left process %d (%s) behind: killing it", (int)pid, comm);
}

uint64_t left_behind_count(void)
{
	return killed;
}
