/*
 * framing: see framing.h.  It must be certain where one request ends and the next one begins.
 * Otherwise a proxy and evhttp could disagree about it, and an attacker could hide a request in
 * another one (request smuggling).  evhttp accepts much that is ambiguous: two Content-Length
 * headers, blanks before a colon, unknown transfer encodings, invalid chunk sizes, folded lines.
 * So this file reads the bytes first, as RFC 9112 specifies, and refuses all of that.
 *
 * Bodies are read and dropped here, because no request needs one.  evhttp gets a new head without
 * the headers that announce a body, so there is no body for it to read.
 */
#include "framing_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_LINE_MAX 256 /* bytes of the line with the size of a chunk */
#define CHUNK_DIGITS   8

/* --- memory ----------------------------------------------------------------------------------- */

static int text_add(struct text *text, const char *bytes, size_t length)
{
	size_t size = text->size;
	char *grown;

	if (text->length + length + 1 > size) {
		size = 2 * size + length + 512;
		grown = realloc(text->bytes, size);
		if (grown == NULL)
			return -ENOMEM;
		text->bytes = grown;
		text->size = size;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
	return 0;
}

struct framing *framing_new(const struct framing_limits *limits)
{
	struct framing *f = calloc(1, sizeof(*f));

	if (f != NULL)
		f->limits = limits;
	return f;
}

void framing_free(struct framing *f)
{
	if (f == NULL)
		return;
	free(f->line.bytes);
	free(f->head.bytes);
	free(f);
}

/* Begins a new request.  The buffers keep their memory. */
static void begin_request(struct framing *f)
{
	struct text line = f->line, head = f->head;

	line.length = head.length = 0;
	*f = (struct framing){.limits = f->limits, .line = line, .head = head};
}

void framing_emit(struct framing *f, const char *text)
{
	if (text_add(&f->head, text, strlen(text)) != 0)
		f->no_memory = true;
}

/* --- refusals --------------------------------------------------------------------------------- */

int framing_fail(struct framing *f, int code, const char *format, ...)
{
	va_list ap;

	f->refusal.code = code;
	va_start(ap, format);
	vsnprintf(f->refusal.text, sizeof(f->refusal.text), format, ap);
	va_end(ap);
	return -EINVAL;
}

void framing_refuse(struct framing *f, int code, const char *text)
{
	framing_fail(f, code, "%s", text);
}

int framing_fail_body(struct framing *f)
{
	return framing_fail(f, 413,
		"the body of the request is longer than body_max = %zu bytes; no request needs a "
		"body here",
		f->limits->body);
}

static int refuse_head(struct framing *f)
{
	bool line = f->phase == REQUEST_LINE;

	return framing_fail(f, line ? 414 : 431,
		"the %s longer than header_max = %zu bytes; to allow it, raise header_max in the "
		"section of this daemon in vigil.conf",
		line ? "first line of the request is" : "headers of the request are",
		f->limits->head);
}

/* --- chunks ----------------------------------------------------------------------------------- */

static int read_chunk_size(struct framing *f, char *line)
{
	size_t digits = strspn(line, "0123456789abcdefABCDEF");

	if (digits == 0 || digits > CHUNK_DIGITS || (line[digits] != '\0' && line[digits] != ';'))
		return framing_fail(f, 400, "the size of a chunk is not valid");
	f->left = strtoull(line, NULL, 16);
	if (f->left > f->body)
		return framing_fail_body(f);
	f->body -= (size_t)f->left;
	f->phase = f->left > 0 ? CHUNK_DATA : TRAILERS;
	return 0;
}

static int read_chunk_end(struct framing *f, char *line)
{
	if (line[0] != '\0')
		return framing_fail(f, 400, "a chunk is longer than its size");
	f->phase = CHUNK_SIZE;
	return 0;
}

/* --- lines and data --------------------------------------------------------------------------- */

static int check_bytes(struct framing *f, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];

		if (f->after_return && c != '\n')
			return framing_fail(f, 400, "there is a CR that is not followed by LF");
		f->after_return = c == '\r';
		if (c == 0x16 && f->phase == REQUEST_LINE && f->line.length + i == 0)
			return framing_fail(f, 400, "this address does not speak TLS; use http://");
		if ((c < 0x20 && strchr("\t\r\n", c) == NULL) || c == '\0' || c == 0x7f)
			return framing_fail(f, 400, "there is a control character in the head");
	}
	return 0;
}

static int add_to_line(struct framing *f, const char *bytes, size_t length)
{
	bool is_chunk = f->phase == CHUNK_SIZE || f->phase == CHUNK_END;

	if (check_bytes(f, bytes, length) != 0)
		return -EINVAL;
	if (is_chunk && f->line.length + length > CHUNK_LINE_MAX)
		return framing_fail(f, 400, "the line with the size of a chunk is too long");
	if (!is_chunk)
		f->used += length;
	if (f->used > f->limits->head)
		return refuse_head(f);
	if (text_add(&f->line, bytes, length) != 0)
		return framing_fail(f, 503, "out of memory");
	return 0;
}

/* Passes a complete line to its reader.  The lines of a head may end in LF alone if all of them
 * do. */
static int end_line(struct framing *f)
{
	typedef int line_fn(struct framing * f, char *line);
	static line_fn *const readers[] = {
		[REQUEST_LINE] = framing_read_request_line,
		[HEADERS] = framing_read_header_line,
		[CHUNK_SIZE] = read_chunk_size,
		[CHUNK_END] = read_chunk_end,
		[TRAILERS] = framing_read_trailer_line,
	};
	size_t length = f->line.length - 1;
	bool bare = length == 0 || f->line.bytes[length - 1] != '\r';

	if (f->phase == REQUEST_LINE)
		f->bare_lines = bare;
	if (bare != f->bare_lines || (bare && f->phase > HEADERS))
		return framing_fail(f, 400, "a line ends in LF without CR");
	f->line.length = 0;
	f->line.bytes[length - !bare] = '\0';
	return readers[f->phase](f, f->line.bytes);
}

static size_t take_line(struct framing *f, const char *bytes, size_t length)
{
	const char *end = memchr(bytes, '\n', length);

	if (end != NULL)
		length = (size_t)(end - bytes) + 1;
	if (add_to_line(f, bytes, length) == 0 && end != NULL)
		end_line(f);
	return length;
}

static size_t skip_data(struct framing *f, size_t length)
{
	if (length > f->left)
		length = (size_t)f->left;
	f->left -= length;
	if (f->left == 0 && f->phase == CHUNK_DATA)
		f->phase = CHUNK_END;
	else if (f->left == 0)
		f->complete = true;
	return length;
}

enum framing_result framing_read(struct framing *f, const char *bytes, size_t length, size_t *taken)
{
	size_t used = 0;

	if (f->complete && f->refusal.code == 0)
		begin_request(f);
	while (used < length && !f->complete && f->refusal.code == 0)
		used += f->phase == BODY || f->phase == CHUNK_DATA
				? skip_data(f, length - used)
				: take_line(f, bytes + used, length - used);
	*taken = used;
	if (f->no_memory && f->refusal.code == 0)
		framing_fail(f, 503, "out of memory");
	return f->refusal.code != 0 ? FRAMING_REFUSED
	       : f->complete        ? FRAMING_REQUEST
				    : FRAMING_MORE;
}

/* --- the result ------------------------------------------------------------------------------- */

const char *framing_head(struct framing *f, size_t *length)
{
	static const char refused[] = " / HTTP/1.1\r\nHost:localhost\r\nConnection:close\r\n\r\n";

	if (f->refusal.code != 0) {
		f->head.length = 0;
		f->no_memory = false;
		framing_emit(f, f->is_head ? "HEAD" : "GET");
		framing_emit(f, refused);
	}
	*length = f->head.length;
	return f->no_memory ? NULL : f->head.bytes;
}

bool framing_is_last(const struct framing *f)
{
	return f->refusal.code != 0 || f->says_close || (f->minor == 0 && !f->says_keep) ||
	       f->expects_continue;
}

const struct framing_refusal *framing_refusal(const struct framing *f)
{
	return f->refusal.code != 0 ? &f->refusal : NULL;
}
