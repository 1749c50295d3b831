/*
 * vigil-enter: enters a control group and executes a program.
 *
 * vigild uses it to start programs whose processes it must be able to kill.  It ensures that the
 * program is in the control group before its first instruction. posix_spawn cannot do that, and if
 * vigild wrote the pid itself, the program could have forked before. vigil-enter is as small as
 * possible, because it runs before each plugin.
 *
 * If the control group cannot be entered, the program runs anyway, in the group of vigild.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define USAGE 2

static void enter(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	(void)!write(fd, "0", 1); /* 0 means the writing process */
	close(fd);
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: vigil-enter CGROUP.PROCS PROGRAM ARGV0 [ARG...]\n");
		return USAGE;
	}
	enter(argv[1]);
	execv(argv[2], argv + 3);
	/* Message and exit status are those of a shell. */
	fprintf(stderr, "%s cannot be executed: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
