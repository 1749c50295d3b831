/*
 * pidfile: reads a pidfile and checks whether the process that it names is the service's.
 *
 * The content of the file is not trusted. The functions may be called from any thread and keep
 * nothing between two calls.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum pidfile_verdict {
	PIDFILE_NONE,     /* the file does not exist or is empty */
	PIDFILE_DISTRUST, /* the file is not trusted; why says what is wrong with it */
	/* its process has exited or is a zombie, or the pid belongs to another process now */
	PIDFILE_DEAD,
	PIDFILE_ALIVE,
	/* vigild lacked descriptors or memory; this says nothing about the service */
	PIDFILE_UNKNOWN
};

/* The result of an earlier check. As long as the file is unchanged, it names the process with
 * this start time; a process with the same pid and another start time is a different process. */
struct pidfile_memory {
	pid_t pid;        /* 0: no earlier check */
	uint64_t started; /* start time of the process, in kernel ticks since boot */
	dev_t device;     /* identify the file; changed is its ctime */
	ino_t inode;
	struct timespec changed;
};

struct pidfile {
	enum pidfile_verdict verdict;
	/* set with DEAD and ALIVE; with DISTRUST and UNKNOWN if it could be read */
	pid_t pid;
	int error;                  /* with UNKNOWN: a negative errno; else 0 */
	char why[128];              /* the reason as text; "" with NONE and ALIVE */
	double written;             /* mtime of the file, in seconds since 1970; 0: no file */
	struct pidfile_memory seen; /* set with ALIVE, for the next call */
};

/* Checks the pidfile. service: the name of the service, which helps to distinguish its process
 * from one that got the pid later. before: the seen of the last check, or NULL. */
void pidfile_look(const char *path, const char *service, const struct pidfile_memory *before,
	struct pidfile *result);
/* For a caller that could not determine the path of the pidfile. Sets UNKNOWN if the error (an
 * errno, negative or positive) is a lack of resources in vigild, else DISTRUST. what: the file
 * that could not be read, such as "the header of the script". */
void pidfile_unreadable(struct pidfile *result, const char *what, int error);

/* Whether the living process was started after the file was written. The file is then about an
 * earlier process of the service. */
bool pidfile_is_older(const struct pidfile *pidfile, pid_t pid);
/* Whether the process that has the pid now is certainly another one than the process in seen. */
bool pidfile_is_another(const struct pidfile_memory *seen);

#endif
