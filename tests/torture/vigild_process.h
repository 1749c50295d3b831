/*
 * vigild_process: starts and stops a vigild for a torture test, and talks to it.
 *
 * There is one at a time.  Its log goes to a pipe, requests to its socket, and its exit is seen on
 * a pidfd.  Each wait has a deadline that only something that hangs reaches.
 */
#ifndef VIGILD_PROCESS_H
#define VIGILD_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include <jansson.h>

/* Milliseconds after which something hangs. */
#define VIGILD_PATIENCE 90000

struct vigild {
	const char *work;     /* the directory with vigil.conf, control.sock and state/ */
	char *const *command; /* the command that becomes vigild, ended by NULL */
	char *const *extra;   /* "NAME=VALUE" for its environment, ended by NULL */
	bool keeps_doors;     /* the socket and the pipe of the vigild before are not removed */
	pid_t pid;            /* 0: it does not run */
	int pidfd, log;
	int status;         /* from waitpid, after its exit */
	char said[1 << 16]; /* its log since vigild_forget; the rest is dropped when it is full */
	size_t length;
};

/* True when it says that it is up; false when it has exited, or, with *hung, when it does
 * neither. */
bool vigild_boot(struct vigild *s, bool *hung);
/* Waits for its exit, for so many milliseconds; false: it still runs. */
bool vigild_await_end(struct vigild *s, int patience);
bool vigild_has_ended(struct vigild *s);
void vigild_kill(struct vigild *s);
void vigild_forget(struct vigild *s);
bool vigild_said(struct vigild *s, const char *text);

/* A connection to its control socket; -1: refused. */
int vigild_connect(struct vigild *s);
int vigild_connect_to(struct vigild *s, const char *door);
/* Waits until there is something to read; false: nothing came in time. */
bool vigild_await(struct vigild *s, int fd);
enum vigild_answer { ANSWERED, CLOSED, TORN, SILENT };
/* The next line, parsed, as a new reference.  Does not read past that line. */
enum vigild_answer vigild_read(struct vigild *s, int fd, int patience, json_t **line);
int vigild_send(int fd, const char *method, const char *params);
/* Sends one request on a separate connection. */
enum vigild_answer vigild_ask(
	struct vigild *s, const char *method, const char *params, json_t **reply);

#endif
