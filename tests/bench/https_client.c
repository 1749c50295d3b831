/*
 * https_client: requests one path of an HTTPS server again and again on connections that stay
 * open.
 *
 *     https_client PORT PID PATH CONNECTIONS SECONDS
 *
 * Each of the connections to 127.0.0.1 waits for the reply and then sends the next request.  The
 * certificate is not checked.  Prints the requests a second, the CPU time of the server (the
 * first thread of process PID) for each request in microseconds, and the median and the 99th
 * percentile of the time to the reply, in microseconds.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define CONNECTIONS_MAX 64
#define SAMPLES_MAX     1000000
#define PATIENCE        60000 /* milliseconds */

static SSL *connections[CONNECTIONS_MAX];
static struct pollfd fds[CONNECTIONS_MAX];
static double sent[CONNECTIONS_MAX];
static char request[512];

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

static double spent(const char *pid)
{
	char path[64];
	double ns = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/schedstat", pid);
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%lf", &ns) != 1)
		die("%s cannot be read", path);
	fclose(file);
	return ns;
}

static void ask(int i)
{
	sent[i] = now();
	if (SSL_write(connections[i], request, (int)strlen(request)) <= 0)
		die("cannot send a request");
}

static void dial(SSL_CTX *context, int i, int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("cannot connect to port %d", port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	connections[i] = SSL_new(context);
	if (connections[i] == NULL || SSL_set_fd(connections[i], fd) != 1 ||
		SSL_connect(connections[i]) != 1)
		die("no TLS connection to port %d", port);
	fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* Reads one whole reply. */
static void take_reply(int i)
{
	static char text[1 << 20];
	size_t length = 0, whole = 0;
	const char *body, *field;
	int n;

	do {
		n = SSL_read(connections[i], text + length, (int)(sizeof(text) - 1 - length));
		if (n <= 0)
			die("the server has closed the connection after %zu replies", count);
		length += (size_t)n;
		text[length] = '\0';
		body = whole == 0 ? strstr(text, "\r\n\r\n") : NULL;
		if (body == NULL)
			continue;
		field = strcasestr(text, "\r\nContent-Length:");
		if (strncmp(text, "HTTP/1.1 200", 12) != 0 || field == NULL || field > body)
			die("the server replied: %.200s", text);
		whole = (size_t)(body + 4 - text) + strtoul(field + 17, NULL, 10);
	} while (whole == 0 || length < whole);
	if (count < SAMPLES_MAX)
		samples[count] = (float)(now() - sent[i]);
	count++;
}

static int compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	int wanted = argc == 6 ? atoi(argv[4]) : 0;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	double begun, until, cpu;
	size_t kept;

	samples = malloc(SAMPLES_MAX * sizeof(*samples));
	if (wanted <= 0 || wanted > CONNECTIONS_MAX || context == NULL || samples == NULL)
		die("usage: %s PORT PID PATH CONNECTIONS SECONDS", argv[0]);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[3]);
	for (int i = 0; i < wanted; i++)
		dial(context, i, atoi(argv[1]));
	cpu = spent(argv[2]);
	begun = now();
	until = begun + atof(argv[5]) * 1e6;
	for (int i = 0; i < wanted; i++)
		ask(i);
	while (now() < until) {
		if (poll(fds, (nfds_t)wanted, PATIENCE) <= 0)
			die("no reply in time");
		for (int i = 0; i < wanted; i++)
			if (fds[i].revents != 0) {
				take_reply(i);
				ask(i);
			}
	}
	kept = count < SAMPLES_MAX ? count : SAMPLES_MAX;
	if (kept == 0)
		die("no reply");
	qsort(samples, kept, sizeof(*samples), compare);
	printf("%.0f %.2f %.0f %.0f\n", (double)count / (now() - begun) * 1e6,
		(spent(argv[2]) - cpu) / 1e3 / (double)count, samples[kept / 2],
		samples[kept * 99 / 100]);
	return EXIT_SUCCESS;
}
