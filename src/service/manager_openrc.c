/*
 * manager_openrc: services that OpenRC starts and stops.
 *
 * OpenRC keeps no eye on what it has started.  What `rc-service NAME status` says is what was
 * last done to the service, and where start-stop-daemon is not OpenRC's own, as on Debian, it
 * says "started" of one that died long ago.  So the process is looked at beside it: a service
 * that was started notes in OpenRC's own directory where its pidfile is, and supervise-daemon
 * which process it watches.
 *
 * Such a service cannot be restarted either, for it fails to be stopped.  It is set back to
 * "stopped" (zap), and then started; but never before it is known to be dead, which zap does not
 * ask.
 */
#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "loop/spawn.h"
#include "service/pidfile.h"
#include "service/script.h"

#define INIT_DIR "/etc/init.d"
#define RUN_DIR  "/run/openrc"

/* --- rc-service ------------------------------------------------------------------------------------ */

/* Without init_dir it finds the script itself, and not all of its forms take a path. */
static int run(const struct manager_request *request, const char *path, const char *verb,
	struct spawn_result *result, struct manager_reply *reply)
{
	const char *argv[] = {
		"rc-service", "-C", request->init_dir ? path : request->name, verb, NULL};
	struct spawn spawn = {.argv = argv, .merge_stderr = true};

	return manager_run(request, &spawn, strcmp(verb, "status") != 0, result, reply);
}

/* False, with the reply filled, where there is nothing to ask or nobody to answer. */
static bool find(
	const struct manager_request *request, char path[SCRIPT_PATH], struct manager_reply *reply)
{
	const char *directory = request->init_dir ? request->init_dir : INIT_DIR;

	if (access(RUN_DIR "/softlevel", F_OK) == 0)
		return script_find(directory, request->name, path, reply);
	manager_fault(reply, -ENOTCONN, VIGIL_FAULT_FAILED, "this machine is not run by OpenRC");
	return false;
}

/* --- the process ----------------------------------------------------------------------------------- */

/* What the service has noted under that name; false, with errno set, where there is nothing. */
static bool noted(const char *service, const char *name, char text[SCRIPT_PATH])
{
	char path[SCRIPT_PATH];
	ssize_t n = -1;
	int fd, err = 0;

	snprintf(path, sizeof(path), RUN_DIR "/options/%s/%s", service, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, SCRIPT_PATH - 1);
	if (n < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	errno = err;
	return *text != '\0';
}

/* Whether OpenRC still takes it for started. */
static bool is_started(const char *service)
{
	char path[SCRIPT_PATH];

	snprintf(path, sizeof(path), RUN_DIR "/started/%s", service);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void look_pidfile(const struct manager_request *request, struct pidfile *pidfile)
{
	char name[SCRIPT_PATH], root[SCRIPT_PATH], path[2 * SCRIPT_PATH];

	*pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	if (request->pidfile) {
		pidfile_look(request->pidfile, request->name, &request->seen, pidfile);
	} else if (!noted(request->name, "pidfile", name)) {
		if (error_is_own(errno))
			pidfile_unreadable(pidfile, "what OpenRC notes of the service", errno);
	} else {
		noted(request->name, "chroot", root);
		snprintf(path, sizeof(path), "%s%s", root, name);
		pidfile_look(path, request->name, &request->seen, pidfile);
	}
}

/* OpenRC calls it started, or unsupervised; whether it is known to be dead. */
static bool judge_started(const struct manager_request *request, struct manager_reply *reply)
{
	char path[SCRIPT_PATH], count[SCRIPT_PATH];
	struct pidfile child, pidfile;

	look_pidfile(request, &pidfile);
	snprintf(path, sizeof(path), RUN_DIR "/options/%s/child_pid", request->name);
	pidfile_look(path, request->name, &request->seen, &child);
	if (child.verdict == PIDFILE_NONE) {
		manager_judge_pid(reply, &pidfile);
		return pidfile.verdict == PIDFILE_DEAD;
	}
	/* Under supervise-daemon the pidfile is that one's.  While it lives, a dead service is
	 * about to be started again. */
	manager_judge_pid(reply, &child);
	if (noted(request->name, "start_count", count))
		reply->respawns = (uint32_t)strtoul(count, NULL, 10);
	if (child.verdict == PIDFILE_DEAD && pidfile.verdict == PIDFILE_ALIVE)
		reply->status = VIGIL_SERVICE_STARTING;
	else if (child.verdict == PIDFILE_ALIVE)
		reply->status = VIGIL_SERVICE_RUNNING;
	return reply->status == VIGIL_SERVICE_FAILED;
}

/* --- the manager ----------------------------------------------------------------------------------- */

static bool openrc_present(const struct manager_request *request)
{
	return access(RUN_DIR "/softlevel", F_OK) == 0;
}

#define CRASHED      32 /* OpenRC has looked at its processes itself */
#define UNSUPERVISED 64 /* it has looked at supervise-daemon, but not at the service */

static const struct {
	int code;
	vigil_service_status status;
	const char *text;
} meanings[] = {
	{0, VIGIL_SERVICE_RUNNING, ""},
	{3, VIGIL_SERVICE_STOPPED, ""},
	{4, VIGIL_SERVICE_STOPPING, ""},
	{8, VIGIL_SERVICE_STARTING, ""},
	/* it waits for something, such as a cable; whoever brings that goes on with it */
	{16, VIGIL_SERVICE_STARTING, "inactive"},
	{CRASHED, VIGIL_SERVICE_FAILED, "crashed"},
	{UNSUPERVISED, VIGIL_SERVICE_FAILED, "its supervise-daemon has died"},
};

static void judge_code(int code, const struct spawn_result *result, struct manager_reply *reply)
{
	char said[MANAGER_TEXT];
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].code == code) {
			reply->status = meanings[i].status;
			snprintf(reply->text, sizeof(reply->text), "%s", meanings[i].text);
			return;
		}
	}
	manager_tail(said, result);
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "rc-service exits %d: %s", code, said);
}

/* Whether it is known to be dead, though OpenRC takes it for started. */
static bool query_at(
	const struct manager_request *request, const char *path, struct manager_reply *reply)
{
	struct spawn_result result;
	int code = run(request, path, "status", &result, reply);

	if (code < 0)
		return false;
	judge_code(code, &result, reply);
	if (reply->status != VIGIL_SERVICE_RUNNING && code != UNSUPERVISED)
		return code == CRASHED;
	if (!judge_started(request, reply))
		return false;
	if (code != 0 || is_started(request->name))
		return true;
	/* It was stopped between the two looks: that is no crash. */
	code = run(request, path, "status", &result, reply);
	if (code >= 0)
		judge_code(code, &result, reply);
	return false;
}

static void openrc_query(const struct manager_request *request, struct manager_reply *reply)
{
	char path[SCRIPT_PATH];

	if (find(request, path, reply))
		query_at(request, path, reply);
}

/* Tells OpenRC to do it.  0, or -1 with the fault set. */
static int run_verb(const struct manager_request *request, const char *path, const char *verb,
	struct manager_reply *reply)
{
	struct spawn_result result;
	int code = run(request, path, verb, &result, reply);

	if (code <= 0)
		return code;
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
	manager_tail(reply->text, &result);
	if (strstr(reply->text, "superuser access required")) {
		reply->error = -EACCES;
		reply->fault = VIGIL_FAULT_DENIED;
	}
	if (!*reply->text)
		snprintf(reply->text, sizeof(reply->text), "rc-service %s exits %d", verb, code);
	return -1;
}

static void restart_at(
	const struct manager_request *request, const char *path, struct manager_reply *reply)
{
	struct manager_reply look = {.status = VIGIL_SERVICE_UNKNOWN};
	bool dead = query_at(request, path, &look);

	if (look.error) {
		manager_fault(reply, look.error, look.fault, "%s", look.text);
		return;
	}
	if (dead && run_verb(request, path, "zap", reply))
		return;
	run_verb(request, path, dead ? "start" : "restart", reply);
}

static void openrc_restart(const struct manager_request *request, struct manager_reply *reply)
{
	char path[SCRIPT_PATH];

	if (find(request, path, reply))
		restart_at(request, path, reply);
	else if (reply->status == VIGIL_SERVICE_ABSENT)
		manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "%s is not there", path);
}

const struct manager manager_openrc = {
	.name = "openrc",
	.present = openrc_present,
	.query = openrc_query,
	.restart = openrc_restart,
};
