/*
 * init_status: see init_status.h. The quality of a script's answer depends on its author. Some
 * scripts do not know `status` and print their usage with any exit status. Most of them report a
 * zombie as a running daemon. None can distinguish a crash from a clean stop after the pidfile was
 * removed. So the pidfile is checked in addition, and the process table shows whether somebody runs
 * the script right now. evidence.c derives the status from all of this.
 */
#include "service/managers/init_status.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "process/process.h"
#include "process/spawn.h"
#include "service/managers/init_script.h"

/* The header is in the first lines of a script. The rest may be anything, such as an archive
 * without line breaks. */
#define HEAD_LINES 64
#define HEAD_SIZE  INIT_STATUS_HEAD

int init_status_run(const struct manager_request *request, const char *script, const char *verb,
	bool direct, bool spare_group, struct spawn_result *result, struct manager_reply *reply)
{
	/* Under systemd, Debian's scripts redirect the request to systemctl. */
	static const char *const skip[] = {"SYSTEMCTL_SKIP_REDIRECT=1", NULL};
	const char *argv[] = {script, verb, NULL};
	struct spawn spawn = {.argv = argv, .merge_stderr = true};

	if (direct)
		spawn.environment = skip;
	return manager_run(request, &spawn, spare_group, result, reply);
}

/* Skips the spaces, asterisks and colour codes at the beginning of a line. */
static const char *skip_ornaments(const char *line)
{
	for (;;) {
		if (line[0] == '\033' && line[1] == '[') {
			line += 2 + strspn(line + 2, "0123456789;");
			line += *line != '\0' && *line != '\n';
		} else if (*line == '\0' || *line == '\n' || isalnum((unsigned char)*line)) {
			return line;
		} else {
			line++;
		}
	}
}

bool init_status_is_usage(const char *output)
{
	static const char *const patterns[] = {"start|stop", "start | stop", "unknown action",
		"unknown command", "unrecognized service action"};
	const char *line = output;

	/* Search for each pattern only once, because the output may have thousands of lines. */
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (strcasestr(output, patterns[i]) != NULL)
			return true;
	while (line != NULL) {
		line = skip_ornaments(line);
		if (strncasecmp(line, "usage", 5) == 0 && !isalnum((unsigned char)line[5]))
			return true;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return false;
}

/* --- the pidfile ------------------------------------------------------------------------------ */

/* Gets the path from a line `# pidfile: /run/x.pid`; returns false for other lines. */
static bool header_path(const char *line, char path[INIT_SCRIPT_PATH])
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
	if (*line != '/' || n >= INIT_SCRIPT_PATH)
		return false;
	memcpy(path, line, n);
	path[n] = '\0';
	return true;
}

bool init_status_header(const char *text, size_t length, char path[INIT_SCRIPT_PATH])
{
	const char *end = text + length, *newline;

	path[0] = '\0';
	for (int i = 0; i < HEAD_LINES && text < end; i++, text = newline + 1) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (newline == NULL && length >= HEAD_SIZE)
			return false; /* the line continues beyond the part that was read */
		if (header_path(text, path))
			return true;
		if (newline == NULL)
			return false;
	}
	return false;
}

/* Returns 1 if the header names a pidfile, 0 if it does not, or -errno. */
static int header_find(const char *script, char path[INIT_SCRIPT_PATH])
{
	char text[HEAD_SIZE + 1];
	ssize_t n = process_read_file(AT_FDCWD, script, text, sizeof(text));

	return n < 0 ? (int)n : init_status_header(text, (size_t)n, path);
}

bool init_status_pidfile(
	const struct manager_request *request, const char *script, struct pidfile *pidfile)
{
	const struct pidfile_memory *seen = &request->memory.seen;
	const char *name = request->name;
	char path[INIT_SCRIPT_PATH];
	int found = 1;

	*pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	if (request->pidfile != NULL)
		pidfile_look(request->pidfile, name, seen, pidfile);
	else if ((found = header_find(script, path)) > 0)
		pidfile_look(path, name, seen, pidfile);
	else if (found < 0)
		pidfile_unreadable(pidfile, "the header of the script", found);
	if (found != 0)
		return true;
	snprintf(path, sizeof(path), "/run/%s.pid", name);
	pidfile_look(path, name, seen, pidfile);
	if (pidfile->verdict == PIDFILE_NONE) {
		snprintf(path, sizeof(path), "/run/%s/%s.pid", name, name);
		pidfile_look(path, name, seen, pidfile);
	}
	return pidfile->verdict != PIDFILE_NONE;
}

/* --- the status ------------------------------------------------------------------------------- */

/* Evaluates the exit status of `status` as the LSB defines it. Any other exit status is an error
 * and not a status. */
static void take_status(int code, const struct spawn_result *result, struct evidence *e,
	struct manager_reply *reply)
{
	static const enum evidence_word words[] = {
		[0] = WORD_UP,
		[1] = WORD_FAILED, /* dead, with a pidfile */
		[2] = WORD_FAILED, /* dead, with a lock */
		[3] = WORD_DOWN,
	};
	char said[MANAGER_TEXT];

	if (init_status_is_usage(result->output)) {
		e->mute = true;
		e->said = "the script has no \"status\" action";
		return;
	}
	if (code != 0)
		manager_tail(reply->text, result);
	if (code != 0 && error_is_printed(result->output)) {
		manager_fault(reply, -EAGAIN, VIGIL_FAULT_FAILED, "%s", "");
		return;
	}
	if (code < (int)(sizeof(words) / sizeof(words[0]))) {
		e->word = words[code];
		return;
	}
	memcpy(said, reply->text, sizeof(said));
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED,
		"the script exited with status %d for \"status\"%s%s", code,
		*said != '\0' ? ": " : "", said);
}

void init_status_gather(const struct manager_request *request, const char *script, bool direct,
	char *verb, struct evidence *e, struct manager_reply *reply)
{
	struct spawn_result result;
	struct pidfile pidfile;
	pid_t runner = 0;
	int code;

	*e = manager_evidence(request, "the script");
	e->basis = BASIS_CHECKED;
	e->said = reply->text;
	/* Look for a runner before the script is run: if the runner ends in between, the script
	 * already finds its result. */
	init_status_pidfile(request, script, &pidfile);
	if (pidfile.verdict != PIDFILE_ALIVE)
		runner = init_script_runner(script, verb);
	code = init_status_run(request, script, "status", direct, false, &result, reply);
	if (code >= 0)
		take_status(code, &result, e, reply);
	/* Check the pidfile again after the script, which takes a while: a service that is being
	 * stopped has had that time to remove its pidfile. */
	e->place_known = init_status_pidfile(request, script, &pidfile);
	if (e->place_known)
		manager_add_pidfile(reply, e, &pidfile);
	e->runner = runner > 0 ? runner : 0;
	e->runner_error = runner < 0 ? (int)runner : 0;
	e->runner_verb = runner > 0 ? verb : "";
}
