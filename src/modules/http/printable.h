/*
 * printable: keys and texts of daemons without what a terminal or a page would obey.
 */
#ifndef PRINTABLE_H
#define PRINTABLE_H

/* The text with control characters, marks that reorder text, and bytes that are not UTF-8 written as
 * escapes; ends of lines and tabs stay.  Returns the text itself where it needs none; else a copy, which
 * is in *made, too, and is to be freed.  "?" where there is no memory. */
const char *printable(const char *text, char **made);

#endif
