/*
 * usage_reads: the reference of usage.sh: reads the same files as vigild does to measure services,
 * and nothing else.
 *
 *     usage_reads groups|processes MILLISECONDS TIMES PID...
 *
 * groups: the files of the control group of each process, and those of the process that the group
 * does not have.  processes: /proc/PID/stat of all processes, and the other files of each process
 * named.  Prints the nanoseconds of CPU that it took.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char text[8192];

static ssize_t read_at(int directory, const char *name)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static ssize_t read_of(const char *pid, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	return read_at(AT_FDCWD, path);
}

static void stat_of(const char *pid, const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%s/%s", pid, name);
	if (stat(path, &st) < 0)
		fprintf(stderr, "%s has ended\n", pid);
}

static void read_process(const char *pid, int group)
{
	if (group < 0 || faccessat(group, "memory.current", F_OK, 0) < 0)
		read_of(pid, "status");
	if (group < 0 || faccessat(group, "io.stat", F_OK, 0) < 0)
		read_of(pid, "io");
	if (group >= 0)
		stat_of(pid, "task");
	stat_of(pid, "fd");
}

static void read_group(const char *pid)
{
	static const char *const names[] = {"memory.current", "memory.stat", "memory.events",
		"cpu.stat", "pids.current", "io.stat", "memory.pressure", "cgroup.procs"};
	char path[512];
	struct stat st;
	int fd;

	read_of(pid, "cgroup");
	text[strcspn(text, "\n")] = '\0';
	snprintf(path, sizeof(path), "/sys/fs/cgroup%s", strrchr(text, ':') + 1);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < sizeof(names) / sizeof(*names); i++)
		read_at(fd, names[i]);
	if (fd >= 0)
		fstat(fd, &st);
	read_process(pid, fd);
	if (fd >= 0)
		close(fd);
}

static void read_all_processes(void)
{
	DIR *dir = opendir("/proc");
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			read_of(entry->d_name, "stat");
	if (dir != NULL)
		closedir(dir);
}

int main(int argc, char **argv)
{
	struct timespec next;
	int groups = argc >= 5 && strcmp(argv[1], "groups") == 0;

	if (argc < 5)
		return EXIT_FAILURE;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int times = atoi(argv[3]); times > 0; times--) {
		if (!groups)
			read_all_processes();
		for (char **pid = argv + 4; *pid != NULL; pid++) {
			if (groups) {
				read_group(*pid);
			} else {
				read_of(*pid, "cgroup");
				read_process(*pid, -1);
			}
		}
		next.tv_nsec += atol(argv[2]) % 1000 * 1000000;
		next.tv_sec += atol(argv[2]) / 1000 + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &next);
	printf("%lld\n", next.tv_sec * 1000000000LL + next.tv_nsec);
	return EXIT_SUCCESS;
}
