/*
 * probe_http: see probe_http.h.
 */
#include "probe_http.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_BYTES  8192        /* of one line */
#define LINES_MAX_BYTES (64 * 1024) /* of all lines: status, headers, chunk sizes, trailers */

enum state { STATUS, HEADER, BODY, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, UNTIL_CLOSE, OVER };

struct probe_http {
	enum state state;
	enum probe_http_result result; /* valid in the state OVER */
	const char *why;
	bool with_body;
	char line[LINE_MAX_BYTES];
	size_t line_length, lines; /* lines: bytes of all lines */

	int status;
	char status_line[256], location[512];
	bool sized, chunked;
	uint64_t left; /* bytes of the body or the chunk that are still to come */
	size_t length;
	char body[PROBE_HTTP_BODY];
};

struct probe_http *probe_http_new(bool with_body)
{
	struct probe_http *h = malloc(sizeof(*h));

	if (h == NULL)
		return NULL;
	memset(h, 0, offsetof(struct probe_http, body));
	h->with_body = with_body;
	h->why = "";
	return h;
}

void probe_http_free(struct probe_http *h)
{
	free(h);
}

static void done(struct probe_http *h)
{
	h->state = OVER;
	h->result = PROBE_HTTP_DONE;
}

static void wrong(struct probe_http *h, const char *why)
{
	h->state = OVER;
	h->result = PROBE_HTTP_WRONG;
	h->why = why;
}

/* --- the head --------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Parses "HTTP/1.1 200 OK". */
static void read_status(struct probe_http *h)
{
	const char *s = h->line;

	if (strncmp(s, "HTTP/1.", 7) != 0 || !is_digit(s[7]) || s[8] != ' ' || s[9] < '1' ||
		s[9] > '5' || !is_digit(s[10]) || !is_digit(s[11]) ||
		(s[12] != ' ' && s[12] != '\0')) {
		wrong(h, "the answer is not HTTP");
		return;
	}
	h->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	snprintf(h->status_line, sizeof(h->status_line), "%.255s", s);
	h->location[0] = '\0';
	h->sized = h->chunked = false;
	h->left = 0;
	h->state = HEADER;
}

/* Parses the number of bytes of the body, of at most 18 digits. */
static bool read_length(struct probe_http *h, const char *value)
{
	size_t n = strspn(value, "0123456789");
	uint64_t length = n > 0 && n <= 18 && value[n] == '\0' ? strtoull(value, NULL, 10) : 0;

	if (n == 0 || n > 18 || value[n] != '\0' || (h->sized && length != h->left))
		return false;
	h->sized = true;
	h->left = length;
	return true;
}

static bool read_coding(struct probe_http *h, const char *value)
{
	bool again = h->chunked;

	h->chunked = true;
	return !again && strcasecmp(value, "chunked") == 0;
}

static bool read_location(struct probe_http *h, const char *value)
{
	snprintf(h->location, sizeof(h->location), "%.511s", value);
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

static void end_head(struct probe_http *h)
{
	if (h->sized && h->chunked)
		wrong(h, "the answer has both a Content-Length and a Transfer-Encoding");
	else if (h->status == 101)
		wrong(h, "the answer switches to another protocol, which was not requested");
	else if (h->status < 200)
		h->state = STATUS;
	else if (!h->with_body || h->status == 204 || h->status == 304 ||
		 (h->sized && h->left == 0))
		done(h);
	else
		h->state = h->sized ? BODY : h->chunked ? CHUNK_SIZE : UNTIL_CLOSE;
}

static void read_header(struct probe_http *h)
{
	static const struct {
		const char *name;
		bool (*read)(struct probe_http *h, const char *value);
	} headers[] = {
		{"Content-Length", read_length},
		{"Transfer-Encoding", read_coding},
		{"Location", read_location},
	};
	char *value;

	if (h->line[0] == '\0') {
		end_head(h);
		return;
	}
	value = split_header(h->line);
	if (value == NULL) {
		wrong(h, "the answer has a line that is not an HTTP header");
		return;
	}
	for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
		if (strcasecmp(h->line, headers[i].name) == 0 && !headers[i].read(h, value))
			wrong(h, "the length of the answer is invalid or ambiguous");
}

/* --- chunks ----------------------------------------------------------------------------------- */

/* Parses "1a" or "1a;name=value". */
static void read_chunk_size(struct probe_http *h)
{
	size_t n = strspn(h->line, "0123456789abcdefABCDEF");
	char after = h->line[n];

	if (n == 0 || n > 15 || (after != '\0' && after != ';' && after != ' ' && after != '\t')) {
		wrong(h, "the answer has an invalid chunk size");
		return;
	}
	h->left = strtoull(h->line, NULL, 16);
	h->state = h->left > 0 ? CHUNK : TRAILER;
}

static void read_chunk_end(struct probe_http *h)
{
	if (h->line[0] != '\0')
		wrong(h, "the answer has a chunk that is longer than its size");
	else
		h->state = CHUNK_SIZE;
}

static void read_trailer(struct probe_http *h)
{
	if (h->line[0] == '\0')
		done(h);
	else if (split_header(h->line) == NULL)
		wrong(h, "the answer has a line that is not an HTTP header");
}

/* --- lines and bodies ------------------------------------------------------------------------- */

static void read_line(struct probe_http *h)
{
	static void (*const readers[])(struct probe_http * h) = {
		[STATUS] = read_status,
		[HEADER] = read_header,
		[CHUNK_SIZE] = read_chunk_size,
		[CHUNK_END] = read_chunk_end,
		[TRAILER] = read_trailer,
	};

	if (h->line_length > 0 && h->line[h->line_length - 1] == '\r')
		h->line_length--;
	h->line[h->line_length] = '\0';
	for (size_t i = 0; i < h->line_length; i++)
		if (((unsigned char)h->line[i] < ' ' && h->line[i] != '\t') || h->line[i] == 0x7f) {
			wrong(h, h->state == STATUS
					 ? "the answer is not HTTP"
					 : "the answer has a control character in its head");
			return;
		}
	h->line_length = 0;
	readers[h->state](h);
}

/* Reads bytes up to the end of the line.  Returns how many bytes it read. */
static size_t take_line(struct probe_http *h, const char *data, size_t length)
{
	const char *newline = memchr(data, '\n', length);
	size_t n = newline != NULL ? (size_t)(newline - data) : length;

	h->lines += n + 1;
	if (h->lines > LINES_MAX_BYTES || n >= sizeof(h->line) - h->line_length) {
		wrong(h, h->state == STATUS ? "the answer is not HTTP"
					    : "the head of the answer is too long");
		return length;
	}
	memcpy(h->line + h->line_length, data, n);
	h->line_length += n;
	if (newline == NULL)
		return n;
	read_line(h);
	return n + 1;
}

static size_t take_body(struct probe_http *h, const char *data, size_t length)
{
	size_t room = sizeof(h->body) - h->length, n = length < room ? length : room;

	if (h->state != UNTIL_CLOSE && n > h->left)
		n = (size_t)h->left;
	memcpy(h->body + h->length, data, n);
	h->length += n;
	if (h->state != UNTIL_CLOSE)
		h->left -= n;
	if (h->length == sizeof(h->body))
		done(h);
	else if (h->state == CHUNK && h->left == 0)
		h->state = CHUNK_END;
	else if (h->state == BODY && h->left == 0)
		done(h);
	return n;
}

enum probe_http_result probe_http_read(struct probe_http *h, const char *data, size_t length)
{
	size_t at = 0;

	while (at < length && h->state != OVER) {
		bool body = h->state == BODY || h->state == CHUNK || h->state == UNTIL_CLOSE;

		at += (body ? take_body : take_line)(h, data + at, length - at);
	}
	return h->result;
}

enum probe_http_result probe_http_end(struct probe_http *h)
{
	if (h->state == UNTIL_CLOSE)
		done(h);
	else if (h->state == STATUS && h->lines == 0)
		wrong(h, "the connection was closed without an answer");
	else if (h->state == STATUS)
		wrong(h, "the answer is not HTTP");
	else if (h->state != OVER)
		wrong(h, "the connection was closed before the end of the answer");
	return h->result;
}

/* --- the result ------------------------------------------------------------------------------- */

const char *probe_http_why(const struct probe_http *h)
{
	return h->why;
}

int probe_http_status(const struct probe_http *h)
{
	return h->status;
}

const char *probe_http_status_line(const struct probe_http *h)
{
	return h->status_line;
}

const char *probe_http_location(const struct probe_http *h)
{
	return h->location;
}

const char *probe_http_body(const struct probe_http *h, size_t *length)
{
	*length = h->length;
	return h->body;
}
