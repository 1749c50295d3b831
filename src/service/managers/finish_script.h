/*
 * finish_script: what the text of a script says about what it does at its end.
 */
#ifndef FINISH_SCRIPT_H
#define FINISH_SCRIPT_H

#include <stdbool.h>

enum finish_use {
	FINISH_NEVER,  /* the script does not contain the command */
	FINISH_ALWAYS, /* it is the first command of the script */
	FINISH_MAYBE   /* it is somewhere in the script */
};

/* Whether the script runs a command that consists of these words, terminated by NULL.  Comments
 * are ignored.  The words of the script are separated by blanks and by the characters of shell
 * syntax. */
enum finish_use finish_script_runs(const char *script, const char *const *words);

#endif
