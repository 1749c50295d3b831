/*
 * prompt: reads typed lines from a terminal, with libedit or without an editor.
 */
#ifndef PROMPT_H
#define PROMPT_H

#include "console/complete.h"

struct prompt;

struct prompt_spec {
	/* as in struct editor_spec */
	int (*next)(void *arg);
	complete_ask_fn *ask; /* for completion */
	void *arg;
};

/* Never returns NULL.  *why: NULL, or the reason why there is no editor. */
struct prompt *prompt_open(const struct prompt_spec *spec, const char **why);
void prompt_close(struct prompt *prompt);

/* The next line, which the caller frees.  NULL: next has ended the line, or Ctrl-D was typed. */
char *prompt_read(struct prompt *prompt);

/* Must be called before and after printing lines while a line may be being typed. */
void prompt_hide(struct prompt *prompt);
void prompt_show(struct prompt *prompt);
/* Called on Ctrl-C, before next ends the typed line. */
void prompt_drop(struct prompt *prompt);

void prompt_resize(struct prompt *prompt);
/* Called on Ctrl-Z.  Stops the process, and returns after it was continued. */
void prompt_stop(struct prompt *prompt);

#endif
