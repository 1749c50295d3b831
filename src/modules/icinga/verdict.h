/*
 * verdict: what an answer of the master says of the result that was sent to it.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#define VERDICT_TEXT 512

/* An answer with `results`, or 404 or 400, is about this object; any other one is about whether the master
 * takes anything at all. */
enum verdict { VERDICT_TAKEN, VERDICT_REFUSED, VERDICT_NO_MASTER };

/* status: HTTP's.  text: "the master answers 404: No objects found.", one line without control
 * characters. */
enum verdict verdict_read(int status, const char *body, size_t length, char text[VERDICT_TEXT]);

#endif
