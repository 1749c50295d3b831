/*
 * load: clients that misbehave or are too many.
 *
 *	load SOCKET KIND [NUMBER [ARGUMENT...]]
 *
 * Each kind of client prints one line of numbers, and fails if vigild did not keep its promise.  To
 * test clients without rights, the caller runs it as another user.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 60000 /* anything slower has failed */
#define STATUS      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\",\"params\":{}}\n"
#define WHOLE       "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"\"}}\n"

static const char *door;
static char **more; /* arguments after the number */

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	nanosleep(&(struct timespec){(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)},
		NULL);
}

/* --- one client ------------------------------------------------------------------------------- */

/* Connects; waits while the backlog of the socket is full; -1: refused. */
static int come(void)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	double until = now() + PATIENCE_MS / 1e3;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", door);
	while (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		if ((errno != EAGAIN && errno != EINTR) || now() > until) {
			close(fd);
			return -1;
		}
		nap(0.001);
	}
	return fd;
}

static bool say(int fd, const char *text)
{
	size_t n = strlen(text);

	return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* 2: a result has arrived; 1: another line, such as an error; 0: closed; -1: nothing in time. */
static int hear(int fd)
{
	static char text[65536];
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	double until = now() + PATIENCE_MS / 1e3;
	size_t length = 0; /* a reply may arrive in pieces; its beginning shows what it is */
	ssize_t n;
	int ready;

	while (now() < until && (ready = poll(&poll_fd, 1, PATIENCE_MS)) != 0) {
		if (ready < 0) /* a signal to stop; this reply still counts */
			continue;
		if (length == sizeof(text))
			length /= 2;
		n = recv(fd, text + length, sizeof(text) - length, 0);
		if (n <= 0)
			return 0;
		length += (size_t)n;
		if (memchr(text + length - n, '\n', (size_t)n) != NULL)
			return memmem(text, length, "\"result\"", 8) != NULL ? 2 : 1;
	}
	return -1;
}

/* Waits until vigild closes the connection, without reading; returns the seconds, or -1. */
static double until_hung_up(int fd, double began)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLRDHUP};

	if (poll(&poll_fd, 1, PATIENCE_MS) <= 0)
		return -1;
	return now() - began;
}

/* --- kinds ------------------------------------------------------------------------------------ */

/* Many connections at once; each gets a reply, or an error that all connections are taken. */
static bool crowd(int number)
{
	int *fds = calloc((size_t)number, sizeof(*fds));
	int answered = 0, turned_away = 0, left_waiting = 0, heard;

	for (int i = 0; i < number; i++) {
		fds[i] = come();
		if (fds[i] >= 0)
			say(fds[i], STATUS);
	}
	for (int i = 0; i < number; i++) {
		heard = fds[i] >= 0 ? hear(fds[i]) : 0;
		answered += heard > 0;
		turned_away += heard == 0;
		left_waiting += heard < 0;
	}
	for (int i = 0; i < number; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	free(fds);
	printf("crowd: %d answered, %d disconnected, %d without a reply\n", answered, turned_away,
		left_waiting);
	/* A client that has sent no request yet may be disconnected for another one. */
	return left_waiting == 0 && turned_away <= number / 10 && answered > 0;
}

/* Connects, sends a request or not, and disconnects. */
static bool churn(int number)
{
	int failed = 0;

	for (int i = 0; i < number; i++) {
		int fd = come();

		failed += fd < 0;
		if (fd < 0)
			continue;
		if (i % 3 == 1)
			say(fd, STATUS);
		else if (i % 3 == 2)
			say(fd, "{\"jsonrpc\":");
		close(fd);
	}
	printf("churn: %d came, %d failed\n", number, failed);
	return failed == 0;
}

/* Sends a request, closes its sending side, and reads the reply. */
static bool half(int number)
{
	int answered = 0, heard;

	for (int i = 0; i < number; i++) {
		do { /* the clients before may still have all connections */
			int fd = come();

			if (fd < 0)
				return false;
			say(fd, STATUS);
			shutdown(fd, SHUT_WR);
			heard = hear(fd);
			close(fd);
		} while (heard == 1);
		answered += heard == 2;
	}
	printf("half: %d asked, %d answered\n", number, answered);
	return answered == number;
}

/* Sends single bytes slowly, which must not keep a connection open. */
static bool slow(int number)
{
	double began = now(), over = began + PATIENCE_MS / 1e3;
	int fd = come();

	for (size_t i = 0; fd >= 0 && now() < over && say(fd, (char[]){WHOLE[i % 20], '\0'}); i++)
		nap(0.2);
	printf("slow: disconnected after %.1f s\n", now() - began);
	return now() < over;
}

/* A line without an end. */
static bool endless(int number)
{
	static char text[65536];
	double over = now() + PATIENCE_MS / 1e3;
	size_t sent = 0;
	int fd = come();

	memset(text, 'x', sizeof(text) - 1);
	for (; fd >= 0 && now() < over && say(fd, text); sent += sizeof(text) - 1)
		;
	printf("endless: disconnected after %zu KiB\n", sent / 1024);
	return now() < over;
}

/* Sends more requests than vigild keeps replies for, and reads nothing. */
static bool deaf(int number)
{
	double began = now(), took;
	int fd = come(), asked = 0;

	if (fd < 0)
		return false;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (asked < number && say(fd, WHOLE))
		asked++;
	took = until_hung_up(fd, began);
	printf("deaf: asked %d times, disconnected after %.1f s\n", asked, took);
	close(fd);
	return took >= 0;
}

/* Replaces the configuration file with a valid and an invalid one in turns, and sends a SIGHUP each
 * time. */
static bool hups(int number)
{
	const char *target = more[1], *sources[2] = {more[2], more[3]};
	pid_t pid = atoi(more[0]);
	char temporary[4096];

	snprintf(temporary, sizeof(temporary), "%s.tmp", target);
	for (int i = 0; i < number; i++) {
		unlink(temporary);
		if (link(sources[i % 2], temporary) < 0 || rename(temporary, target) < 0 ||
			kill(pid, SIGHUP) < 0) {
			printf("hups: %s\n", strerror(errno));
			return false;
		}
		nap(0.005);
	}
	printf("hups: %d\n", number);
	return true;
}

static volatile sig_atomic_t enough;

static void on_enough(int signo)
{
	enough = 1;
}

static int by_length(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* An admin who requests the status repeatedly, until SIGTERM. */
static bool admin(int number)
{
	double *took = calloc((size_t)number, sizeof(*took));
	int n = 0, failed = 0;

	signal(SIGTERM, on_enough);
	while (n < number && !enough) {
		double began = now();
		int fd = come();

		if (fd < 0 || !say(fd, STATUS) || hear(fd) != 2)
			failed++;
		if (fd >= 0)
			close(fd);
		took[n++] = now() - began;
		nap(0.02);
	}
	qsort(took, (size_t)n, sizeof(*took), by_length);
	printf("admin: %d asked, %d failed, p50 %.1f ms, p99 %.1f ms, most %.1f ms\n", n, failed,
		1e3 * took[n / 2], 1e3 * took[n * 99 / 100], 1e3 * took[n - 1]);
	free(took);
	return failed == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		bool (*play)(int number);
	} kinds[] = {{"crowd", crowd}, {"churn", churn}, {"half", half}, {"slow", slow},
		{"endless", endless}, {"deaf", deaf}, {"hups", hups}, {"admin", admin}};

	if (argc < 3)
		return EXIT_FAILURE;
	door = argv[1];
	more = argv + 4;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].name, argv[2]) == 0)
			return kinds[i].play(argc > 3 ? atoi(argv[3]) : 1) ? EXIT_SUCCESS
									   : EXIT_FAILURE;
	return EXIT_FAILURE;
}
