/*
 * pidfile: what a file says about which process a service is, read with distrust; and whether
 * a process lives.  For workers and anyone else: pure questions, nothing is kept.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum pidfile_verdict {
	PIDFILE_NONE,     /* there is none, or nothing stands in it yet */
	PIDFILE_DISTRUST, /* there is one, but it is not to be believed; why says what is wrong */
	PIDFILE_DEAD,     /* its process has ended, is a zombie, or the pid is another's by now */
	PIDFILE_ALIVE
};

/* What a look has made certain: as long as the file is as it was, it names the process that was
 * started then, and any other that has the number is another. */
struct pidfile_memory {
	pid_t pid;        /* 0: nothing is known yet */
	uint64_t started; /* in the kernel's ticks since boot */
	dev_t device;     /* the file, and when it was changed last */
	ino_t inode;
	struct timespec changed;
};

struct pidfile {
	enum pidfile_verdict verdict;
	pid_t pid;                  /* with DEAD and ALIVE */
	const char *why;            /* static text; "" but with DISTRUST and DEAD */
	struct pidfile_memory seen; /* with ALIVE, for the next look */
};

/* service: its name, which helps to tell its process from one that got the pid later; before: what
 * the last look has seen, or NULL. */
void pidfile_look(const char *path, const char *service, const struct pidfile_memory *before,
	struct pidfile *result);

/* Whether it lives; a zombie does not. */
bool pidfile_lives(pid_t pid);
/* Whether the process that has the number is certainly another than the one that was seen. */
bool pidfile_is_another(const struct pidfile_memory *seen);

#endif
