/*
 * manager_lsb: init scripts, as the Linux Standard Base describes them.
 *
 * A script is a program of root's that takes `status` and `restart` and answers by its exit
 * status.  How well it answers is up to whoever wrote it: some know no `status` and print their
 * usage, most call a zombie a running daemon, and none can tell a crash from a clean end once
 * its pidfile is gone.  So the pidfile is looked at beside it: a process that is known to have
 * died outranks the script.  A stopped service that left its pidfile did not end cleanly: that
 * is "failed"; without one, "stopped".
 */
#include "service/manager.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "loop/spawn.h"
#include "service/pidfile.h"
#include "service/script.h"

#define INIT_DIR   "/etc/init.d"
#define HEAD_LINES 64 /* a script's header is at its head */

static const char *init_dir(const struct manager_request *request)
{
	return request->init_dir ? request->init_dir : INIT_DIR;
}

/* --- the script -------------------------------------------------------------------------------- */

static int run_script(const struct manager_request *request, const char *path, const char *verb,
	bool spare_group, struct spawn_result *result, struct manager_reply *reply)
{
	/* Under systemd, Debian's scripts hand themselves over to systemctl.  Where scripts were
	 * asked for, it is the script that is meant. */
	static const char *const direct[] = {"SYSTEMCTL_SKIP_REDIRECT=1", NULL};
	const char *argv[] = {path, verb, NULL};
	struct spawn spawn = {.argv = argv, .merge_stderr = true};

	if (request->init_dir || request->manager == &manager_lsb)
		spawn.environment = direct;
	return manager_run(request, &spawn, spare_group, result, reply);
}

/* Whether a line of the output begins with the word, as a script's usage does. */
static bool prints_usage(const char *output)
{
	const char *line = output;

	while (line) {
		while (*line && *line != '\n' && !isalnum((unsigned char)*line))
			line++;
		if (strncasecmp(line, "usage", 5) == 0 && !isalnum((unsigned char)line[5]))
			return true;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return false;
}

/* --- the pidfile ----------------------------------------------------------------------------- */

/* The path in a line `# pidfile: /run/x.pid`; false for other lines. */
static bool header_path(const char *line, char path[SCRIPT_PATH])
{
	static const char word[] = "pidfile:";
	size_t n;

	if (*line++ != '#')
		return false;
	line += strspn(line, " \t#");
	if (strncasecmp(line, word, sizeof(word) - 1) != 0)
		return false;
	line += sizeof(word) - 1;
	line += strspn(line, " \t");
	n = strcspn(line, " \t\r\n");
	if (*line != '/' || n >= SCRIPT_PATH)
		return false;
	memcpy(path, line, n);
	path[n] = '\0';
	return true;
}

/* 1: the header names it; 0: it does not; or -errno. */
static int header_find(const char *script, char path[SCRIPT_PATH])
{
	FILE *file = fopen(script, "re");
	char *line = NULL;
	size_t room = 0;
	int i, r = 0;

	if (!file)
		return -errno;
	for (i = 0; r == 0 && i < HEAD_LINES; i++) {
		if (getline(&line, &room, file) >= 0)
			r = header_path(line, path);
		else if (feof(file))
			break;
		else
			r = -errno;
	}
	free(line);
	fclose(file);
	return r;
}

/* Looks at the service's pidfile.  True when it is known where that is, not merely guessed; and
 * there is no guessing where it can be known. */
static bool look_pidfile(
	const struct manager_request *request, const char *script, struct pidfile *pidfile)
{
	const char *name = request->name;
	char path[SCRIPT_PATH];
	int told = 1;

	*pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	if (request->pidfile)
		pidfile_look(request->pidfile, name, &request->seen, pidfile);
	else if ((told = header_find(script, path)) > 0)
		pidfile_look(path, name, &request->seen, pidfile);
	else if (told < 0)
		pidfile_unreadable(pidfile, "the header of the script", told);
	if (told)
		return true;
	snprintf(path, sizeof(path), "/run/%s.pid", name);
	pidfile_look(path, name, &request->seen, pidfile);
	if (pidfile->verdict == PIDFILE_NONE) {
		snprintf(path, sizeof(path), "/run/%s/%s.pid", name, name);
		pidfile_look(path, name, &request->seen, pidfile);
	}
	return pidfile->verdict != PIDFILE_NONE;
}

/* --- the manager ------------------------------------------------------------------------------- */

static bool lsb_present(const struct manager_request *request)
{
#ifdef HAVE_SYSTEMD
	/* A booted systemd has made units of the scripts; one it does not know is not installed
	 * yet, and run behind its back its daemon would be a child of vigild. */
	if (!request->init_dir && access("/run/systemd/system", F_OK) == 0)
		return false;
#endif
	return access(init_dir(request), X_OK) == 0;
}

/* The exit status of `status`, by the standard; what it does not name is no answer. */
static void judge_status(int code, struct manager_reply *reply)
{
	static const vigil_service_status meaning[] = {
		[0] = VIGIL_SERVICE_RUNNING,
		[1] = VIGIL_SERVICE_FAILED, /* dead, with a pidfile */
		[2] = VIGIL_SERVICE_FAILED, /* dead, with a lock */
		[3] = VIGIL_SERVICE_STOPPED,
	};
	char said[MANAGER_TEXT];

	if (code < (int)(sizeof(meaning) / sizeof(meaning[0]))) {
		reply->status = meaning[code];
		return;
	}
	memcpy(said, reply->text, sizeof(said));
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "status of the script exits %d%s%s", code,
		*said ? ": " : "", said);
}

/* The script does not know `status`: what there is, is the pidfile. */
static void judge_pidfile_alone(
	const struct pidfile *pidfile, bool known, struct manager_reply *reply)
{
	reply->text[0] = '\0';
	if (pidfile->verdict == PIDFILE_ALIVE)
		reply->status = VIGIL_SERVICE_RUNNING;
	else if (pidfile->verdict == PIDFILE_NONE && known)
		reply->status = VIGIL_SERVICE_STOPPED;
	else if (pidfile->verdict != PIDFILE_DEAD)
		manager_fault(reply, -ENOTSUP, VIGIL_FAULT_FAILED,
			"the script knows no status, and %s",
			known ? pidfile->why : "it is not known where the pidfile is");
}

/* Down, but somebody is at it, or may be. */
static void judge_runner(pid_t runner, const char *verb, struct manager_reply *reply)
{
	if (runner < 0) {
		reply->status = VIGIL_SERVICE_UNKNOWN;
		manager_fault(reply, (int)runner, VIGIL_FAULT_FAILED,
			"it is down, and /proc does not show whether somebody runs its script: %s",
			strerror((int)-runner));
		return;
	}
	reply->status = strstr(verb, "stop") ? VIGIL_SERVICE_STOPPING : VIGIL_SERVICE_STARTING;
	manager_fault(reply, 0, VIGIL_FAULT_NONE, "process %d runs its script for `%s'",
		(int)runner, verb);
}

static void lsb_query(const struct manager_request *request, struct manager_reply *reply)
{
	struct spawn_result result;
	struct pidfile pidfile;
	char path[SCRIPT_PATH], verb[SCRIPT_VERB];
	pid_t runner = 0;
	bool known;
	int code;

	if (!script_find(init_dir(request), request->name, path, reply))
		return;
	/* Before the script is asked: who has gone by then has left what it will find. */
	look_pidfile(request, path, &pidfile);
	if (pidfile.verdict != PIDFILE_ALIVE)
		runner = script_runner(path, verb);
	code = run_script(request, path, "status", false, &result, reply);
	/* After the script, which takes a while: a service that is just being stopped has had
	 * that time to remove its pidfile. */
	known = look_pidfile(request, path, &pidfile);
	if (code >= 0) {
		if (code != 0)
			manager_tail(reply->text, &result);
		if (code != 0 && prints_usage(result.output))
			judge_pidfile_alone(&pidfile, known, reply);
		else
			judge_status(code, reply);
	}
	manager_judge_pid(reply, &pidfile);
	if (runner && vigil_service_is_down(reply->status))
		judge_runner(runner, verb, reply);
}

static void lsb_restart(const struct manager_request *request, struct manager_reply *reply)
{
	struct spawn_result result;
	char path[SCRIPT_PATH];
	int code;

	if (!script_find(init_dir(request), request->name, path, reply)) {
		if (reply->status == VIGIL_SERVICE_ABSENT)
			manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "%s is not there", path);
		return;
	}
	code = run_script(request, path, "restart", true, &result, reply);
	if (code <= 0)
		return;
	if (code == 4)
		manager_fault(reply, -EACCES, VIGIL_FAULT_DENIED, "%s", "");
	else if (code == 5)
		manager_fault(reply, -ENOENT, VIGIL_FAULT_ABSENT, "%s", "");
	else
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
	manager_tail(reply->text, &result);
	if (!*reply->text)
		snprintf(reply->text, sizeof(reply->text), "restart of the script exits %d", code);
}

const struct manager manager_lsb = {
	.name = "lsb",
	.present = lsb_present,
	.query = lsb_query,
	.restart = lsb_restart,
};
