/*
 * number: formats a number as the shortest decimal text that is parsed to the same double.
 *
 * Pure functions; any thread.
 */
#ifndef NUMBER_H
#define NUMBER_H

/* Room for any double in plain notation: the smallest has 324 decimal places. */
#define NUMBER_TEXT 384

/* Writes the shortest decimal text that is parsed to the same double, without an exponent: "0.1",
 * "18814599168", "-0.00025".  Values that are not finite become "NaN", "+Inf" or "-Inf".  Returns
 * text. */
char *number_format(char text[NUMBER_TEXT], double value);

/* Shortens the real numbers of a JSON text in place.  Each keeps the fewest digits that are parsed
 * to the same double, because jansson writes 0.1 as 0.10000000000000001.  Integers and strings are
 * not changed. */
void number_shorten_json(char *json);

#endif
