/*
 * vigil-enter: enters a control group and becomes a program.
 *
 * vigild starts a program whose processes it must be able to end through this one, so that the program
 * is in the group before its first instruction: posix_spawn cannot do that, and when vigild wrote the pid
 * itself, a program could have forked before.  It stays as small as possible, because it runs before
 * each plugin.
 *
 * Where the group cannot be entered, the program runs all the same, in the group of vigild.
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
	(void)!write(fd, "0", 1); /* 0 stands for the process that writes */
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
	/* As a shell says and does it. */
	fprintf(stderr, "%s cannot be executed: %s\n", argv[2], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}
