/*
 * address: what is known of the addresses of sockets, and how they are printed.
 */
#ifndef ADDRESS_H
#define ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#define ADDRESS_TEXT 128

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
