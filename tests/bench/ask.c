/*
 * ask: asks a server on a Unix socket for one value, again and again, in one of three shapes.
 *
 *     ask SOCKET PID POINTER SECONDS one|pipelined|hundred
 *
 * one: a client that waits for each reply; pipelined: a client that has up to 64 requests without a
 * reply; hundred: a hundred clients of ten requests each, at most 32 of which are connected at one
 * time, because vigild accepts 64 connections and may not have noticed yet that some of them were
 * closed.
 *
 * Prints the requests in a second, the CPU time of the server (process PID) for each request in
 * microseconds, and the median and the 99th percentile of the time to the reply, in microseconds.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 32
#define WINDOW_MAX  64
#define SAMPLES_MAX 2000000
#define REPLIES_MIN 100   /* even if they take longer than SECONDS */
#define PATIENCE    60000 /* milliseconds to wait for the next reply */

static const struct shape {
	const char *name;
	unsigned clients, window;
	unsigned turn; /* requests of a client until another one takes its place; 0: no limit */
} shapes[] = {{"one", 1, 1, 0}, {"pipelined", 1, WINDOW_MAX, 0}, {"hundred", CLIENTS_MAX, 1, 10}};

static const struct shape *shape;
static struct sockaddr_un address = {.sun_family = AF_UNIX};
static char request[256];

static struct pollfd fds[CLIENTS_MAX];
static struct client {
	unsigned asked, answered;
	double sent[WINDOW_MAX]; /* a ring */
} clients[CLIENTS_MAX];

static float *samples; /* microseconds */
static size_t count;

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

/* The nanoseconds of CPU time that its first thread, the loop of the server, has used. */
static double spent(const char *pid)
{
	char path[64];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%lf", &ns) != 1)
		die("%s: %s", path, strerror(errno));
	fclose(file);
	return ns;
}

/* Sends requests until as many as the window allows are without a reply. */
static void ask(unsigned i)
{
	struct client *client = &clients[i];
	char text[WINDOW_MAX * sizeof(request)];
	size_t length = 0, n = strlen(request);

	while (client->asked - client->answered < shape->window) {
		client->sent[client->asked++ % WINDOW_MAX] = now();
		memcpy(text + length, request, n);
		length += n;
	}
	if (length > 0 && send(fds[i].fd, text, length, MSG_NOSIGNAL) != (ssize_t)length)
		die("cannot ask: %s", strerror(errno));
}

static void sit_down(unsigned i)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("%s: %s", address.sun_path, strerror(errno));
	fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
	clients[i] = (struct client){0};
	ask(i);
}

static void take_replies(unsigned i)
{
	struct client *client = &clients[i];
	char text[65536];
	ssize_t n = recv(fds[i].fd, text, sizeof(text), 0);
	double then = now();

	if (n <= 0)
		die("the server has closed the connection");
	for (char *p = text; (p = memchr(p, '\n', (size_t)(text + n - p))) != NULL; p++) {
		if (count < SAMPLES_MAX)
			samples[count] =
				(float)(then - client->sent[client->answered % WINDOW_MAX]);
		count++;
		client->answered++;
	}
	if (shape->turn == 0 || client->answered < shape->turn) {
		ask(i);
	} else {
		close(fds[i].fd);
		sit_down(i);
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void report(double seconds, double cpu)
{
	size_t kept = count < SAMPLES_MAX ? count : SAMPLES_MAX;

	qsort(samples, kept, sizeof(*samples), compare);
	printf("%.0f %.2f %.0f %.0f\n", (double)count / seconds, cpu / 1e3 / (double)count,
		samples[kept / 2], samples[kept * 99 / 100]);
}

int main(int argc, char **argv)
{
	double begun, until, cpu;

	for (size_t i = 0; argc == 6 && i < sizeof(shapes) / sizeof(*shapes); i++)
		if (strcmp(argv[5], shapes[i].name) == 0)
			shape = &shapes[i];
	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (shape == NULL || samples == NULL)
		die("usage: %s SOCKET PID POINTER SECONDS one|pipelined|hundred", argv[0]);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", argv[1]);
	snprintf(request, sizeof(request),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"%s\"}}"
		"\n",
		argv[3]);
	cpu = spent(argv[2]);
	begun = now();
	until = begun + atof(argv[4]) * 1e6;
	for (unsigned i = 0; i < shape->clients; i++)
		sit_down(i);
	while (now() < until || count < REPLIES_MIN) {
		if (poll(fds, shape->clients, PATIENCE) <= 0)
			die("no reply in time");
		for (unsigned i = 0; i < shape->clients; i++)
			if (fds[i].revents != 0)
				take_replies(i);
	}
	report((now() - begun) / 1e6, spent(argv[2]) - cpu);
	return EXIT_SUCCESS;
}
