/*
 * console_terminal: the terminal that a prompt is on: edited lines, or plain ones.
 *
 * Without libedit the kernel edits the line, as for any program that reads one, and what has
 * been typed of it is not known here.  A line of the log then still begins on a line of its own,
 * and the prompt stands below it; what was typed is out of sight, and not lost.
 *
 * At Ctrl-C the kernel would throw away what has been written as well as what has been typed, and
 * that after the signal: a prompt that is drawn at once would be gone.  So it is told not to, and
 * what has been typed is thrown away here.
 */
#include "client/console_terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/memory.h"
#include "client/table.h"

#define CHOICES_MAX 100 /* that are shown */

struct console_terminal {
	struct console_terminal_spec spec;
	struct editor *editor; /* NULL: plain */
	char *bytes;           /* plain: what was read and not yet taken */
	size_t length;
	struct termios modes; /* plain: as they were */
	bool begun;           /* the prompt stands there */
};

bool console_terminal_begin(struct console_terminal *t)
{
	int waiting = 0;

	if (t->begun)
		return true;
	if (ioctl(t->spec.fd, TIOCOUTQ, &waiting) == 0 && waiting > 0)
		return false;
	t->begun = true;
	if (t->editor != NULL)
		editor_begin(t->editor);
	else
		fputs(t->spec.prompt, t->spec.to);
	return true;
}

void console_terminal_feed(struct console_terminal *t, const char *bytes, size_t length)
{
	if (t->editor != NULL) {
		editor_feed(t->editor, bytes, length);
		return;
	}
	t->bytes = memory_grow(t->bytes, t->length + length, 1);
	memcpy(t->bytes + t->length, bytes, length);
	t->length += length;
}

size_t console_terminal_waiting(const struct console_terminal *t)
{
	return t->editor != NULL ? editor_waiting(t->editor) : t->length;
}

static enum editor_event next_plain(struct console_terminal *t, char **line)
{
	const char *end = memchr(t->bytes, '\n', t->length);
	size_t length = end != NULL ? (size_t)(end - t->bytes) : 0;

	if (end == NULL)
		return EDITOR_MORE;
	*line = memory_zero(length + 1);
	memcpy(*line, t->bytes, length);
	t->length -= length + 1;
	memmove(t->bytes, end + 1, t->length);
	return EDITOR_LINE;
}

enum editor_event console_terminal_next(struct console_terminal *t, char **line)
{
	enum editor_event event = EDITOR_MORE;

	if (t->editor != NULL)
		event = editor_next(t->editor, line);
	else if (t->length > 0)
		event = next_plain(t, line);
	if (event != EDITOR_MORE)
		t->begun = false;
	return event;
}

void console_terminal_hide(struct console_terminal *t)
{
	if (t->begun && t->editor != NULL)
		editor_hide(t->editor);
	else if (t->begun)
		fputs("\r", t->spec.to);
}

void console_terminal_show(struct console_terminal *t)
{
	if (t->begun && t->editor != NULL)
		editor_show(t->editor);
	else if (t->begun)
		fputs(t->spec.prompt, t->spec.to);
}

void console_terminal_drop(struct console_terminal *t)
{
	if (t->begun && t->editor != NULL)
		editor_drop(t->editor);
	/* Where the kernel edits the line, it has shown it already, and forgotten the line. */
	fputs(t->editor != NULL ? "^C\n" : "\n", t->spec.to);
	t->begun = false;
	t->length = 0;
	tcflush(t->spec.fd, TCIFLUSH);
}

void console_terminal_end(struct console_terminal *t)
{
	if (t->begun)
		putc('\n', t->spec.to);
	t->begun = false;
}

void console_terminal_resize(struct console_terminal *t)
{
	if (t->editor != NULL)
		editor_resize(t->editor);
}

static void enter_plain(struct console_terminal *t)
{
	struct termios modes;

	if (tcgetattr(t->spec.fd, &t->modes) < 0)
		return;
	modes = t->modes;
	modes.c_lflag |= NOFLSH;
	tcsetattr(t->spec.fd, TCSANOW, &modes);
}

void console_terminal_leave(struct console_terminal *t)
{
	if (t->editor != NULL)
		editor_leave(t->editor);
	else
		tcsetattr(t->spec.fd, TCSANOW, &t->modes);
}

void console_terminal_return(struct console_terminal *t)
{
	if (t->editor != NULL)
		editor_return(t->editor);
	else
		enter_plain(t);
}

/* --- completion ------------------------------------------------------------------------------- */

static size_t columns(const struct console_terminal *t)
{
	struct winsize size;

	if (ioctl(t->spec.fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

/* The names of places are shown by their last step. */
static void show_choices(struct console_terminal *t, const struct completions *found)
{
	size_t column = 0, width;
	const char *slash, *name;

	editor_hide(t->editor);
	for (size_t i = 0; i < found->count && i < CHOICES_MAX; i++) {
		slash = strrchr(found->list[i], '/');
		name = slash != NULL ? slash + 1 : found->list[i];
		width = table_width(name) + 2;
		if (column > 0 && column + width > columns(t)) {
			putc('\n', t->spec.to);
			column = 0;
		}
		fprintf(t->spec.to, "%s  ", name);
		column += width;
	}
	if (found->count > CHOICES_MAX)
		fprintf(t->spec.to, "and %zu more", found->count - CHOICES_MAX);
	putc('\n', t->spec.to);
	editor_show(t->editor);
}

static char *on_complete(const char *before, void *arg)
{
	struct console_terminal *t = arg;
	struct completions found;
	char *insert;

	console_complete(before, t->spec.look, t->spec.arg, &found);
	if (found.count > 0)
		show_choices(t, &found);
	insert = found.insert;
	found.insert = NULL;
	completions_clear(&found);
	return insert;
}

/* --- life ------------------------------------------------------------------------------------- */

struct console_terminal *console_terminal_open(
	const struct console_terminal_spec *spec, const char **why)
{
	struct console_terminal *t = memory_zero(sizeof(*t));

	t->spec = *spec;
	t->editor = editor_open(&(struct editor_spec){.fd = spec->fd,
					.to = spec->to,
					.prompt = spec->prompt,
					.on_complete = on_complete,
					.arg = t},
		why);
	if (t->editor == NULL)
		enter_plain(t);
	return t;
}

void console_terminal_close(struct console_terminal *t)
{
	if (t == NULL)
		return;
	if (t->editor == NULL)
		console_terminal_leave(t);
	editor_close(t->editor);
	free(t->bytes);
	free(t);
}
