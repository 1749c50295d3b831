/* vigilctl_console: see vigilctl_console.h. */
#include "client/vigilctl_console.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process/program.h"

void vigilctl_console(const char *socket, const char *file, bool json, bool quiet)
{
	const char *argv[9] = {"vigil-console", "-s", socket};
	unsigned argc = 3;
	char *program;

	if (file != NULL) {
		argv[argc++] = "-c";
		argv[argc++] = file;
	}
	if (json) {
		argv[argc++] = "-o";
		argv[argc++] = "json";
	}
	if (quiet)
		argv[argc++] = "-q";
	program = program_path(LIBEXECDIR, "vigil-console");
	execv(program, (char *const *)argv);
	fprintf(stderr, "vigilctl: the console cannot be started: %s: %s\n", program,
		strerror(errno));
	free(program);
}
