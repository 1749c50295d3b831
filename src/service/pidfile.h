/*
 * pidfile: what a file says about which process a service is, read with distrust; and whether
 * a process lives.  For workers and anyone else: pure questions, nothing is kept.
 */
#ifndef PIDFILE_H
#define PIDFILE_H

#include <stdbool.h>
#include <sys/types.h>

enum pidfile_verdict {
	PIDFILE_NONE,     /* there is none, or nothing stands in it yet */
	PIDFILE_DISTRUST, /* there is one, but it is not to be believed; why says what is wrong */
	PIDFILE_DEAD,     /* its process has ended, is a zombie, or the pid is another's by now */
	PIDFILE_ALIVE
};

struct pidfile {
	enum pidfile_verdict verdict;
	pid_t pid;       /* with DEAD and ALIVE */
	const char *why; /* static text; "" but with DISTRUST and DEAD */
};

/* service: its name, which helps to tell its process from one that got the pid later. */
void pidfile_look(const char *path, const char *service, struct pidfile *result);

/* Whether it lives; a zombie does not. */
bool pidfile_lives(pid_t pid);

#endif
