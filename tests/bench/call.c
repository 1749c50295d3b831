/*
 * call: the interpreter of a script that stands for a program and reports when it is called.
 *
 *     #!/path/of/call
 *     # calls: FIFO
 *     # runs: PROGRAM
 *
 * Writes `VERB NANOSECONDS` into the FIFO when it is called, VERB being the last argument; runs
 * the program with the same arguments; writes `end NANOSECONDS`; and exits with the program's
 * status.  The times are those of CLOCK_MONOTONIC.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	char line[4096], fifo[4096] = "", program[4096] = "";
	long long begun = now();
	int out, status;
	FILE *script;
	pid_t pid;

	script = argc > 2 ? fopen(argv[1], "r") : NULL;
	if (script == NULL)
		return EXIT_FAILURE;
	while (fgets(line, sizeof(line), script) != NULL) {
		sscanf(line, "# calls: %4095s", fifo);
		sscanf(line, "# runs: %4095s", program);
	}
	fclose(script);
	out = open(fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	dprintf(out, "%s %lld\n", argv[argc - 1], begun);
	argv[1] = program;
	if (posix_spawn(&pid, program, NULL, NULL, argv + 1, environ) != 0 ||
		waitpid(pid, &status, 0) != pid)
		return EXIT_FAILURE;
	dprintf(out, "end %lld\n", now());
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
