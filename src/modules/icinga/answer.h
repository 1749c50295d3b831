/*
 * answer: reads what the master answers over HTTP/1.1, from bytes as they come.
 *
 * It knows no network.  Interim answers such as 100 Continue are skipped.  All lines of an answer
 * together, those of interim answers too, and its body have a limit each, so that no master makes
 * vigild keep more than these, however long it goes on.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_LINES_MAX (64 * 1024)  /* bytes of status, headers, chunk sizes and trailers */
#define ANSWER_LINE_MAX  8192         /* bytes of one of them */
#define ANSWER_BODY_MAX  (256 * 1024) /* bytes of the body */

struct answer;

enum answer_result {
	ANSWER_MORE, /* the answer is not complete yet */
	ANSWER_DONE,
	ANSWER_WRONG,   /* this is not HTTP/1.1, or its length is ambiguous */
	ANSWER_TOO_LONG /* over one of the limits */
};

/* NULL: out of memory. */
struct answer *answer_new(void);
void answer_free(struct answer *answer);
/* What comes next is another answer. */
void answer_start(struct answer *answer);

/* Reads bytes; taken: how many of them belong to this answer.  After anything but ANSWER_MORE it takes no
 * more until answer_start. */
enum answer_result answer_read(
	struct answer *answer, const char *data, size_t length, size_t *taken);
/* The connection has ended: ANSWER_DONE where that is how the body ends, else ANSWER_WRONG. */
enum answer_result answer_end(struct answer *answer);

/* Of a complete answer.  The body ends with a NUL that its length does not count; it is valid until
 * answer_start. */
int answer_status(const struct answer *answer);
const char *answer_body(const struct answer *answer, size_t *length);
/* Whether the connection may carry another request. */
bool answer_keeps_connection(const struct answer *answer);

#endif
