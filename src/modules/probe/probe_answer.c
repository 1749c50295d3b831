/* probe_answer: see probe_answer.h. */
#include "probe_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

/* Exit statuses of shells and env if they cannot run a program or do not find it. */
#define CANNOT_RUN 126
#define NOT_FOUND  127

/* Returns whether the URL of a redirect names another host.  A path stays on the host. */
static bool leads_elsewhere(const char *location, const char *host)
{
	const char *slashes = strstr(location, "//");
	size_t n, length = strlen(host);

	if (slashes == NULL || strcspn(location, "/?#") < (size_t)(slashes - location))
		return false;
	slashes += 2;
	slashes += slashes[0] == '[';
	n = strcspn(slashes, strchr(host, ':') != NULL ? "]/?#" : ":/?#");
	return n != length || strncasecmp(slashes, host, length) != 0;
}

/* Without the option probe_status, 2xx is a success, and 3xx unless it leads to another host. */
static bool is_usual_success(const struct probe_plan *plan, int status, const char *location)
{
	return status / 100 == 2 || (status / 100 == 3 && !leads_elsewhere(location, plan->name));
}

static bool is_in_ranges(const struct probe_plan *plan, int status)
{
	for (unsigned i = 0; i < plan->range_count; i++)
		if (status >= plan->ranges[i].first && status <= plan->ranges[i].last)
			return true;
	return false;
}

enum probe_outcome probe_answer_http(const struct probe_plan *plan, const struct probe_http *http,
	const struct probe_expect *expect, char why[PROBE_WHY])
{
	int status = probe_http_status(http);
	const char *location = probe_http_location(http);
	char text[PROBE_WHY];
	size_t length;
	const char *body = probe_http_body(http, &length);

	why[0] = '\0';
	if (plan->range_count > 0 ? !is_in_ranges(plan, status)
				  : !is_usual_success(plan, status, location)) {
		snprintf(text, sizeof(text), "%.200s%s%.200s", probe_http_status_line(http),
			status / 100 == 3 && location[0] != '\0' ? ", a redirect to " : "",
			status / 100 == 3 ? location : "");
		vigil_sanitize(why, PROBE_WHY, text);
		return PROBE_FAILED;
	}
	if (expect == NULL || probe_expect_found(expect, body, length, 0))
		return PROBE_SUCCEEDED;
	snprintf(why, PROBE_WHY, "the body of the answer does not contain what is expected%s",
		length == PROBE_HTTP_BODY ? " in its first 64 KiB" : "");
	return PROBE_FAILED;
}

void probe_answer_unexpected(const char *answer, size_t length, char why[PROBE_WHY])
{
	char text[80], clean[4 * sizeof(text)];
	size_t n = length < sizeof(text) - 1 ? length : sizeof(text) - 1;

	memcpy(text, answer, n);
	text[n] = '\0';
	text[strcspn(text, "\r\n")] = '\0';
	vigil_sanitize(clean, sizeof(clean), text);
	snprintf(why, PROBE_WHY, "the answer is not what is expected: \"%s\"", clean);
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
