/*
 * memory: fails the Nth allocation of a vigild, for one N after the other.
 *
 *     memory VIGILD SHIM WORK PHASE once|on|worker FIRST STEP
 *     memory phases
 *
 * It runs the phase for each N from FIRST on, in steps of STEP, until the phase has fewer than N
 * allocations.  `worker` is `on` for the threads of the worker pool only: a failure there is
 * reported in an answer and must not end vigild.  The last line has the counts of fault.c.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fault.h"
#include "nomemory.h"

static struct nomemory *shared;

static void arm(void)
{
	shared->plan = 0;
	shared->count = shared->failed = 0;
	shared->credit = 0;
	shared->crashed[0] = '\0';
	shared->plan = test.plan;
}

static bool disarm(void)
{
	bool failed = shared->failed > 0;

	shared->plan = 0;
	return failed;
}

/* Libraries for modules and for the bus.  Crashes in other libraries count as crashes of vigil. */
static const char *crashed_in(void)
{
	static const char *const foreign[] = {"libcrypto.", "libssl.", "libsystemd.", "libevent"};

	for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		if (strncmp(shared->crashed, foreign[i], strlen(foreign[i])) == 0)
			return shared->crashed;
	return NULL;
}

static const struct fault fault = {
	.arm_boot = arm, .arm = arm, .disarm = disarm, .crashed_in = crashed_in};

static char *share(const char *work)
{
	static char variable[4096];
	char *path = variable + strlen("NOMEMORY=");
	int fd;

	snprintf(variable, sizeof(variable), "NOMEMORY=%s/plan", work);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*shared)) < 0)
		abort();
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		abort();
	close(fd);
	return variable;
}

int main(int argc, char **argv)
{
	static char preload[4096], file[4096];
	char *extra[] = {preload, NULL, NULL};
	char *command[] = {argv[1], (char *)"-c", file, NULL};

	if (argc == 2)
		return fault_list_phases();
	if (argc != 8)
		return 2;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[2]);
	snprintf(file, sizeof(file), "%s/vigil.conf", argv[3]);
	extra[1] = share(argv[3]);
	test.vigild = (struct vigild){.work = argv[3], .command = command, .extra = extra};
	test.fault = &fault;
	test.phase = argv[4];
	test.mode = argv[5];
	shared->workers = strcmp(test.mode, "worker") == 0;
	shared->on = shared->workers || strcmp(test.mode, "on") == 0;
	test.must_live = shared->workers;
	for (test.plan = strtoull(argv[6], NULL, 10); fault_point();
		test.plan += strtoull(argv[7], NULL, 10))
		test.points++;
	disarm();
	fault_stop_vigild();
	printf("%s %s: %u points, %u lived, %u ended, %u broken\n", test.phase, test.mode,
		test.points, test.lived, test.ended, test.broken);
	return test.broken > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
