/*
 * death: the record of one death of the service: how its run ended, and its last lines of output.
 *
 * A record is a JSON object: {"time", "reason", "ran_seconds", "exit_status", "signal", "core",
 * "oom", "pid", "result", "id", "journal", "output", "output_note"}. What is not known is left out.
 * All texts of others in it are sanitized and bounded.
 */
#ifndef DEATH_H
#define DEATH_H

#include <stdint.h>

#include <vigil/vigil.h>

#define DEATH_LINES 20  /* the lines of output that are kept */
#define DEATH_LINE  400 /* bytes of a line, with the NUL; a longer line is truncated */
/* Bytes of the lines as JSON; if there are more, the oldest are left out. With the rest of the
 * record they are less than VIGIL_EVENT_DETAIL. */
#define DEATH_OUTPUT 6144

/* Returns the record of a death that the manager reported. A new reference. */
json_t *death_record(const vigil_service_death *death);
/* Returns the record of a death of which the manager reported nothing. ran: seconds; negative: not
 * known. A new reference. */
json_t *death_unreported(const char *reason, double ran);

/* Returns a text of an object; "": it has none. */
const char *death_member(const json_t *object, const char *key);
/* Returns the id of a death that the manager reported; 0: none. */
uint64_t death_id(const json_t *record);
/* Returns when the run of a death began, in seconds since 1970; 0: not known. ended: 0: just now.
 * ran: seconds; negative: not known. */
double death_began(double ended, double ran);

/* Appends a line of output of others, which may contain any bytes, to an array. Only the last
 * DEATH_LINES lines are kept. */
void death_add_line(json_t *lines, const char *line, size_t length);
/* Appends each line of a text. */
void death_add_text(json_t *lines, const char *text);
/* Sets the output. Takes over the reference to the lines. note: says why there are no lines, or
 * that some may be missing; "": neither. */
void death_set_output(json_t *record, json_t *lines, const char *note);
/* Removes the lines of output, to save space. note: the reason. */
void death_drop_output(json_t *record, const char *note);

/* Returns whether two deaths have the same cause: the same exit status, signal and result. */
bool death_is_alike(const json_t *a, const json_t *b);
/* Returns the record in words, with one line for each line of output. The caller frees the text.
 * NULL: there is no memory. */
char *death_text(const json_t *record);

#endif
