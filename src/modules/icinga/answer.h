/*
 * answer: parses the HTTP/1.1 replies of the master from bytes as they arrive.
 *
 * This file makes no network calls.  Interim replies such as 100 Continue are skipped.  Two limits
 * bound the memory of vigild, however much the master sends: one for all lines of a reply,
 * including those of interim replies, and one for its body.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#define ANSWER_LINES_MAX (64 * 1024)  /* bytes of status, headers, chunk sizes and trailers */
#define ANSWER_LINE_MAX  8192         /* bytes of one of these lines */
#define ANSWER_BODY_MAX  (256 * 1024) /* bytes of the body */

struct answer;

enum answer_result {
	ANSWER_MORE, /* the reply is not complete yet */
	ANSWER_DONE,
	ANSWER_WRONG,   /* this is not HTTP/1.1, or its length is ambiguous */
	ANSWER_TOO_LONG /* it exceeds one of the limits */
};

/* Returns NULL if out of memory. */
struct answer *answer_new(void);
void answer_free(struct answer *answer);
/* Prepares for the next reply. */
void answer_start(struct answer *answer);

/* Reads bytes.  *taken is the number of bytes that belong to this reply.  After any result but
 * ANSWER_MORE it reads no more bytes until answer_start. */
enum answer_result answer_read(
	struct answer *answer, const char *data, size_t length, size_t *taken);
/* Tells the parser that the connection has ended.  Returns ANSWER_DONE if that ends the body, or
 * else ANSWER_WRONG.  A result that answer_read has returned before stays the same. */
enum answer_result answer_end(struct answer *answer);

/* The status and the body of a complete reply.  A NUL follows the body; *length does not count it.
 * The body is borrowed until answer_start. */
int answer_status(const struct answer *answer);
const char *answer_body(const struct answer *answer, size_t *length);
/* Returns whether the connection may be used for another request. */
bool answer_keeps_connection(const struct answer *answer);

#endif
