/*
 * framing_internal: what framing.c and framing_head.c share.
 *
 * framing.c splits bytes into lines and data and counts them.  framing_head.c reads the lines of a
 * head.
 */
#ifndef FRAMING_INTERNAL_H
#define FRAMING_INTERNAL_H

#include "framing.h"

#include <stdint.h>

enum phase { REQUEST_LINE, HEADERS, BODY, CHUNK_SIZE, CHUNK_DATA, CHUNK_END, TRAILERS };

struct text {
	char *bytes;
	size_t length, size;
};

struct framing {
	const struct framing_limits *limits;
	struct framing_refusal refusal;
	struct text line; /* the line that is being read */
	struct text head; /* the head that evhttp will read */
	bool no_memory;
	bool complete;
	/* About the present request: */
	enum phase phase;
	size_t used;   /* bytes of its head and of its trailers so far */
	size_t body;   /* bytes that its chunks may still have */
	uint64_t left; /* bytes until the end of the body or of the chunk */
	uint64_t content_length;
	unsigned minor; /* minor version: HTTP/1.0 or HTTP/1.1 */
	unsigned hosts;
	bool after_return; /* the last byte was a CR */
	bool bare_lines;   /* its lines end in LF without CR */
	bool is_get, is_head;
	bool has_length, is_chunked, expects_continue;
	bool says_close, says_keep;
	bool skipped_line; /* an empty line before the request was skipped */
};

/* Appends a text to the head for evhttp. */
void framing_emit(struct framing *framing, const char *text);
/* Stores the reason of a refusal.  Returns -EINVAL. */
int framing_fail(struct framing *framing, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int framing_fail_body(struct framing *framing);

/* Each function reads one line, without its end.  Returns 0, or -EINVAL after framing_fail. */
int framing_read_request_line(struct framing *framing, char *line);
int framing_read_header_line(struct framing *framing, char *line);
int framing_read_trailer_line(struct framing *framing, char *line);

#endif
