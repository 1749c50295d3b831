/*
 * console_script: the lines of a script, as it is read piece by piece.
 */
#ifndef CONSOLE_SCRIPT_H
#define CONSOLE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct console_script;

struct console_script *console_script_new(void);
void console_script_free(struct console_script *script);

void console_script_feed(struct console_script *script, const char *bytes, size_t length);
/* There will be no more: the last line may lack its end. */
void console_script_end(struct console_script *script);
/* So it was told, or so it found out: what came is no script. */
bool console_script_ended(const struct console_script *script);
/* What has been fed and not taken is gone. */
void console_script_drop(struct console_script *script);

/* The next line, to be freed; NULL: there is no whole one.  why: NULL, or why it cannot be one
 * of a script. */
char *console_script_next(struct console_script *script, const char **why);
size_t console_script_waiting(const struct console_script *script);

#endif
