/*
 * stream: an answer that is made while it is sent, a part for each daemon.
 *
 * To tell of 100,000 daemons takes a second or two, in which the loop would do nothing else, and
 * ten times the memory that they take themselves.  So where there are many, what is told of all
 * of them is told bit by bit, by whoever sends it.
 *
 * A part that is large itself, and any other large result, is told in pieces as well (json_pieces).
 *
 * It is walked by name: next is the first daemon after the one told of last, whoever has come or
 * gone meanwhile.  Each part is true of the moment it was made; the whole is of no one moment.
 */
#ifndef REPLY_STREAM_H
#define REPLY_STREAM_H

#include <stdbool.h>

#include <jansson.h>

struct command_reply;
struct host;
struct reply_stream;

/* Series come one after the other in a table, ended by a row without next. */
struct section {
	const char *open; /* what stands before its parts; NULL: they go on with those before */
	/* The name after that one ("": the first); NULL: there is none. */
	const char *(*next)(struct host *host, const char *name);
	/* What is told of it, a new reference; NULL: nothing. */
	json_t *(*render)(struct host *host, const char *name);
	bool keyed; /* each part stands under its name */
	const char *close;
};

/* NULL where there are so few daemons that all may be told at once. */
struct reply_stream *reply_stream_new(struct host *host, const struct section *sections);
/* Tells one value; takes the reference. */
struct reply_stream *reply_stream_of(json_t *value);
void reply_stream_free(struct reply_stream *stream);
/* The next bit of the JSON text, to be freed; NULL at the end, and with *failed when there was
 * no memory: what was sent already is then half an answer. */
char *reply_stream_next(struct reply_stream *stream, bool *failed);

/* Answers with all parts, which have no names: as a stream where that is taken and they are many, or
 * as one array. */
void reply_stream_answer(
	struct host *host, const struct section *sections, struct command_reply *reply);

/* A next of the daemons there are. */
const char *reply_stream_next_daemon(struct host *host, const char *name);
/* And one of a single part of that name. */
const char *reply_stream_once(struct host *host, const char *name);

#endif
