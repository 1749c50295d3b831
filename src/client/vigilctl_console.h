/*
 * vigilctl_console: the verb `console` of vigilctl.
 */
#ifndef VIGILCTL_CONSOLE_H
#define VIGILCTL_CONSOLE_H

#include <stdbool.h>

/* Executes vigil-console in this process, so that it gets the signals and the terminal.  file: the
 * configuration that register changes; NULL: that of the vigild at the socket.  Returns only if
 * that fails, after it has printed the reason. */
void vigilctl_console(const char *socket, const char *file, bool json, bool quiet);

#endif
