/* plain_text: text for reports: names of files and lines of logs made safe, ages and sizes. */
#ifndef PLAIN_TEXT_H
#define PLAIN_TEXT_H

#include <stddef.h>

#define PLAIN_PATH 1024 /* bytes; a longer name of a file is truncated in reports */
#define PLAIN_SPAN 32

/* Copies text of others: control characters and bytes that are not UTF-8 become \xNN. The result is
 * truncated to size bytes and always valid UTF-8. Returns clean. */
char *plain_text(char *clean, size_t size, const char *text, size_t length);
/* Returns the length of the valid UTF-8 character at the beginning of the text, or 0. */
size_t plain_character(const char *text, size_t length);
/* Formats a duration, such as "26 h" or "90 s", and a size, such as "1.5 MiB". Each returns text. */
char *plain_age(char text[PLAIN_SPAN], double seconds);
char *plain_size(char text[PLAIN_SPAN], double bytes);

#endif
