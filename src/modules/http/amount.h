/*
 * amount: numbers with their units, for people.
 */
#ifndef AMOUNT_H
#define AMOUNT_H

#define AMOUNT_TEXT 64

/* Four significant digits, or those before the point, scaled: "18.81 GB", "0.25 s", "12.5 %".  Returns text. */
char *amount_text(char text[AMOUNT_TEXT], double number, const char *unit);
/* "12 s", "20 min", "1.5 h", "3 d".  Returns text. */
char *amount_span(char text[AMOUNT_TEXT], double seconds);

#endif
