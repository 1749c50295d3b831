/*
 * exposition: writes the two text formats that Prometheus reads: the Prometheus text format 0.0.4
 * and OpenMetrics 1.0.
 *
 * A family is a group of samples that have the same name and different labels.
 */
#ifndef EXPOSITION_H
#define EXPOSITION_H

struct evbuffer;

enum exposition_format { EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

enum exposition_type { EXPOSITION_COUNTER, EXPOSITION_GAUGE, EXPOSITION_INFO };

struct exposition_family {
	const char *name; /* the name of its samples, with _total or _info */
	enum exposition_type type;
	const char *unit; /* the unit that the name ends in, before any _total; NULL: none */
	const char *help;
};

struct exposition_label {
	const char *name, *value;
};

/* Returns the format that an Accept header (NULL: the request has none) prefers. */
enum exposition_format exposition_negotiate(const char *accept);
const char *exposition_content_type(enum exposition_format format);

/* Writes the lines that precede the samples of a family: TYPE, UNIT and HELP. */
void exposition_begin(struct evbuffer *out, enum exposition_format format,
	const struct exposition_family *family);
/* Writes one sample.  The last label is followed by a label whose name is NULL. */
void exposition_sample(struct evbuffer *out, const char *name,
	const struct exposition_label *labels, double value);
/* Writes the end of the text. */
void exposition_end(struct evbuffer *out, enum exposition_format format);

/* Writes the value of a label without its quotes.  Escapes \, ", the end of a line, and what
 * printable escapes. */
void exposition_escape(struct evbuffer *out, const char *value);

#endif
