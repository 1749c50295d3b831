/*
 * crash_marker: who was at work when a vigild ended.
 *
 * A file of one page, DIR/running, is mapped for as long as the process lives.  The name of the
 * daemon whose callback runs stands in it, or of the module that is being loaded, written without a
 * system call; a signal that ends the process is noted there on the way out.  The page outlives
 * whoever wrote it, so the next vigild can tell what became of the one before.  All of it belongs to the loop's thread.
 */
#ifndef CRASH_MARKER_H
#define CRASH_MARKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct blame {
	bool clean;    /* it ended as it should, or there was none */
	char name[65]; /* in a callback of this daemon; "": of none */
	bool loading;  /* the name is a module's, which was being loaded */
	int signo;     /* the signal; 0: SIGKILL or _exit, which nobody is told of; -1: exit */
	double lived;  /* seconds, until that callback began */
};

/* Reads what the one before has left, and begins anew.  Where the file cannot be had, or is that of
 * one that still runs (-EWOULDBLOCK), it is as if there had been none before, and nothing will be
 * told of this one: 0 or -errno. */
int crash_marker_open(const char *dir, struct blame *before);
/* What the content of such a file says.  Where it is not a valid page, the end was clean.  The name may be
 * any text. */
void blame_read(const void *bytes, size_t n, struct blame *before);
/* The end is as it should be. */
void crash_marker_close(void);

/* A callback of the daemon begins (now, by clock_now), and ends. */
void crash_marker_enter(const char *name, uint64_t now);
void crash_marker_leave(void);
/* A module is opened, which runs what its authors want to be run first, and has been. */
void crash_marker_load(const char *module);
void crash_marker_loaded(void);

#endif
