/*
 * openrc_notes: the values that OpenRC notes of a service, one in each file below
 * /run/openrc/options/SERVICE.
 *
 * The functions are pure.  The texts come from programs that OpenRC runs, and are not trusted to be
 * complete or in any form.
 */
#ifndef OPENRC_NOTES_H
#define OPENRC_NOTES_H

#include <stdbool.h>
#include <stdint.h>

#include "service/managers/init_script.h"

/* Cuts the value at the end of its first line. */
void openrc_notes_trim(char *text);
/* Puts the path of the pidfile together.  chroot: "" for none.  Returns false, with an empty path, where
 * the pidfile or the whole is no absolute path, or is too long. */
bool openrc_notes_pidfile(const char *chroot, const char *pidfile, char path[INIT_SCRIPT_PATH]);
/* How often supervise-daemon has started the service; at most INT32_MAX.  0 for what is no number. */
uint32_t openrc_notes_count(const char *text);

#endif
