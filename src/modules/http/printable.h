/*
 * printable: makes texts of daemons safe to show on a terminal or a page.
 */
#ifndef PRINTABLE_H
#define PRINTABLE_H

/* Returns the text with control characters, characters that reorder text, and bytes that are not
 * UTF-8 replaced by escapes; ends of lines and tabs stay.  Returns the text itself if it needs no
 * escape and sets *made to NULL.  Otherwise returns a copy and sets *made to it, which the caller
 * frees.  Returns "?" if out of memory. */
const char *printable(const char *text, char **made);

#endif
