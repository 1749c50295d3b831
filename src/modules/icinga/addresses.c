/* addresses: the addresses that the master's name resolves to; see addresses.h. */
#include "addresses.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct address *find(struct addresses *a, const char *text)
{
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].text, text) == 0)
			return &a->list[i];
	return NULL;
}

static bool read_info(struct address *address, const struct addrinfo *info, int port)
{
	const void *bytes;

	if (info->ai_family == AF_INET)
		bytes = &((const struct sockaddr_in *)info->ai_addr)->sin_addr;
	else if (info->ai_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)info->ai_addr)->sin6_addr;
	else
		return false;
	*address = (struct address){.family = info->ai_family};
	if (inet_ntop(info->ai_family, bytes, address->host, sizeof(address->host)) == NULL)
		return false;
	snprintf(address->text, sizeof(address->text),
		info->ai_family == AF_INET6 ? "[%.46s]:%d" : "%.46s:%d", address->host, port);
	return true;
}

size_t addresses_set(struct addresses *a, const struct addrinfo *info, int port)
{
	struct addresses fresh = {0};
	struct address address;
	const struct address *known;

	for (; info != NULL && fresh.count < ADDRESSES_MAX; info = info->ai_next) {
		if (!read_info(&address, info, port) || find(&fresh, address.text) != NULL)
			continue;
		known = find(a, address.text);
		fresh.list[fresh.count++] = known != NULL ? *known : address;
	}
	memcpy(fresh.good, a->good, sizeof(fresh.good));
	*a = fresh;
	return a->count;
}

static const struct address *first_untried(struct addresses *a)
{
	struct address *good = find(a, a->good);

	if (good != NULL && !good->failed)
		return good;
	for (size_t i = 0; i < a->count; i++)
		if (!a->list[i].failed)
			return &a->list[i];
	return NULL;
}

static void new_round(struct addresses *a)
{
	for (size_t i = 0; i < a->count; i++)
		a->list[i].failed = false;
}

const struct address *addresses_pick(struct addresses *a)
{
	const struct address *address = first_untried(a);

	if (address != NULL || a->count == 0)
		return address;
	new_round(a);
	return first_untried(a);
}

void addresses_worked(struct addresses *a, const char *text)
{
	new_round(a);
	snprintf(a->good, sizeof(a->good), "%s", text);
}

bool addresses_failed(struct addresses *a, const char *text, const char *why)
{
	struct address *address = find(a, text);

	if (address != NULL) {
		address->failed = true;
		snprintf(address->why, sizeof(address->why), "%s", why);
	}
	return first_untried(a) != NULL;
}

char *addresses_summary(const struct addresses *a, char summary[ADDRESSES_SUMMARY])
{
	size_t used = 0;

	summary[0] = '\0';
	for (size_t i = 0; i < a->count && used < ADDRESSES_SUMMARY - 1; i++) {
		const struct address *address = &a->list[i];

		if (address->failed)
			used += (size_t)snprintf(summary + used, ADDRESSES_SUMMARY - used,
				"%s%s: %s", used > 0 ? "; " : "", address->text, address->why);
	}
	return summary;
}
