/*
 * auth: checks the Host header and the token of a request; see auth.h.
 */
#include "auth.h"

#include <vigil/vigil.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "address.h"

#define HOST_MAX  256
#define TOKEN_MIN 16

/* --- the Host header -------------------------------------------------------------------------- */

/* Writes the name without port, brackets and a final dot.  Returns false if the host is not
 * valid. */
static bool bare_host(const char *host, char bare[HOST_MAX])
{
	size_t length = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
	const char *rest = host + length;

	if (host[0] == '[') {
		if (*rest++ != ']')
			return false;
		host++;
		length--;
	}
	if (*rest != '\0' && (*rest != ':' || rest[1 + strspn(rest + 1, "0123456789")] != '\0'))
		return false;
	if (length > 0 && host[length - 1] == '.')
		length--;
	if (length == 0 || length >= HOST_MAX)
		return false;
	memcpy(bare, host, length);
	bare[length] = '\0';
	return true;
}

/* Returns whether the host is a numeric address, and parses it into *sa. */
static bool is_number(const char *bare, struct sockaddr_storage *sa)
{
	struct sockaddr_in *in = (struct sockaddr_in *)sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)sa;

	memset(sa, 0, sizeof(*sa));
	if (inet_pton(AF_INET, bare, &in->sin_addr) == 1)
		sa->ss_family = AF_INET;
	else if (inet_pton(AF_INET6, bare, &in6->sin6_addr) == 1)
		sa->ss_family = AF_INET6;
	return sa->ss_family != AF_UNSPEC;
}

static bool is_listening(const struct sockaddr_storage *sa, const struct sockaddr *listening)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;

	if (address_is_any(listening))
		return true;
	if (sa->ss_family != listening->sa_family)
		return false;
	if (sa->ss_family == AF_INET)
		return in->sin_addr.s_addr ==
		       ((const struct sockaddr_in *)listening)->sin_addr.s_addr;
	return IN6_ARE_ADDR_EQUAL(
		&in6->sin6_addr, &((const struct sockaddr_in6 *)listening)->sin6_addr);
}

bool auth_host(const char *host, const char *const *hosts, const struct sockaddr *listening)
{
	char bare[HOST_MAX], allowed[HOST_MAX];
	struct sockaddr_storage sa;

	if (!bare_host(host, bare))
		return false;
	for (; *hosts != NULL; hosts++)
		if (strcmp(*hosts, "*") == 0 ||
			(bare_host(*hosts, allowed) && strcasecmp(allowed, bare) == 0))
			return true;
	if (strcasecmp(bare, "localhost") == 0)
		return true;
	return is_number(bare, &sa) &&
	       (address_is_local((struct sockaddr *)&sa) || is_listening(&sa, listening));
}

/* --- the token -------------------------------------------------------------------------------- */

bool auth_equal(const char *given, const char *token)
{
	size_t length = strlen(token), n = strlen(given);
	volatile unsigned char differ = n != length;

	for (size_t i = 0; i < n; i++)
		differ |= (unsigned char)(given[i] ^ token[length > 0 ? i % length : 0]);
	return differ == 0 && length > 0;
}

static int read_line(int fd, char token[AUTH_TOKEN_MAX], char *why, size_t size)
{
	ssize_t n = read(fd, token, AUTH_TOKEN_MAX - 1);
	size_t length;

	if (n < 0) {
		n = -errno;
		snprintf(why, size, "%s", strerror(errno));
		return (int)n;
	}
	token[n] = '\0';
	length = strcspn(token, "\r\n");
	if (token[length + strspn(token + length, "\r\n")] != '\0' || strlen(token) < (size_t)n) {
		snprintf(why, size, "it contains more than one line");
		return -EINVAL;
	}
	token[length] = '\0';
	for (const char *p = token; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~') {
			snprintf(why, size,
				"invalid token: only printable ASCII without spaces is allowed");
			return -EINVAL;
		}
	}
	if (length >= TOKEN_MIN)
		return 0;
	snprintf(why, size, "the token is too short: at least %d characters are required",
		TOKEN_MIN);
	return -EINVAL;
}

int auth_read_token(const char *path, char token[AUTH_TOKEN_MAX], char *why, size_t size)
{
	int fd = vigil_open_secret(path, why, size), err;

	token[0] = '\0';
	if (fd < 0)
		return fd;
	err = read_line(fd, token, why, size);
	close(fd);
	return err;
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

/* Decodes the text up to the first = or its end.  Returns false if it is not base64 or does not
 * fit. */
static bool base64_decode(const char *text, char *out, size_t size)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t n = 0;

	for (; *text != '\0' && *text != '='; text++) {
		int value = base64_value(*text);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 8)
			continue;
		held -= 8;
		if (n + 1 >= size)
			return false;
		out[n++] = (char)(bits >> held & 0xff);
	}
	out[n] = '\0';
	return text[strspn(text, "=")] == '\0';
}

static bool is_scheme(const char *header, const char *scheme, const char **rest)
{
	size_t length = strlen(scheme);

	if (strncasecmp(header, scheme, length) != 0 || header[length] != ' ')
		return false;
	*rest = header + length + strspn(header + length, " ");
	return true;
}

bool auth_authorized(const char *header, const char *token)
{
	char pair[2 * AUTH_TOKEN_MAX];
	const char *rest, *colon;

	if (header == NULL)
		return false;
	if (is_scheme(header, "Bearer", &rest))
		return auth_equal(rest, token);
	if (!is_scheme(header, "Basic", &rest) || !base64_decode(rest, pair, sizeof(pair)))
		return false;
	colon = strchr(pair, ':');
	return colon != NULL && auth_equal(colon + 1, token);
}
