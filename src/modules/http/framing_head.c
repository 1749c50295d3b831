/*
 * framing_head: reads the lines of the head of a request.
 *
 * Each line is checked, and what evhttp needs of it is added to the head that evhttp will read.
 */
#include "framing_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* --- characters ------------------------------------------------------------------------------- */

static bool is_token(const char *text, size_t length)
{
	static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
					 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return length > 0 && strspn(text, characters) >= length;
}

static bool is_authority(const char *text)
{
	static const char characters[] = "-._~%!$&'()*+,;=:[]0123456789"
					 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return text[strspn(text, characters)] == '\0';
}

static bool is_digits(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* --- the request line ------------------------------------------------------------------------- */

static int read_version(struct framing *f, const char *version)
{
	bool is_version = strncmp(version, "HTTP/", 5) == 0 && strlen(version) == 8 &&
			  version[5] >= '0' && version[5] <= '9' && version[6] == '.' &&
			  version[7] >= '0' && version[7] <= '9';

	if (!is_version)
		return framing_fail(
			f, 400, "the request line does not end in HTTP/1.0 or HTTP/1.1");
	if (version[5] != '1')
		return framing_fail(f, 505, "only HTTP/1.0 and HTTP/1.1 are supported");
	f->minor = version[7] == '0' ? 0 : 1;
	return 0;
}

static void emit_request_line(struct framing *f, const char *path, const char *authority)
{
	while (path[0] == '/' && path[1] == '/')
		path++; /* evhttp would read a host after two slashes, which proxies may send */
	framing_emit(f, f->is_get ? "GET " : f->is_head ? "HEAD " : "POST ");
	framing_emit(f, path[0] == '/' ? "" : "/");
	framing_emit(f, path);
	framing_emit(f, f->minor == 0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	if (authority != NULL) {
		framing_emit(f, "Host:");
		framing_emit(f, authority);
		framing_emit(f, "\r\n");
	}
}

/* Reads a target as clients send it to proxies: http://host:port/path. */
static int read_absolute_target(struct framing *f, char *target)
{
	char *authority = strstr(target, "://") + 3, *path = authority + strcspn(authority, "/?");
	char host[256];

	if (path == authority || (size_t)(path - authority) >= sizeof(host))
		return framing_fail(f, 400, "there is no host in the target of the request");
	memcpy(host, authority, (size_t)(path - authority));
	host[path - authority] = '\0';
	if (!is_authority(host))
		return framing_fail(f, 400, "the host in the target of the request is not valid");
	emit_request_line(f, path, host);
	return 0;
}

static int read_target(struct framing *f, const char *method, char *target)
{
	if (strchr(target, '#') != NULL)
		return framing_fail(f, 400, "there is a # in the target of the request");
	if (target[0] == '/')
		emit_request_line(f, target, NULL);
	else if (strncasecmp(target, "http://", 7) == 0 || strncasecmp(target, "https://", 8) == 0)
		return read_absolute_target(f, target);
	else if (strcmp(target, "*") == 0 && strcmp(method, "OPTIONS") == 0)
		emit_request_line(f, "/", NULL);
	else
		return framing_fail(f, 400, "the target of the request is not a path");
	return 0;
}

int framing_read_request_line(struct framing *f, char *line)
{
	char *target, *version;
	int err;

	if (line[0] == '\0' && !f->skipped_line) {
		f->skipped_line = true;
		return 0;
	}
	if (strcmp(line, "PRI * HTTP/2.0") == 0)
		return framing_fail(f, 400, "HTTP/2 is not supported; use HTTP/1.1");
	if (!is_token(line, strcspn(line, " ")))
		return framing_fail(f, 400, "the request line does not begin with a method");
	target = strchr(line, ' ');
	version = target != NULL ? strchr(target + 1, ' ') : NULL;
	if (version == NULL)
		return framing_fail(f, 400, "the request line is not METHOD PATH HTTP/1.1");
	*target++ = '\0';
	*version++ = '\0';
	f->is_get = strcmp(line, "GET") == 0;
	f->is_head = strcmp(line, "HEAD") == 0;
	err = read_version(f, version);
	if (err == 0)
		err = strchr(target, '\t') == NULL
			      ? read_target(f, line, target)
			      : framing_fail(f, 400, "there is a tab in the target of the request");
	f->phase = HEADERS;
	return err;
}

/* --- headers ---------------------------------------------------------------------------------- */

static int take_host(struct framing *f, const char *value)
{
	if (f->hosts++ > 0)
		return framing_fail(f, 400, "there is more than one Host header");
	if (!is_authority(value))
		return framing_fail(f, 400, "the Host header is not a name or an address");
	framing_emit(f, "Host:");
	framing_emit(f, value);
	framing_emit(f, "\r\n");
	return 0;
}

static int take_length(struct framing *f, const char *value)
{
	if (f->has_length)
		return framing_fail(f, 400, "there is more than one Content-Length header");
	if (!is_digits(value))
		return framing_fail(f, 400, "Content-Length is not a number");
	f->has_length = true;
	errno = 0;
	f->content_length = strtoull(value, NULL, 10); /* UINT64_MAX if it does not fit */
	return 0;
}

static int take_encoding(struct framing *f, const char *value)
{
	if (f->is_chunked || strcasecmp(value, "chunked") != 0)
		return framing_fail(f, 400, "Transfer-Encoding must be chunked, once");
	f->is_chunked = true;
	return 0;
}

/* Reads a list of words that are separated by commas. */
static int take_connection(struct framing *f, const char *value)
{
	static const char blanks[] = " \t,";
	size_t length;

	for (value += strspn(value, blanks); *value != '\0'; value += strspn(value, blanks)) {
		length = strcspn(value, blanks);
		f->says_close |= length == 5 && strncasecmp(value, "close", length) == 0;
		f->says_keep |= length == 10 && strncasecmp(value, "keep-alive", length) == 0;
		value += length;
	}
	return 0;
}

static int take_expect(struct framing *f, const char *value)
{
	f->expects_continue |= strcasecmp(value, "100-continue") == 0;
	return 0;
}

/* The headers about the connection or the body.  None of them is copied to evhttp's head
 * unchanged. */
static const struct {
	const char *name;
	int (*take)(struct framing *f, const char *value); /* NULL: the header is dropped */
} own_headers[] = {
	{"Host", take_host},
	{"Content-Length", take_length},
	{"Transfer-Encoding", take_encoding},
	{"Connection", take_connection},
	{"Expect", take_expect},
	{"Keep-Alive", NULL},
	{"Proxy-Connection", NULL},
	{"TE", NULL},
	{"Trailer", NULL},
	{"Upgrade", NULL},
};

/* Splits a line into name and value. */
static int split_header(struct framing *f, char *line, char **value)
{
	char *colon = strchr(line, ':'), *end;
	size_t length = strcspn(line, ":");

	if (line[0] == ' ' || line[0] == '\t')
		return framing_fail(f, 400, "a header line begins with a blank");
	if (colon == NULL)
		return framing_fail(f, 400, "a header line has no colon");
	if (length > 0 && strchr(" \t", line[length - 1]) != NULL)
		return framing_fail(f, 400, "there is a blank before the colon of a header line");
	if (!is_token(line, length))
		return framing_fail(f, 400, "the name of a header is not valid");
	*colon = '\0';
	*value = colon + 1 + strspn(colon + 1, " \t");
	end = *value + strlen(*value);
	while (end > *value && strchr(" \t", end[-1]) != NULL)
		*--end = '\0';
	return 0;
}

/* Reads the empty line after the headers.  No reply depends on a body, so a client that asks with
 * Expect whether it may send the body gets the reply at once. */
static int end_head(struct framing *f)
{
	bool has_body = f->is_chunked || f->content_length > 0;

	if (f->minor == 1 && f->hosts != 1)
		return framing_fail(f, 400, "there is no Host header");
	if (f->is_chunked && (f->has_length || f->minor == 0))
		return framing_fail(f, 400,
			f->has_length ? "there are both Content-Length and Transfer-Encoding"
				      : "HTTP/1.0 has no Transfer-Encoding");
	if (f->content_length > f->limits->body)
		return framing_fail_body(f);
	f->expects_continue = f->expects_continue && has_body && f->minor == 1;
	if (!f->is_get && !f->is_head)
		framing_emit(f, "Content-Length:0\r\n");
	if (framing_is_last(f))
		framing_emit(f, "Connection:close\r\n");
	else if (f->minor == 0)
		framing_emit(f, "Connection:keep-alive\r\n");
	framing_emit(f, "\r\n");
	f->left = f->content_length;
	f->body = f->limits->body;
	f->phase = f->is_chunked ? CHUNK_SIZE : BODY;
	f->complete = !has_body || f->expects_continue;
	return 0;
}

int framing_read_header_line(struct framing *f, char *line)
{
	char *value;

	if (line[0] == '\0')
		return end_head(f);
	if (split_header(f, line, &value) != 0)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(own_headers) / sizeof(*own_headers); i++)
		if (strcasecmp(line, own_headers[i].name) == 0)
			return own_headers[i].take != NULL ? own_headers[i].take(f, value) : 0;
	framing_emit(f, line);
	framing_emit(f, ":");
	framing_emit(f, value);
	framing_emit(f, "\r\n");
	return 0;
}

int framing_read_trailer_line(struct framing *f, char *line)
{
	char *value;

	f->complete = line[0] == '\0';
	return f->complete ? 0 : split_header(f, line, &value);
}
