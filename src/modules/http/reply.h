/*
 * reply: sends replies: short ones at once, and long ones in slices.
 */
#ifndef REPLY_H
#define REPLY_H

#include "server.h"

struct evbuffer;
struct evhttp_request;

/* Appends the next small piece of a reply to out.  Returns whether there is more. */
typedef bool reply_slice_fn(struct evbuffer *out, void *arg);
typedef void reply_free_fn(void *arg);

/* Sends a reply of status 200 whose text slice makes.  The loop thread calls slice in as many
 * iterations of the loop as it takes, and not faster than the client reads.  release frees arg at
 * the end, also if the reply fails. */
void reply_sliced(const struct request *request, const char *type, reply_slice_fn *slice,
	reply_free_fn *release, void *arg);
/* Sends a whole reply.  It copies the text. */
void reply_text(const struct request *request, int code, const char *type, const char *text);
/* Sends {"error": "..."} and the members of details, whose reference it takes; NULL: no details. */
void reply_error(const struct request *request, int code, const char *error, json_t *details);

/* Sends the head of a reply whose length is not known. */
void reply_begin_stream(struct evhttp_request *req);

void reply_header(const struct request *request, const char *name, const char *value);
/* Adds the headers of every reply: the client must not store it, guess its type, or show it inside
 * other pages. */
void reply_standing_headers(const struct request *request, const char *type);

#endif
