/*
 * detect_latency: how long it takes from the death of a service until a client of vigild receives
 * this change, and until it receives the change that the service runs again.
 *
 *     detect_latency SOCKET DAEMON KILLS MILLISECONDS
 *
 * Kills the process of the service that the daemon watches KILLS times, and reads the changes of
 * its state on a connection to vigild. The same poll waits for a pidfd of the process: the time at
 * which the kernel reports its end is what the others are compared with. Between two kills it waits
 * MILLISECONDS, because supervisors delay the start of a service that has run for less than a
 * second. Prints a line with three numbers of microseconds for each kill: until the pidfd is
 * readable, until the first change, and until the change that says that the service runs as another
 * process.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#define PATIENCE 60000 /* milliseconds for a change to come */

static struct {
	FILE *vigild;
	char place[128]; /* the pointer to the state of the service */
	char line[65536];
	size_t length; /* of what was read and not taken yet */
} conn;

/* As the state has it. */
static pid_t pid;
static bool runs;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static void dial(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die("%s: %s", path, strerror(errno));
	conn.vigild = fdopen(fd, "r+");
	if (!conn.vigild)
		die("%s", strerror(errno));
}

/* Takes one line of those that were read. */
static json_t *take_line(void)
{
	char *end = memchr(conn.line, '\n', conn.length);
	json_error_t error;
	json_t *message;
	size_t used;

	if (!end)
		return NULL;
	used = (size_t)(end - conn.line) + 1;
	message = json_loadb(conn.line, used, 0, &error);
	if (!message)
		die("vigild says: %.*s: %s", (int)used, conn.line, error.text);
	conn.length -= used;
	memmove(conn.line, conn.line + used, conn.length);
	return message;
}

static void read_more(void)
{
	size_t used = conn.length;
	ssize_t n = 0;

	if (used < sizeof(conn.line))
		n = read(fileno(conn.vigild), conn.line + used, sizeof(conn.line) - used);
	if (n <= 0)
		die("vigild has closed the connection, or its line is too long");
	conn.length += (size_t)n;
}

/* Keeps what the message says about the service. False: it is about something else. */
static bool learn(const json_t *message)
{
	const json_t *params = json_object_get(message, "params");
	const char *pointer = json_string_value(json_object_get(params, "pointer"));
	const json_t *value = json_object_get(params, "value");
	size_t n = strlen(conn.place);

	if (!pointer || strncmp(pointer, conn.place, n) != 0)
		return false;
	if (strcmp(pointer + n, "/pid") == 0)
		pid = (pid_t)json_integer_value(value);
	else if (strcmp(pointer + n, "/value") == 0)
		runs = value && json_is_string(value) &&
		       strcmp(json_string_value(value), "running") == 0;
	return true;
}

/* Begins to watch, and reads the state at the beginning. */
static void begin(const char *daemon)
{
	const char *value = NULL;
	json_t *message = NULL;
	int number = 0;

	snprintf(conn.place, sizeof(conn.place), "/daemons/%s/service_state", daemon);
	fprintf(conn.vigild,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":"
		"\"%s\"}}\n"
		"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"get\",\"params\":{\"pointer\":\"%s\"}}"
		"\n",
		conn.place, conn.place);
	fflush(conn.vigild);
	while (json_integer_value(json_object_get(message, "id")) != 2) {
		json_decref(message);
		while (!(message = take_line()))
			read_more();
		learn(message);
	}
	if (json_unpack(message, "{s:{s:s,s:i}}", "result", "value", &value, "pid", &number))
		die("%s does not run", daemon);
	runs = strcmp(value, "running") == 0;
	pid = (pid_t)number;
	json_decref(message);
}

/* Takes the messages that were read. Sets the time of the first change, and the time at which the
 * service runs as another process. */
static void take_changes(pid_t old, double *told, double *again)
{
	double when = now();
	json_t *message;

	while ((message = take_line())) {
		if (learn(message) && *told == 0)
			*told = when;
		if (*again == 0 && runs && pid > 0 && pid != old)
			*again = when;
		json_decref(message);
	}
}

static void kill_once(void)
{
	pid_t old = pid;
	double begun, ended = 0, told = 0, again = 0;
	struct pollfd fds[2] = {{.fd = fileno(conn.vigild), .events = POLLIN},
		{.fd = (int)syscall(SYS_pidfd_open, old, 0), .events = POLLIN}};

	if (!runs || old <= 1 || fds[1].fd < 0)
		die("the service does not run: pid %d", (int)old);
	begun = now();
	if (kill(old, SIGKILL))
		die("kill: %s", strerror(errno));
	while (ended == 0 || again == 0) {
		if (poll(fds, 2, PATIENCE) <= 0)
			die("vigild does not report the end of process %d", (int)old);
		if (fds[1].revents) {
			ended = now();
			close(fds[1].fd);
			fds[1].fd = -1;
		}
		if (fds[0].revents) {
			read_more();
			take_changes(old, &told, &again);
		}
	}
	printf("%.0f %.0f %.0f\n", ended - begun, told - begun, again - begun);
	fflush(stdout);
}

/* Takes changes while nothing is killed. */
static void rest(double milliseconds)
{
	double until = now() + milliseconds * 1000, left, none = 1;
	struct pollfd fd = {.fd = fileno(conn.vigild), .events = POLLIN};

	while ((left = until - now()) > 0)
		if (poll(&fd, 1, (int)(left / 1000) + 1) > 0) {
			read_more();
			take_changes(0, &none, &none);
		}
}

int main(int argc, char **argv)
{
	if (argc != 5)
		die("usage: %s SOCKET DAEMON KILLS MILLISECONDS", argv[0]);
	dial(argv[1]);
	begin(argv[2]);
	for (int left = atoi(argv[3]); left > 0; left--) {
		rest(atof(argv[4]));
		kill_once();
	}
	fclose(conn.vigild);
	return EXIT_SUCCESS;
}
