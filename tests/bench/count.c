/*
 * count: does one thing TIMES times inside the function `measured`, whose instructions callgrind
 * counts.
 *
 *     count tick|look|write|request TIMES
 *
 * Each run must count the same, so nothing in it depends on time: the program has a clock of its
 * own, which moves on when the loop would sleep, so that the loop never sleeps. libevent finds the
 * functions of the clock here before it finds those of the C library.
 *
 * A tick is that of one of a hundred daemons. A look is one query of a service that runs, the most
 * frequent case. A request is one `get` of a value over a socket, including the side of the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/log.h"
#include "control/control_conn.h"
#include "control/control_work.h"
#include "config/option.h"
#include "state/state.h"
#include "host/host_internal.h"
#include "loop/loop.h"
#include "service/services.h"

/* The first time is long after any boot, so that no wait of the kernel ends at once; the second one
 * is that at which measuring begins.
 */
#define BEGIN (UINT64_C(1000000000) * CLOCK_SECOND)
#define READY (BEGIN + 2 * CLOCK_SECOND)

#define TICKING 100
#define REQUEST                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":" \
	"{\"pointer\":\"/daemons/write/service_state/value\"}}\n"

/* --- time ------------------------------------------------------------------------------------- */

#define INTERPOSED __attribute__((visibility("default")))

static _Atomic uint64_t now = BEGIN;
static bool measuring; /* until then the loop waits for threads and processes */

INTERPOSED int clock_gettime(clockid_t id, struct timespec *ts)
{
	uint64_t t = atomic_load(&now);

	ts->tv_sec = (time_t)(t / CLOCK_SECOND);
	ts->tv_nsec = (long)(t % CLOCK_SECOND);
	return 0;
}

INTERPOSED int timerfd_create(int clock, int flags)
{
	errno = ENOSYS; /* then libevent passes the time to wait to epoll_wait */
	return -1;
}

INTERPOSED int epoll_wait(int fd, struct epoll_event *events, int max, int timeout)
{
	int wait = !measuring && timeout != 0 ? 1 : 0;
	int n = epoll_pwait(fd, events, max, wait, NULL);

	if (n == 0 && timeout < 0 && measuring)
		abort(); /* it would sleep for ever */
	if (n == 0 && timeout != 0)
		atomic_fetch_add(&now, (measuring ? (uint64_t)timeout : 1) * CLOCK_MS);
	return n;
}

/* --- what valgrind does not know -------------------------------------------------------------- */

/* Instead of a pidfd, a descriptor that is never readable either, because the process of the
 * service lives. */
INTERPOSED long syscall(long number, ...)
{
	if (number == SYS_pidfd_open)
		return eventfd(0, EFD_CLOEXEC);
	errno = ENOSYS;
	return -1;
}

/* --- the host --------------------------------------------------------------------------------- */

static char scratch[] = "/tmp/vigil-count.XXXXXX";
static struct host *host;

static void check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "count: %s\n", what);
	exit(EXIT_FAILURE);
}

static const char *path(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *text = paths[turn++ % 4];

	snprintf(text, sizeof(paths[0]), "%s/%s", scratch, name);
	return text;
}

static FILE *create(const char *name)
{
	FILE *file = fopen(path(name), "w");

	check(file != NULL, "cannot write to the scratch directory");
	return file;
}

static void open_host(void)
{
	struct diagnostics diagnostics = {0};
	FILE *file;

	check(mkdtemp(scratch) != NULL, "no scratch directory");
	file = create("vigil.conf");
	fprintf(file, "[vigil]\nstate_dir = %s\nlog = stderr\nlog_level = error\n", path("state"));
	fclose(file);
	host = host_new(path("vigil.conf"), &diagnostics);
	check(host != NULL, diagnostics.count > 0 ? diagnostics.list[0].text : "no host");
}

static void turn(void)
{
	loop_run_once(host_loop(host), true);
}

static struct vigil_daemon *begin(const char *name, const vigil_module *module,
	const struct option_given *given, size_t count)
{
	struct diagnostics diagnostics = {0};
	struct option_set *options = option_set_new(
		module->options, given, count, "[daemon:count]", "count", 1, &diagnostics);
	struct vigil_daemon *d;

	check(options != NULL, diagnostics.count > 0 ? diagnostics.list[0].text : "no options");
	d = daemon_new(&host->environment, name, name, module, options);
	option_set_unref(options);
	check(daemon_start(d) == 0, daemon_reason(d));
	return d;
}

/* --- a tick ----------------------------------------------------------------------------------- */

static unsigned ticks;

static void on_tick(vigil_daemon *d, void *arg)
{
	ticks++;
}

static int start_ticking(vigil_daemon *d)
{
	return vigil_every(d, 5, on_tick, NULL);
}

static int start_nothing(vigil_daemon *d)
{
	return 0;
}

static const vigil_option none[] = {VIGIL_OPTION_END};
static const vigil_module ticking = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "ticking",
	.options = none,
	.start = start_ticking};
static const vigil_module still = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "still",
	.options = none,
	.start = start_nothing};

static void tick_ready(void)
{
	char name[16];

	for (int i = 0; i < TICKING; i++) {
		snprintf(name, sizeof(name), "tick%d", i);
		begin(name, &ticking, NULL, 0);
	}
}

static void tick(unsigned times)
{
	for (unsigned until = ticks + times; ticks < until;)
		turn();
}

/* --- a look ----------------------------------------------------------------------------------- */

extern const vigil_module vigil_module_descriptor;

/* A child that lives as long as this process, which has the name of runit's supervisor: vigild
 * accepts a status only if its process is a child of the supervisor. */
static pid_t begin_service(void)
{
	pid_t pid;

	check(prctl(PR_SET_NAME, "runsv") == 0, "cannot take the name of a supervisor");
	pid = fork();
	check(pid >= 0, "cannot begin a service");
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

/* Its status, as runit would write it. */
static void forge_service(void)
{
	pid_t pid = begin_service();
	unsigned char status[20] = {[17] = 'u', [19] = 1};
	FILE *file;

	for (int i = 0; i < 4; i++)
		status[12 + i] = (unsigned char)(pid >> 8 * i);
	check(mkdir(path("svc"), 0755) == 0 && mkdir(path("svc/supervise"), 0755) == 0 &&
			mkfifo(path("svc/supervise/ok"), 0600) == 0 &&
			open(path("svc/supervise/ok"), O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0,
		"cannot forge a service");
	file = create("svc/supervise/status");
	check(fwrite(status, sizeof(status), 1, file) == 1, "cannot forge its status");
	fclose(file);
}

static bool looked(void)
{
	json_t *value = state_get(host_state(host), "/daemons/look/service_state/value");
	bool runs = value != NULL && strcmp(json_string_value(value), "running") == 0;

	json_decref(value);
	return runs;
}

static void look_ready(void)
{
	const struct option_given given[] = {{"service", "svc", "count", 1, NULL},
		{"manager", "runit", "count", 1, NULL}, {"service_dir", scratch, "count", 1, NULL},
		{"interval", "50ms", "count", 1, NULL},
		{"usage_interval", "0", "count", 1, NULL}}; /* its work depends on /proc */

	forge_service();
	begin("look", &vigil_module_descriptor, given, sizeof(given) / sizeof(*given));
	while (!looked())
		turn();
}

static void look(unsigned times)
{
	struct service_counts counts;
	uint64_t until;

	services_counts(host->services, &counts);
	until = counts.cached + times;
	while (counts.cached < until) {
		turn();
		services_counts(host->services, &counts);
	}
	check(counts.workers == 1, "somebody was asked");
}

/* --- a write ---------------------------------------------------------------------------------- */

static struct vigil_daemon *writer;

static void write_ready(void)
{
	writer = begin("write", &still, NULL, 0);
	vigil_state_set(writer, "service_state/value", json_string("running"));
	vigil_state_set(writer, "service_state/restarts", json_integer(-1));
}

static void write_values(unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		vigil_state_set(writer, "service_state/restarts", json_integer(i));
}

/* --- a request -------------------------------------------------------------------------------- */

static int client;

static void on_gone(struct conn *conn, void *arg)
{
	check(false, "the connection was closed");
}

static void request_ready(void)
{
	static const struct peer root = {.uid = 0};
	int ends[2];

	write_ready();
	check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0 &&
			conn_new(control_work_new(host), ends[0], &root, on_gone, NULL) != NULL,
		"no connection");
	client = ends[1];
}

static void request(unsigned times)
{
	char reply[1024] = "";
	ssize_t n;

	while (times-- > 0) {
		check(send(client, REQUEST, strlen(REQUEST), 0) > 0, "cannot ask");
		do {
			turn();
			n = recv(client, reply, sizeof(reply) - 1, 0);
		} while (n < 0 && errno == EAGAIN);
		check(n > 0 && memmem(reply, (size_t)n, "running", 7) != NULL, "a wrong answer");
	}
}

/* --- all of them ------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	void (*ready)(void);
	void (*run)(unsigned times);
} things[] = {{"tick", tick_ready, tick}, {"look", look_ready, look},
	{"write", write_ready, write_values}, {"request", request_ready, request}};

/* What callgrind counts.  By its name, so neither hidden nor inlined. */
INTERPOSED __attribute__((noinline)) void measured(void (*run)(unsigned times), unsigned times);
void measured(void (*run)(unsigned times), unsigned times)
{
	run(times);
	__asm__ volatile("" ::: "memory"); /* it returns here, and is not left by a jump */
}

int main(int argc, char **argv)
{
	char command[64];

	for (size_t i = 0; argc == 3 && i < sizeof(things) / sizeof(*things); i++) {
		if (strcmp(argv[1], things[i].name) != 0)
			continue;
		json_object_seed(1);
		open_host();
		things[i].ready();
		loop_run_once(host_loop(host), false);
		check(atomic_load(&now) < READY, "it took too long to be ready");
		atomic_store(&now, READY);
		measuring = true;
		things[i].run(TICKING); /* what is due already or is done once */
		measured(things[i].run, (unsigned)atoi(argv[2]));
		snprintf(command, sizeof(command), "rm -r %s", scratch);
		return system(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
	}
	fprintf(stderr, "usage: %s tick|look|write|request TIMES\n", argv[0]);
	return EXIT_FAILURE;
}
