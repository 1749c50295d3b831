/* cut_text: limits the length of a text. */
#ifndef CUT_TEXT_H
#define CUT_TEXT_H

#include <stddef.h>

/* Copies text to dst. A text longer than max bytes is cut between two characters and then ends with
 * "...". dst has room for max + 4 bytes. Returns dst. */
char *cut_text(char *dst, size_t max, const char *text);

#endif
