/*
 * openrc: services that OpenRC starts and stops.
 *
 * OpenRC does not watch the processes that it has started. `rc-service NAME status` reports the
 * last action. If start-stop-daemon is not OpenRC's own, as on Debian, it reports "started" for
 * a service that died long ago. So vigild also checks the process: a service that was started
 * stores the path of its pidfile in a directory of OpenRC, and supervise-daemon stores the pid
 * of the process that it watches.
 *
 * Such a service cannot be restarted or stopped either, because stopping it fails. It is first
 * reset to "stopped" (zap) and then, unless it is to be stopped, started. vigild does this only if
 * the process is known to be dead, because zap does not check that.
 */
#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "process/spawn.h"
#include "service/managers/init_script.h"
#include "service/managers/openrc_list.h"
#include "service/managers/openrc_notes.h"
#include "service/pidfile.h"

#define INIT_DIR "/etc/init.d"
#define RUN_DIR  "/run/openrc"

/* --- rc-service ------------------------------------------------------------------------------- */

/* Runs rc-service. Without init_dir it gets the name, because it finds the script itself, and
 * not all versions accept a path. */
static int run(const struct manager_request *request, const char *path, const char *verb,
	struct spawn_result *result, struct manager_reply *reply)
{
	const char *argv[] = {
		"rc-service", "-C", request->init_dir ? path : request->name, verb, NULL};
	struct spawn spawn = {.argv = argv, .merge_stderr = true};

	return manager_run(request, &spawn, strcmp(verb, "status") != 0, result, reply);
}

/* Finds the script. Returns false with the reply filled if OpenRC does not run this machine or
 * the script cannot be used. */
static bool find(const struct manager_request *request, char path[INIT_SCRIPT_PATH],
	struct manager_reply *reply)
{
	const char *directory = request->init_dir ? request->init_dir : INIT_DIR;

	if (access(RUN_DIR "/softlevel", F_OK) == 0)
		return init_script_find(directory, request->name, path, reply);
	manager_fault(
		reply, -ENOTCONN, VIGIL_FAULT_FAILED, "this machine was not booted with OpenRC");
	return false;
}

/* --- the process ------------------------------------------------------------------------------ */

/* Reads a value that OpenRC stores for the service. Returns false with errno set if there is
 * none; errno is 0 for an empty value. */
static bool noted(const char *service, const char *name, char text[INIT_SCRIPT_PATH])
{
	char path[INIT_SCRIPT_PATH];
	ssize_t n = -1;
	int fd, err = 0;

	snprintf(path, sizeof(path), RUN_DIR "/options/%s/%s", service, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0)
		n = read(fd, text, INIT_SCRIPT_PATH - 1);
	if (n < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	openrc_notes_trim(text);
	errno = err;
	return *text != '\0';
}

/* Whether OpenRC still lists the service as started. */
static bool is_started(const char *service)
{
	char path[INIT_SCRIPT_PATH];

	snprintf(path, sizeof(path), RUN_DIR "/started/%s", service);
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void find_pidfile(
	const struct manager_request *request, struct pidfile *pidfile, bool *known)
{
	const struct pidfile_memory *seen = &request->memory.seen;
	char name[INIT_SCRIPT_PATH], root[INIT_SCRIPT_PATH], path[INIT_SCRIPT_PATH];

	*pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	*known = true;
	if (request->pidfile != NULL) {
		pidfile_look(request->pidfile, request->name, seen, pidfile);
	} else if (noted(request->name, "pidfile", name)) {
		noted(request->name, "chroot", root);
		if (openrc_notes_pidfile(root, name, path))
			pidfile_look(path, request->name, seen, pidfile);
		else
			*pidfile = (struct pidfile){.verdict = PIDFILE_DISTRUST,
				.why = "the path of the pidfile that OpenRC has recorded is "
				       "invalid"};
	} else if (error_is_own(errno)) {
		pidfile_unreadable(pidfile, "OpenRC's record of the service", errno);
	} else {
		*known = false;
	}
}

/* Adds the process of a service that OpenRC reports as started or unsupervised. Under
 * supervise-daemon, the pidfile is that of supervise-daemon. While supervise-daemon is alive, it
 * is about to restart a dead service. */
static void add_process(
	const struct manager_request *request, struct evidence *e, struct manager_reply *reply)
{
	char path[INIT_SCRIPT_PATH], count[INIT_SCRIPT_PATH];
	struct pidfile child, pidfile;
	bool known;

	find_pidfile(request, &pidfile, &known);
	snprintf(path, sizeof(path), RUN_DIR "/options/%s/child_pid", request->name);
	pidfile_look(path, request->name, &request->memory.seen, &child);
	if (child.verdict == PIDFILE_NONE) {
		if (known)
			manager_add_pidfile(reply, e, &pidfile);
		return;
	}
	manager_add_pidfile(reply, e, &child);
	e->named_by = "OpenRC";
	if (noted(request->name, "start_count", count))
		reply->respawns = openrc_notes_count(count);
	if (child.verdict == PIDFILE_ALIVE)
		e->word = WORD_UP;
	else if (child.verdict == PIDFILE_DEAD && pidfile.verdict == PIDFILE_ALIVE)
		e->word = WORD_STARTING;
}

/* Adds a pidfile that names a living process although OpenRC reports the service as stopped. A
 * pidfile of a dead process is ignored, because OpenRC knows that it has stopped the service. */
static void add_contradiction(
	const struct manager_request *request, struct evidence *e, struct manager_reply *reply)
{
	struct pidfile pidfile;
	bool known;

	find_pidfile(request, &pidfile, &known);
	if (pidfile.verdict == PIDFILE_ALIVE || pidfile.verdict == PIDFILE_UNKNOWN)
		manager_add_pidfile(reply, e, &pidfile);
}

/* --- the manager ------------------------------------------------------------------------------ */

static bool openrc_present(const struct manager_request *request)
{
	return access(RUN_DIR "/softlevel", F_OK) == 0;
}

#define CRASHED      32 /* OpenRC has checked the service's processes itself */
#define UNSUPERVISED 64 /* OpenRC has checked supervise-daemon, but not the service */

static const struct {
	int code;
	enum evidence_word word;
	enum evidence_basis basis;
	const char *said;
} meanings[] = {
	{0, WORD_UP, BASIS_RECORD, ""},
	{3, WORD_DOWN, BASIS_RECORD, ""},
	{4, WORD_STOPPING, BASIS_RECORD, ""},
	{8, WORD_STARTING, BASIS_RECORD, ""},
	/* the service waits for an event, such as a network link; the source of the event
	 * continues the start */
	{16, WORD_STARTING, BASIS_RECORD, "inactive"},
	{CRASHED, WORD_FAILED, BASIS_CHECKED, "crashed"},
	{UNSUPERVISED, WORD_FAILED, BASIS_CHECKED, "its supervise-daemon has died"},
};

/* Evaluates the exit status of `rc-service NAME status`. */
static void take_code(int code, const struct spawn_result *result, struct evidence *e,
	struct manager_reply *reply)
{
	char said[MANAGER_TEXT];
	size_t i;

	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (meanings[i].code == code) {
			e->word = meanings[i].word;
			e->basis = meanings[i].basis;
			e->said = meanings[i].said;
			return;
		}
	}
	manager_tail(said, result);
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "rc-service exited with status %d: %s", code,
		said);
}

/* Queries the status. Returns whether the service is known to be dead although OpenRC lists it
 * as started. */
static bool query_at(
	const struct manager_request *request, const char *path, struct manager_reply *reply)
{
	struct evidence e = manager_evidence(request, "OpenRC");
	struct spawn_result result;
	int code = run(request, path, "status", &result, reply);

	if (code >= 0)
		take_code(code, &result, &e, reply);
	if (code == 0 || code == UNSUPERVISED)
		add_process(request, &e, reply);
	else if (e.word == WORD_DOWN)
		add_contradiction(request, &e, reply);
	manager_conclude(reply, &e);
	if (code != 0 || reply->status != VIGIL_SERVICE_FAILED || is_started(request->name))
		return reply->status == VIGIL_SERVICE_FAILED;
	/* It was stopped during the query, which is not a crash. Query again. */
	e = manager_evidence(request, "OpenRC");
	code = run(request, path, "status", &result, reply);
	if (code >= 0)
		take_code(code, &result, &e, reply);
	manager_conclude(reply, &e);
	return false;
}

static void openrc_query(const struct manager_request *request, struct manager_reply *reply)
{
	char path[INIT_SCRIPT_PATH];

	if (find(request, path, reply))
		query_at(request, path, reply);
}

/* Runs rc-service with that verb. Returns 0, or -1 with the fault set. */
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
		snprintf(reply->text, sizeof(reply->text), "rc-service %s exited with status %d",
			verb, code);
	return -1;
}

/* A service that is known to be dead is reset, because otherwise OpenRC could not start or stop
 * it. */
static void apply_at(enum manager_change change, const struct manager_request *request,
	const char *path, struct manager_reply *reply)
{
	struct manager_reply look = {.status = VIGIL_SERVICE_UNKNOWN, .memory = request->memory};
	bool dead = query_at(request, path, &look);

	if (look.error != 0 && change != MANAGER_STOP) {
		manager_fault(reply, look.error, look.fault, "%s", look.text);
		return;
	}
	if (dead && change == MANAGER_RELOAD) {
		manager_fault(reply, -ESRCH, VIGIL_FAULT_REFUSED, "its process has ended");
		return;
	}
	if (dead && run_verb(request, path, "zap", reply))
		return;
	if (dead && change == MANAGER_STOP)
		return;
	run_verb(request, path, dead ? "start" : manager_change_name(change), reply);
}

static void openrc_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	char path[INIT_SCRIPT_PATH];

	if (find(request, path, reply))
		apply_at(change, request, path, reply);
	else if (reply->status == VIGIL_SERVICE_ABSENT)
		manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "no such file: %s", path);
}

static void openrc_list(struct listing *listing, uint64_t deadline)
{
	openrc_list_services(&manager_openrc, listing, deadline);
}

static const char *const directories[] = {
	INIT_DIR, "/etc/runlevels/sysinit", "/etc/runlevels/boot", "/etc/runlevels/default", NULL};

const struct manager manager_openrc = {
	.name = "openrc",
	.basis = BASIS_RECORD,
	.present = openrc_present,
	.query = openrc_query,
	.apply = openrc_apply,
	.list = openrc_list,
	.directories = directories,
};
