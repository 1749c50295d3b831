/* cut_text: a text within a bound. */
#ifndef CUT_TEXT_H
#define CUT_TEXT_H

#include <stddef.h>

/* Copies text; what is longer than max bytes is cut between two characters and ends in "...".  dst has
 * room for max + 4 bytes.  Returns dst. */
char *cut_text(char *dst, size_t max, const char *text);

#endif
