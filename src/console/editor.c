/*
 * editor: see editor.h.  libedit reads characters through on_getc, so that the console can print
 * what vigild sends while it waits for a key.
 *
 * Between two lines libedit sets its modes for a terminal without an editor.  The console sets the
 * editing modes again at once.  The modes in between have no echo, so that text that is typed early
 * is not displayed in the middle of a reply.
 */
#include "console/editor.h"

#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/memory.h"
#include "console/keys.h"
#include "console/terminal.h"

#define HISTORY_SIZE 500

struct editor {
	struct editor_spec spec;
	EditLine *el;
	History *history;
	struct keys keys;
};

static struct editor *editor_of(EditLine *el)
{
	void *editor = NULL;

	el_get(el, EL_CLIENTDATA, &editor);
	return editor;
}

/* --- keys ------------------------------------------------------------------------------------- */

/* Called by libedit for a character.  0 ends the line. */
static int on_getc(EditLine *el, wchar_t *c)
{
	struct editor *editor = editor_of(el);
	uint32_t character;

	if (!keys_next(&editor->keys, editor->spec.next, editor->spec.arg, &character)) {
		editor->keys.count = 0;
		return 0;
	}
	*c = (wchar_t)character;
	return 1;
}

static unsigned char on_tab(EditLine *el, int key)
{
	struct editor *editor = editor_of(el);
	const LineInfo *info = el_line(el);
	size_t length = (size_t)(info->cursor - info->buffer);
	char *before = memory_zero(length + 1), *insert;
	int err;

	memcpy(before, info->buffer, length);
	insert = editor->spec.on_complete(before, editor->spec.arg);
	err = insert != NULL ? el_insertstr(el, insert) : -1;
	free(before);
	free(insert);
	return err == 0 ? CC_REFRESH : CC_NORM;
}

/* Handles Ctrl-D: ends the input on an empty line, otherwise deletes the character at the
 * cursor. */
static unsigned char on_end(EditLine *el, int key)
{
	const LineInfo *info = el_line(el);

	if (info->lastchar == info->buffer)
		return CC_EOF;
	if (info->cursor == info->lastchar)
		return CC_ERROR;
	el_cursor(el, 1);
	el_deletestr(el, 1);
	return CC_REFRESH;
}

/* --- lines ------------------------------------------------------------------------------------ */

static void remember(struct editor *editor, const char *line)
{
	HistEvent event;

	if (line[strspn(line, " \t")] != '\0')
		history(editor->history, &event, H_ENTER, line);
}

char *editor_read(struct editor *editor)
{
	int count = 0;
	const char *text = el_gets(editor->el, &count);
	char *line = NULL;

	if (text != NULL && count > 0) {
		count -= text[count - 1] == '\n';
		line = memory_zero((size_t)count + 1);
		memcpy(line, text, (size_t)count);
		remember(editor, line);
	}
	editor_take_terminal(editor, true);
	return line;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static char *on_prompt(EditLine *el)
{
	return (char *)editor_of(el)->spec.prompt;
}

/* The number of rows between the prompt and the cursor. */
static int cursor_row(struct editor *editor)
{
	const LineInfoW *info = el_wline(editor->el);
	int width = (int)strlen(editor->spec.prompt), w;

	for (const wchar_t *c = info->buffer; c < info->cursor; c++) {
		w = wcwidth(*c);
		width += w > 0 ? w : 0;
	}
	return width / (int)terminal_columns();
}

void editor_hide(struct editor *editor)
{
	int row = cursor_row(editor);

	if (row > 0)
		printf("\033[%dA", row);
	fputs("\r\033[J", stdout);
}

void editor_show(struct editor *editor)
{
	el_set(editor->el, EL_REFRESH, NULL);
}

void editor_leave_line(struct editor *editor)
{
	const LineInfo *info = el_line(editor->el);

	editor_hide(editor);
	el_cursor(editor->el, (int)(info->lastchar - info->cursor));
	editor_show(editor);
}

void editor_resize(struct editor *editor)
{
	el_resize(editor->el);
}

void editor_take_terminal(struct editor *editor, bool taken)
{
	el_set(editor->el, EL_PREP_TERM, taken);
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Binds keys as in emacs.  The unassigned keys would insert a control character or start a command
 * of libedit. */
static void bind_keys(EditLine *el)
{
	static const char *const keys[][2] = {
		{"\t", "vigil-complete"},
		{"^D", "vigil-end"},
		{"^R", "ed-search-prev-history"},
		{"^S", "ed-search-next-history"},
		{"^V", "ed-unassigned"},
		{"^Q", "ed-unassigned"},
		{"\\ex", "ed-unassigned"},
		{"\\eX", "ed-unassigned"},
		{"\\e[3~", "ed-delete-next-char"},
		{"\\e[1~", "ed-move-to-beg"},
		{"\\e[4~", "ed-move-to-end"},
		{"\\e[1;5C", "em-next-word"},
		{"\\e[1;5D", "ed-prev-word"},
	};

	el_set(el, EL_EDITOR, "emacs");
	/* el_wset is used, because el_set would copy the names and never free the copies. */
	el_wset(el, EL_ADDFN, L"vigil-complete", L"Complete the word", on_tab);
	el_wset(el, EL_ADDFN, L"vigil-end", L"End, or delete", on_end);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		el_set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static void set_up(struct editor *editor)
{
	HistEvent event;

	history(editor->history, &event, H_SETSIZE, HISTORY_SIZE);
	history(editor->history, &event, H_SETUNIQUE, 1);
	el_set(editor->el, EL_CLIENTDATA, editor);
	el_set(editor->el, EL_GETCFN, on_getc);
	el_set(editor->el, EL_SIGNAL, 0);
	/* NOFLSH is set, because otherwise Ctrl-C could discard the text that the console prints in
	 * response. */
	el_set(editor->el, EL_SETTY, "-d", "+noflsh", NULL);
	el_set(editor->el, EL_SETTY, "-x", "+noflsh", NULL);
	el_set(editor->el, EL_SETTY, "-x", "-echo", NULL);
	el_set(editor->el, EL_PROMPT, on_prompt);
	el_set(editor->el, EL_HIST, history, editor->history);
	bind_keys(editor->el);
	editor_take_terminal(editor, true);
}

struct editor *editor_open(const struct editor_spec *spec, const char **why)
{
	const char *terminal = getenv("TERM");
	struct editor *editor;

	*why = "the terminal has no cursor control";
	if (terminal == NULL || strcmp(terminal, "dumb") == 0)
		return NULL;
	setlocale(LC_CTYPE, "");
	editor = memory_zero(sizeof(*editor));
	editor->spec = *spec;
	editor->el = el_init("vigil", stdin, stdout, stdout);
	editor->history = history_init();
	if (editor->el != NULL && editor->history != NULL) {
		*why = NULL;
		set_up(editor);
		return editor;
	}
	*why = "libedit does not support the terminal";
	editor_close(editor);
	return NULL;
}

void editor_close(struct editor *editor)
{
	if (editor == NULL)
		return;
	if (editor->el != NULL)
		el_end(editor->el);
	if (editor->history != NULL)
		history_end(editor->history);
	free(editor);
}
