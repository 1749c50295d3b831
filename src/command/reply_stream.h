/*
 * reply_stream: a reply that is generated while it is sent, one part for each daemon.
 *
 * A reply about 100,000 daemons takes a second or two to generate, which would block the loop, and
 * it needs ten times the memory of the daemons themselves.  So if there are many daemons, the
 * sender of the reply generates it part by part.  A large part, and any other large result, is
 * generated in pieces too (json_pieces).
 *
 * The stream iterates by name: the next part is about the first daemon after the last name,
 * whichever daemons were added or removed in the meantime.  Each part is correct at the time when
 * it was generated, but the whole reply is not a snapshot of one point in time.
 */
#ifndef REPLY_STREAM_H
#define REPLY_STREAM_H

#include <stdbool.h>

#include <jansson.h>

struct host;
struct reply_stream;

/* One section of the reply.  Sections are rows of a table; the last row has no `next`. */
struct section {
	const char *open; /* text before the parts; NULL: continue the previous list */
	/* The name after this one ("": the first name).  NULL: no more names. */
	const char *(*next)(struct host *host, const char *name);
	/* Makes the part for this name, a new reference.  NULL: there is nothing to send. */
	json_t *(*render)(struct host *host, const char *name);
	bool keyed; /* each part is a member whose key is the name */
	const char *close;
};

/* NULL: there are so few daemons that the whole reply may be generated at once. */
struct reply_stream *reply_stream_new(struct host *host, const struct section *sections);
/* Leaves out the parts whose names are not chosen.  The pattern is copied and given to the
 * function. */
typedef bool reply_stream_chosen_fn(struct host *host, const char *name, const char *pattern);
void reply_stream_choose(
	struct reply_stream *stream, reply_stream_chosen_fn *is_chosen, const char *pattern);
/* A stream of one value.  Takes the reference. */
struct reply_stream *reply_stream_of(json_t *value);
void reply_stream_free(struct reply_stream *stream);
/* The next piece of the JSON text, which the caller frees.  NULL: the end.  NULL with *failed set:
 * out of memory; the text that was already sent is then incomplete. */
char *reply_stream_next(struct reply_stream *stream, bool *failed);

/* A `next` callback for the names of the running daemons. */
const char *reply_stream_next_daemon(struct host *host, const char *name);
/* A `next` callback for a section with a single part; the name "once" has no meaning. */
const char *reply_stream_once(struct host *host, const char *name);

#endif
