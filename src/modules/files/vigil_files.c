/*
 * vigil-files: the program that looks at files for the module files.
 *
 * It is a process of its own because every access to a file may block, on a network file system
 * whose server does not answer or on a disk that fails, and vigild must not block. For the same
 * reason inotify is used here: adding a watch resolves a path.
 *
 * The program reads a watch list (watchlist.h) from stdin. Then it prints one JSON object per line:
 * {"at": PATH} before it scans a path, and about once a second during a long scan; the report of
 * the path (scan.h) after it; and {"done": true} when nothing is left to be scanned. vigild requests
 * a scan of all paths by SIGUSR1, but not before the first line. The program ends when vigild has
 * closed its end of stdout.
 *
 * `vigil-files last PATH MARK SINCE` only prints the last lines of a file (last.h).
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "content.h"
#include "last.h"
#include "plain_text.h"
#include "scan.h"

#define WATCHLIST_MAX ((size_t)64 * 1024 * 1024)
/* Seconds in which events of one path are collected before it is scanned. A scan that takes long
 * delays the next one of its path, so that files that are always written cost at most a fifth of a
 * processor. */
#define COLLECT     0.2
#define DELAY_TIMES 4.0

static struct watchlist list;
static struct scan scan;
static double due[PATHS_MAX], free_at[PATHS_MAX];
static unsigned current;
static double told;

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	if (text != NULL)
		puts(text);
	free(text);
	json_decref(object);
	if (text == NULL || fflush(stdout) != 0)
		exit(1);
	told = now();
}

static void on_piece(void)
{
	if (now() - told >= 1)
		print(json_pack("{s:s}", "at", list.paths[current].pattern));
}

/* --- scans ------------------------------------------------------------------------------------ */

static void scan_one(unsigned i)
{
	double begun = now(), again;
	json_t *report;

	current = i;
	print(json_pack("{s:s}", "at", list.paths[i].pattern));
	report = scan_path(&scan, i, &again);
	free_at[i] = now() + DELAY_TIMES * (now() - begun);
	due[i] = again < 0 ? INFINITY : now() + again;
	print(report);
}

/* Scans the paths that are due. Returns the seconds until the next one is due. */
static double scan_due(void)
{
	double next = INFINITY;
	bool scanned = false;

	for (unsigned i = 0; i < list.count; i++)
		if (due[i] <= now()) {
			scan_one(i);
			scanned = true;
		}
	for (unsigned i = 0; i < list.count; i++)
		next = fmin(next, due[i] - now());
	if (scanned && next > 0)
		print(json_pack("{s:b}", "done", 1));
	return next;
}

static void on_changes(uint64_t paths)
{
	for (unsigned i = 0; i < list.count; i++)
		if (paths >> i & 1)
			due[i] = fmin(due[i], fmax(now() + COLLECT, free_at[i]));
}

static void run(int signals)
{
	struct pollfd fds[] = {{.fd = signals, .events = POLLIN},
		{.fd = watcher_fd(scan.watcher), .events = POLLIN}, {.fd = 1}};
	struct signalfd_siginfo info;
	double wait;

	for (;;) {
		wait = scan_due();
		wait = fmin(fmax(wait, 0), 3600);
		if (poll(fds, 3, (int)ceil(wait * 1000)) < 0 && errno != EINTR)
			exit(1);
		if (fds[2].revents != 0)
			exit(0);
		if (fds[1].revents != 0)
			on_changes(watcher_read(scan.watcher));
		if (fds[0].revents != 0 && read(signals, &info, sizeof(info)) > 0)
			for (unsigned i = 0; i < list.count; i++)
				due[i] = 0;
	}
}

/* --- start ------------------------------------------------------------------------------------ */

static char *read_input(size_t *length)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t n;

	*length = 0;
	do {
		if (*length == room) {
			room = room > 0 ? 2 * room : 65536;
			text = room <= WATCHLIST_MAX ? realloc(text, room) : NULL;
			if (text == NULL)
				exit(1);
		}
		n = read(0, text + *length, room - *length);
		if (n < 0 && errno != EINTR)
			exit(1);
		*length += n > 0 ? (size_t)n : 0;
	} while (n != 0);
	return text;
}

int main(int argc, char **argv)
{
	sigset_t usr1;
	size_t length;
	int signals;
	char *text, why[256];

	if (argc == 5 && strcmp(argv[1], "last") == 0)
		return last_print(argv[2], argv[3], argv[4]);
	if (argc != 1 || isatty(0)) {
		fputs("vigil-files is started by the vigil modules files and service; see "
		      "vigil-files(8)\n",
			stderr);
		return 2;
	}
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	sigprocmask(SIG_BLOCK, &usr1, NULL);
	signals = signalfd(-1, &usr1, SFD_CLOEXEC);
	text = read_input(&length);
	if (!watchlist_read(&list, text, length, why, sizeof(why))) {
		fprintf(stderr, "vigil-files: %s\n", why);
		return 2;
	}
	free(text);
	content_on_piece(on_piece);
	scan_init(&scan, &list, watcher_new());
	run(signals);
}
