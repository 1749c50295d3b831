/* openrc_notes: parses the values that OpenRC stores for a service; see openrc_notes.h. */
#include "service/managers/openrc_notes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void openrc_notes_trim(char *text)
{
	text[strcspn(text, "\n")] = '\0';
}

bool openrc_notes_pidfile(const char *chroot, const char *pidfile, char path[INIT_SCRIPT_PATH])
{
	int n = snprintf(path, INIT_SCRIPT_PATH, "%s%s", chroot, pidfile);

	/* A value that fills the buffer it was read into may be truncated. */
	if (*pidfile == '/' && *path == '/' && n < INIT_SCRIPT_PATH - 1)
		return true;
	path[0] = '\0';
	return false;
}

uint32_t openrc_notes_count(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	unsigned long long count;

	if (digits == 0 || text[digits] != '\0')
		return 0;
	errno = 0;
	count = strtoull(text, NULL, 10);
	return errno == 0 && count <= INT32_MAX ? (uint32_t)count : INT32_MAX;
}
