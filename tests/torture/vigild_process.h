/*
 * vigild_process: the vigild that a torture test holds in its hands.
 *
 * One at a time: booted with its log on a pipe, asked over its socket, awaited by its pidfd.  All
 * waits have a deadline that only what hangs can reach.
 */
#ifndef VIGILD_PROCESS_H
#define VIGILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

/* In milliseconds: what is not done by then never will be. */
#define SUBJECT_PATIENCE 30000

struct vigild {
	const char *work;     /* the directory with vigil.conf, control.sock and state/ */
	char *const *command; /* what starts it, ended by NULL; it must become vigild itself */
	char *const *extra;   /* "NAME=VALUE" for its environment, ended by NULL */
	bool keeps_doors;     /* what the one before left of its socket and pipe stays there */
	pid_t pid;            /* 0: none runs */
	int pidfd, log;
	int status;         /* as waitpid said when it ended */
	char said[1 << 16]; /* its log since vigild_forget; what comes after is dropped */
	size_t length;
};

/* True once it says that it is up; false when it ended before, or (with *hung) does neither. */
bool vigild_boot(struct vigild *s, bool *hung);
/* Waits for its end; false: it does not. */
bool vigild_await_end(struct vigild *s, int patience);
bool vigild_has_ended(struct vigild *s);
void vigild_kill(struct vigild *s);
void vigild_forget(struct vigild *s);
bool vigild_said(struct vigild *s, const char *text);

/* A connection; -1 when there can be none. */
int vigild_connect(struct vigild *s);
int vigild_connect_to(struct vigild *s, const char *door);
/* Until there is something to read; false: nothing comes. */
bool vigild_await(struct vigild *s, int fd);
enum vigild_answer { ANSWERED, CLOSED, TORN, SILENT };
/* The next line, parsed, a new reference.  Reads no further than that line. */
enum vigild_answer vigild_read(struct vigild *s, int fd, int patience, json_t **line);
int vigild_send(int fd, const char *method, const char *params);
/* One request on a connection of its own. */
enum vigild_answer vigild_ask(
	struct vigild *s, const char *method, const char *params, json_t **reply);

#endif
