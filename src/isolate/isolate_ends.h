/*
 * isolate_ends: what vigild opens for a process before it starts it: the socket and the page.
 */
#ifndef ISOLATE_ENDS_H
#define ISOLATE_ENDS_H

#include <stddef.h>

#include "isolate/isolate_protocol.h"

struct isolate_ends {
	int ours, theirs; /* of the socket, non-blocking; -1: closed */
	int page_fd;      /* -1: closed */
	struct isolate_page *page;
};

/* Returns 0 or a negative errno. */
int isolate_ends_open(struct isolate_ends *ends);
/* Closes what the process has now. */
void isolate_ends_started(struct isolate_ends *ends);
/* Closes what is open, but not `ours`, which a link owns. */
void isolate_ends_close(struct isolate_ends *ends);

/* The callback that runs, or that ran when the process ended, in words: "tick"; "": none.  Copies
 * it from the page and escapes it. */
const char *isolate_page_callback(const struct isolate_page *page, char *text, size_t size);

/* Describes how a process ended: "was killed by SIGSEGV in its callback tick".  status: as from
 * waitpid.  page NULL: not known.  memory: its limit in bytes; 0: none.  Returns text. */
char *isolate_describe_end(
	char *text, size_t size, int status, const struct isolate_page *page, double memory);

#endif
