/*
 * alarm: how long an event, such as a line that matches, is a problem.
 *
 * An alarm is raised by at least `least` events within `seconds`, and ends when that is no longer
 * so. It is kept over a restart. The times are seconds of the time of day, because they must be
 * comparable after a reboot; an event in the future counts as one that has just happened.
 */
#ifndef ALARM_H
#define ALARM_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#define ALARM_EVENTS 100

struct alarm {
	double times[ALARM_EVENTS]; /* of the last events, the oldest first */
	size_t count, least;
	double seconds;
	json_int_t total;
};

/* least: 1 to ALARM_EVENTS. */
void alarm_init(struct alarm *alarm, size_t least, double seconds);
/* Counts n events that happened at the time `now`. */
void alarm_add(struct alarm *alarm, long n, double now);
bool alarm_is_raised(struct alarm *alarm, double now);
/* Returns the time of the last event; 0: there was none. */
double alarm_last(const struct alarm *alarm);

json_t *alarm_json(const struct alarm *alarm);
/* Adds the events that alarm_json returned. Ignores what is not valid. */
void alarm_read(struct alarm *alarm, const json_t *object);

#endif
