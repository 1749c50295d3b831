/*
 * html: writing HTML into a buffer.
 */
#ifndef HTML_H
#define HTML_H

#include <stdbool.h>

struct evbuffer;

/* Writes html, with %s replaced by a text that is escaped (for content and for attributes in double
 * quotes), %r by a text as it is, %d by an int and %l by a json_int_t. */
void html_put(struct evbuffer *out, const char *html, ...);

#define HTML_TIME 64

/* Writes <time> for a time (RFC 3339, UTC), with the words of a way: "ago", "for", "length", "in",
 * or "at" and "until" for the time itself.  Nothing where there is no time.  live: without the words, which
 * the page's script puts in, so that a row stays the same while time passes. */
void html_time(struct evbuffer *out, const char *at, const char *way, bool live);
/* The words alone.  Returns words. */
char *html_time_words(char words[HTML_TIME], const char *at, const char *way);

#endif
