/*
 * probe_target: see probe_target.h.
 */
#include "probe_target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char digits[] = "0123456789";

/* Where the reason of a refusal goes. */
struct reason {
	char *text;
	size_t size;
};

static int refuse(const struct reason *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int refuse(const struct reason *why, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(why->text, why->size, format, ap);
	va_end(ap);
	return -EINVAL;
}

/* --- host and port ---------------------------------------------------------------------------- */

bool probe_target_is_address(const char *host)
{
	unsigned char address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Returns whether the text is a host name: labels of letters, digits, - and _.  The last label is
 * no number, because then it is meant as an address. */
static bool is_name(const char *host)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_";
	const char *label = host;

	for (;;) {
		size_t n = strspn(label, allowed);

		if (n == 0 || n > 63 || label[0] == '-' || (label[n] != '.' && label[n] != '\0'))
			return false;
		if (label[n] == '\0' || label[n + 1] == '\0')
			return strspn(label, digits) < n;
		label += n + 1;
	}
}

bool probe_target_is_host(const char *host)
{
	return probe_target_is_address(host) || (strlen(host) < PROBE_HOST && is_name(host));
}

static int refuse_host(const struct reason *why, const char *text, const char *host)
{
	unsigned colons = 0;

	for (const char *p = text; *p != '\0' && *p != '/'; p++)
		colons += *p == ':';
	if (text[0] != '[' && colons > 1)
		return refuse(why, "an IPv6 address needs brackets: [::1]:PORT");
	if (host[0] == '\0')
		return refuse(why, "missing host: write 127.0.0.1:PORT");
	return refuse(why, "\"%.63s\" is not an address and not a host name", host);
}

static int parse_port(struct probe_target *target, const char *text, const struct reason *why)
{
	size_t n = strcspn(text, "/");
	long port = n <= 5 ? strtol(text, NULL, 10) : 0;

	if (n == 0 || strspn(text, digits) != n || port < 1 || port > 65535)
		return refuse(why, "the port \"%.*s\" is not a number from 1 to 65535",
			n < 32 ? (int)n : 32, text);
	target->port = (unsigned)port;
	return 0;
}

/* Parses HOST or HOST:PORT up to a slash or the end.  An IPv6 address is in brackets.
 * default_port: 0 if the port may not be missing. */
static int parse_authority(struct probe_target *target, const char *text, unsigned default_port,
	const struct reason *why)
{
	bool bracket = text[0] == '[';
	size_t n = strcspn(text + bracket, bracket ? "]/" : ":/");
	const char *rest = text + bracket + n;

	snprintf(target->host, sizeof(target->host), "%.*s", (int)n, text + bracket);
	target->numeric = probe_target_is_address(target->host);
	if (n >= sizeof(target->host) || !(target->numeric || (!bracket && is_name(target->host))))
		return refuse_host(why, text, target->host);
	if (bracket && *rest++ != ']')
		return refuse(why, "missing ] after the address");
	if (*rest == ':')
		return parse_port(target, rest + 1, why);
	if (default_port == 0 || (*rest != '\0' && *rest != '/'))
		return refuse(why, "missing port: write %.*s:PORT", (int)(rest - text), text);
	target->port = default_port;
	return 0;
}

/* --- paths ------------------------------------------------------------------------------------ */

/* Returns whether the path contains a blank or a control character, which would end the path or the
 * request line. */
static bool has_blank(const char *path)
{
	for (; *path != '\0'; path++)
		if ((unsigned char)*path <= ' ' || *path == 0x7f)
			return true;
	return false;
}

static int parse_uri(struct probe_target *target, const char *text, const struct reason *why)
{
	int n = snprintf(target->uri, sizeof(target->uri), "%s", text[0] != '\0' ? text : "/");

	/* A fragment is not part of a request. */
	target->uri[strcspn(target->uri, "#")] = '\0';
	if (n < (int)sizeof(target->uri) && !has_blank(target->uri))
		return 0;
	return refuse(why, "its path is too long or contains a blank or a control character");
}

static int parse_socket(
	struct probe_target *target, const char *text, size_t length, const struct reason *why)
{
	if (text[0] != '/')
		return refuse(why, "the path of a Unix socket is absolute: write unix:/PATH");
	while (length > 1 && text[1] == '/') { /* unix:///run/x.sock is unix:/run/x.sock */
		text++;
		length--;
	}
	if (length >= sizeof(target->path))
		return refuse(why, "the path of the Unix socket is longer than %zu bytes",
			sizeof(target->path) - 1);
	memcpy(target->path, text, length);
	target->path[length] = '\0';
	return 0;
}

/* --- schemes ---------------------------------------------------------------------------------- */

static int parse_plain(struct probe_target *target, const char *rest, const struct reason *why)
{
	int err = parse_authority(target, rest, 0, why);

	if (err == 0 && strchr(rest, '/') != NULL)
		return refuse(why, "unexpected text after the port");
	return err;
}

static int parse_web(struct probe_target *target, const char *rest, const struct reason *why)
{
	int err = parse_authority(target, rest, target->tls ? 443 : 80, why);
	size_t n = strcspn(rest, "/");

	target->http = true;
	return err == 0 ? parse_uri(target, rest + n, why) : err;
}

static int parse_tls(struct probe_target *target, const char *rest, const struct reason *why)
{
	target->tls = true;
	return parse_plain(target, rest, why);
}

static int parse_https(struct probe_target *target, const char *rest, const struct reason *why)
{
	target->tls = true;
	return parse_web(target, rest, why);
}

static int parse_unix(struct probe_target *target, const char *rest, const struct reason *why)
{
	return parse_socket(target, rest, strlen(rest), why);
}

/* Parses /SOCKET:/PATH.  Without a path the request is for /. */
static int parse_http_unix(struct probe_target *target, const char *rest, const struct reason *why)
{
	const char *colon = strstr(rest, ":/");
	int err = parse_socket(
		target, rest, colon != NULL ? (size_t)(colon - rest) : strlen(rest), why);

	target->http = true;
	return err == 0 ? parse_uri(target, colon != NULL ? colon + 1 : "", why) : err;
}

static const struct scheme {
	const char *name;
	int (*parse)(struct probe_target *target, const char *rest, const struct reason *why);
} schemes[] = {
	{"tcp://", parse_plain},
	{"tls://", parse_tls},
	{"http://", parse_web},
	{"https://", parse_https},
	{"unix:", parse_unix},
	{"http+unix:", parse_http_unix},
};

int probe_target_parse(const char *text, struct probe_target *target, char *why, size_t size)
{
	const struct reason reason = {why, size};

	*target = (struct probe_target){0};
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		size_t n = strlen(schemes[i].name);

		if (strncmp(text, schemes[i].name, n) == 0)
			return schemes[i].parse(target, text + n, &reason);
	}
	target->command = true;
	return 0;
}

/* --- what a target means ---------------------------------------------------------------------- */

size_t probe_target_literals(
	const struct probe_target *target, const char *literals[PROBE_LITERALS])
{
	if (strcmp(target->host, "localhost") == 0) {
		literals[0] = "127.0.0.1";
		literals[1] = "::1";
		return 2;
	}
	literals[0] = target->host;
	return target->numeric ? 1 : 0;
}

void probe_target_authority(
	const struct probe_target *target, const char *name, char authority[PROBE_AUTHORITY])
{
	const char *host = name != NULL              ? name
			   : target->host[0] != '\0' ? target->host
						     : "localhost";
	bool bracket = strchr(host, ':') != NULL;
	unsigned usual = target->tls ? 443 : 80;
	int n = snprintf(authority, PROBE_AUTHORITY, "%s%.253s%s", bracket ? "[" : "", host,
		bracket ? "]" : "");

	if (target->port != 0 && target->port != usual)
		snprintf(authority + n, PROBE_AUTHORITY - (size_t)n, ":%u", target->port);
}
