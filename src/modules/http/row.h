/*
 * row: one daemon as the status page shows it.
 */
#ifndef ROW_H
#define ROW_H

#include <jansson.h>

#include <vigil/vigil.h>

/* How it is to look at: what colours and counts go by. */
enum tone { TONE_OK, TONE_WARN, TONE_BAD, TONE_UNKNOWN, TONE_REST, TONE_NONE, TONES };

const char *row_tone_name(enum tone tone);
/* Of a daemon, by its account. */
enum tone row_tone(const json_t *account);

/* The columns, in their order. */
struct column {
	const char *name, *head;
};
extern const struct column row_columns[];
extern const size_t row_column_count;

/*
 * The row: {name, tone, cells, plots}.  A cell has a column and perhaps text, tone (of the text),
 * note, at (a time) and way (how to tell it: ago, for, in, left).  A plot has label, last, low, high
 * and points.  All of it is text, ready to be shown.
 */
json_t *row_make(vigil_daemon *d, const char *name, const json_t *account);

/* How far a time (RFC 3339, UTC) is from now, in the words of its way. */
char *row_time_words(char *words, size_t size, const char *at, const char *way);

#endif
