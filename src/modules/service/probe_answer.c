/* probe_answer: see probe_answer.h. */
#include "probe_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* Exit statuses of shells and env if they cannot run a program or do not find it. */
#define CANNOT_RUN 126
#define NOT_FOUND  127

static const char digits[] = "0123456789";

/* Returns the status in a line such as "HTTP/1.1 200 OK". 0: the line is not an HTTP status
 * line. */
static int status_of(const char *line)
{
	const char *s = line;
	size_t n;

	if (strncmp(s, "HTTP/", 5) != 0)
		return 0;
	s += 5;
	n = strspn(s, digits);
	if (n == 0 || s[n] != '.')
		return 0;
	s += n + 1;
	n = strspn(s, digits);
	if (n == 0 || s[n] != ' ')
		return 0;
	s += n + strspn(s + n, " ");
	if (strspn(s, digits) != 3 || (s[3] != ' ' && s[3] != '\0'))
		return 0;
	return (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
}

enum probe_outcome probe_answer_http(const char *bytes, size_t length, char why[PROBE_WHY])
{
	char line[PROBE_WHY];
	const char *end = memchr(bytes, '\n', length);
	size_t n = end != NULL ? (size_t)(end - bytes) : length;
	int status;

	if (n > 0 && bytes[n - 1] == '\r')
		n--;
	if (n >= sizeof(line))
		n = sizeof(line) - 1;
	memcpy(line, bytes, n);
	line[n] = '\0';
	status = strlen(line) == n ? status_of(line) : 0;
	why[0] = '\0';
	if (status >= 200 && status < 400)
		return PROBE_SUCCEEDED;
	if (status == 0)
		snprintf(why, PROBE_WHY, "the answer is not HTTP");
	else
		vigil_sanitize(why, PROBE_WHY, line);
	return PROBE_FAILED;
}

/* Copies the first line of the output that is not blank. Returns false if there is none. */
static bool first_line(const char *output, char why[PROBE_WHY])
{
	char line[PROBE_WHY];

	output += strspn(output, " \t\r\n");
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(output, "\r\n"), output);
	vigil_sanitize(why, PROBE_WHY, line);
	return why[0] != '\0';
}

enum probe_outcome probe_answer_exit(const vigil_child_exit *e, char why[PROBE_WHY])
{
	int status = WIFEXITED(e->status) ? WEXITSTATUS(e->status) : -1;
	enum probe_outcome outcome =
		status == CANNOT_RUN || status == NOT_FOUND ? PROBE_IMPOSSIBLE : PROBE_FAILED;

	why[0] = '\0';
	if (e->timed_out || e->given_up) {
		snprintf(why, PROBE_WHY, "no answer in time");
		return PROBE_FAILED;
	}
	if (status == 0)
		return PROBE_SUCCEEDED;
	if (first_line(e->output, why))
		return outcome;
	if (status < 0)
		snprintf(
			why, PROBE_WHY, "the command was killed by signal %d", WTERMSIG(e->status));
	else if (outcome == PROBE_IMPOSSIBLE)
		snprintf(why, PROBE_WHY, "the command cannot be run (exit status %d)", status);
	else
		snprintf(why, PROBE_WHY, "the command exited with status %d", status);
	return outcome;
}
