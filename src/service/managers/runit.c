/*
 * runit: services watched by runsv, of runit and of busybox.
 *
 * runsv keeps its status in the 20 bytes of supervise/status. This format has not changed since
 * its first release. It does not contain how a service ended. A service that is down and wanted
 * up is about to be started again, and one that is wanted down is stopped. So runsv's status
 * never shows that a service has failed.
 */
#include "service/manager.h"

#include <string.h>

#include "service/managers/finish_script.h"
#include "service/managers/supervise.h"

/* /etc/service: Debian; /var/service: Void; /service: the default of daemontools */
static const char *const directories[] = {
	"/etc/service", "/var/service", "/service", "/run/runit/service", NULL};

/* supervise/status: a TAI64N timestamp, followed by these fields */
enum {
	AT_PID = 12, /* little-endian on every machine */
	AT_PAUSED = 16,
	AT_WANT = 17, /* 'u' or 'd' */
	AT_TERM = 18, /* runsv has sent TERM */
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
	/* A service that is run once is wanted down all the time. So it is stopping only if TERM
	 * was sent, too. */
	status->stopping = !status->want_up && bytes[AT_TERM];
	if (status->pid && bytes[AT_STATE] < sizeof(states) / sizeof(states[0]))
		status->state = states[bytes[AT_STATE]];
}

static char restart_letter(int service)
{
	return 't';
}

/* runsv ignores the exit status of `finish`, but the script can run sv. */
static vigil_service_crash finish(const char *script)
{
	static const char *const commands[][3] = {{"sv", "d"}, {"sv", "down"}, {"sv", "o"},
		{"sv", "once"}, {"sv", "x"}, {"sv", "exit"}, {"sv", "stop"}, {"sv", "force-stop"}};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (finish_script_runs(script, commands[i]) != FINISH_NEVER)
			return VIGIL_CRASH_UNKNOWN;
	return VIGIL_CRASH_RESTARTED;
}

static const struct supervise_kind runit = {
	.supervisor = "runsv",
	.directories = directories,
	.fifo = "ok",
	.sizes = (const size_t[]){STATUS_SIZE, 0},
	.decode = decode,
	.ahead = 10,
	.finish = finish,
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

static void runit_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	supervise_apply(&runit, change, request, reply);
}

static void runit_list(struct listing *listing, uint64_t deadline)
{
	supervise_list(&runit, &manager_runit, listing, deadline);
}

const struct manager manager_runit = {
	.name = "runit",
	.basis = BASIS_WATCHED,
	.present = runit_present,
	.query = runit_query,
	.apply = runit_apply,
	.list = runit_list,
	.directories = directories,
};
