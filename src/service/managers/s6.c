/*
 * s6: services watched by s6-supervise.
 *
 * The status file has grown: 35 bytes up to release 2.12, and 43 since 2.13, because it now
 * contains the process group, too. Within the 35 bytes the flags have changed once, and there
 * are two layouts. The bits for "paused" and "finishing" are the same in both. A set READY_OLD
 * shows the old layout, and a cleared bit with the value 4 shows the new one. If neither
 * applies, the two timestamps in the file decide, because a service becomes ready after its
 * start. s6-svstat reads files of any other size.
 *
 * A service with a file notification-fd counts as running only after it has reported that it is
 * ready.
 */
#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "process/spawn.h"
#include "service/managers/finish_script.h"
#include "service/managers/s6_svstat.h"
#include "service/managers/supervise.h"

/* /run/service: s6-linux-init and s6-overlay 3; /run/s6/services: s6-overlay before 3; the
 * others: set up manually */
static const char *const directories[] = {
	"/run/service", "/run/s6/services", "/run/s6/service", "/service", NULL};

/* supervise/status, all fields big-endian: two TAI64N timestamps, the pid, the process group
 * (since 2.13), the wait status, the flags. */
enum {
	AT_READY = 12,
	AT_PID = 24,
	AT_GROUP = 32,
	GROUP_SIZE = 8,
	SIZE_PLAIN = 35,
	SIZE_GROUP = SIZE_PLAIN + GROUP_SIZE
};

enum {
	PAUSED = 1,
	FINISHING = 2,
	WANT_UP = 4, /* in the old layout always set, without meaning */
	READY = 8,   /* in the old layout: wanted up */
	READY_OLD = 16
};

static bool is_set(unsigned flags, unsigned bit)
{
	return (flags & bit) != 0;
}

static void decode_flags(
	unsigned flags, bool certain, bool up, bool ready_later, struct supervise_status *status)
{
	bool ready = is_set(flags, READY);

	status->paused = is_set(flags, PAUSED);
	status->want_up = is_set(flags, WANT_UP);
	if (!certain && is_set(flags, READY_OLD)) {
		status->want_up = is_set(flags, READY);
		ready = true;
	} else if (!certain && is_set(flags, WANT_UP) && ready && up) {
		ready = ready_later; /* wanted up in both layouts, ready only in the new one */
	}
	status->unready = !ready;
}

static void decode(
	int service, const unsigned char *bytes, size_t length, struct supervise_status *status)
{
	const unsigned char *pid = bytes + AT_PID + 4, *rest = bytes + AT_GROUP;
	bool up, later = memcmp(bytes + AT_READY, bytes, SUPERVISE_STAMP) >= 0;

	if (length == SIZE_GROUP)
		rest += GROUP_SIZE;
	memcpy(status->stamp, bytes, SUPERVISE_STAMP);
	status->pid = (pid_t)((pid_t)(pid[0] & 0x7f) << 24 | pid[1] << 16 | pid[2] << 8 | pid[3]);
	status->wait_status = rest[0] << 8 | rest[1];
	if (status->pid)
		status->state = is_set(rest[2], FINISHING) ? SUPERVISE_FINISH : SUPERVISE_UP;
	up = status->state == SUPERVISE_UP;
	decode_flags(rest[2], length == SIZE_GROUP, up, later, status);
	/* Without that file the service never reports that it is ready. */
	status->unready &= up && faccessat(service, "notification-fd", F_OK, 0) == 0;
}

/* --- s6-svstat -------------------------------------------------------------------------------- */

static int ask(const struct manager_request *request, int service, const char *path,
	struct supervise_status *status, struct manager_reply *reply)
{
	const char *argv[] = {
		"s6-svstat", "-o", "pid,wantedup,ready,paused,exitcode,signum", path, NULL};
	struct spawn spawn = {.argv = argv, .merge_stderr = true};
	struct spawn_result result;
	char said[MANAGER_TEXT];
	int code = manager_run(request, &spawn, false, &result, reply);

	if (code < 0)
		return -1;
	if (code == 0 && s6_svstat_parse(result.output, status)) {
		status->unready &= faccessat(service, "notification-fd", F_OK, 0) == 0;
		return 0;
	}
	manager_tail(said, &result);
	manager_fault(reply, -EPROTO, VIGIL_FAULT_FAILED, "s6-svstat exited with status %d: %s",
		code, said);
	return -1;
}

/* --- the manager ------------------------------------------------------------------------------ */

/* A service may configure the signal that stops it (down-signal). Only releases that know this
 * file know the letter 'r'. */
static char restart_letter(int service)
{
	return faccessat(service, "down-signal", F_OK, 0) == 0 ? 'r' : 't';
}

/* If `finish` exits with status 125, s6-supervise does not start the service again. */
static vigil_service_crash finish(const char *script)
{
	static const char *const exits[] = {"exit", "125", NULL}, *const word[] = {"125", NULL};

	if (finish_script_runs(script, exits) == FINISH_ALWAYS)
		return VIGIL_CRASH_DOWN;
	return finish_script_runs(script, word) == FINISH_NEVER ? VIGIL_CRASH_RESTARTED
								: VIGIL_CRASH_UNKNOWN;
}

static const struct supervise_kind s6 = {
	.supervisor = "s6-supervise",
	.directories = directories,
	.fifo = "control",
	.sizes = (const size_t[]){SIZE_PLAIN, SIZE_GROUP, 0},
	.decode = decode,
	.tally = "death_tally",
	.ahead = 37, /* skalibs counts the 27 leap seconds since 1972 */
	.finish = finish,
	.ask = ask,
	.restart_letter = restart_letter,
};

static bool s6_present(const struct manager_request *request)
{
	return supervise_present(&s6, request);
}

static void s6_query(const struct manager_request *request, struct manager_reply *reply)
{
	supervise_query(&s6, request, reply);
}

static void s6_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	supervise_apply(&s6, change, request, reply);
}

static void s6_list(struct listing *listing, uint64_t deadline)
{
	supervise_list(&s6, &manager_s6, listing, deadline);
}

const struct manager manager_s6 = {
	.name = "s6",
	.basis = BASIS_WATCHED,
	.present = s6_present,
	.query = s6_query,
	.apply = s6_apply,
	.list = s6_list,
	.directories = directories,
};
