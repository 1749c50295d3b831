/*
 * fuzz_managers: what the managers of init scripts, OpenRC and s6 read.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "service/managers/init_script.h"
#include "service/managers/init_status.h"
#include "service/managers/openrc_notes.h"
#include "service/managers/s6_svstat.h"

/* --- init scripts ----------------------------------------------------------------------------- */

static void is_path(const char *path, const char *text)
{
	FUZZ_HOLDS(path[0] == '/' && strlen(path) < INIT_SCRIPT_PATH);
	FUZZ_HOLDS(strpbrk(path, " \t\n") == NULL && strstr(text, path) != NULL);
}

static void header_holds(const char *text, size_t size)
{
	char path[INIT_SCRIPT_PATH], again[INIT_SCRIPT_PATH], *line;
	int n;

	if (!init_status_header(text, size, path)) {
		FUZZ_HOLDS(path[0] == '\0');
		return;
	}
	FUZZ_HOLDS(path[0] == '/' && strpbrk(path, " \t\r\n") == NULL);
	FUZZ_HOLDS(memmem(text, size, path, strlen(path)) != NULL);
	n = asprintf(&line, "#!/bin/sh\n# pidfile: %s\n", path);
	FUZZ_HOLDS(n > 0 && init_status_header(line, (size_t)n, again));
	FUZZ_HOLDS(strcmp(path, again) == 0);
	free(line);
}

/* Only the beginning of a long script is read, and a path that goes on after it is not taken. */
static void cut_header_holds(const char *text, size_t size)
{
	char *cut = malloc(INIT_STATUS_HEAD + 1), path[INIT_SCRIPT_PATH];
	size_t before = INIT_STATUS_HEAD - size;

	FUZZ_HOLDS(cut != NULL);
	memset(cut, '#', before);
	cut[before - 1] = '\n';
	memcpy(cut + before, text, size);
	cut[INIT_STATUS_HEAD] = '\0';
	if (init_status_header(cut, INIT_STATUS_HEAD, path)) {
		const char *found = memmem(cut, INIT_STATUS_HEAD, path, strlen(path));

		FUZZ_HOLDS(memchr(found, '\n', (size_t)(cut + INIT_STATUS_HEAD - found)) != NULL);
	}
	free(cut);
}

void fuzz_init_script(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *more, path[INIT_SCRIPT_PATH];

	header_holds(text, size);
	cut_header_holds(text, size);
	if (init_script_interpreter(text, path))
		is_path(path, text);
	else
		FUZZ_HOLDS(path[0] == '\0');
	/* What is printed before and after does not hide that the script printed its usage. */
	if (init_status_is_usage(text)) {
		FUZZ_HOLDS(asprintf(&more, "\033[32m*\033[0m sourced\n%s\nend\n", text) > 0);
		FUZZ_HOLDS(init_status_is_usage(more));
		free(more);
	}
	free(text);
}

/* --- OpenRC ----------------------------------------------------------------------------------- */

/* The first line is the chroot directory, the second one the pidfile, the third one the count. */
void fuzz_openrc(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), *rest = text;
	char *root = strsep(&rest, "\n"), *name = strsep(&rest, "\n"), *count = rest;
	char path[INIT_SCRIPT_PATH], digits[16];

	if (name != NULL && openrc_notes_pidfile(root, name, path)) {
		FUZZ_HOLDS(path[0] == '/' && name[0] == '/');
		FUZZ_HOLDS(strlen(path) == strlen(root) + strlen(name));
		FUZZ_HOLDS(strncmp(path, root, strlen(root)) == 0);
	} else if (name != NULL) {
		FUZZ_HOLDS(path[0] == '\0');
	}
	if (count != NULL) {
		openrc_notes_trim(count);
		FUZZ_HOLDS(strchr(count, '\n') == NULL);
		snprintf(digits, sizeof(digits), "%u", openrc_notes_count(count));
		FUZZ_HOLDS(openrc_notes_count(count) <= INT32_MAX);
		FUZZ_HOLDS(openrc_notes_count(digits) == openrc_notes_count(count));
	}
	free(text);
}

/* --- s6-svstat -------------------------------------------------------------------------------- */

static void svstat_is_parsed_again(const struct supervise_status *status)
{
	struct supervise_status again = {.wait_status = -1};
	bool signaled = status->wait_status >= 0 && WIFSIGNALED(status->wait_status);
	bool exited = status->wait_status >= 0 && !signaled;
	char text[128];

	snprintf(text, sizeof(text), "%d %s %s %s %d %d\n", status->pid > 0 ? (int)status->pid : -1,
		status->want_up ? "true" : "false", status->unready ? "false" : "true",
		status->paused ? "true" : "false", exited ? WEXITSTATUS(status->wait_status) : -1,
		signaled ? WTERMSIG(status->wait_status) : -1);
	FUZZ_HOLDS(s6_svstat_parse(text, &again));
	FUZZ_HOLDS(again.state == status->state && again.pid == status->pid);
	FUZZ_HOLDS(again.want_up == status->want_up && again.paused == status->paused);
	FUZZ_HOLDS(again.unready == status->unready && again.wait_status == status->wait_status);
}

void fuzz_svstat(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct supervise_status status = {.wait_status = -1};

	if (s6_svstat_parse(text, &status)) {
		FUZZ_HOLDS(status.pid >= 0 && (status.pid > 0) == (status.state == SUPERVISE_UP));
		FUZZ_HOLDS(status.wait_status == -1 || WIFSIGNALED(status.wait_status) ||
			   WIFEXITED(status.wait_status));
		svstat_is_parsed_again(&status);
	} else {
		FUZZ_HOLDS(status.pid == 0 && status.wait_status == -1);
	}
	free(text);
}
