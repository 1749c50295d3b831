/*
 * time_text: parses points in time.
 */
#ifndef TIME_TEXT_H
#define TIME_TEXT_H

/* Parses a time by RFC 3339 in UTC, as clock_text writes it: "2026-01-31T12:34:56.789Z".  Returns
 * the seconds since 1970, or NAN. */
double time_text_utc(const char *text);
/* Parses a time as people write it: a duration before now ("2h"), a local time ("2026-01-31",
 * "2026-01-31 13:34", "2026-01-31 13:34:56", "13:34" of today), or a time for time_text_utc.
 * Returns the seconds since 1970, or NAN. */
double time_text_parse(const char *text);

#endif
