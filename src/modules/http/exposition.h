/*
 * exposition: the two text formats that Prometheus reads: its own, 0.0.4, and OpenMetrics 1.0.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_INFO };

struct exposition_family {
	const char *name; /* as its samples are called: with _total, with _info */
	enum exposition_type type;
	const char *unit; /* in which it ends, but for _total; NULL: none */
	const char *help;
};

struct exposition_label {
	const char *name, *value;
};

/* What an Accept header (NULL: there was none) would rather have. */
enum exposition_format exposition_negotiate(const char *accept);
const char *exposition_content_type(enum exposition_format format);

/* The lines before a family's samples. */
void exposition_begin(struct evbuffer *out, enum exposition_format format,
	const struct exposition_family *family);
/* One sample; the last label is followed by one without a name. */
void exposition_sample(struct evbuffer *out, const char *name,
	const struct exposition_label *labels, double value);
/* The end of the whole. */
void exposition_end(struct evbuffer *out, enum exposition_format format);

/* A label's value as it stands between its quotes: \ " and the line's end escaped, and what a terminal
 * would obey. */
void exposition_escape(struct evbuffer *out, const char *value);

#endif
