/* local_time: formats times for humans, in local time with the time zone. */
#ifndef LOCAL_TIME_H
#define LOCAL_TIME_H

#define LOCAL_TIME 64

/* Formats an RFC 3339 time in UTC as "2026-11-29 04:12:07 CET". Any other text is copied unchanged.
 * Returns text. */
char *local_time(char text[LOCAL_TIME], const char *rfc3339);
/* Parses an RFC 3339 time in UTC. Returns seconds since 1970; -1: it is NULL or not such a time. */
double local_time_read(const char *rfc3339);

#endif
