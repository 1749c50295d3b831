/*
 * prompt: see prompt.h.  Without libedit the kernel edits the line, and the console does not know
 * what has been typed.  A line of the log then begins at the left margin, and the prompt is printed
 * again below it.  The typed text is no longer visible there, but it is not lost.
 *
 * On Ctrl-C the kernel would discard output as well as input, and a prompt that is printed at once
 * would be lost.  So the console sets NOFLSH and discards the input itself.
 */
#include "console/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/memory.h"
#include "client/table.h"
#include "console/editor.h"
#include "console/terminal.h"

#define TEXT        "vigil> "
#define CHOICES_MAX 100 /* maximum number of choices displayed on TAB */

struct prompt {
	struct prompt_spec spec;
	struct editor *editor; /* NULL: no editor */
	bool shown;            /* a line is being typed */
};

/* --- completion ------------------------------------------------------------------------------- */

/* Prints the choices.  A JSON pointer is displayed as its last step. */
static void show_choices(const struct completions *found)
{
	size_t column = 0, width;
	const char *slash, *name;

	for (size_t i = 0; i < found->count && i < CHOICES_MAX; i++) {
		slash = strrchr(found->list[i], '/');
		name = slash != NULL ? slash + 1 : found->list[i];
		width = table_width(name) + 2;
		if (column > 0 && column + width > terminal_columns()) {
			putchar('\n');
			column = 0;
		}
		printf("%s  ", name);
		column += width;
	}
	if (found->count > CHOICES_MAX)
		printf("and %zu more", found->count - CHOICES_MAX);
	putchar('\n');
}

static char *on_complete(const char *before, void *arg)
{
	struct prompt *prompt = arg;
	struct completions found;
	char *insert;

	complete(before, prompt->spec.ask, prompt->spec.arg, &found);
	if (found.count > 0) {
		prompt_hide(prompt);
		show_choices(&found);
		prompt_show(prompt);
	}
	insert = found.insert;
	found.insert = NULL;
	completions_clear(&found);
	return insert;
}

static int on_next(void *arg)
{
	struct prompt *prompt = arg;

	return prompt->spec.next(prompt->spec.arg);
}

/* --- lines ------------------------------------------------------------------------------------ */

static char *read_plain(struct prompt *prompt)
{
	size_t length = 0;
	char *line = NULL;
	int byte;

	fputs(TEXT, stdout);
	fflush(stdout);
	while ((byte = prompt->spec.next(prompt->spec.arg)) >= 0) {
		line = memory_grow(line, length + 1, 1);
		line[length++] = (char)byte;
		if (byte == '\n') {
			line[length - 1] = '\0';
			return line;
		}
	}
	free(line);
	return NULL;
}

char *prompt_read(struct prompt *prompt)
{
	char *line;

	prompt->shown = true;
	line = prompt->editor != NULL ? editor_read(prompt->editor) : read_plain(prompt);
	prompt->shown = false;
	return line;
}

void prompt_hide(struct prompt *prompt)
{
	if (prompt->shown && prompt->editor != NULL)
		editor_hide(prompt->editor);
	else if (prompt->shown)
		putchar('\r');
}

void prompt_show(struct prompt *prompt)
{
	if (prompt->shown && prompt->editor != NULL)
		editor_show(prompt->editor);
	else if (prompt->shown)
		fputs(TEXT, stdout);
	fflush(stdout);
}

void prompt_drop(struct prompt *prompt)
{
	if (prompt->shown && prompt->editor != NULL)
		editor_leave_line(prompt->editor);
	/* Without an editor, the kernel has already displayed ^C. */
	fputs(prompt->editor != NULL ? "^C\n" : "\n", stdout);
	fflush(stdout);
	prompt->shown = false;
	terminal_flush();
}

/* --- the terminal ----------------------------------------------------------------------------- */

static void set_modes(struct prompt *prompt, bool taken)
{
	struct termios modes;

	if (prompt->editor != NULL) {
		editor_take_terminal(prompt->editor, taken);
	} else if (taken && tcgetattr(STDIN_FILENO, &modes) == 0) {
		modes.c_lflag |= NOFLSH;
		tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	}
}

void prompt_resize(struct prompt *prompt)
{
	if (prompt->editor == NULL)
		return;
	/* The line is hidden and drawn again, because a resize makes libedit forget what it has
	 * drawn. */
	prompt_hide(prompt);
	editor_resize(prompt->editor);
	prompt_show(prompt);
}

void prompt_stop(struct prompt *prompt)
{
	prompt_hide(prompt);
	fflush(stdout);
	set_modes(prompt, false);
	terminal_stop();
	set_modes(prompt, true);
	prompt_show(prompt);
}

struct prompt *prompt_open(const struct prompt_spec *spec, const char **why)
{
	struct prompt *prompt = memory_zero(sizeof(*prompt));

	prompt->spec = *spec;
	terminal_take();
	prompt->editor = editor_open(
		&(struct editor_spec){
			.prompt = TEXT, .next = on_next, .on_complete = on_complete, .arg = prompt},
		why);
	if (prompt->editor == NULL)
		set_modes(prompt, true);
	return prompt;
}

void prompt_close(struct prompt *prompt)
{
	if (prompt == NULL)
		return;
	editor_close(prompt->editor);
	free(prompt);
}
