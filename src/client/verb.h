/*
 * verb: one verb as it is typed, and its answer as it is read.
 *
 * What the command line of vigilctl and the console have in common: words are
 * read by the table of verbs, answers go where print sends them.
 */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stdio.h>

#include "command/command.h"

struct verb {
	const struct command *command;
	json_t *params;
	bool bare;   /* get -r: a string without its quotes */
	bool follow; /* status --watch: for as long as one looks */
};

/* words: the verb and its arguments, ended by NULL.  0; -ENOENT: there is no such verb; -EINVAL:
 * those are not its arguments.  Then why says it, and command is NULL in the first case. */
int verb_read(struct verb *verb, char *const *words, char *why, size_t size);
/* That there is none such, and which was perhaps meant. */
void verb_unknown(const char *word, char *why, size_t size);
void verb_clear(struct verb *verb);

/* register and unregister write files, for which no vigild need run: here, as whoever asks.  0, or
 * -errno with the reply failed.  Where it is done, data holds {"notes":[...]}. */
int verb_edit_files(const struct verb *verb, const char *file, struct command_reply *reply);

/* To where print_to says. */
void verb_print(const struct verb *verb, bool json, json_t *result);
/* The exit status of a plugin that prints the result of `check`: its status, or 3 (UNKNOWN) where it has
 * none from 0 to 3. */
int verb_plugin_status(const json_t *result);
/* Complaints, then the message after who. */
void verb_print_failure(FILE *to, const char *who, const struct command_reply *reply);

/* The verbs, one a line. */
void verb_list(FILE *to);
/* One verb; program: what stands before it on a command line, or "". */
void verb_help(FILE *to, const char *program, const struct command *command);

#endif
