/*
 * verdict: reads from a reply of the master what happened to the result that was sent.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <stddef.h>

#define VERDICT_TEXT 512

/* TAKEN: the master accepted the result.  REFUSED: it does not accept results of this object; the
 * reply has `results`, or is an error 404 or 400 of Icinga.  NO_MASTER: any other reply, and a 503
 * in `results`, which mean that the master accepts no results at all now. */
enum verdict { VERDICT_TAKEN, VERDICT_REFUSED, VERDICT_NO_MASTER };

/* status: the HTTP status.  Sets *code to the one in `results`, or else to the status, because
 * Icinga may answer 500 and give the object another code.  Writes text, one line without control
 * characters: "the master answers 404: No objects found.". */
enum verdict verdict_read(
	int status, const char *body, size_t length, int *code, char text[VERDICT_TEXT]);

#endif
