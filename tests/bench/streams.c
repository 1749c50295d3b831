/*
 * streams: many clients that receive the changes of a server on a Unix socket.
 *
 *     streams SOCKET PID CLIENTS SECONDS REQUEST
 *
 * Each client sends REQUEST and reads lines.  A line with `"value":N` is a change, and N is the time
 * at which it was made, in microseconds of CLOCK_MONOTONIC.  After a second, prints for the next
 * SECONDS: the changes a second that each client has received; the CPU time of the server's process
 * PID for one change to one client, in microseconds; and the median and the 99th percentile of the
 * time until a client had the change, in microseconds.  Fails if two clients received numbers of
 * changes that differ by more than a tenth.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define SAMPLES_MAX 2000000
#define PATIENCE    60000 /* milliseconds */

static struct client {
	char text[65536];
	size_t length;
	unsigned changes;
} clients[CLIENTS_MAX];
static struct pollfd fds[CLIENTS_MAX];
static unsigned count;
static bool measures;

static float *samples; /* microseconds */
static size_t taken;

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

/* The nanoseconds of CPU time of the process's first thread, the loop of the server. */
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

static void dial(const char *path, const char *request)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = strlen(request);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		send(fd, request, n, MSG_NOSIGNAL) != (ssize_t)n)
		die("%s: %s", path, strerror(errno));
	fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
}

static void take_line(struct client *client, char *line, double when)
{
	const char *value = strstr(line, "\"value\":");
	double made;

	if (value == NULL || sscanf(value + 8, " %lf", &made) != 1 || !measures)
		return;
	client->changes++;
	if (taken < SAMPLES_MAX)
		samples[taken] = (float)(when - made);
	taken++;
}

static void receive(unsigned i)
{
	struct client *client = &clients[i];
	ssize_t n = recv(fds[i].fd, client->text + client->length,
		sizeof(client->text) - client->length - 1, 0);
	char *line = client->text, *end;
	double when = now();

	if (n <= 0)
		die("the server has closed the connection of client %u", i);
	client->length += (size_t)n;
	client->text[client->length] = '\0';
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		take_line(client, line, when);
	}
	client->length -= (size_t)(line - client->text);
	memmove(client->text, line, client->length);
}

static void receive_until(double until)
{
	while (now() < until) {
		if (poll(fds, count, PATIENCE) <= 0)
			die("no change in time");
		for (unsigned i = 0; i < count; i++)
			if (fds[i].revents != 0)
				receive(i);
	}
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void report(double seconds, double cpu)
{
	size_t kept = taken < SAMPLES_MAX ? taken : SAMPLES_MAX;
	unsigned least = clients[0].changes, most = least;

	for (unsigned i = 1; i < count; i++) {
		least = clients[i].changes < least ? clients[i].changes : least;
		most = clients[i].changes > most ? clients[i].changes : most;
	}
	if (kept == 0 || least < most - most / 10)
		die("the clients received from %u to %u changes", least, most);
	qsort(samples, kept, sizeof(*samples), compare);
	printf("%.0f %.3f %.0f %.0f\n", (double)taken / count / seconds, cpu / 1e3 / (double)taken,
		samples[kept / 2], samples[kept * 99 / 100]);
}

int main(int argc, char **argv)
{
	double begun, cpu;
	int wanted = argc == 6 ? atoi(argv[3]) : 0;

	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (wanted <= 0 || wanted > CLIENTS_MAX || samples == NULL)
		die("usage: %s SOCKET PID CLIENTS SECONDS REQUEST", argv[0]);
	while (count < (unsigned)wanted)
		dial(argv[1], argv[5]);
	receive_until(now() + 1e6);
	cpu = spent(argv[2]);
	begun = now();
	measures = true;
	receive_until(begun + atof(argv[4]) * 1e6);
	report((now() - begun) / 1e6, spent(argv[2]) - cpu);
	return EXIT_SUCCESS;
}
