/*
 * address: parses and prints the addresses of the option listen.
 *
 * An address is an IP address with a port, the path of a UNIX socket, or the name of sockets that
 * systemd passes to vigild.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum address_kind {
	ADDRESS_INET,   /* 127.0.0.1:5669, [::1]:5669 */
	ADDRESS_UNIX,   /* unix:/path */
	ADDRESS_SYSTEMD /* systemd, systemd:NAME: sockets from systemd */
};

#define ADDRESS_TEXT 128

struct address {
	enum address_kind kind;
	struct sockaddr_storage sa; /* set for INET and UNIX */
	socklen_t size;
	char name[ADDRESS_TEXT]; /* UNIX: the path; SYSTEMD: the name, "" for all sockets */
};

/* Parses text into *address.  Returns 0, or -EINVAL and writes the reason into why. */
int address_parse(const char *text, struct address *address, char *why, size_t size);

/* Returns whether only this machine can reach the address: a loopback address or a UNIX socket. */
bool address_is_local(const struct sockaddr *sa);
/* Returns whether the address is the wildcard, 0.0.0.0 or ::, which means each address of the
 * machine. */
bool address_is_any(const struct sockaddr *sa);
/* Writes the address as the option listen has it: "127.0.0.1:5669", "[::1]:5669", "unix:/path".
 * Returns text. */
char *address_print(const struct sockaddr *sa, socklen_t size, char text[ADDRESS_TEXT]);
/* Writes the address without its port: "127.0.0.1", "::1", "unix".  Returns text. */
char *address_print_host(const struct sockaddr *sa, char text[ADDRESS_TEXT]);

#endif
