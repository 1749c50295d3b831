/*
 * isolate_ends: see isolate_ends.h.
 *
 * The page is a file in memory whose size is sealed, because a process that truncated it would
 * otherwise end vigild by SIGBUS.
 */
#include "isolate/isolate_ends.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/signal_name.h"
#include "base/text.h"

static int open_page(struct isolate_ends *ends)
{
	void *map;

	ends->page_fd = memfd_create("isolate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (ends->page_fd < 0 || ftruncate(ends->page_fd, sizeof(*ends->page)) < 0 ||
		fcntl(ends->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	map = mmap(NULL, sizeof(*ends->page), PROT_READ | PROT_WRITE, MAP_SHARED, ends->page_fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	ends->page = map;
	return 0;
}

int isolate_ends_open(struct isolate_ends *ends)
{
	int pair[2], err;

	*ends = (struct isolate_ends){.ours = -1, .theirs = -1, .page_fd = -1};
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return -errno;
	ends->ours = pair[0];
	ends->theirs = pair[1];
	err = open_page(ends);
	if (err == 0)
		return 0;
	close(ends->ours);
	ends->ours = -1;
	isolate_ends_close(ends);
	return err;
}

void isolate_ends_started(struct isolate_ends *ends)
{
	if (ends->theirs >= 0)
		close(ends->theirs);
	if (ends->page_fd >= 0)
		close(ends->page_fd);
	ends->theirs = ends->page_fd = -1;
}

void isolate_ends_close(struct isolate_ends *ends)
{
	isolate_ends_started(ends);
	if (ends->page != NULL)
		munmap(ends->page, sizeof(*ends->page));
	ends->page = NULL;
}

const char *isolate_page_callback(const struct isolate_page *page, char *text, size_t size)
{
	char raw[ISOLATE_CALLBACK];

	text[0] = '\0';
	if (page == NULL || page->entered == 0)
		return text;
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = page->callback[i];
	raw[sizeof(raw) - 1] = '\0';
	return text_escape(text, size, raw, strlen(raw));
}

/* Whether the process ended near its limit of memory.  A module seldom checks that malloc
 * succeeded. */
static bool was_full(const struct isolate_page *page, double memory)
{
	return page != NULL && memory > 0 && (double)page->memory >= memory * 0.5;
}

char *isolate_describe_end(
	char *text, size_t size, int status, const struct isolate_page *page, double memory)
{
	char callback[4 * ISOLATE_CALLBACK], name[SIGNAL_NAME];
	int n;

	isolate_page_callback(page, callback, sizeof(callback));
	if (WIFSIGNALED(status))
		n = snprintf(text, size, "was killed by %s", signal_name(WTERMSIG(status), name));
	else if (page != NULL && page->lost != 0)
		n = snprintf(text, size, "exited, because it has lost its connection to vigild");
	else
		n = snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
	if (callback[0] != '\0' && n > 0 && (size_t)n < size)
		n += snprintf(text + n, size - (size_t)n, " in its callback %s", callback);
	if (was_full(page, memory) && n > 0 && (size_t)n < size)
		snprintf(text + n, size - (size_t)n,
			"; it used %.0f MiB, and isolate_memory is %.0f MiB",
			(double)page->memory / 1048576, memory / 1048576);
	return text;
}
