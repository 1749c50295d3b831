/*
 * runit: services watched by runsv, of runit and of busybox.
 *
 * runsv keeps its status in the 20 bytes of supervise/status, in this form since its first
 * release.  They do not say how a service ended: a service that is down and wanted up is about
 * to be started again, one that is wanted down is stopped, and none is ever called failed.
 */
#include "service/manager.h"

#include <string.h>

#include "service/managers/supervise.h"

/* Debian, Void, and where djb would have put it. */
static const char *const directories[] = {
	"/etc/service", "/var/service", "/service", "/run/runit/service", NULL};

/* supervise/status: a TAI64N label, and then */
enum {
	AT_PID = 12, /* little-endian, on any machine */
	AT_PAUSED = 16,
	AT_WANT = 17, /* 'u' or 'd' */
	AT_TERM = 18, /* it was sent TERM */
	AT_STATE = 19,
	STATUS_SIZE = 20
};

static void decode(
	int service, const unsigned char *bytes, size_t length, struct supervise_status *status)
{
	static const enum supervise_state states[] = {
		SUPERVISE_DOWN, SUPERVISE_UP, SUPERVISE_FINISH};
	const unsigned char *pid = bytes + AT_PID;

	memcpy(status->stamp, bytes, sizeof(status->stamp));
	status->pid = (pid_t)(pid[0] | pid[1] << 8 | pid[2] << 16 | (pid_t)(pid[3] & 0x7f) << 24);
	status->paused = bytes[AT_PAUSED];
	status->want_up = bytes[AT_WANT] == 'u';
	/* Run once, it is wanted down all the while; only with TERM is it on its way. */
	status->stopping = !status->want_up && bytes[AT_TERM];
	if (status->pid && bytes[AT_STATE] < sizeof(states) / sizeof(states[0]))
		status->state = states[bytes[AT_STATE]];
}

static char restart_letter(int service)
{
	return 't';
}

static const struct supervise_kind runit = {
	.supervisor = "runsv",
	.directories = directories,
	.fifo = "ok",
	.sizes = (const size_t[]){STATUS_SIZE, 0},
	.decode = decode,
	.restart_letter = restart_letter,
};

static bool runit_present(const struct manager_request *request)
{
	return supervise_present(&runit, request);
}

static void runit_query(const struct manager_request *request, struct manager_reply *reply)
{
	supervise_query(&runit, request, reply);
}

static void runit_restart(const struct manager_request *request, struct manager_reply *reply)
{
	supervise_restart(&runit, request, reply);
}

const struct manager manager_runit = {
	.name = "runit",
	.basis = BASIS_WATCHED,
	.present = runit_present,
	.query = runit_query,
	.restart = runit_restart,
};
