/*
 * probe_target: see probe_target.h.
 */
#include "probe_target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_address(struct probe_target *target, const char *host, unsigned port)
{
	struct probe_address *a = &target->addresses[target->count];
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a->address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a->address;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		a->length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		a->length = sizeof(*v6);
	} else {
		return false;
	}
	snprintf(a->name, sizeof(a->name), "%s", host);
	target->count++;
	return true;
}

/* localhost gives both addresses, because a server may listen on only one of them. */
static bool add_host(struct probe_target *target, const char *host, unsigned port)
{
	if (strcmp(host, "localhost") != 0)
		return add_address(target, host, port);
	return add_address(target, "127.0.0.1", port) && add_address(target, "::1", port);
}

/* Parses "HOST:PORT" or "[HOST]:PORT" up to a slash or the end. Returns a pointer to the text after
 * it, or NULL if it is invalid. */
static const char *parse_authority(struct probe_target *target, const char *text)
{
	char host[64];
	bool bracket = text[0] == '[';
	size_t n = strcspn(text + bracket, bracket ? "]" : ":/");
	const char *rest = text + bracket + n + bracket;
	unsigned long port;
	char *end;

	if (n == 0 || n >= sizeof(host) || text[bracket + n] == '\0' || *rest != ':')
		return NULL;
	memcpy(host, text + bracket, n);
	host[n] = '\0';
	port = strtoul(rest + 1, &end, 10);
	if (rest[1] < '0' || rest[1] > '9' || port == 0 || port > 65535 ||
		(*end != '\0' && *end != '/'))
		return NULL;
	return add_host(target, host, (unsigned)port) ? end : NULL;
}

/* Returns whether the path contains a blank or a control character, which would end the path or the
 * request line. */
static bool has_blank(const char *path)
{
	for (; *path != '\0'; path++)
		if ((unsigned char)*path <= ' ' || *path == 0x7f)
			return true;
	return false;
}

int probe_target_parse(const char *text, struct probe_target *target, char *why, size_t size)
{
	bool http = strncmp(text, "http://", 7) == 0, tcp = strncmp(text, "tcp://", 6) == 0;
	const char *authority = text + (http ? 7 : 6), *rest;
	int n;

	*target = (struct probe_target){.command = !http && !tcp};
	if (target->command)
		return 0;
	rest = parse_authority(target, authority);
	if (rest == NULL || (tcp && *rest != '\0')) {
		snprintf(why, size,
			"\"%.80s\" is none of tcp://ADDRESS:PORT, http://ADDRESS:PORT/PATH or a "
			"command; ADDRESS is a number or localhost",
			text);
		return -EINVAL;
	}
	if (tcp)
		return 0;
	n = snprintf(target->request, sizeof(target->request),
		"GET %s HTTP/1.0\r\nHost: %.*s\r\nUser-Agent: vigil\r\nConnection: close\r\n\r\n",
		*rest != '\0' ? rest : "/", (int)(rest - authority), authority);
	if (n < (int)sizeof(target->request) && !has_blank(rest))
		return 0;
	snprintf(why, size,
		"\"%.80s\": its path is too long or contains a blank or a control character", text);
	return -EINVAL;
}
