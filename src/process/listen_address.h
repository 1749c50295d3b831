/*
 * listen_address: parses the addresses that daemons listen on.
 *
 * An address is an IP address with a port, the path of a UNIX socket, or the name of sockets that
 * systemd passes to vigild.
 */
#ifndef LISTEN_ADDRESS_H
#define LISTEN_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

enum listen_kind {
	LISTEN_INET,   /* 127.0.0.1:5669, [::1]:5669 */
	LISTEN_UNIX,   /* unix:/path */
	LISTEN_SYSTEMD /* systemd, systemd:NAME: sockets from systemd */
};

struct listen_address {
	enum listen_kind kind;
	struct sockaddr_storage sa; /* set for INET and UNIX */
	socklen_t size;
	char name[128]; /* UNIX: the path; SYSTEMD: the name, "" for all sockets */
};

/* Parses text into *address.  Returns 0, or -EINVAL and the reason in why. */
int listen_address_parse(const char *text, struct listen_address *address, char *why, size_t size);

#endif
