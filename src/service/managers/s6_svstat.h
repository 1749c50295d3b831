/*
 * s6_svstat: parses the output of s6-svstat -o pid,wantedup,ready,paused,exitcode,signum.
 */
#ifndef S6_SVSTAT_H
#define S6_SVSTAT_H

#include <stdbool.h>

#include "service/managers/supervise.h"

/* Fills the status, except for its stamp.  In the text, a number that there is none of is -1.  Returns
 * false, with the status unchanged, where the text is of another form or a number is out of range. */
bool s6_svstat_parse(const char *text, struct supervise_status *status);

#endif
