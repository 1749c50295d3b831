/*
 * auth: who may ask: the name that a request was sent to, and the token it brings.
 */
#ifndef AUTH_H
#define AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define GUARD_TOKEN_MAX 512

/*
 * Whether a Host header names this machine as the admin would: one of hosts (the last followed by
 * NULL; "*" is any), localhost, a loopback address, or the address that is listened on, whatever
 * the port.  A page elsewhere whose name was made to lead here (DNS rebinding) is told apart by
 * just that name.  Where all addresses are listened on, any address in numbers will do: no name
 * that could be bent is in it.
 */
bool auth_host(const char *host, const char *const *hosts, const struct sockaddr *listening);

/* Whether both are equal, in a time that tells nothing of the token but perhaps its length. */
bool auth_equal(const char *given, const char *token);

/* Reads the one line of a token's file: owned by root or by us, not to be read or written by
 * others.  0, or -errno and why in words. */
int auth_read_token(const char *path, char token[GUARD_TOKEN_MAX], char *why, size_t size);

/* Whether an Authorization header (NULL: there was none) brings the token: as Bearer, or as the
 * password of Basic with any user, which is what browsers can ask for. */
bool auth_authorized(const char *header, const char *token);

#endif
