/*
 * addresses: the addresses that the master's name resolves to, and which of them to try next.
 *
 * The address that answered last comes first, then the others in the order of the resolver.  A
 * failed address is not tried again before all others have been tried; this is a round.  This file
 * makes no network calls.
 */
#ifndef ADDRESSES_H
#define ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

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
	char good[ADDRESS_TEXT]; /* the text of the address that answered last; "": none */
};

struct addrinfo;

/* Replaces the list by what the name resolves to now, up to ADDRESSES_MAX addresses.  An address
 * that was in the list before keeps its state.  Returns the number of addresses. */
size_t addresses_set(struct addresses *a, const struct addrinfo *info, int port);

/* Returns the address to try now; NULL: there is none.  If all have failed, it begins a new
 * round. */
const struct address *addresses_pick(struct addresses *a);

/* Records that the address answered.  No address counts as failed any more. */
void addresses_worked(struct addresses *a, const char *text);
/* Records that the address failed.  Returns whether there are others to be tried in this round. */
bool addresses_failed(struct addresses *a, const char *text, const char *why);

/* Lists what failed in this round: "[::1]:5665: Connection refused; 127.0.0.1:5665: ...".  Returns
 * summary. */
char *addresses_summary(const struct addresses *a, char summary[ADDRESSES_SUMMARY]);

#endif
