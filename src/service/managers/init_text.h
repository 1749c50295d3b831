/*
 * init_text: what the text of an init script says about the service.
 *
 * No shell is run.  The functions are pure and know only the common forms.
 */
#ifndef INIT_TEXT_H
#define INIT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Whether the script starts a process that stays. */
bool init_text_is_daemon(const char *text);
/* Whether the script handles the argument `status`, so that it may be run with it. */
bool init_text_has_status(const char *text);
/* Finds the value of the last assignment NAME=VALUE that begins a line.  Quotes are removed.  For
 * "${NAME:-VALUE}" the value is *before if that is not "", else VALUE.  Returns false, and leaves
 * the value unchanged, if there is no assignment or the value is not constant. */
bool init_text_value(const char *text, const char *name, char *value, size_t size);

#endif
