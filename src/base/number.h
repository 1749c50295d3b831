/*
 * number: a number as decimal text from which the same double is read again.
 *
 * Pure functions; any thread.
 */
#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>

/* Room for any double in plain notation: the smallest has 324 places behind the point. */
#define NUMBER_TEXT 384

/* The shortest decimal text that reads back to the same double, without an exponent: "0.1",
 * "18814599168", "-0.00025".  What is not finite is "NaN", "+Inf" or "-Inf".  Returns text. */
char *number_format(char text[NUMBER_TEXT], double value);

/* Shortens the reals of a JSON text in place, each to the fewest digits that read back to the same
 * double: jansson writes 0.1 as 0.10000000000000001.  Integers and strings stay as they are. */
void number_shorten_json(char *json);

#endif
