/*
 * nomemory: a shared object that fails the Nth allocation of the program into which LD_PRELOAD
 * loads it.
 *
 * It replaces malloc and the related functions, and so affects all their callers: strdup, asprintf,
 * fopen, opendir and the libraries.  The plan is in a file that the planning program maps, too
 * (nomemory.h), so that it can change at any moment.
 *
 * If all allocations from the Nth on fail, memory of freed blocks of 128 KiB or more can be
 * allocated again.  That is how a full address space behaves, because such blocks are separate
 * mappings.
 *
 * One function is excluded, because it crashes without memory whatever its caller does: glibc's
 * getgrnam when it reads nsswitch.conf.  All that vigild can do is to check for free memory before
 * the call.
 *
 * After a crash the plan names the object whose code crashed, because a crash of a library without
 * memory is reported, but is not an error of the program.
 *
 * Programs that the tested program starts are not affected, because the object removes itself from
 * the environment.
 */
#include "nomemory.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <grp.h>
#include <malloc.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAPPED (128 * 1024)

/* The functions below replace those of the C library. */
#pragma GCC visibility push(default)

/* The functions of glibc, which exports them under these names for this purpose. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static struct nomemory *shared;

static void mind_signals(void);

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("NOMEMORY");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0)
		map = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	unsetenv("LD_PRELOAD");
	unsetenv("NOMEMORY");
	if (map == MAP_FAILED)
		return;
	shared = map;
	mind_signals();
}

/* --- which object crashed --------------------------------------------------------------------- */

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
#define FATALS (sizeof(fatal) / sizeof(*fatal))

static struct sigaction wanted[FATALS]; /* the actions that the program has set */
static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);

static const char *object_of(void *address)
{
	Dl_info info;
	const char *slash;

	if (dladdr(address, &info) == 0 || info.dli_fname == NULL)
		return "";
	slash = strrchr(info.dli_fname, '/');
	return slash != NULL ? slash + 1 : info.dli_fname;
}

/* The first frame after the signal that is not in the C library, because strlen(NULL) is an error
 * of its caller. */
static void note_crash(void)
{
	void *frames[64];
	int n = backtrace(frames, 64), i = 0, k;
	const char *name = "";

	/* The frames of this object come first, then the trampoline of the C library, then the
	 * crash. */
	while (i < n && strncmp(object_of(frames[i]), "nomemory", 8) == 0)
		i++;
	for (k = i; k < n; k++) {
		name = object_of(frames[k]);
		if (strncmp(name, "libc.", 5) != 0 && strncmp(name, "ld-", 3) != 0)
			break;
	}
	snprintf(shared->crashed, sizeof(shared->crashed), "%s", name);
}

static void on_fatal(int signo)
{
	const struct sigaction standard = {.sa_handler = SIG_DFL};

	note_crash();
	for (size_t i = 0; i < FATALS; i++)
		if (fatal[i] == signo && wanted[i].sa_handler != SIG_DFL &&
			wanted[i].sa_handler != SIG_IGN)
			wanted[i].sa_handler(signo);
	real_sigaction(signo, &standard, NULL);
	raise(signo);
}

static void mind_signals(void)
{
	static char stack[64 * 1024];
	const stack_t alternative = {.ss_sp = stack, .ss_size = sizeof(stack)};
	const struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};
	void *frame;

	*(void **)&real_sigaction = dlsym(RTLD_NEXT, "sigaction");
	backtrace(&frame, 1); /* the first call allocates */
	sigaltstack(&alternative, NULL);
	for (size_t i = 0; i < FATALS; i++)
		real_sigaction(fatal[i], &action, NULL);
}

int sigaction(int signo, const struct sigaction *action, struct sigaction *before)
{
	if (real_sigaction == NULL)
		*(void **)&real_sigaction = dlsym(RTLD_NEXT, "sigaction");
	for (size_t i = 0; shared != NULL && i < FATALS; i++) {
		if (fatal[i] != signo)
			continue;
		if (before != NULL)
			*before = wanted[i];
		if (action != NULL)
			wanted[i] = *action;
		return 0;
	}
	return real_sigaction(signo, action, before);
}

/* --- allocations ------------------------------------------------------------------------------ */

static _Thread_local int spared;

struct group *getgrnam(const char *name)
{
	struct group *(*next)(const char *);
	struct group *found;

	spared++;
	*(void **)&next = dlsym(RTLD_NEXT, "getgrnam");
	found = next(name);
	spared--;
	return found;
}

static int fails(size_t size)
{
	uint64_t plan, n;

	if (shared == NULL || spared > 0)
		return 0;
	if (shared->workers && gettid() == getpid())
		return 0;
	plan = shared->plan;
	n = ++shared->count;
	if (plan == 0 || n < plan || (n > plan && !shared->on))
		return 0;
	if (n > plan && atomic_fetch_sub(&shared->credit, (int64_t)size) >= (int64_t)size)
		return 0;
	if (n > plan)
		atomic_fetch_add(&shared->credit, (int64_t)size);
	shared->failed++;
	errno = ENOMEM;
	return 1;
}

void *malloc(size_t size)
{
	return fails(size) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails(count * size) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	/* A realloc that shrinks a block cannot fail. */
	if (old != NULL && size <= malloc_usable_size(old))
		return __libc_realloc(old, size);
	return fails(size) ? NULL : __libc_realloc(old, size);
}

void *memalign(size_t alignment, size_t size)
{
	return fails(size) ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
	void *got = memalign(alignment, size);

	if (got == NULL)
		return ENOMEM;
	*memory = got;
	return 0;
}

void free(void *memory)
{
	int before = errno;

	if (shared != NULL && shared->failed > 0 && malloc_usable_size(memory) >= MAPPED)
		atomic_fetch_add(&shared->credit, (int64_t)malloc_usable_size(memory));
	__libc_free(memory);
	errno = before;
}
