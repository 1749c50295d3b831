/*
 * exec_report: writes the outcome of a program to the health, the state, the history and the log.
 */
#include "exec.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#define STDERR_KEPT 4096 /* the part of stderr that vigild keeps */

static const char *const level_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

const char *exec_level_name(vigil_health_level level)
{
	return level_names[level];
}

bool exec_level(const char *name, vigil_health_level *level)
{
	for (unsigned i = 0; name != NULL && i < 4; i++) {
		if (strcasecmp(name, level_names[i]) == 0) {
			*level = (vigil_health_level)i;
			return true;
		}
	}
	return false;
}

/* Marks the numbers of the daemon as stale or as current. */
static void set_stale(vigil_daemon *d, bool stale)
{
	if (stale)
		vigil_state_set(d, "stale", json_true());
	else
		vigil_state_unset(d, "stale");
}

void exec_report(vigil_daemon *d, struct exec *x, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text)
{
	const char *now = exec_level_name(level);

	/* This is set before the health, so that subscribers of the health see whether the numbers
	 * are stale. */
	set_stale(d, level == VIGIL_UNKNOWN || x->closed || x->outdated);
	vigil_health_long(d, level, flags, text, long_text);
	vigil_state_set(d, "state", json_string(now));
	if ((x->reported && x->level != level) || (!x->reported && level != VIGIL_OK))
		vigil_log(d, level == VIGIL_OK ? VIGIL_NOTICE : VIGIL_WARN, "%s: %s", now, text);
	x->reported = true;
	x->level = level;
}

void exec_ending(const vigil_child_exit *e, char *words, size_t size)
{
	if (WIFSIGNALED(e->status))
		snprintf(words, size, "killed by signal %d (%s)", WTERMSIG(e->status),
			strsignal(WTERMSIG(e->status)));
	else
		snprintf(words, size, "exit status %d", WEXITSTATUS(e->status));
}

void exec_put_stderr(vigil_daemon *d, const char *errors)
{
	char clean[16 * 1024] = "...";
	const char *line = strlen(errors) >= STDERR_KEPT ? strchr(errors, '\n') : NULL;
	size_t mark = line != NULL ? strlen(clean) : 0, length;

	/* The first line is incomplete, because only the end is kept. */
	vigil_sanitize_lines(clean + mark, sizeof(clean) - mark, line != NULL ? line : errors);
	length = strlen(clean);
	while (length > 0 && clean[length - 1] == '\n')
		clean[--length] = '\0';
	if (length > 0)
		vigil_state_set(d, "stderr", json_string(clean));
	else
		vigil_state_unset(d, "stderr");
}

void exec_put_exit(vigil_daemon *d, const vigil_child_exit *e)
{
	/* A signal gives 128 + its number, as in a shell. */
	int status = WIFSIGNALED(e->status) ? 128 + WTERMSIG(e->status) : WEXITSTATUS(e->status);

	if (!e->given_up)
		vigil_state_set(d, "exit_status", json_integer(status));
	vigil_state_set(d, "duration_seconds", json_real(round(e->seconds * 1e3) / 1e3));
	vigil_state_set(d, "timed_out", json_boolean(e->timed_out));
	exec_put_stderr(d, e->errors);
}

void exec_append_error(char *text, size_t size, const char *errors)
{
	const char *end = errors + strlen(errors), *begin;
	char line[STDERR_KEPT + 1];
	size_t used = strlen(text);

	while (end > errors && isspace((unsigned char)end[-1]))
		end--;
	for (begin = end; begin > errors && begin[-1] != '\n';)
		begin--;
	if (begin == end)
		return;
	snprintf(line, sizeof(line), "%.*s", (int)(end - begin), begin);
	snprintf(text + used, size - used, ": ");
	used = strlen(text);
	vigil_sanitize(text + used, size - used, line);
}

/* Returns the kernel's letter for the state of a process, such as 'D'. 0: not known. */
static char process_state(pid_t pid)
{
	char path[64], line[512] = "";
	const char *end;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	if (fgets(line, sizeof(line), file) == NULL)
		line[0] = '\0';
	fclose(file);
	end = strrchr(line, ')'); /* the name may contain any characters */
	return (char)(end != NULL && end[1] == ' ' ? end[2] : 0);
}

bool exec_is_blocked(pid_t pid)
{
	return process_state(pid) == 'D';
}

void exec_describe_given_up(pid_t pid, char *text, size_t size)
{
	snprintf(text, size, "process %d %s", (int)pid,
		exec_is_blocked(pid) ? "is in uninterruptible sleep" : "still exists");
}

void exec_put_left_out(vigil_daemon *d, struct exec *x, unsigned count, const char *text)
{
	if (count == 0) {
		vigil_state_unset(d, "left_out");
		return;
	}
	vigil_state_set(d, "left_out", json_pack("{s:i,s:s}", "count", (int)count, "text", text));
	if (!x->left_out)
		vigil_log(d, VIGIL_WARN, "left out of its output: %s", text);
	x->left_out = true;
}
