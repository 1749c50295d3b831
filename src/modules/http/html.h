/*
 * html: writes HTML into a buffer.
 */
#ifndef HTML_H
#define HTML_H

#include <stdbool.h>

struct evbuffer;

/* Writes html and replaces these: %s by a text that is escaped (for content and for attributes in
 * double quotes), %r by a text that is not escaped, %d by an int and %l by a json_int_t. */
void html_put(struct evbuffer *out, const char *html, ...);

#define HTML_TIME 64

/* Writes the element <time> for a time (RFC 3339, UTC).  way says in which words: "ago", "for",
 * "length" and "in" give the distance from now, "at" and "until" the time itself.  Writes nothing
 * if the time is "".  live: leaves the words out, because the script of the page adds them; so a
 * row does not change only because time passes. */
void html_time(struct evbuffer *out, const char *at, const char *way, bool live);
/* Writes only the words.  Returns words. */
char *html_time_words(char words[HTML_TIME], const char *at, const char *way);

#endif
