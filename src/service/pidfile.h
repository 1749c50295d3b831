/*
 * pidfile: which process a service is according to a file, read with distrust.  Any thread; nothing
 * is kept between two calls.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum pidfile_verdict {
	PIDFILE_NONE,     /* there is no file, or it is still empty */
	PIDFILE_DISTRUST, /* there is a file, but it is not believed; why says what is wrong with it */
	PIDFILE_DEAD,     /* its process has exited, is a zombie, or the pid is another's by now */
	PIDFILE_ALIVE,
	PIDFILE_UNKNOWN /* vigild could not look, for lack of descriptors or memory; this says nothing
			 * about the service */
};

/* What a look has made certain: as long as the file is unchanged, it names the process that was
 * started then, and any other process with that number is another one. */
struct pidfile_memory {
	pid_t pid;        /* 0: nothing is known yet */
	uint64_t started; /* in the kernel's ticks since boot */
	dev_t device;     /* the file, and when it was changed last */
	ino_t inode;
	struct timespec changed;
};

struct pidfile {
	enum pidfile_verdict verdict;
	pid_t pid;                  /* with DEAD and ALIVE; with UNKNOWN where it could be read */
	int error;                  /* with UNKNOWN: the negative errno, else 0 */
	char why[128];              /* in words; "" with NONE and ALIVE */
	double written;             /* when the file was, in seconds since 1970; 0: there is none */
	struct pidfile_memory seen; /* with ALIVE, for the next look */
};

/* service: its name, which helps to tell its process from one that got the pid later; before: what
 * the last look has seen, or NULL. */
void pidfile_look(const char *path, const char *service, const struct pidfile_memory *before,
	struct pidfile *result);
/* For whoever could not even learn where the pidfile is: UNKNOWN where the error (an errno, negative
 * or positive) is vigild's own lack of something, else DISTRUST.  what: "the header of the script". */
void pidfile_unreadable(struct pidfile *result, const char *what, int error);

/* Whether the process that lives was started after the file was written, so that the file is about
 * another process: an earlier one of the service. */
bool pidfile_is_older(const struct pidfile *pidfile, pid_t pid);
/* Whether the process that has the number is certainly another than the one that was seen. */
bool pidfile_is_another(const struct pidfile_memory *seen);

#endif
