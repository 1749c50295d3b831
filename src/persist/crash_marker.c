/* crash_marker: the mapped page and the handler of fatal signals; see crash_marker.h. */
#include "persist/crash_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/reason.h"
#include "base/trust.h"
#include "persist/store.h"

#define MAGIC      "vigil 2\n"
#define SIGNAL_MAX 64 /* the highest signal number of Linux */

/* The content of the file.  A different layout must have a different magic. */
struct page {
	char magic[8];
	char name[CRASH_MARKER_NAME];
	volatile sig_atomic_t clean, signo, loading;
	uint64_t began, entered; /* by clock_now */
};

/* The signals of programming errors, and SIGABRT, which systemd's watchdog sends. */
static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS};
#define FATALS (sizeof(fatal) / sizeof(*fatal))

static volatile unsigned progress;
static struct page *page;
static int page_fd; /* locked while the page is in use */
static struct sigaction before_us[FATALS];
static char stack[32768]; /* for the handler, because the normal stack may have overflowed */

/* --- end of the process ----------------------------------------------------------------------- */

/* An access to the page raises SIGBUS when the file was truncated or the disk is full.  This
 * function replaces the mapping with anonymous memory, so that vigild continues and loses only the
 * marker.  mmap is a plain system call on Linux, so a signal handler may call it. */
static bool replace_page(const siginfo_t *info)
{
	const char *at = info->si_addr, *begin = (const char *)page;

	return page != NULL && info->si_code > 0 && at >= begin && at < begin + sizeof(*page) &&
	       mmap(page, sizeof(*page), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page;
}

/* Records the signal and restores the previous handler.  The raised signal is blocked until this
 * handler returns, and then the previous handler gets it. */
static void on_fatal(int signo, siginfo_t *info, void *context)
{
	if (signo == SIGBUS && replace_page(info))
		return;
	if (page != NULL && page->signo != CRASH_MARKER_HANG)
		page->signo = signo;
	for (size_t i = 0; i < FATALS; i++)
		if (fatal[i] == signo)
			sigaction(signo, &before_us[i], NULL);
	raise(signo);
}

/* Records that a callback has called exit, which a module must not do.  When vigild itself exits,
 * the page has been closed before. */
static void on_exit_called(void)
{
	if (page != NULL && page->name[0] != '\0')
		page->signo = -1;
}

static void catch_signals(void)
{
	static bool caught;
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_sigaction = on_fatal, .sa_flags = SA_ONSTACK | SA_SIGINFO};

	if (!caught)
		atexit(on_exit_called);
	caught = true;
	sigaltstack(&alternative, NULL);
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < FATALS; i++)
		sigaction(fatal[i], &action, &before_us[i]);
}

static void forget_signals(void)
{
	const stack_t none = {.ss_flags = SS_DISABLE};

	for (size_t i = 0; i < FATALS; i++)
		sigaction(fatal[i], &before_us[i], NULL);
	sigaltstack(&none, NULL);
}

/* --- the page --------------------------------------------------------------------------------- */

void crash_marker_parse(const void *bytes, size_t n, struct crash *before)
{
	struct page old;

	*before = (struct crash){.clean = true};
	if (n != sizeof(old))
		return;
	memcpy(&old, bytes, sizeof(old));
	if (memcmp(old.magic, MAGIC, sizeof(old.magic)) != 0 || old.signo < CRASH_MARKER_HANG ||
		old.signo > SIGNAL_MAX)
		return;
	before->clean = old.clean != 0;
	old.name[sizeof(old.name) - 1] = '\0';
	memcpy(before->name, old.name, sizeof(before->name));
	before->signo = (int)old.signo;
	before->loading = old.loading != 0;
	if (old.entered > old.began)
		before->lived = clock_to_seconds(old.entered - old.began);
}

/* Reads the page.  The owner of the directory could have written any content. */
static void read_page(int fd, struct crash *before)
{
	char bytes[sizeof(struct page)];
	ssize_t n = pread(fd, bytes, sizeof(bytes), 0);

	crash_marker_parse(bytes, n > 0 ? (size_t)n : 0, before);
}

static int map_page(int fd)
{
	void *map;

	if (ftruncate(fd, sizeof(struct page)) < 0 ||
		posix_fallocate(fd, 0, sizeof(struct page)) != 0)
		return -ENOSPC; /* a write to a page without disk space raises SIGBUS */
	map = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	page = map;
	catch_signals(); /* before the page is written to */
	memset(page, 0, sizeof(*page));
	memcpy(page->magic, MAGIC, sizeof(page->magic));
	page->began = clock_now();
	return 0;
}

/* Locks the file, because a locked file belongs to a vigild that still runs.  Tries for a short
 * time. */
static int lock_page(int fd)
{
	uint64_t began = 0;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0)
		if (errno != EWOULDBLOCK || !clock_try_again(&began))
			return -EWOULDBLOCK;
	return 0;
}

/* Opens and checks the file.  Returns a descriptor, or a negative errno and the reason. */
static int open_trusted(const char *dir, const char *path, const struct reason *why)
{
	int place = store_open_dir(dir, why->text, why->size), fd, err;
	struct stat st;

	if (place < 0)
		return place;
	fd = openat(place, CRASH_MARKER_FILE,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	err = -errno;
	close(place);
	if (fd < 0)
		return reason_set(why, err, "%s: %s", path, strerror(-err));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1)
		err = reason_set(why, -EINVAL, "%s is not a regular file with one name", path);
	else
		err = trust_descriptor(fd, &st, path, NULL, why->text, why->size);
	if (err == 0)
		return fd;
	close(fd);
	return err;
}

/* Locks, reads and maps the file.  On success this module owns the descriptor. */
static int take_file(int fd, struct crash *before)
{
	int err = lock_page(fd);

	if (err != 0)
		return err;
	read_page(fd, before);
	err = map_page(fd);
	if (err == 0)
		page_fd = fd;
	return err;
}

int crash_marker_open(const char *dir, struct crash *before)
{
	char *path = memory_format("%s/%s", dir, CRASH_MARKER_FILE), text[TRUST_WHY] = "";
	const struct reason why = {text, sizeof(text)};
	int fd = open_trusted(dir, path, &why), err = fd < 0 ? fd : 0;

	*before = (struct crash){.clean = true};
	if (err == 0)
		err = take_file(fd, before);
	if (err != 0 && err != -EWOULDBLOCK)
		log_warn("%s is not used, so a crash cannot be attributed to a daemon: %s", path,
			text[0] != '\0' ? text : strerror(-err));
	if (err != 0 && fd >= 0)
		close(fd);
	free(path);
	return err;
}

void crash_marker_close(void)
{
	if (page == NULL)
		return;
	forget_signals();
	page->name[0] = '\0';
	page->clean = 1;
	munmap(page, sizeof(*page));
	close(page_fd);
	page = NULL;
}

bool crash_marker_peek(int fd, char name[CRASH_MARKER_NAME], double *seconds)
{
	struct page now;

	if (pread(fd, &now, sizeof(now), 0) != (ssize_t)sizeof(now) ||
		memcmp(now.magic, MAGIC, sizeof(now.magic)) != 0 || now.name[0] == '\0')
		return false;
	memcpy(name, now.name, sizeof(now.name));
	name[sizeof(now.name) - 1] = '\0';
	*seconds = clock_to_seconds(clock_now() - now.entered);
	return true;
}

unsigned crash_marker_progress(void)
{
	return progress;
}

void crash_marker_advance(void)
{
	progress++;
}

const char *crash_marker_hang(void)
{
	if (page == NULL)
		return "";
	page->signo = CRASH_MARKER_HANG;
	return page->name;
}

void crash_marker_enter(const char *name, uint64_t now)
{
	size_t length;

	progress++;
	if (page == NULL)
		return;
	page->entered = now;
	length = strnlen(name, sizeof(page->name) - 1); /* strncpy would fill up the page */
	memcpy(page->name, name, length);
	page->name[length] = '\0';
}

void crash_marker_leave(void)
{
	if (page != NULL)
		page->name[0] = '\0';
}

void crash_marker_load(const char *module)
{
	if (page == NULL)
		return;
	page->loading = 1;
	crash_marker_enter(module, clock_now());
}

void crash_marker_loaded(void)
{
	if (page == NULL)
		return;
	crash_marker_leave();
	page->loading = 0;
}
