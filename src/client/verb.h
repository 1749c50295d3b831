/*
 * verb: parses a typed verb, and prints its reply.
 *
 * The command line of vigilctl and the console share this code.  The words are parsed with the
 * table of verbs.  Replies go to the stream that print_to has set.
 */
#ifndef VERB_H
#define VERB_H

#include <stdbool.h>
#include <stdio.h>

#include "command/command.h"

struct verb {
	const struct command *command;
	json_t *params;
	bool bare;      /* get -r: prints a string without quotes */
	bool follow;    /* status --watch: prints until interrupted */
	bool registers; /* services --register */
	bool dry_run;   /* services --dry-run */
	unsigned table; /* status -v, -w, services -v: PRINT_ flags of print_table.h */
};

/* Parses words, the verb and its arguments, ended by NULL.  0, or with the reason in why: -ENOENT:
 * there is no such verb, and command is NULL; -EINVAL: the arguments are invalid. */
int verb_read(struct verb *verb, char *const *words, char *why, size_t size);
/* Writes that the verb does not exist, with the most similar verb if there is one. */
void verb_unknown(const char *word, char *why, size_t size);
void verb_clear(struct verb *verb);

/* Runs register or unregister in this process, with the rights of its user, because they write
 * files and need no running vigild.  0, or -errno with an error in the reply.  On success data has
 * {"notes":[...]}. */
int verb_edit_files(const struct verb *verb, const char *file, struct command_reply *reply);

/* Prints a result to the stream that print_to has set. */
void verb_print(const struct verb *verb, bool json, json_t *result);
/* The exit status of a plugin that prints the result of `check`: its status from 0 to 3, or 3
 * (UNKNOWN) if it has no such status. */
int verb_plugin_status(const json_t *result);
/* Prints the diagnostics, then who, followed by the message. */
void verb_print_failure(FILE *to, const char *who, const struct command_reply *reply);

/* Prints the list of verbs, one on each line. */
void verb_list(FILE *to);
/* Prints the help of one verb. program: the text before the verb on a command line, or "". */
void verb_help(FILE *to, const char *program, const struct command *command);

#endif
