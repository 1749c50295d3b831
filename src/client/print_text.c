/* print_text: see print_text.h. */
#include "client/print_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"

static FILE *stream; /* NULL: stdout */

void print_to(FILE *to)
{
	stream = to;
}

FILE *print_stream(void)
{
	return stream != NULL ? stream : stdout;
}

void print_escaped(FILE *to, const char *text, size_t length, const char *keep)
{
	size_t size = 8 * length + 8;
	char *clean = memory_zero(size);

	fputs(text_escape_keep(clean, size, text, length, keep), to);
	free(clean);
}

void print_clean(const char *text)
{
	if (text != NULL)
		print_escaped(print_stream(), text, strlen(text), "");
}

void print_line(const char *text)
{
	print_message(print_stream(), text);
	putc('\n', print_stream());
}

void print_new(char *text)
{
	print_clean(text);
	putc('\n', print_stream());
	free(text);
}

void print_message(FILE *to, const char *text)
{
	size_t length;

	while (text != NULL && *text != '\0') {
		length = strcspn(text, "\\");
		print_escaped(to, text, length, "");
		text += length;
		if (*text == '\\')
			putc(*text++, to);
	}
}

void print_bare(const char *text)
{
	if (isatty(STDOUT_FILENO))
		print_clean(text);
	else
		fputs(text, print_stream());
	putc('\n', print_stream());
}

/* Prints one character of JSON text that is not ASCII, or DEL: unchanged, or as a JSON escape. */
static size_t print_json_character(const char *text, size_t left)
{
	char clean[16];
	uint32_t c = 0;
	size_t took = text_decode(text, left, &c);

	text_escape(clean, sizeof(clean), text, took);
	if (strlen(clean) == took && memcmp(clean, text, took) == 0)
		fwrite(text, 1, took, print_stream());
	else if (took > 0)
		fprintf(print_stream(), "\\u%04X",
			(unsigned)c); /* every escaped one is < U+10000 */
	return took > 0 ? took : 1;
}

/* Prints JSON text as a line.  Modifies the text. */
static void print_json_text(char *text)
{
	size_t length;

	number_shorten_json(text);
	length = strlen(text);
	for (size_t i = 0; i < length;) {
		if ((unsigned char)text[i] >= 0x7f)
			i += print_json_character(text + i, length - i);
		else
			putc(text[i++], print_stream());
	}
	putc('\n', print_stream());
}

static void print_dumped(json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags | JSON_ENCODE_ANY);

	if (text != NULL)
		print_json_text(text);
	else
		putc('\n', print_stream());
	free(text);
}

void print_json(json_t *value)
{
	print_dumped(value, JSON_INDENT(2) | JSON_SORT_KEYS);
}

void print_json_line(json_t *value)
{
	print_dumped(value, JSON_COMPACT);
}
