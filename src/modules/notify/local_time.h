/* local_time: times for people: the local time with its zone. */
#ifndef LOCAL_TIME_H
#define LOCAL_TIME_H

#define LOCAL_TIME 64

/* An RFC 3339 time in UTC as "2026-11-29 04:12:07 CET"; what is none stays as it is.  Returns text. */
char *local_time(char text[LOCAL_TIME], const char *rfc3339);
/* Seconds since 1970; -1: it is no such time. */
double local_time_read(const char *rfc3339);

#endif
