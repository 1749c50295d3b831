/*
 * framing: reads the requests of one connection strictly.
 *
 * The caller passes bytes as they arrive.  It gets back heads that evhttp cannot misunderstand, or
 * the reason why the connection must be closed.
 */
#ifndef FRAMING_H
#define FRAMING_H

#include <stdbool.h>
#include <stddef.h>

struct framing;

struct framing_limits {
	size_t head; /* bytes of the request line and the header lines of a request */
	size_t body; /* bytes of the body of a request */
};

enum framing_result {
	FRAMING_MORE,    /* the request is not complete, more bytes are needed */
	FRAMING_REQUEST, /* a request is complete */
	FRAMING_REFUSED  /* the bytes are not a request, or it is over a limit */
};

struct framing_refusal {
	int code; /* the HTTP status; 0: nothing was refused */
	char text[224];
};

/* The limits must outlive the returned struct.  NULL: out of memory. */
struct framing *framing_new(const struct framing_limits *limits);
void framing_free(struct framing *framing);

/*
 * Reads bytes up to the end of the next request.  *taken is the number of bytes that were read.
 * After FRAMING_REFUSED it reads no more bytes.
 */
enum framing_result framing_read(
	struct framing *framing, const char *bytes, size_t length, size_t *taken);

/* Refuses the connection for a reason that only the caller knows.  The text is copied. */
void framing_refuse(struct framing *framing, int code, const char *text);

/*
 * Returns the head that evhttp is to read for the last result: the head of the request without any
 * header that announces a body, or, after a refusal, the head of a harmless request.  NULL: out of
 * memory.  The head is valid until the next call.
 */
const char *framing_head(struct framing *framing, size_t *length);
/* Returns whether the connection must be closed after the reply. */
bool framing_is_last(const struct framing *framing);
const struct framing_refusal *framing_refusal(const struct framing *framing);

#endif
