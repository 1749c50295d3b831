/*
 * probe_http: parses the HTTP answer to a probe, from bytes as they arrive.
 *
 * This file makes no network calls.  The framing is parsed strictly, interim answers such as 100
 * Continue are skipped, and a chunked body is decoded.  Only the first 64 KiB of the body are read.
 */
#ifndef PROBE_HTTP_H
#define PROBE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define PROBE_HTTP_BODY (64 * 1024)

struct probe_http;

enum probe_http_result {
	PROBE_HTTP_MORE, /* the answer is not complete yet */
	PROBE_HTTP_DONE, /* it is complete, or PROBE_HTTP_BODY bytes of the body have arrived */
	PROBE_HTTP_WRONG
};

/* with_body: false if only the head is of interest; the answer is then complete after its head.
 * Returns NULL if out of memory. */
struct probe_http *probe_http_new(bool with_body);
void probe_http_free(struct probe_http *http);

/* Reads bytes.  After a result other than PROBE_HTTP_MORE it reads no more. */
enum probe_http_result probe_http_read(struct probe_http *http, const char *data, size_t length);
/* Tells the parser that the connection has ended. */
enum probe_http_result probe_http_end(struct probe_http *http);

/* Why the answer is wrong, as static text. */
const char *probe_http_why(const struct probe_http *http);

/* The result of a complete answer; the texts are borrowed. */
int probe_http_status(const struct probe_http *http);
const char *probe_http_status_line(const struct probe_http *http); /* "HTTP/1.1 200 OK" */
const char *probe_http_location(const struct probe_http *http);    /* "": there is none */
const char *probe_http_body(const struct probe_http *http, size_t *length);

#endif
