/*
 * s6_svstat: parses the output of s6-svstat -o pid,wantedup,ready,paused,exitcode,signum.
 */
#ifndef S6_SVSTAT_H
#define S6_SVSTAT_H

#include <stdbool.h>

#include "service/managers/supervise.h"

/* Fills the status, except for its stamp. In the text, -1 stands for a missing number. Returns
 * false with the status unchanged if the text has another format or a number is out of range. */
bool s6_svstat_parse(const char *text, struct supervise_status *status);

#endif
