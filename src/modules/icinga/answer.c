/*
 * answer: parses the HTTP/1.1 replies of the master; see answer.h.
 *
 * The framing is parsed strictly.  If this file found the end of a body elsewhere than the master
 * meant, the rest would be taken for the next reply.
 */
#include "answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum state { STATUS, HEADER, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, UNTIL_CLOSE, OVER };

struct answer {
	enum state state;
	enum answer_result result; /* valid in the state OVER */
	char line[ANSWER_LINE_MAX];
	size_t line_length, lines; /* lines: bytes of all lines */

	int status;
	bool sized, chunked, close;
	size_t left; /* bytes of the body or the chunk that are still to come */
	size_t length;
	char body[ANSWER_BODY_MAX + 1];
};

struct answer *answer_new(void)
{
	struct answer *a = malloc(sizeof(*a));

	if (a != NULL)
		answer_start(a);
	return a;
}

void answer_free(struct answer *a)
{
	free(a);
}

void answer_start(struct answer *a)
{
	a->state = STATUS;
	a->result = ANSWER_MORE;
	a->line_length = a->lines = a->left = a->length = 0;
	a->body[0] = '\0';
	a->status = 0;
	a->sized = a->chunked = a->close = false;
}

static void end(struct answer *a, enum answer_result result)
{
	a->state = OVER;
	a->result = result;
	a->body[a->length] = '\0';
}

/* --- lines ------------------------------------------------------------------------------------ */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Parses "HTTP/1.1 200 OK". */
static void read_status(struct answer *a)
{
	const char *s = a->line;

	if (strncmp(s, "HTTP/1.", 7) != 0 || !is_digit(s[7]) || s[8] != ' ' || s[9] < '1' ||
		s[9] > '5' || !is_digit(s[10]) || !is_digit(s[11]) ||
		(s[12] != ' ' && s[12] != '\0')) {
		end(a, ANSWER_WRONG);
		return;
	}
	a->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	a->close = s[7] == '0';
	a->sized = a->chunked = false;
	a->left = 0;
	a->state = HEADER;
}

/* Parses a length.  One that exceeds ANSWER_BODY_MAX keeps some value above it, so it cannot
 * overflow. */
static bool read_length(struct answer *a, const char *value)
{
	size_t length = 0, digits = strspn(value, "0123456789");

	if (digits == 0 || value[digits] != '\0')
		return false;
	for (; *value != '\0'; value++)
		if (length <= ANSWER_BODY_MAX)
			length = length * 10 + (size_t)(*value - '0');
	if (a->sized && length != a->left)
		return false;
	a->sized = true;
	a->left = length;
	return true;
}

static bool read_coding(struct answer *a, const char *value)
{
	bool again = a->chunked;

	a->chunked = true;
	return !again && strcasecmp(value, "chunked") == 0;
}

static bool read_connection(struct answer *a, const char *value)
{
	if (strcasecmp(value, "keep-alive") != 0)
		a->close = true;
	return true;
}

static char *trim(char *value)
{
	size_t length;

	value += strspn(value, " \t");
	length = strlen(value);
	while (length > 0 && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		value[--length] = '\0';
	return value;
}

/* Splits "Name: value" and returns the value; NULL: the line is not a header. */
static char *split_header(char *line)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t n = strspn(line, token);

	if (n == 0 || line[n] != ':')
		return NULL;
	line[n] = '\0';
	return trim(line + n + 1);
}

static void end_headers(struct answer *a)
{
	if (a->sized && a->chunked)
		end(a, ANSWER_WRONG);
	else if (a->status == 101) /* no other protocol was requested */
		end(a, ANSWER_WRONG);
	else if (a->status < 200)
		a->state = STATUS;
	else if (a->status == 204 || a->status == 304 || (a->sized && a->left == 0))
		end(a, ANSWER_DONE);
	else if (a->sized && a->left > ANSWER_BODY_MAX)
		end(a, ANSWER_TOO_LONG);
	else
		a->state = a->sized ? BODY : a->chunked ? CHUNK_SIZE : UNTIL_CLOSE;
}

static void read_header(struct answer *a)
{
	static const struct {
		const char *name;
		bool (*read)(struct answer *a, const char *value);
	} headers[] = {
		{"Content-Length", read_length},
		{"Transfer-Encoding", read_coding},
		{"Connection", read_connection},
	};
	char *value;
	bool fine;

	if (a->line[0] == '\0') {
		end_headers(a);
		return;
	}
	value = split_header(a->line);
	fine = value != NULL;
	for (size_t i = 0; fine && i < sizeof(headers) / sizeof(*headers); i++)
		if (strcasecmp(a->line, headers[i].name) == 0)
			fine = headers[i].read(a, value);
	if (!fine)
		end(a, ANSWER_WRONG);
}

/* Parses "1a" or "1a;name=value". */
static void read_chunk_size(struct answer *a)
{
	size_t digits = strspn(a->line, "0123456789abcdefABCDEF");
	char after = a->line[digits];

	if (digits == 0 || (after != '\0' && after != ';' && after != ' ' && after != '\t')) {
		end(a, ANSWER_WRONG);
		return;
	}
	a->left = digits > 8 ? SIZE_MAX : strtoul(a->line, NULL, 16);
	if (a->left > ANSWER_BODY_MAX - a->length)
		end(a, ANSWER_TOO_LONG);
	else
		a->state = a->left > 0 ? CHUNK : TRAILER;
}

static void read_chunk_end(struct answer *a)
{
	if (a->line[0] != '\0')
		end(a, ANSWER_WRONG);
	else
		a->state = CHUNK_SIZE;
}

static void read_trailer(struct answer *a)
{
	if (a->line[0] == '\0')
		end(a, ANSWER_DONE);
	else if (split_header(a->line) == NULL)
		end(a, ANSWER_WRONG);
}

static void read_line(struct answer *a)
{
	static void (*const readers[])(struct answer * a) = {
		[STATUS] = read_status,
		[HEADER] = read_header,
		[CHUNK_SIZE] = read_chunk_size,
		[CHUNK_END] = read_chunk_end,
		[TRAILER] = read_trailer,
	};

	if (a->line_length > 0 && a->line[a->line_length - 1] == '\r')
		a->line_length--;
	a->line[a->line_length] = '\0';
	for (size_t i = 0; i < a->line_length; i++)
		if (((unsigned char)a->line[i] < ' ' && a->line[i] != '\t') || a->line[i] == 0x7f) {
			end(a, ANSWER_WRONG);
			return;
		}
	a->line_length = 0;
	readers[a->state](a);
}

/* Reads bytes up to the end of the line.  Returns how many bytes it read. */
static size_t take_line(struct answer *a, const char *data, size_t length)
{
	const char *newline = memchr(data, '\n', length);
	size_t n = newline != NULL ? (size_t)(newline - data) : length;

	a->lines += n + 1;
	if (a->lines > ANSWER_LINES_MAX || n >= sizeof(a->line) - a->line_length) {
		end(a, ANSWER_TOO_LONG);
		return length;
	}
	memcpy(a->line + a->line_length, data, n);
	a->line_length += n;
	if (newline == NULL)
		return n;
	read_line(a);
	return n + 1;
}

/* --- the body --------------------------------------------------------------------------------- */

static size_t take_body(struct answer *a, const char *data, size_t length)
{
	size_t room = a->state == UNTIL_CLOSE ? ANSWER_BODY_MAX - a->length : a->left;
	size_t n = length < room ? length : room;

	if (a->state == UNTIL_CLOSE && n < length) {
		end(a, ANSWER_TOO_LONG);
		return length;
	}
	memcpy(a->body + a->length, data, n);
	a->length += n;
	if (a->state == UNTIL_CLOSE)
		return n;
	a->left -= n;
	if (a->left == 0 && a->state == CHUNK)
		a->state = CHUNK_END;
	else if (a->left == 0)
		end(a, ANSWER_DONE);
	return n;
}

enum answer_result answer_read(struct answer *a, const char *data, size_t length, size_t *taken)
{
	size_t at = 0;
	bool body;

	while (at < length && a->state != OVER) {
		body = a->state == BODY || a->state == CHUNK || a->state == UNTIL_CLOSE;
		at += (body ? take_body : take_line)(a, data + at, length - at);
	}
	*taken = at;
	return a->result;
}

enum answer_result answer_end(struct answer *a)
{
	a->close = true;
	if (a->state != OVER)
		end(a, a->state == UNTIL_CLOSE ? ANSWER_DONE : ANSWER_WRONG);
	return a->result;
}

/* --- the result ------------------------------------------------------------------------------- */

int answer_status(const struct answer *a)
{
	return a->status;
}

const char *answer_body(const struct answer *a, size_t *length)
{
	*length = a->length;
	return a->body;
}

bool answer_keeps_connection(const struct answer *a)
{
	return a->result == ANSWER_DONE && !a->close;
}
