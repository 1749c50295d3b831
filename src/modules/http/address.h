/*
 * address: where to listen, as an admin writes it.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum address_kind {
	ADDRESS_INET,   /* 127.0.0.1:5669, [::1]:5669 */
	ADDRESS_UNIX,   /* unix:/path */
	ADDRESS_SYSTEMD /* systemd, systemd:NAME: sockets that were handed over at the start */
};

#define ADDRESS_TEXT 128

struct address {
	enum address_kind kind;
	struct sockaddr_storage sa; /* INET and UNIX */
	socklen_t size;
	char name[ADDRESS_TEXT]; /* of UNIX the path, of SYSTEMD the name ("": all of them) */
};

/* 0, or -EINVAL and why in words. */
int address_parse(const char *text, struct address *address, char *why, size_t size);

/* Only this machine can reach it. */
bool address_is_local(const struct sockaddr *sa);
/* Each address of the machine is meant. */
bool address_is_any(const struct sockaddr *sa);
/* As it would be written: "127.0.0.1:5669", "[::1]:5669", "unix:/path".  Returns text. */
char *address_print(const struct sockaddr *sa, socklen_t size, char text[ADDRESS_TEXT]);
/* The address alone, without its port: "127.0.0.1", "::1", "unix".  Returns text. */
char *address_print_host(const struct sockaddr *sa, char text[ADDRESS_TEXT]);

#endif
