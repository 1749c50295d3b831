/*
 * editor: a line edited at a terminal, by libedit where it is there.
 *
 * This is the second place that knows dlopen, and the only one beside module.c.  libedit is for
 * those who sit at a prompt.  Linked, it and the terminal database it brings along would be
 * mapped by every vigild for life (a tenth more memory) and by every vigilctl of every script (a
 * quarter more time to start), for a key that nobody presses there.  So it is opened when a
 * prompt opens, by the names it goes by, and where it is missing the prompt is plain.  What
 * module.c says of distrust is not needed: the name has no slash, so it comes from where all our
 * libraries come from.  It is never closed: it is one, and small.
 *
 * libedit would read the terminal itself, and wait for it.  Here it is in its unbuffered mode,
 * and what reads is our own: bytes are fed, cut into keys, and a key is handed over when it is
 * whole: a character, or an escape sequence to its end.  So none of its commands ever waits,
 * save those that ask for another key by themselves, which are bound to nothing or to others.
 *
 * Characters are as the user's locale says, but only while libedit is at work: the rest of the
 * house stays in the C locale, where a digit is a digit.
 */
#include "loop/editor.h"

#include <dlfcn.h>
#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/memory.h"
#include "base/text.h"

#define HISTORY_SIZE  500
#define KEY_MAX       32 /* an escape sequence that is longer is none */
#define ESC           '\033'
#define COLUMNS_GUESS 80

/* What is used of the library, by name. */
static struct {
	__typeof__(el_init_fd) *init_fd;
	__typeof__(el_end) *end;
	__typeof__(el_set) *set;
	__typeof__(el_wset) *wset;
	__typeof__(el_get) *get;
	__typeof__(el_gets) *gets;
	__typeof__(el_line) *line;
	__typeof__(el_wline) *wline;
	__typeof__(el_cursor) *cursor;
	__typeof__(el_insertstr) *insert;
	__typeof__(el_deletestr) *erase;
	__typeof__(el_resize) *resize;
	__typeof__(history_init) *history_init;
	__typeof__(history_end) *history_end;
	__typeof__(history) *history;
} lib;

static const struct {
	const char *name;
	void *where;
} symbols[] = {
	{"el_init_fd", &lib.init_fd},
	{"el_end", &lib.end},
	{"el_set", &lib.set},
	{"el_wset", &lib.wset},
	{"el_get", &lib.get},
	{"el_gets", &lib.gets},
	{"el_line", &lib.line},
	{"el_wline", &lib.wline},
	{"el_cursor", &lib.cursor},
	{"el_insertstr", &lib.insert},
	{"el_deletestr", &lib.erase},
	{"el_resize", &lib.resize},
	{"history_init", &lib.history_init},
	{"history_end", &lib.history_end},
	{"history", &lib.history},
};

struct editor {
	struct editor_spec spec;
	EditLine *el;
	History *history;
	locale_t locale; /* of the user; 0: none, which changes nothing */
	char *bytes;     /* typed and not yet taken */
	size_t length;
	wchar_t key[KEY_MAX]; /* being handed over */
	size_t key_length, key_at;
	bool begun, end;
};

/* --- the library ------------------------------------------------------------------------------ */

static bool load(const char **why)
{
	/* Debian's name, and everyone else's. */
	static const char *const names[] = {"libedit.so.2", "libedit.so.0"};
	void *handle = NULL, *symbol;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names) && handle == NULL; i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	*why = "libedit is not installed";
	if (handle == NULL)
		return false;
	*why = "this libedit lacks functions";
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++) {
		symbol = dlsym(handle, symbols[i].name);
		if (symbol == NULL)
			return false;
		memcpy(symbols[i].where, &symbol, sizeof(symbol));
	}
	return true;
}

/* Into the user's locale, where there is one, and back into the one before: these nest, as a TAB
 * within libedit may draw. */
static locale_t enter(const struct editor *editor)
{
	return uselocale(editor->locale);
}

static void leave(locale_t before)
{
	uselocale(before);
}

/* --- keys ------------------------------------------------------------------------------------- */

/* How many bytes the first key takes; 0: it is not whole yet. */
static size_t key_size(const char *bytes, size_t length)
{
	uint32_t c;
	size_t took;

	if (bytes[0] != ESC) {
		took = text_decode(bytes, length, &c);
		/* What begins a character may be waiting for its rest. */
		return took > 0 ? took : (unsigned char)bytes[0] < 0xc2 || length >= 4 ? 1 : 0;
	}
	if (length < 2)
		return 0;
	if (bytes[1] == 'O')
		return length < 3 ? 0 : 3;
	if (bytes[1] != '[')
		return 2;
	for (size_t i = 2; i < length && i < KEY_MAX; i++)
		if (bytes[i] >= 0x40 && bytes[i] <= 0x7e)
			return i + 1;
	return length < KEY_MAX ? 0 : KEY_MAX;
}

/* Takes the first key; what is no text at all is dropped.  False: there is none. */
static bool take_key(struct editor *editor)
{
	size_t size, took;
	uint32_t c;

	editor->key_length = editor->key_at = 0;
	if (editor->length == 0)
		return false;
	size = key_size(editor->bytes, editor->length);
	for (size_t i = 0; i<size; i += took> 0 ? took : 1) {
		took = text_decode(editor->bytes + i, size - i, &c);
		if (took > 0 && c != 0)
			editor->key[editor->key_length++] = (wchar_t)c;
	}
	editor->length -= size;
	memmove(editor->bytes, editor->bytes + size, editor->length);
	return size > 0;
}

static struct editor *editor_of(EditLine *el)
{
	void *editor = NULL;

	lib.get(el, EL_CLIENTDATA, &editor);
	return editor;
}

/* libedit asks for a character; 0: there is none, which ends whatever asks. */
static int on_getc(EditLine *el, wchar_t *c)
{
	struct editor *editor = editor_of(el);

	if (editor->key_at == editor->key_length)
		return 0;
	*c = editor->key[editor->key_at++];
	return 1;
}

void editor_feed(struct editor *editor, const char *bytes, size_t length)
{
	editor->bytes = memory_grow(editor->bytes, editor->length + length, 1);
	memcpy(editor->bytes + editor->length, bytes, length);
	editor->length += length;
}

size_t editor_waiting(const struct editor *editor)
{
	return editor->length;
}

/* The line when it is whole, to be freed. */
static char *hand_over(struct editor *editor)
{
	const char *text;
	char *line = NULL;
	int count = 0;
	locale_t before;

	before = enter(editor);
	text = lib.gets(editor->el, &count);
	if (text != NULL && count > 0 && text[count - 1] == '\n') {
		line = memory_zero((size_t)count);
		memcpy(line, text, (size_t)count - 1);
	}
	leave(before);
	return line;
}

static void remember(struct editor *editor, const char *line)
{
	HistEvent event;
	locale_t before;

	if (line[strspn(line, " \t")] == '\0')
		return;
	before = enter(editor);
	lib.history(editor->history, &event, H_ENTER, line);
	leave(before);
}

enum editor_event editor_next(struct editor *editor, char **line)
{
	while (editor->begun && take_key(editor)) {
		*line = hand_over(editor);
		if (editor->end) {
			editor->begun = false;
			return EDITOR_END;
		}
		if (*line != NULL) {
			editor->begun = false;
			remember(editor, *line);
			return EDITOR_LINE;
		}
	}
	return EDITOR_MORE;
}

/* --- commands of our own ---------------------------------------------------------------------- */

static unsigned char on_tab(EditLine *el, int key)
{
	struct editor *editor = editor_of(el);
	const LineInfo *info = lib.line(el);
	size_t length = (size_t)(info->cursor - info->buffer);
	char *before = memory_zero(length + 1), *insert;
	int err;

	memcpy(before, info->buffer, length);
	insert = editor->spec.on_complete(before, editor->spec.arg);
	err = insert != NULL ? lib.insert(el, insert) : -1;
	free(before);
	free(insert);
	return err == 0 ? CC_REFRESH : CC_NORM;
}

/* Ctrl-D: the end on an empty line, else the character at the cursor. */
static unsigned char on_end(EditLine *el, int key)
{
	struct editor *editor = editor_of(el);
	const LineInfo *info = lib.line(el);

	if (info->lastchar == info->buffer) {
		editor->end = true;
		return CC_NORM;
	}
	if (info->cursor == info->lastchar)
		return CC_ERROR;
	lib.cursor(el, 1);
	lib.erase(el, 1);
	return CC_REFRESH;
}

/* --- drawing ---------------------------------------------------------------------------------- */

static char *on_prompt(EditLine *el)
{
	return (char *)editor_of(el)->spec.prompt;
}

static int columns(const struct editor *editor)
{
	struct winsize size;

	if (ioctl(editor->spec.fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return COLUMNS_GUESS;
	return size.ws_col;
}

/* How many rows the cursor is below that of the prompt. */
static int cursor_row(struct editor *editor)
{
	const LineInfoW *info = lib.wline(editor->el);
	int width = (int)strlen(editor->spec.prompt), w;

	for (const wchar_t *c = info->buffer; c < info->cursor; c++) {
		w = wcwidth(*c);
		width += w > 0 ? w : 0;
	}
	return width / columns(editor);
}

void editor_hide(struct editor *editor)
{
	int row;
	locale_t before;

	before = enter(editor);
	row = cursor_row(editor);
	leave(before);
	if (row > 0)
		fprintf(editor->spec.to, "\033[%dA", row);
	fputs("\r\033[J", editor->spec.to);
}

void editor_show(struct editor *editor)
{
	locale_t before = enter(editor);

	lib.set(editor->el, EL_REFRESH, NULL);
	leave(before);
}

void editor_drop(struct editor *editor)
{
	const LineInfo *info;
	locale_t before;

	editor_hide(editor);
	before = enter(editor);
	info = lib.line(editor->el);
	lib.cursor(editor->el, (int)(info->lastchar - info->cursor));
	lib.set(editor->el, EL_REFRESH, NULL);
	leave(before);
	editor->begun = false;
	editor->length = 0;
}

void editor_begin(struct editor *editor)
{
	locale_t before = enter(editor);

	lib.set(editor->el, EL_UNBUFFERED, 0);
	lib.set(editor->el, EL_UNBUFFERED, 1);
	leave(before);
	editor->begun = true;
}

void editor_resize(struct editor *editor)
{
	locale_t before = enter(editor);

	lib.resize(editor->el);
	leave(before);
}

void editor_leave(struct editor *editor)
{
	locale_t before = enter(editor);

	lib.set(editor->el, EL_PREP_TERM, 0);
	leave(before);
}

void editor_return(struct editor *editor)
{
	locale_t before = enter(editor);

	lib.set(editor->el, EL_PREP_TERM, 1);
	leave(before);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Keys, as emacs has them.  The last ones would ask for another key, and wait for it. */
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

	lib.set(el, EL_EDITOR, "emacs");
	/* By el_set they would be copied, and the copies never freed. */
	lib.wset(el, EL_ADDFN, L"vigil-complete", L"Complete the word", on_tab);
	lib.wset(el, EL_ADDFN, L"vigil-end", L"End, or delete", on_end);
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		lib.set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
}

static bool open_parts(struct editor *editor)
{
	const struct editor_spec *spec = &editor->spec;
	HistEvent event;
	locale_t before;

	editor->locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	before = enter(editor);
	editor->el = lib.init_fd("vigil", stdin, spec->to, spec->to, spec->fd, spec->fd, spec->fd);
	editor->history = lib.history_init();
	if (editor->el != NULL && editor->history != NULL) {
		lib.history(editor->history, &event, H_SETSIZE, HISTORY_SIZE);
		lib.history(editor->history, &event, H_SETUNIQUE, 1);
		lib.set(editor->el, EL_CLIENTDATA, editor);
		lib.set(editor->el, EL_GETCFN, on_getc);
		lib.set(editor->el, EL_SIGNAL, 0);
		/* Else Ctrl-C may take away what we write because of it. */
		lib.set(editor->el, EL_SETTY, "-d", "+noflsh", NULL);
		lib.set(editor->el, EL_PROMPT, on_prompt);
		lib.set(editor->el, EL_HIST, lib.history, editor->history);
		bind_keys(editor->el);
	}
	leave(before);
	return editor->el != NULL && editor->history != NULL;
}

struct editor *editor_open(const struct editor_spec *spec, const char **why)
{
	const char *terminal = getenv("TERM");
	struct editor *editor;

	*why = "this terminal cannot be drawn on";
	if (terminal == NULL || strcmp(terminal, "dumb") == 0 || !load(why))
		return NULL;
	editor = memory_zero(sizeof(*editor));
	editor->spec = *spec;
	if (open_parts(editor)) {
		*why = NULL;
		return editor;
	}
	*why = "libedit does not take the terminal";
	editor_close(editor);
	return NULL;
}

void editor_close(struct editor *editor)
{
	locale_t before;

	if (editor == NULL)
		return;
	before = enter(editor);
	if (editor->el != NULL) {
		lib.set(editor->el, EL_UNBUFFERED, 0);
		lib.end(editor->el);
	}
	if (editor->history != NULL)
		lib.history_end(editor->history);
	leave(before);
	if (editor->locale != (locale_t)0)
		freelocale(editor->locale);
	free(editor->bytes);
	free(editor);
}
