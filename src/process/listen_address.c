/*
 * listen_address: see listen_address.h.  Only numeric addresses are accepted, because looking up
 * a name may block, and the name may resolve to another machine later.
 */
#include "process/listen_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX    "unix:"
#define SYSTEMD_PREFIX "systemd"

static int refuse(char *why, size_t size, const char *words)
{
	snprintf(why, size, "%s", words);
	return -EINVAL;
}

static int parse_unix(const char *path, struct listen_address *address, char *why, size_t size)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&address->sa;
	size_t length = strlen(path);

	if (path[0] != '/')
		return refuse(why, size, "the path of a socket begins with /");
	if (length >= sizeof(un->sun_path))
		return refuse(why, size, "the path of a socket has at most 107 bytes");
	address->kind = LISTEN_UNIX;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, length + 1);
	address->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
	memcpy(address->name, path, length + 1);
	return 0;
}

static int parse_systemd(const char *rest, struct listen_address *address, char *why, size_t size)
{
	if (rest[0] != '\0' && (rest[0] != ':' || rest[1] == '\0'))
		return refuse(why, size, "it is systemd or systemd:NAME");
	if (strlen(rest) >= sizeof(address->name))
		return refuse(why, size, "the name is too long");
	address->kind = LISTEN_SYSTEMD;
	snprintf(address->name, sizeof(address->name), "%s", rest[0] != '\0' ? rest + 1 : "");
	return 0;
}

static bool parse_port(const char *text, in_port_t *port)
{
	char *end;
	unsigned long number;

	if (text[0] < '0' || text[0] > '9' || strlen(text) > 5)
		return false;
	number = strtoul(text, &end, 10);
	if (*end != '\0' || number > 65535)
		return false;
	*port = htons((in_port_t)number);
	return true;
}

static bool parse_host(
	const char *host, bool bracketed, in_port_t port, struct listen_address *address)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&address->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address->sa;

	if (!bracketed && inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = port;
		address->size = sizeof(*in);
		return true;
	}
	if (bracketed && inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = port;
		address->size = sizeof(*in6);
		return true;
	}
	return false;
}

int listen_address_parse(const char *text, struct listen_address *address, char *why, size_t size)
{
	static const char usage[] =
		"it is ADDRESS:PORT, [ADDRESS]:PORT, unix:/PATH or systemd, and an "
		"address is written in numbers";
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN];
	in_port_t port;
	size_t length;
	bool bracketed;

	memset(address, 0, sizeof(*address));
	if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
		return parse_unix(text + strlen(UNIX_PREFIX), address, why, size);
	if (strncmp(text, SYSTEMD_PREFIX, strlen(SYSTEMD_PREFIX)) == 0)
		return parse_systemd(text + strlen(SYSTEMD_PREFIX), address, why, size);
	if (colon == NULL || !parse_port(colon + 1, &port))
		return refuse(why, size, usage);
	bracketed = text[0] == '[' && colon > text + 1 && colon[-1] == ']';
	length = (size_t)(colon - text) - (bracketed ? 2 : 0);
	if (length >= sizeof(host))
		return refuse(why, size, usage);
	memcpy(host, text + (bracketed ? 1 : 0), length);
	host[length] = '\0';
	address->kind = LISTEN_INET;
	return parse_host(host, bracketed, port, address) ? 0 : refuse(why, size, usage);
}
