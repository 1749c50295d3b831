/*
 * subject: the vigild that a torture test holds in its hands.
 *
 * One at a time: booted with its log on a pipe, asked over its socket, awaited by its pidfd.  All
 * waits have a deadline that only what hangs can reach.
 */
#ifndef SUBJECT_H
#define SUBJECT_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

/* In milliseconds: what is not done by then never will be. */
#define SUBJECT_PATIENCE 30000

struct subject {
	const char *work;     /* the directory with vigil.conf, control.sock and state/ */
	char *const *command; /* what starts it, ended by NULL; it must become vigild itself */
	char *const *extra;   /* "NAME=VALUE" for its environment, ended by NULL */
	bool keeps_doors;     /* what the one before left of its socket and pipe stays there */
	pid_t pid;            /* 0: none runs */
	int pidfd, log;
	int status;         /* as waitpid said when it ended */
	char said[1 << 16]; /* its log since subject_forget; what comes after is dropped */
	size_t length;
};

/* True once it says that it is up; false when it ended before, or (with *hung) does neither. */
bool subject_boot(struct subject *s, bool *hung);
/* Waits for its end; false: it does not. */
bool subject_await_end(struct subject *s, int patience);
bool subject_has_ended(struct subject *s);
void subject_kill(struct subject *s);
void subject_forget(struct subject *s);
bool subject_said(struct subject *s, const char *text);

/* A connection; -1 when there can be none. */
int subject_connect(struct subject *s);
int subject_connect_to(struct subject *s, const char *door);
/* Until there is something to read; false: nothing comes. */
bool subject_await(struct subject *s, int fd);
enum subject_answer { ANSWERED, CLOSED, TORN, SILENT };
/* The next line, parsed, a new reference.  Reads no further than that line. */
enum subject_answer subject_read(struct subject *s, int fd, int patience, json_t **line);
int subject_send(int fd, const char *method, const char *params);
/* One request on a connection of its own. */
enum subject_answer subject_ask(
	struct subject *s, const char *method, const char *params, json_t **reply);

#endif
