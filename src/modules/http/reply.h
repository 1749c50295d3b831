/*
 * reply: answers, short ones at once and long ones in slices.
 */
#ifndef REPLY_H
#define REPLY_H

#include "server.h"

struct evbuffer;
struct evhttp_request;

/* Adds the next small piece of an answer, and says whether there is more. */
typedef bool reply_slice_fn(struct evbuffer *out, void *arg);
typedef void reply_free_fn(void *arg);

/* Asks for pieces in as many turns of the loop as it takes, no faster than they are fetched; frees
 * arg in the end, whatever the end was. */
void reply_sliced(const struct request *request, const char *type, reply_slice_fn *slice,
	reply_free_fn *release, void *arg);
/* All of it at once; takes over nothing. */
void reply_text(const struct request *request, int code, const char *type, const char *text);
/* {"error": "..."}, and more from details, whose reference is taken; NULL: no more. */
void reply_error(const struct request *request, int code, const char *error, json_t *details);

/* Sends the head of an answer whose length is not known. */
void reply_begin_stream(struct evhttp_request *req);

void reply_header(const struct request *request, const char *name, const char *value);
/* What every answer has: not to be kept, guessed at, or shown elsewhere. */
void reply_standing_headers(const struct request *request, const char *type);

#endif
