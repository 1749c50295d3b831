/*
 * print_time: formats vigild's times for people.
 */
#ifndef PRINT_TIME_H
#define PRINT_TIME_H

#include "base/text.h"

#define PRINT_TIME 96

/* The time since then, such as "3m05s"; "-" if the text is not a time.  Returns buf. */
char *print_age(char buf[TEXT_AGE], const char *time_text);
/* The time until then, in the same form; "-" if the text is not a time in the future. */
char *print_time_left(char buf[TEXT_AGE], const char *time_text);
/* The time as local time with its zone, such as "2026-01-31 13:34:56 CET".  A text that is not a
 * time is copied.  Returns buf. */
char *print_local_time(char buf[PRINT_TIME], const char *time_text);
/* Like print_local_time, followed by the time until then, if it is in the future: "2026-01-31
 * 13:34:56 CET (in 3m05s)". */
char *print_due_time(char buf[PRINT_TIME], const char *time_text);

#endif
