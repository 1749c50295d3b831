/*
 * wheel: the events of a simulation, in the order of their times.
 *
 * Times have a resolution of one millisecond.  Events of the same millisecond come in the order in
 * which they were added, so that a run can be repeated.
 */
#ifndef WHEEL_H
#define WHEEL_H

#include <stdbool.h>
#include <stdint.h>

struct wheel;

struct wheel_event {
	double time; /* seconds */
	uint32_t host;
	uint16_t kind, detail;
};

/* end: seconds; later events are ignored.  Ends the program if out of memory, like the others. */
struct wheel *wheel_new(double end);
void wheel_free(struct wheel *w);

/* Adds an event.  A time that has passed counts as now. */
void wheel_add(struct wheel *w, struct wheel_event event);
/* Takes the next event out.  Returns false at the end. */
bool wheel_next(struct wheel *w, struct wheel_event *event);

#endif
