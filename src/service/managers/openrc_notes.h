/*
 * openrc_notes: parses the values that OpenRC stores for a service, one per file below
 * /run/openrc/options/SERVICE.
 *
 * The functions are pure. The texts come from programs that OpenRC runs. They may be incomplete
 * or have any format.
 */
#ifndef OPENRC_NOTES_H
#define OPENRC_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "service/managers/init_script.h"

/* Truncates the value at the end of its first line. */
void openrc_notes_trim(char *text);
/* Joins chroot and pidfile. chroot: "" for none. Returns false with an empty path if the pidfile
 * or the result is not an absolute path or is too long. */
bool openrc_notes_pidfile(const char *chroot, const char *pidfile, char path[INIT_SCRIPT_PATH]);
/* Returns how often supervise-daemon has started the service, at most INT32_MAX; 0 if the text
 * is not a number. */
uint32_t openrc_notes_count(const char *text);

#endif
