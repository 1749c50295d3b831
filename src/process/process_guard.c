/*
 * process_guard: see process_guard.h.  The kernel clears a page that is marked with MADV_WIPEONFORK
 * in a forked child.  So one comparison finds a child, whatever function has created it.  A child
 * of posix_spawn or vfork shares the memory of its parent until it runs another program, so it is
 * not mistaken for one.
 */
#include "process/process_guard.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signal_name.h"

#define INTERVAL (100 * CLOCK_MS)

uint64_t process_guard_due = UINT64_MAX;
const volatile unsigned char *process_guard_page;

/* What vigild cannot work without. */
static const int needed[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE};
#define NEEDED (sizeof(needed) / sizeof(*needed))

static struct {
	bool strict, exact;
	unsigned found;
	struct sigaction actions[NSIG];
	sigset_t mask;
	dev_t device; /* of the working directory */
	ino_t inode;
	mode_t umask;
} guard;

/* umask() itself changes the umask for a moment, in which a worker may start a program.  Returns
 * the expected umask if it cannot be read. */
static mode_t read_umask(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	unsigned mask = guard.umask;
	char line[128];

	while (status != NULL && fgets(line, sizeof(line), status) != NULL)
		if (sscanf(line, "Umask: %o", &mask) == 1)
			break;
	if (status != NULL)
		fclose(status);
	return (mode_t)mask;
}

/* A NULL page, for lack of memory or of a kernel that knows the mark, finds no children. */
static const volatile unsigned char *new_page(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *page =
		mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	if (madvise(page, size, MADV_WIPEONFORK) != 0) {
		munmap(page, size);
		return NULL;
	}
	*page = 1;
	return page;
}

void process_guard_start(bool strict, bool exact)
{
	struct stat st = {0};

	guard.strict = strict;
	guard.exact = exact;
	guard.found = 0;
	for (int signo = 1; signo < NSIG; signo++)
		sigaction(signo, NULL, &guard.actions[signo]);
	pthread_sigmask(SIG_SETMASK, NULL, &guard.mask);
	if (stat(".", &st) == 0) {
		guard.device = st.st_dev;
		guard.inode = st.st_ino;
	}
	guard.umask = 0022; /* as in vigild.c */
	guard.umask = read_umask();
	if (process_guard_page == NULL)
		process_guard_page = new_page();
	process_guard_due = 0;
}

void process_guard_stop(void)
{
	process_guard_due = UINT64_MAX;
	if (process_guard_page != NULL)
		munmap((void *)process_guard_page, (size_t)sysconf(_SC_PAGESIZE));
	process_guard_page = NULL;
}

bool process_guard_is_exact(void)
{
	return guard.exact;
}

unsigned process_guard_found(void)
{
	return guard.found;
}

/* Adds a part to a text such as "a, b".  Text that does not fit is left out. */
static void add(char text[PROCESS_GUARD_TEXT], const char *part, const char *name)
{
	size_t n = strlen(text);

	snprintf(text + n, PROCESS_GUARD_TEXT - n, "%s%s%s", n > 0 ? ", " : "", part, name);
}

static void check_signal(int signo, char text[PROCESS_GUARD_TEXT])
{
	const struct sigaction *wanted = &guard.actions[signo];
	struct sigaction now;
	char name[SIGNAL_NAME];

	if (sigaction(signo, NULL, &now) < 0 || now.sa_handler == wanted->sa_handler)
		return;
	sigaction(signo, wanted, NULL);
	add(text, "the action of ", signal_name(signo, name));
}

static bool is_same_mask(const sigset_t *a, const sigset_t *b)
{
	for (int signo = 1; signo < NSIG; signo++)
		if (sigismember(a, signo) != sigismember(b, signo))
			return false;
	return true;
}

static void check_mask(char text[PROCESS_GUARD_TEXT])
{
	sigset_t now;

	pthread_sigmask(SIG_SETMASK, NULL, &now);
	if (is_same_mask(&now, &guard.mask))
		return;
	pthread_sigmask(SIG_SETMASK, &guard.mask, NULL);
	add(text, "the signal mask", "");
}

/* The working directory cannot be restored by its identity, and vigild opens absolute paths. */
static void check_place(char text[PROCESS_GUARD_TEXT])
{
	mode_t mask = read_umask();
	struct stat st;

	if (stat(".", &st) == 0 && (st.st_dev != guard.device || st.st_ino != guard.inode)) {
		guard.device = st.st_dev;
		guard.inode = st.st_ino;
		add(text, "the working directory", "");
	}
	if (mask != guard.umask) {
		umask(guard.umask);
		add(text, "the umask", "");
	}
}

bool process_guard_check(uint64_t now, char text[PROCESS_GUARD_TEXT])
{
	text[0] = '\0';
	if (process_guard_due == UINT64_MAX)
		return false;
	for (size_t i = 0; i < NEEDED && !guard.strict; i++)
		check_signal(needed[i], text);
	for (int signo = 1; signo < NSIG && guard.strict; signo++)
		check_signal(signo, text);
	check_mask(text);
	if (guard.strict)
		check_place(text);
	if (text[0] != '\0') {
		guard.exact = true;
		guard.found++;
	}
	process_guard_due = guard.exact ? 0 : now + INTERVAL;
	return text[0] != '\0';
}

void process_guard_end_child(const char *name)
{
	log_write(LEVEL_ERROR, name,
		"a callback of this daemon forked vigild, and the child (pid %d) returned from the "
		"callback; the child exits.  Use vigil_spawn",
		(int)getpid());
	_exit(70);
}
