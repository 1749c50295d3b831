/*
 * prompt: the lines that are typed on a terminal, edited by libedit or plain.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "console/complete.h"

struct prompt;

struct prompt_spec {
	/* As in struct editor_spec. */
	int (*next)(void *arg);
	complete_ask_fn *ask; /* for completion */
	void *arg;
};

/* Never NULL.  *why: NULL, or why the lines are plain. */
struct prompt *prompt_open(const struct prompt_spec *spec, const char **why);
void prompt_close(struct prompt *prompt);

/* The next line, which the caller frees; NULL: the line was ended by next, or the input by Ctrl-D. */
char *prompt_read(struct prompt *prompt);

/* Around lines that are printed while a line may be being typed. */
void prompt_hide(struct prompt *prompt);
void prompt_show(struct prompt *prompt);
/* Ctrl-C: next is about to end the line that is being typed. */
void prompt_drop(struct prompt *prompt);

void prompt_resize(struct prompt *prompt);
/* Ctrl-Z: stops the process, and returns when it goes on. */
void prompt_stop(struct prompt *prompt);

#endif
