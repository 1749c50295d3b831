/*
 * supervise_death: how a service ended the last time, as far as its supervisor says.
 *
 * s6-supervise appends each death to a file, before it starts the service again.  The file does
 * not say whether a core was dumped, but the wait status in the status file does, which stays
 * there while the service runs again.  runsv stores neither.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/trust.h"
#include "service/managers/supervise_internal.h"

enum { AT_CODE = SUPERVISE_STAMP, AT_SIGNAL, RECORD_SIZE };

double supervise_time(const struct supervise_kind *kind, const unsigned char *stamp)
{
	uint64_t seconds = 0, nanoseconds = 0, ahead = (UINT64_C(1) << 62) + kind->ahead;

	for (int i = 0; i < 8; i++)
		seconds = seconds << 8 | stamp[i];
	for (int i = 8; i < SUPERVISE_STAMP; i++)
		nanoseconds = nanoseconds << 8 | stamp[i];
	return seconds > ahead ? (double)(seconds - ahead) + (double)nanoseconds / 1e9 : 0;
}

/* Whether the wait status is that of the death in the record. */
static bool agrees(int wait_status, const unsigned char *record)
{
	if (wait_status < 0)
		return false;
	if (WIFSIGNALED(wait_status))
		return WTERMSIG(wait_status) == record[AT_SIGNAL];
	return record[AT_SIGNAL] == 0 && WEXITSTATUS(wait_status) == record[AT_CODE];
}

void supervise_death(const struct supervise_kind *kind, const struct supervise_place *place,
	const struct supervise_status *status, struct death *death)
{
	unsigned char record[RECORD_SIZE];
	char why[TRUST_WHY];
	int wait_status = status->wait_status;

	if (kind->tally == NULL || supervise_file_read(place, kind->tally, -RECORD_SIZE, record,
					   sizeof(record), why, sizeof(why)) != RECORD_SIZE)
		return;
	*death = death_of(DEATH_END);
	death->ended = supervise_time(kind, record);
	if (!agrees(wait_status, record))
		wait_status = record[AT_SIGNAL] > 0 ? record[AT_SIGNAL] : record[AT_CODE] << 8;
	death_set_wait_status(death, wait_status);
	if (!status->want_up && death->signal == SIGTERM)
		death->kind = DEATH_REQUESTED;
}
