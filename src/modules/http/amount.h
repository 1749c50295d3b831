/*
 * amount: formats numbers with their units for people.
 */
#ifndef AMOUNT_H
#define AMOUNT_H

#define AMOUNT_TEXT 64

/* Writes the number with an SI prefix and its unit: "18.81 GB", "0.25 s", "12.5 %".  It has four
 * significant digits, or all digits before the decimal point if these are more.  Returns text. */
char *amount_text(char text[AMOUNT_TEXT], double number, const char *unit);
/* Writes a length of time: "12 s", "20 min", "1.5 h", "3 d".  Returns text. */
char *amount_span(char text[AMOUNT_TEXT], double seconds);

#endif
