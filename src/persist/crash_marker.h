/*
 * crash_marker: records whose code runs, so that the next vigild can name the cause of a crash.
 *
 * The file DIR/running has one page, which is mapped as long as the process runs.  vigild writes
 * the name of the daemon whose callback runs, or of the module that is being loaded, into the page;
 * that needs no system call.  A handler of fatal signals writes the signal number.  The page
 * survives the process, so the next vigild can read how the previous one ended.  All functions
 * belong to the loop thread.
 */
#ifndef CRASH_MARKER_H
#define CRASH_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CRASH_MARKER_FILE "running" /* in the directory of the state */
#define CRASH_MARKER_NAME 65        /* room for the name of a daemon */
#define CRASH_MARKER_HANG (-2)      /* instead of a signal: callback_max expired */

struct crash {
	bool clean;                   /* it stopped regularly, or there was no previous vigild */
	char name[CRASH_MARKER_NAME]; /* the daemon whose callback ran; "": none */
	bool loading;                 /* name is a module that was being loaded */
	/* The signal; 0: SIGKILL or _exit, which cannot be caught; -1: exit; or
	 * CRASH_MARKER_HANG. */
	int signo;
	double lived; /* seconds from the start of vigild until that callback */
};

/* Reads what the previous vigild left in the file, and starts a new record.  Returns 0 or -errno;
 * -EWOULDBLOCK: the file belongs to a vigild that still runs.  On an error *before is as if there
 * had been no previous vigild, and nothing is recorded. */
int crash_marker_open(const char *dir, struct crash *before);
/* Parses the content of such a file.  A content that is not a valid page gives clean.  The name may
 * be any text. */
void crash_marker_parse(const void *bytes, size_t n, struct crash *before);
/* Records that vigild stops regularly. */
void crash_marker_close(void);

/* Reads from the open file of another process which callback runs there, and for how long.  Returns
 * false if none runs. */
bool crash_marker_peek(int fd, char name[CRASH_MARKER_NAME], double *seconds);

/* A number that increases with each callback, and with each crash_marker_advance. */
unsigned crash_marker_progress(void);
void crash_marker_advance(void);
/* Records that vigild ends because the callback that runs does not return.  Returns the name of its
 * daemon; "": no callback runs.  It may be called in a signal handler. */
const char *crash_marker_hang(void);

/* Call these before and after a callback of the daemon.  now is by clock_now. */
void crash_marker_enter(const char *name, uint64_t now);
void crash_marker_leave(void);
/* Call these before and after a module is opened, because dlopen runs the constructors of the
 * module. */
void crash_marker_load(const char *module);
void crash_marker_loaded(void);

#endif
