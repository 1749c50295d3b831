/*
 * addresses: the addresses of the master's name, and which of them is tried next.
 *
 * The address that answered last comes first, then the others in the order of the resolver.  An address
 * that failed is not tried again before all others have been tried.  It knows no network.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define ADDRESSES_MAX     16
#define ADDRESS_TEXT      64 /* "[2001:db8::1]:5665" */
#define ADDRESS_WHY       128
#define ADDRESSES_SUMMARY 256

struct address {
	int family;
	char host[ADDRESS_TEXT]; /* numeric, without brackets */
	char text[ADDRESS_TEXT]; /* with the port */
	bool failed;             /* in this round */
	char why[ADDRESS_WHY];
};

struct addresses {
	struct address list[ADDRESSES_MAX];
	size_t count;
	char good[ADDRESS_TEXT]; /* which one answered last; "": none */
};

struct addrinfo;

/* Takes over what the name resolves to now, up to ADDRESSES_MAX.  Addresses that are still among
 * them keep what is known of them.  Returns how many there are. */
size_t addresses_set(struct addresses *a, const struct addrinfo *info, int port);

/* The address to try now; NULL: there is none.  When all have failed, a new round begins. */
const struct address *addresses_pick(struct addresses *a);

/* The address answered: none counts as failed any more. */
void addresses_worked(struct addresses *a, const char *text);
/* The address failed.  Returns whether others are left to be tried in this round. */
bool addresses_failed(struct addresses *a, const char *text, const char *why);

/* What failed in this round: "[::1]:5665: Connection refused; 127.0.0.1:5665: ...". */
char *addresses_summary(const struct addresses *a, char summary[ADDRESSES_SUMMARY]);

#endif
